/* Settling an answer that came: read it row by row, ask for what it does not explain. */
#include "core/settle.h"

#include <string.h>

#include "base/log.h"
#include "core/classify.h"
#include "core/settle_events.h"

#define ASK_MAX 100 /* addresses per question, the API's page size */

static bool settle_explained(struct job *job, struct add_batch *batch, struct settle_tally *tally,
                             enum settle_next *next, GError **error);
static bool release_all(struct job *job, const struct add_batch *batch, const char *reason, struct settle_tally *tally,
                        GError **error);
static bool refuse_single(struct job *job, const struct add_batch *batch, struct settle_tally *tally, GError **error);

static const char *stop_reason(const struct reply *reply)
{
  switch (reply->status) {
  case 401: return "key_refused";
  case 402: return "plan_refused";
  case 403: return "scope_missing";
  default: return "campaign_gone";
  }
}

static bool stops_campaign(const struct reply *reply)
{
  return reply->status == 404;
}

bool settle_answer(struct job *job, struct add_batch *batch, struct settle_tally *tally, enum settle_next *next,
                   GError **error)
{
  const struct add_answer *answer = &batch->answer;
  enum answer_class class = classify_add(answer, batch->claims->len);
  log_event(class == ANSWER_EXPLAINED ? LOG_DEBUG : LOG_WARNING, "batch answered",
            LOG_STR("campaign", batch->campaign_id), LOG_STR("class", answer_class_name(class)),
            LOG_INT("status", answer->reply.status), LOG_INT("leads", batch->claims->len));
  *next = SETTLE_DONE;
  switch (class) {
  case ANSWER_EXPLAINED: return settle_explained(job, batch, tally, next, error);
  case ANSWER_NOT_SENT:
  case ANSWER_THROTTLED: *next = SETTLE_SEND_AGAIN; return true;
  case ANSWER_SPLIT:
    if (batch->claims->len == 1) return refuse_single(job, batch, tally, error);
    *next = SETTLE_SPLIT;
    return true;
  case ANSWER_STOP_RUN:
  case ANSWER_STOP_CAMPAIGN:
    *next = class == ANSWER_STOP_RUN ? SETTLE_STOP_RUN : SETTLE_STOP_CAMPAIGN;
    return release_all(job, batch, stop_reason(&answer->reply), tally, error);
  case ANSWER_UNKNOWN: break;
  }
  *next = SETTLE_LATER;
  return true;
}

/* ---- explained ---- */

static const struct claim *claim_at(const struct add_batch *batch, size_t i)
{
  return g_ptr_array_index(batch->claims, i);
}

/* Appends `added` for the created ones and collects the others. */
static GPtrArray *settle_created(struct settle_log *log, const struct add_batch *batch)
{
  GPtrArray *missing = g_ptr_array_sized_new(batch->claims->len);
  g_autofree const char **ids = g_new0(const char *, batch->claims->len);
  for (guint i = 0; i < batch->answer.created->len; i++) {
    const struct created_lead *created = &g_array_index(batch->answer.created, struct created_lead, i);
    ids[created->index] = created->id;
  }
  for (guint i = 0; i < batch->claims->len; i++) {
    const struct claim *claim = claim_at(batch, i);
    if (ids[i] == NULL) {
      g_ptr_array_add(missing, (gpointer)claim);
      continue;
    }
    struct lead_event *event = settle_event(log, claim, EVENT_ADDED, NULL);
    event->instantly_id = g_string_chunk_insert(log->text, ids[i]);
    if (batch->answer.reply.date_us != 0) event->occurred_at_us = batch->answer.reply.date_us;
    log->tally->added_n++;
  }
  return missing;
}

/* What the counters alone say about every missing lead; false when they cannot, and of the block list never: the list
 * has to show it. */
static bool refuse_by_counters(struct settle_log *log, const struct add_answer *answer, const GPtrArray *missing)
{
  static const struct {
    enum attribution attribution;
    enum event_kind kind;
    const char *reason;
  } table[] = {
      {ATTRIBUTE_INVALID, EVENT_REJECTED, "invalid_email"},
      {ATTRIBUTE_INCOMPLETE, EVENT_REJECTED, "incomplete"},
  };
  enum attribution attribution = classify_missing(answer);
  for (size_t t = 0; t < G_N_ELEMENTS(table); t++) {
    if (table[t].attribution != attribution) continue;
    for (guint i = 0; i < missing->len; i++)
      settle_refuse(log, g_ptr_array_index(missing, i), table[t].kind, table[t].reason);
    return true;
  }
  return false;
}

/* The reason for leads that were not created and that Instantly does not have: whichever single counter is left. */
static const char *leftover_reason(const struct add_answer *answer, enum event_kind *kind)
{
  *kind = EVENT_SKIPPED;
  if (answer->skipped > 0) return "skip_flag";
  *kind = EVENT_REJECTED;
  return "not_created";
}

/* Asks for up to ASK_MAX missing leads; those that nobody has are collected into nowhere. */
static bool settle_asked(struct settle_log *log, struct settle_question *question, GPtrArray *nowhere, GError **error)
{
  bool is_ok = settle_ask(log->job, question, error);
  for (size_t i = 0; is_ok && i < question->claims_n; i++) {
    struct settle_finding finding = settle_answer_for(question, question->claims[i]);
    if (finding.verdict == FOUND_NOWHERE)
      g_ptr_array_add(nowhere, (gpointer)question->claims[i]);
    else
      settle_found(log, question->claims[i], &finding);
  }
  page_clear(&question->found);
  return is_ok;
}

