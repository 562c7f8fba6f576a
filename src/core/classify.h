#pragma once
/* What an answer to a creating call means: one pure function, one table (reliability: classes A to E).
 *
 * The words: NOT_SENT and THROTTLED may go again under the same claim; SPLIT was refused before work because of its
 * content or size; STOP_* end the campaign or the run; EXPLAINED accounts for every lead; UNKNOWN is answered by
 * asking, never by sending. */
#include "core/ports.h"

enum answer_class {
  ANSWER_EXPLAINED,
  ANSWER_NOT_SENT,
  ANSWER_THROTTLED,
  ANSWER_SPLIT,
  ANSWER_STOP_RUN,      /* 401, 402, 403: release, exit 4 */
  ANSWER_STOP_CAMPAIGN, /* 404: release, that campaign ends */
  ANSWER_UNKNOWN,
};

/* Classifies the answer to a batch of sent_n leads. EXPLAINED only when status is success, the seven counters add up to
 * total_sent == sent_n, created has exactly `uploaded` rows with distinct indices in [0, sent_n), distinct
 * ids and matching addresses. */
enum answer_class classify_add(const struct add_answer *answer, size_t sent_n);

/* Why one lead of an explained answer was not created, when the counters alone can tell (exactly one non-created
 * counter is non-zero); ATTRIBUTE_ASK otherwise, and for duplicates, whose row must be looked at. */
enum attribution {
  ATTRIBUTE_ASK,
  ATTRIBUTE_BLOCKLIST,
  ATTRIBUTE_SKIPPED,
  ATTRIBUTE_INVALID,
  ATTRIBUTE_INCOMPLETE,
};

/* See enum attribution. */
enum attribution classify_missing(const struct add_answer *answer);

/* Is this status worth another try of an idempotent call (408, 425, 429, 500, 502, 503, 504, no answer)? */
bool classify_is_retryable(const struct reply *reply);

/* The error kind that a failed (non-2xx or unanswered) reply of any other call stands for. */
enum error_kind classify_error(const struct reply *reply);

/* Printed names: "explained", ... */
const char *answer_class_name(enum answer_class answer);
