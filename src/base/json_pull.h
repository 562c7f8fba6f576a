#pragma once
/* Pull: JSON read token by token out of its own bytes, for answers too big for a tree (a page of 7 MB is a tree of
 * 77 MB). It allocates nothing and checks nothing: json_check() has accepted the text before.
 *
 * Texts are unescaped and terminated in place, so the bytes are used up by reading; what was handed out stays good as
 * long as they do.
 *
 *   json_pull_init(&pull, bytes, length);
 *   while ((token = json_pull_next(&pull, &text)) != PULL_END) ...
 *
 * A name is followed by its value: one text, word or null, or everything up to the matching end. */
#include <stdbool.h>
#include <stddef.h>

enum pull_token {
  PULL_END,
  PULL_OBJECT,
  PULL_OBJECT_END,
  PULL_ARRAY,
  PULL_ARRAY_END,
  PULL_NAME, /* of a member */
  PULL_TEXT, /* a string */
  PULL_WORD, /* a number, true or false, as written */
  PULL_NULL,
};

struct json_pull {
  char *at;
  char *end;
  char held; /* the byte that stood where the last word was terminated, or '\0' */
};

/* Begins. bytes[length] must be writable: a terminator may go there. */
void json_pull_init(struct json_pull *pull, char *bytes, size_t length);

/* The next token; *text is set for names, texts and words. */
enum pull_token json_pull_next(struct json_pull *pull, char **text);

/* Moves over the rest of the value that begins with this token: nothing for a text, a word or a null. */
void json_pull_skip(struct json_pull *pull, enum pull_token token);
