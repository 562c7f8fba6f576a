#pragma once
/* Refusals: what an answer of BigQuery's that is no success means, by one table of reason, HTTP status and words.
 *
 * The words of the message decide only where BigQuery leaves no other way: a conflict of statements, a streaming buffer
 * and a rate limit all may come as 400 invalidQuery. */
#include "google/bigquery.h"

/* What may be done about it without anybody's help. */
enum refusal_remedy {
  REMEDY_NONE,
  REMEDY_SAME, /* the same request again, after a pause */
  REMEDY_NEW,  /* the job failed: a new job, after a pause */
};

struct refusal {
  enum bigquery_cause cause;
  enum error_kind kind;
  enum refusal_remedy remedy;
  const char *advice; /* what to do, for people */
};

/* The verdict. reason may be NULL (a proxy's page, a cut answer), message too; status is 0 for a job's errorResult. */
struct refusal refusal_of(const char *reason, int64_t status, const char *message);

/* message for people: without values, addresses and secrets. What stands in quotes is left out unless it can only be a
 * part of a statement. Caller frees. */
char *refusal_words(const char *message);

/* A cause's name, for logs and tests. */
const char *bigquery_cause_name(enum bigquery_cause cause);
