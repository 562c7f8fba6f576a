/* Jobs: their state, their end, and the walk over attempts that makes one happen once.
 *
 * An id is tried; if BigQuery knows it already (409), its job is looked at instead. A job that has failed has changed
 * nothing, so the next attempt's id is tried; one that goes on is waited for; one that is done is the result. Whoever
 * walks later, in this process or after a crash, meets the same ids in the same order and stops at the same job. */
#include "google/private.h"

#include "base/log.h"

#include <string.h>

#define NOT_FOUND_PATIENCE_US (200 * SECOND_US)
#define POLL_LONGEST_US       (5 * SECOND_US)

/* ---- state ---- */

void job_state_clear(struct job_state *state)
{
  g_clear_pointer(&state->said, g_free);
  g_clear_pointer(&state->location, g_free);
}

/* A count of a statistics object: a string, -1 when absent. */
static int64_t count_of(const cJSON *object, const char *name)
{
  const char *text = json_string(object, name);
  gint64 count = 0;
  int64_t number = 0;
  if (text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &count, NULL)) return count;
  return json_int(object, name, &number) ? number : -1;
}

static void read_statistics(struct bigquery_result *result, const cJSON *statistics)
{
  const cJSON *query = json_get(statistics, "query");
  const cJSON *dml = json_get(query, "dmlStats");
  result->rows_changed = count_of(query, "numDmlAffectedRows");
  if (result->rows_changed < 0) result->rows_changed = count_of(json_get(statistics, "load"), "outputRows");
  result->rows_inserted = count_of(dml, "insertedRowCount");
  result->rows_updated = count_of(dml, "updatedRowCount");
  result->rows_deleted = count_of(dml, "deletedRowCount");
  result->bytes_billed = count_of(query, "totalBytesBilled");
  result->bytes_processed = count_of(statistics, "totalBytesProcessed");
}

bool job_state_read(struct job_state *state, struct ask *ask, GError **error)
{
  g_autoptr(cJSON) tree = ask_parse(ask, error);
  if (!tree) return false;
  const cJSON *status = json_get(tree, "status");
  const char *word = json_string(status, "state");
  const cJSON *failure = json_get(status, "errorResult");
  job_state_clear(state);
  *state = (struct job_state){.is_done = word && strcmp(word, "DONE") == 0, .has_failed = cJSON_IsObject(failure)};
  state->location = g_strdup(json_string(json_get(tree, "jobReference"), "location"));
  read_statistics(&state->result, json_get(tree, "statistics"));
  if (!state->has_failed) return true;
  const char *reason = json_string(failure, "reason");
  const char *message = json_string(failure, "message");
  state->is_done = true;
  state->refusal = refusal_of(reason, 0, message);
  g_autofree char *words = refusal_words(message);
  state->said =
      g_strdup_printf("the BigQuery job of %s failed with %s (%s)", ask->name, reason ? reason : "no reason", words);
  return true;
}

bool job_get_once(struct bigquery *bigquery, const char *job_id, const char *name, struct job_state *state,
                  GError **error)
{
  ask_scope struct ask ask = {.method = "GET", .route = "jobs.get", .name = name, .is_read = true};
  ask_path(&ask, API_ROOT, (const char *[]){bigquery->project, "jobs", job_id, NULL});
  ask_query(&ask, "location", bigquery->location);
  ask_query(&ask, "fields", "status(state,errorResult),statistics");
  bigquery->last = (struct refusal){0};
  return ask_send(bigquery, &ask, error) && job_state_read(state, &ask, error);
}

bool job_get(struct bigquery *bigquery, const char *job_id, const char *name, struct job_state *state, GError **error)
{
  int64_t until_us = clock_mono_us(bigquery->clock) + NOT_FOUND_PATIENCE_US;
  for (int tries_n = 1;; tries_n++) {
    g_autoptr(GError) problem = NULL;
    if (job_get_once(bigquery, job_id, name, state, &problem)) return true;
    bool may_appear = bigquery->last.cause == BIGQUERY_CAUSE_NOT_FOUND && clock_mono_us(bigquery->clock) < until_us;
    if (!may_appear) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return false;
    }
    if (!bigquery_pause(bigquery, tries_n, error)) return false;
  }
}

void job_cancel(struct bigquery *bigquery, const char *job_id, const char *location)
{
  g_autoptr(GError) problem = NULL;
  ask_scope struct ask ask = {.method = "POST", .route = "jobs.cancel"};
  ask_path(&ask, API_ROOT, (const char *[]){bigquery->project, "jobs", job_id, "cancel", NULL});
  ask_query(&ask, "location", location);
  bool was_finishing = bigquery->is_finishing;
  struct refusal last = bigquery->last;
  bigquery->is_finishing = true;
  if (!ask_send(bigquery, &ask, &problem)) {
    log_event(LOG_WARNING, "job not cancelled", LOG_STR("error", problem->message));
  }
  bigquery->is_finishing = was_finishing;
  bigquery->last = last;
}

