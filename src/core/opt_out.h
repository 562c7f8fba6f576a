#pragma once
/* What the columns of a CRM's export say about who does not want mail. Pure; the words are tables in opt_out_words.c.
 *
 * A column of a file is one of these by its header, whatever the CRM calls it; a cell of it then says yes, no, or
 * something that we do not understand. A header that speaks of opting out and is not understood counts as well: where
 * it says anything at all, somebody has to say what. Subscriptions to single topics, other channels (calls, SMS, post),
 * billing words and opt-ins are none of our business: they neither stop nor allow anybody. */
#include <stdbool.h>
#include <stddef.h>

/* What a column is. */
enum opt_out_kind {
  OPT_OUT_NONE = 0, /* says nothing about it */
  OPT_OUT_FLAG,     /* yes, no, or the date of it: "Unsubscribed from all email", "HasOptedOutOfEmail" */
  OPT_OUT_FILLED,   /* anything in it means yes: "UNSUB_TIME", "Unsubscribed Reason" */
  OPT_OUT_STATUS,   /* some of its words mean yes, the others nothing: "Marketing status" */
  OPT_OUT_BOUNCE,   /* anything in it but a no means a hard bounce: "Email hard bounce reason" */
  OPT_OUT_LISTED,   /* the values that mean yes were given with --map */
  OPT_OUT_UNSURE,   /* it speaks of opting out in words that are not known */
};

/* What a cell says. */
enum opt_out_answer {
  OPT_OUT_NO = 0,
  OPT_OUT_YES,     /* a stop for good */
  OPT_OUT_BOUNCED, /* a stop for as long as a bounce counts */
  OPT_OUT_UNCLEAR, /* not understood: nothing of the file may be taken */
};

/* What a column of this header is. */
enum opt_out_kind opt_out_kind_of(const char *header);

/* What a cell of such a column says; not for OPT_OUT_LISTED. NULL is an empty cell. */
enum opt_out_answer opt_out_answer_of(enum opt_out_kind kind, const char *value);

/* Is it the header of an opt-in: a yes there welcomes mail? */
bool opt_out_is_opt_in(const char *header);

/* Has the value a letter or a digit? One without is a mark, or nothing. */
bool opt_out_has_word(const char *value);

/* Do both say the same, whatever their case and the blanks around them? */
bool opt_out_is_same(const char *value, const char *other);