/* More leads found nowhere than the counters can refuse: duplicates that the list does not show yet, or leads that were
 * said to be on the block list and are not. Wait and ask again. */
static bool nowhere_is_explained(const struct add_answer *answer, size_t nowhere_n)
{
  return (int64_t)nowhere_n <= answer->skipped + answer->invalid + answer->incomplete;
}

/* A plan that is full says `skipped`, too, of leads that nobody has. Nothing is wrong with these: they wait for room.
 */
static bool is_plan_full(const struct add_answer *answer)
{
  return answer->remaining_in_plan == 0 && answer->skipped > 0;
}

static bool settle_missing(struct settle_log *log, const struct add_batch *batch, GPtrArray *missing,
                           enum settle_next *next, GError **error)
{
  g_autoptr(GPtrArray) nowhere = g_ptr_array_new();
  bool is_about_list = classify_missing(&batch->answer) == ATTRIBUTE_BLOCKLIST;
  if (is_about_list && !settle_refuse_listed(log, missing, error)) return false;
  for (guint at = 0; at < missing->len; at += ASK_MAX) {
    struct settle_question question = {.claims = (const struct claim *const *)(void *)(missing->pdata + at),
                                       .claims_n = MIN(ASK_MAX, missing->len - at)};
    if (!settle_asked(log, &question, nowhere, error)) return false;
  }
  bool may_be_listed = nowhere->len > 0 && batch->answer.in_blocklist > 0;
  if (may_be_listed && !settle_refuse_listed(log, nowhere, error)) return false;
  if (!nowhere_is_explained(&batch->answer, nowhere->len)) {
    *next = SETTLE_LATER;
    return true;
  }
  if (nowhere->len > 0 && is_plan_full(&batch->answer)) {
    for (guint i = 0; i < nowhere->len; i++)
      settle_release(log, g_ptr_array_index(nowhere, i), "plan_full");
    *next = SETTLE_STOP_CAMPAIGN;
    return true;
  }
  enum event_kind kind;
  const char *reason = leftover_reason(&batch->answer, &kind);
  for (guint i = 0; i < nowhere->len; i++)
    settle_refuse(log, g_ptr_array_index(nowhere, i), kind, reason);
  return true;
}

/* The created ones are made durable before anything is asked: a crash or an error in the asking loses no id. */
static bool settle_explained(struct job *job, struct add_batch *batch, struct settle_tally *tally,
                             enum settle_next *next, GError **error)
{
  struct settle_log log;
  settle_log_init(&log, job, tally);
  g_autoptr(GPtrArray) missing = settle_created(&log, batch);
  bool is_ok = true;
  if (missing->len > 0 && !refuse_by_counters(&log, &batch->answer, missing)) {
    is_ok = settle_log_append(&log, error);
    g_autoptr(GError) asking = NULL;
    bool is_asked = is_ok && settle_missing(&log, batch, missing, next, &asking);
    if (asking && error_is(asking, ERROR_AUTH)) {
      /* Who is refused once is refused again: the run ends, and these claims stay open for the next. */
      g_propagate_error(error, g_steal_pointer(&asking));
      is_ok = false;
    } else if (is_ok && !is_asked) {
      log_event(LOG_WARNING, "missing leads not explained yet", LOG_STR("error", asking->message));
      *next = SETTLE_LATER;
    }
  }
  is_ok = is_ok && settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}

/* Events that one append may hold: 2 MB of memory. A commit is a tenth of the work of appending a thousand. */
#define APPEND_EVENTS_MAX 8000

static bool is_created_whole(const struct add_batch *batch)
{
  return classify_add(&batch->answer, batch->claims->len) == ANSWER_EXPLAINED &&
         batch->answer.created->len == batch->claims->len;
}

bool settle_created_whole(struct job *job, const struct settle_group *group, struct settle_tally *tally, GError **error)
{
  struct settle_log log;
  settle_log_init(&log, job, tally);
  bool is_ok = true;
  for (size_t i = 0; is_ok && i < group->batches_n; i++) {
    group->is_settled[i] = is_created_whole(group->batches[i]);
    if (!group->is_settled[i]) continue;
    g_autoptr(GPtrArray) missing = settle_created(&log, group->batches[i]);
    g_assert(missing->len == 0);
    if (log.events->len >= APPEND_EVENTS_MAX) is_ok = settle_log_append(&log, error);
  }
  is_ok = is_ok && settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}

/* ---- refused ---- */

static bool release_all(struct job *job, const struct add_batch *batch, const char *reason, struct settle_tally *tally,
                        GError **error)
{
  struct settle_log log;
  settle_log_init(&log, job, tally);
  for (guint i = 0; i < batch->claims->len; i++)
    settle_release(&log, claim_at(batch, i), reason);
  /* What stops the run is written down when it ends; this stops its campaign alone, and is told once for all batches
   * that were on their way. */
  g_autofree char *key = g_strdup_printf("%s|%s", reason, batch->campaign_id);
  struct error_row row = {.type = reason, .message = batch->answer.reply.message, .key = key};
  if (stops_campaign(&batch->answer.reply) && job_tells(job, key)) g_array_append_val(log.errors, row);
  bool is_ok = settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}

static bool refuse_single(struct job *job, const struct add_batch *batch, struct settle_tally *tally, GError **error)
{
  struct settle_log log;
  settle_log_init(&log, job, tally);
  settle_refuse(&log, claim_at(batch, 0), EVENT_REJECTED, "refused_by_api");
  settle_error(&log, claim_at(batch, 0), "rejected", batch->answer.reply.message);
  bool is_ok = settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}
