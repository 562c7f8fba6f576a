#pragma once
/* Removing: one page of enrolments is read again, acted upon, and read back. complete.c does so with what is over,
 * stop_enforce.c with the rows of stopped persons.
 *
 * Nothing is deleted that was not read in the same run; nothing is recorded as removed that Instantly still shows. A
 * death between the two is settled by the next page that holds the enrolment: absent by id and by address is removed.
 */
#include "core/complete.h"

enum removal_cause {
  REMOVAL_OF_FINISHED, /* as complete.outcomes says */
  REMOVAL_OF_STOPPED,  /* as settings.stops says, out of its subsequence first; `finished` is recorded with `removed` */
};

/* The job's lease must be that of `complete`. */
struct remover {
  struct job *job;
  enum removal_cause cause;
  int64_t removed_n;
  int64_t changed_n; /* not as the ledger thought: left alone */
  /* of stopped persons: */
  bool is_absence_sure;   /* it was looked for often enough: absent is gone, although no scan has shown it */
  int64_t unconfirmed_n;  /* Instantly shows them in spite of their removal */
  int64_t unseen_n;       /* absent, and nothing has shown them yet */
  int64_t cut_n;          /* answered: taken out of their subsequences alone */
  int64_t still_mailed_n; /* answered, and Instantly mails them all the same */
  struct outcome_settings stopped, listed; /* of remover_page() */
};

/* Handles the removals of one page (rows of struct removal, at most 1000) and counts. */
bool remover_page(struct remover *remover, const struct page *due, GError **error);
