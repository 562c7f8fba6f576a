#pragma once
/* Answers: from a call that has ended to JSON, or to a sentence that says what, where and how to fix it.
 *
 * Decisions kept here: a 200 that is HTML or not JSON is ERROR_CORRUPT and not repeated (a proxy's page or a wrong base
 * URL does not get better by asking again); a 200 whose object holds a non-empty `error` string is ERROR_REJECTED
 * (instantly-api 1.7). Instantly's own words appear in sentences only after net_scrub(). */
#include "base/json.h"
#include "instantly/endpoints.h"

/* Fills reply.is_json and reply.message of an answered call from its body: scrubbed, and without the words that the
 * request sent as values (an answer may quote names back). */
void answer_describe(struct call *call);

/* True when the call was answered with 2xx and no HTML. Otherwise the sentence for that endpoint. */
bool answer_is_good(struct call *call, const struct endpoint *endpoint, GError **error);

/* Parses a body and looks for the top-level `error`. Caller owns the tree. */
cJSON *answer_parse(const char *bytes, size_t length, GError **error);