/* ---- waiting ---- */

/* Asks once whether a query job has ended; BigQuery holds the question back until it has, or POLL_MS are over. A failed
 * job's question is answered with its error. */
static bool poll_query(struct bigquery *bigquery, const struct job_request *request, const char *job_id, bool *is_ended,
                       GError **error)
{
  ask_scope struct ask ask = {.method = "GET", .route = "jobs.getQueryResults", .name = request->name, .is_read = true};
  ask_path(&ask, API_ROOT, (const char *[]){bigquery->project, "queries", job_id, NULL});
  ask_query(&ask, "location", bigquery->location);
  ask_query_int(&ask, "maxResults", 0);
  ask_query_int(&ask, "timeoutMs", POLL_MS);
  ask_query(&ask, "fields", "jobComplete");
  if (!ask_send(bigquery, &ask, error)) return false;
  g_autoptr(cJSON) tree = ask_parse(&ask, error);
  if (!tree) return false;
  if (json_bool(tree, "jobComplete", is_ended)) return true;
  error_set(error, ERROR_CORRUPT, "BigQuery's answer does not say whether the job of %s has ended", request->name);
  return false;
}

/* Past the deadline: the job is cancelled, and what became of it is looked up once more. */
static bool give_up(struct bigquery *bigquery, const struct job_request *request, const char *job_id,
                    struct job_state *state, GError **error)
{
  job_cancel(bigquery, job_id, bigquery->location);
  if (!job_get(bigquery, job_id, request->name, state, error)) return false;
  if (state->is_done) return true;
  bigquery->last = (struct refusal){.cause = BIGQUERY_CAUSE_UNANSWERED, .kind = ERROR_TRANSIENT};
  error_set(error, ERROR_TRANSIENT,
            "the BigQuery job of %s did not end within %d s; it was asked to stop, and what it did is not known yet",
            request->name, (int)(bigquery->job_timeout_us / SECOND_US));
  return false;
}

/* A question that failed is no failed job: only jobs.get says what became of it. */
static bool wait_once(struct bigquery *bigquery, const struct job_request *request, const char *job_id, int64_t wait_us,
                      GError **error)
{
  if (!request->is_query) {
    if (net_wait(bigquery->net, wait_us)) return true;
    error_set(error, ERROR_CANCELLED, "cancelled while the BigQuery job of %s ran", request->name);
    return false;
  }
  g_autoptr(GError) problem = NULL;
  bool is_ended = false;
  bool is_lost =
      !poll_query(bigquery, request, job_id, &is_ended, &problem) && bigquery->last.cause == BIGQUERY_CAUSE_UNANSWERED;
  if (is_lost) g_propagate_error(error, g_steal_pointer(&problem));
  return !is_lost;
}

/* Until the job is done: failed or not. False: it is not known. */
static bool job_wait(struct bigquery *bigquery, const struct job_request *request, const char *job_id,
                     struct job_state *state, GError **error)
{
  int64_t deadline_us = clock_mono_us(bigquery->clock) + bigquery->job_timeout_us;
  int64_t wait_us = POLL_US;
  while (!state->is_done) {
    if (clock_mono_us(bigquery->clock) >= deadline_us) return give_up(bigquery, request, job_id, state, error);
    int64_t begun_us = clock_mono_us(bigquery->clock);
    if (!wait_once(bigquery, request, job_id, wait_us, error)) return false;
    if (!job_get(bigquery, job_id, request->name, state, error)) return false;
    if (!state->is_done && !bigquery_pace(bigquery, begun_us, wait_us, error)) return false;
    wait_us = MIN(wait_us * 2, POLL_LONGEST_US);
  }
  return true;
}

/* ---- once ---- */

char *job_attempt_id(const char *job_id, int attempt)
{
  return attempt == 1 ? g_strdup(job_id) : g_strdup_printf("%s_a%d", job_id, attempt);
}

/* The emulator's jobs.get knows no failures, only getQueryResults does: asked when a job was not seen to end. */
static bool confirm(struct bigquery *bigquery, const struct job_request *request, const char *job_id,
                    struct job_state *state, GError **error)
{
  bool is_needed = bigquery->is_emulator && request->is_query && state->is_done && !state->has_failed;
  if (!is_needed) return true;
  g_autoptr(GError) problem = NULL;
  bool is_ended = false;
  if (poll_query(bigquery, request, job_id, &is_ended, &problem)) return true;
  if (bigquery->last.cause == BIGQUERY_CAUSE_UNANSWERED) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  state->has_failed = true;
  state->refusal = bigquery->last;
  state->said = g_strdup(problem->message);
  return true;
}

