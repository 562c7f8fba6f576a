#pragma once
/* The audit: what was done to each address, and sums of what must never happen.
 *
 * Every creation, mail, stop and deletion is appended to the person's chain. A stop is an unsubscription, an answer
 * that was no auto-reply, an entry on the block list, or what POST /_sandbox/stop says. A mail after it counts as
 * `mailed_after_stop`, unless it belongs to a subsequence that an answer has started. Marked with the configured stamp,
 * or made through the API when no stamp is configured, a row counts as "own"; deleting another one is
 * `deleted_foreign`. */
#include "world.h"

enum history_kind {
  HISTORY_CREATED_API,
  HISTORY_CREATED_OTHER,
  HISTORY_SENT,
  HISTORY_SENT_SUBSEQUENCE,
  HISTORY_UNSUBSCRIBED,
  HISTORY_REPLIED,
  HISTORY_AUTO_REPLIED,
  HISTORY_BLOCKED,
  HISTORY_BOUNCED,
  HISTORY_DELETED_API,
  HISTORY_DELETED_OTHER,
  HISTORY_MOVED,
  HISTORY_STOPPED,        /* the client under test knows of a stop: by mail, by phone, elsewhere */
  HISTORY_STOPPED_ANSWER, /* the same, and it is an answer: a subsequence may go on */
  HISTORY_KINDS_N
};

/* One thing that happened to a person. */
struct history {
  struct person *person;
  int64_t at_ms;
  uint32_t next; /* older entry, index + 1 */
  uint16_t campaign;
  uint8_t kind;
  uint8_t step; /* of a mail */
};

/* A row was made, through the API or by somebody else. */
void audit_created(struct world *world, const struct lead *lead);

/* A mail went out for this row. */
void audit_sent(struct world *world, const struct lead *lead, uint8_t step, bool is_subsequence);

/* The person said stop (kind names how), or something that is only remembered. */
void audit_stop(struct world *world, struct person *person, enum history_kind kind, uint16_t campaign);
void audit_note(struct world *world, struct person *person, enum history_kind kind, uint16_t campaign); /* no stop */

/* The row is about to be deleted: call before store_remove(). */
void audit_deleted(struct world *world, const struct lead *lead, bool is_by_api);

/* Somebody took a lead out of a subsequence that still ran. */
void audit_subsequence_removed(struct world *world);

/* Appends the report; totals alone when asked. */
void audit_append(const struct world *world, GString *out, bool totals_only);