/* Inserts the job, or finds it. state says how it ended; false: that is not known, or it was never accepted. */
static bool attempt(struct bigquery *bigquery, const struct job_request *request, const char *job_id,
                    struct job_state *state, GError **error)
{
  ask_scope struct ask ask = {.method = "POST", .route = request->route, .name = request->name};
  request->prepare(&ask, bigquery, job_id, request->context);
  bool was_there = false;
  g_autoptr(GError) problem = NULL;
  if (ask_send(bigquery, &ask, &problem)) {
    /* an answer that cannot be read still means that the job was taken */
    bool is_read = job_state_read(state, &ask, NULL);
    if (!is_read && !job_get(bigquery, job_id, request->name, state, error)) return false;
    location_learn(bigquery, state->location);
  } else if (bigquery->last.cause == BIGQUERY_CAUSE_DUPLICATE) {
    was_there = true;
    if (!job_get(bigquery, job_id, request->name, state, error)) return false;
    if (!confirm(bigquery, request, job_id, state, error)) return false;
  } else {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  bool is_known = job_wait(bigquery, request, job_id, state, error);
  state->result.was_there = was_there;
  return is_known;
}

static void note_success(struct bigquery *bigquery, const char *name, const struct job_state *state,
                         struct bigquery_result *result)
{
  if (!state->result.was_there) totals_note(bigquery, name, state->result.bytes_billed);
  if (result) *result = state->result;
}

bool job_run(struct bigquery *bigquery, const struct job_request *request, struct bigquery_result *result,
             GError **error)
{
  bigquery->last = (struct refusal){0};
  for (int attempt_n = 1;; attempt_n++) {
    g_autofree char *job_id = job_attempt_id(request->job_id, attempt_n);
    job_state_scope struct job_state state = {0};
    if (!attempt(bigquery, request, job_id, &state, error)) return false;
    if (!state.has_failed) {
      state.result.attempt = attempt_n;
      note_success(bigquery, request->name, &state, result);
      return true;
    }
    bool is_repeatable = state.refusal.remedy == REMEDY_NEW && !bigquery->is_emulator;
    bool may_go_on = (is_repeatable || state.result.was_there) && attempt_n < JOB_ATTEMPTS_MAX;
    if (!may_go_on) {
      refusal_set(bigquery, &state.refusal, state.said, error);
      return false;
    }
    if (is_repeatable && !state.result.was_there && !bigquery_pause(bigquery, attempt_n, error)) return false;
  }
}

/* ---- jobs of others ---- */

enum other { OTHER_NONE, OTHER_DONE, OTHER_FAILED };

static bool attempt_wait(struct bigquery *bigquery, const char *job_id, int64_t deadline_us, enum other *other,
                         GError **error)
{
  job_state_scope struct job_state state = {0};
  *other = OTHER_NONE;
  for (;;) {
    g_autoptr(GError) problem = NULL;
    bool is_known = job_get_once(bigquery, job_id, "another run's job", &state, &problem);
    if (!is_known && bigquery->last.cause == BIGQUERY_CAUSE_NOT_FOUND) return true;
    if (!is_known) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return false;
    }
    *other = state.has_failed ? OTHER_FAILED : OTHER_DONE;
    if (state.is_done) return true;
    if (clock_mono_us(bigquery->clock) >= deadline_us) break;
    if (!net_wait(bigquery->net, POLL_LONGEST_US)) break;
  }
  error_set(error, ERROR_TRANSIENT, "a BigQuery job that an earlier run began has not ended yet");
  return false;
}

bool bigquery_job_wait(struct bigquery *bigquery, const char *job_id, int64_t patience_us, bool *is_known,
                       GError **error)
{
  int64_t deadline_us = clock_mono_us(bigquery->clock) + patience_us;
  enum other other = OTHER_FAILED;
  *is_known = false;
  if (bigquery->is_emulator) return true;
  for (int attempt_n = 1; other == OTHER_FAILED && attempt_n <= JOB_ATTEMPTS_MAX; attempt_n++) {
    g_autofree char *id = job_attempt_id(job_id, attempt_n);
    if (!attempt_wait(bigquery, id, deadline_us, &other, error)) return false;
    *is_known = *is_known || other != OTHER_NONE;
  }
  return true;
}
