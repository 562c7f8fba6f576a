#include "core/export_window.h"

#include "base/log.h"
#include "core/retry.h"
#include "core/settle_events.h"

/* How often one batch may be put back because nothing was sent. What was throttled waits up to export.max_wait_s. */
#define SENDS_MAX 6

/* Within a window stops and holds are looked at again when the last look is older than this before a batch is recorded;
 * and a batch that took longer than the second to record is not sent: a stop counts 60 s after it was recorded. */
/* A pause that is shorter is not worth a line in the log. */
#define SAID_FROM_US (5 * SECOND_US)

#define LOOK_US  (20 * SECOND_US)
#define STALE_US (40 * SECOND_US)

/* A batch on its way, with how often it was put back. */
struct parcel {
  struct add_batch batch;
  int sends_n;
};

static void parcel_free(gpointer data)
{
  struct parcel *parcel = data;
  add_batch_clear(&parcel->batch);
  g_free(parcel);
}

/* Refuses claims that were stopped since the claim, or whose source row is gone; the rest may go. */
static GPtrArray *still_allowed(struct settle_log *log, const GPtrArray *claims, const struct page *stopped)
{
  GPtrArray *allowed = g_ptr_array_sized_new(claims->len);
  g_autoptr(GHashTable) stops = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < stopped->rows->len; i++) {
    struct stopped_claim *stop = page_row(stopped, struct stopped_claim, i);
    g_hash_table_insert(stops, &stop->ord, stop);
  }
  for (guint i = 0; i < claims->len; i++) {
    struct claim *claim = g_ptr_array_index(claims, i);
    const struct stopped_claim *stop = g_hash_table_lookup(stops, &claim->ord);
    if (stop != NULL && !stop->is_gone)
      settle_refuse(log, claim, EVENT_SKIPPED, stop->reason);
    else if (stop != NULL || claim->lead.email == NULL)
      settle_release(log, claim, "source_row_gone");
    else
      g_ptr_array_add(allowed, claim);
  }
  return allowed;
}

static GPtrArray *drop_stopped(struct export_send *send, const GPtrArray *claims, GError **error)
{
  struct job *job = send->job;
  struct stops_query query = {
      .claims = (const struct claim *const *)(void *)claims->pdata, .claims_n = claims->len, .now_us = job->now_us};
  struct page stopped;
  struct settle_log log;
  page_init(&stopped, sizeof(struct stopped_claim));
  settle_log_init(&log, send->job, &send->tally);
  GPtrArray *allowed = NULL;
  send->looked_boot_us = clock_boot_us(job->clock);
  if (job->ledger->ops->stops_check(job->ledger, &query, &stopped, error)) {
    allowed = still_allowed(&log, claims, &stopped);
    if (!settle_log_append(&log, error)) g_clear_pointer(&allowed, g_ptr_array_unref);
  }
  settle_log_clear(&log);
  page_clear(&stopped);
  return allowed;
}

static struct parcel *parcel_new(const char *campaign_id, const GPtrArray *claims, guint from, guint to)
{
  struct parcel *parcel = g_new0(struct parcel, 1);
  add_batch_init(&parcel->batch, campaign_id);
  for (guint i = from; i < to; i++)
    g_ptr_array_add(parcel->batch.claims, g_ptr_array_index(claims, i));
  return parcel;
}

/* Halves go back to the front of the queue in order, so that ords stay contiguous. */
static void split(GQueue *queue, const struct parcel *parcel)
{
  const GPtrArray *claims = parcel->batch.claims;
  guint middle = claims->len / 2;
  g_queue_push_head(queue, parcel_new(parcel->batch.campaign_id, claims, middle, claims->len));
  g_queue_push_head(queue, parcel_new(parcel->batch.campaign_id, claims, 0, middle));
}

static const struct claim *first_of(const struct add_batch *batch)
{
  return g_ptr_array_index(batch->claims, 0);
}

static const struct claim *last_of(const struct add_batch *batch)
{
  return g_ptr_array_index(batch->claims, batch->claims->len - 1);
}

/* Takes up to writes_in_flight batches off the queue and makes their bodies; one that is too big is halved. */
static GPtrArray *prepare(struct export_send *send, GQueue *queue, GError **error)
{
  struct job *job = send->job;
  int64_t in_flight =
      MAX(job->settings->instantly.batch_delay_ms > 0 ? 1 : job->settings->instantly.writes_in_flight, 1);
  if (send->is_throttled) in_flight = 1;
  GPtrArray *ready = g_ptr_array_new_with_free_func(parcel_free);
  while ((int64_t)ready->len < in_flight && !g_queue_is_empty(queue)) {
    struct parcel *parcel = g_queue_pop_head(queue);
    g_autoptr(GError) preparing = NULL;
    if (job->instantly->ops->add_prepare(job->instantly, &parcel->batch, &preparing)) {
      g_ptr_array_add(ready, parcel);
      continue;
    }
    bool is_too_big = error_is(preparing, ERROR_REJECTED) && parcel->batch.claims->len > 1;
    if (is_too_big) split(queue, parcel);
    parcel_free(parcel);
    if (is_too_big) continue;
    g_propagate_error(error, g_steal_pointer(&preparing));
    g_ptr_array_unref(ready);
    return NULL;
  }
  return ready;
}

static char *batch_id_of(const struct export_send *send, const GPtrArray *ready, guint i)
{
  return g_strdup_printf("%s.%" G_GINT64_FORMAT, send->job->run_id,
                         send->batch_n - (int64_t)ready->len + 1 + (int64_t)i);
}

/* One durable `sending` per transmission, before it: a crash from here on is answered by asking about these ranges. */
static bool record_sending(struct export_send *send, const GPtrArray *ready, GError **error)
{
  struct job *job = send->job;
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  send->batch_n += ready->len;
  for (guint i = 0; i < ready->len; i++) {
    const struct add_batch *batch = &((struct parcel *)g_ptr_array_index(ready, i))->batch;
    char *batch_id = batch_id_of(send, ready, i);
    g_ptr_array_add(ids, batch_id);
    struct lead_event event = {.kind = EVENT_SENDING,
                               .campaign_id = batch->campaign_id,
                               .batch_id = batch_id,
                               .ord = first_of(batch)->ord,
                               .ord_to = last_of(batch)->ord,
                               .body_hash = batch->body_hash,
                               .generation = 0,
                               .epoch = job->lease.epoch,
                               .run_id = job->run_id,
                               .occurred_at_us = job->now_us};
    g_array_append_val(events, event);
  }
  return job->ledger->ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

static void transmit(struct export_send *send, const GPtrArray *ready)
{
  g_autofree struct add_batch *batches = g_new(struct add_batch, ready->len);
  for (guint i = 0; i < ready->len; i++)
    batches[i] = ((struct parcel *)g_ptr_array_index(ready, i))->batch;
  send->job->instantly->ops->add_send(send->job->instantly, batches, ready->len);
  for (guint i = 0; i < ready->len; i++)
    ((struct parcel *)g_ptr_array_index(ready, i))->batch = batches[i];
}

static void remember_unknown(struct export_send *send, const struct add_batch *batch, const char *batch_id,
                             int64_t sent_mono_us)
{
  bool is_plan_full = batch->answer.is_success && batch->answer.remaining_in_plan == 0;
  struct unknown_batch unknown = {.batch_id = g_strdup(batch_id),
                                  .campaign_id = g_strdup(batch->campaign_id),
                                  .ord = first_of(batch)->ord,
                                  .ord_to = last_of(batch)->ord,
                                  .claims_n = batch->claims->len,
                                  .sent_mono_us = sent_mono_us,
                                  .absent_reason = is_plan_full ? "plan_full" : NULL};
  g_array_append_val(send->unknown, unknown);
  if (is_plan_full) send->is_run_stopped = true;
}

static bool release_all(struct export_send *send, const GPtrArray *claims, const char *reason, GError **error)
{
  struct settle_log log;
  settle_log_init(&log, send->job, &send->tally);
  for (guint i = 0; i < claims->len; i++)
    settle_release(&log, g_ptr_array_index(claims, i), reason);
  bool is_ok = settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}

/* A throttle ends by itself: other tools share the minute. Anything else that lets nothing through is given up sooner.
 */
static bool is_throttled(const struct parcel *parcel)
{
  return parcel->batch.answer.reply.status == 429;
}

/* How long to wait before the batch goes once more; -1: it has waited, or has been tried, enough. */
static int64_t wait_before_again(const struct export_send *send, const struct parcel *parcel)
{
  struct rng rng;
  rng_init(&rng, random_u64());
  int tries = MIN(parcel->sends_n + 1, SENDS_MAX - 1);
  int64_t wait_us = retry_wait_us(&retry_reads, tries, &parcel->batch.answer.reply, &rng);
  if (!is_throttled(parcel)) return parcel->sends_n + 1 < SENDS_MAX ? MAX(wait_us, 0) : -1;
  int64_t left_us = send->job->settings->export.max_wait_s * SECOND_US - send->throttled_us;
  return left_us > 0 && wait_us <= left_us ? MAX(wait_us, 0) : -1;
}

/* Puts a batch back that did not get through, or gives it up: released, and the run ends. */
static bool put_back(struct export_send *send, GQueue *queue, const struct parcel *parcel, GError **error)
{
  int64_t wait_us = wait_before_again(send, parcel);
  send->is_throttled = send->is_throttled || is_throttled(parcel);
  if (wait_us >= 0) {
    struct parcel *again = parcel_new(parcel->batch.campaign_id, parcel->batch.claims, 0, parcel->batch.claims->len);
    again->sends_n = MIN(parcel->sends_n + 1, SENDS_MAX - 1);
    if (!is_throttled(parcel)) again->sends_n = parcel->sends_n + 1;
    g_queue_push_head(queue, again);
    send->pause_us = MAX(send->pause_us, wait_us);
    return true;
  }
  send->is_run_stopped = send->is_temporary = true;
  return release_all(send, parcel->batch.claims, "temporary", error);
}

static void stop_run(struct export_send *send, const struct reply *reply)
{
  send->is_run_stopped = true;
  if (send->stop == NULL)
    error_set(&send->stop, ERROR_AUTH, "POST /api/v2/leads/add was refused with %d: %s; nothing more was sent",
              (int)reply->status, reply->message);
  error_note_status(send->stop, reply->status);
}

/* What went out together, and when. */
struct sent {
  const GPtrArray *ready; /* struct parcel */
  int64_t mono_us;
  bool *is_stopped; /* set when the campaign takes nothing more */
};

/* Step 5 for one answer; what has to go again is put back into the queue. */
static bool settle_parcel(struct export_send *send, GQueue *queue, const struct sent *sent, guint i, GError **error)
{
  const struct parcel *parcel = g_ptr_array_index(sent->ready, i);
  g_autofree char *batch_id = batch_id_of(send, sent->ready, i);
  struct add_batch batch = parcel->batch;
  enum settle_next next;
  if (!settle_answer(send->job, &batch, &send->tally, &next, error)) return false;
  switch (next) {
  case SETTLE_DONE: break;
  case SETTLE_SEND_AGAIN: return put_back(send, queue, parcel, error);
  case SETTLE_SPLIT: split(queue, parcel); break;
  case SETTLE_STOP_CAMPAIGN: *sent->is_stopped = true; break;
  case SETTLE_STOP_RUN: stop_run(send, &batch.answer.reply); break;
  case SETTLE_LATER: remember_unknown(send, &batch, batch_id, sent->mono_us); break;
  }
  return true;
}

/* All answers of a transmission are settled even when the run stops in the middle: they came. */
static bool settle_sent(struct export_send *send, GQueue *queue, const struct sent *sent, GError **error)
{
  guint sent_n = sent->ready->len;
  g_autofree const struct add_batch **batches = g_new(const struct add_batch *, sent_n);
  g_autofree bool *is_settled = g_new0(bool, sent_n);
  for (guint i = 0; i < sent_n; i++)
    batches[i] = &((const struct parcel *)g_ptr_array_index(sent->ready, i))->batch;
  struct settle_group group = {.batches = batches, .batches_n = sent_n, .is_settled = is_settled};
  if (!settle_created_whole(send->job, &group, &send->tally, error)) return false;
  for (guint i = sent_n; i > 0; i--) /* backwards: what is put back at the head stays in order */
    if (!is_settled[i - 1] && !settle_parcel(send, queue, sent, i - 1, error)) return false;
  return true;
}

/* ---- looking again ---- */

static int64_t looked_ago_us(const struct export_send *send)
{
  return clock_boot_us(send->job->clock) - send->looked_boot_us;
}

static GPtrArray *claims_of(const GQueue *queue)
{
  GPtrArray *claims = g_ptr_array_new();
  for (const GList *at = queue->head; at != NULL; at = at->next)
    g_ptr_array_extend(claims, ((const struct parcel *)at->data)->batch.claims, NULL, NULL);
  return claims;
}

/* Leaves in the queue what may still go; who was taken out is settled already. */
static void keep_allowed(GQueue *queue, const GPtrArray *allowed)
{
  g_autoptr(GHashTable) may_go = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < allowed->len; i++)
    g_hash_table_add(may_go, g_ptr_array_index(allowed, i));
  for (GList *at = queue->head, *next; at != NULL; at = next) {
    struct parcel *parcel = at->data;
    GPtrArray *claims = parcel->batch.claims;
    next = at->next;
    for (guint i = claims->len; i > 0; i--)
      if (!g_hash_table_contains(may_go, g_ptr_array_index(claims, i - 1))) g_ptr_array_remove_index(claims, i - 1);
    if (claims->len > 0) continue;
    g_queue_delete_link(queue, at);
    parcel_free(parcel);
  }
}

/* Nothing of the queue is with Instantly: it never took a batch that was put back. */
static bool release_queue(struct export_send *send, GQueue *queue, GError **error)
{
  g_autoptr(GPtrArray) claims = claims_of(queue);
  bool is_ok = release_all(send, claims, "never_sent", error);
  g_queue_clear_full(queue, parcel_free);
  return is_ok;
}

/* Instantly may ask for pauses of minutes, and a warehouse may take its time: who was stopped meanwhile does not go. */
static bool look_again(struct export_send *send, GQueue *queue, GError **error)
{
  struct job *job = send->job;
  const struct parcel *first = g_queue_peek_head(queue);
  bool is_on_hold = false;
  if (!job->ledger->ops->lease_check(job->ledger, &job->lease, error)) return false;
  if (looked_ago_us(send) < LOOK_US) return true;
  if (!job->ledger->ops->hold_check(job->ledger, first->batch.campaign_id, &is_on_hold, NULL, error)) return false;
  send->is_held_back = send->is_held_back || is_on_hold;
  if (is_on_hold) return release_queue(send, queue, error);
  g_autoptr(GPtrArray) claims = claims_of(queue);
  g_autoptr(GPtrArray) allowed = drop_stopped(send, claims, error);
  if (allowed == NULL) return false;
  keep_allowed(queue, allowed);
  return true;
}

/* Sends what was recorded and reads the answers; or puts it back, when recording it took so long that it may not go.
 * The lease is looked at here too: whoever took it meanwhile has not seen these batches. */
static bool send_ready(struct export_send *send, GQueue *queue, const struct sent *sent, GError **error)
{
  struct job *job = send->job;
  if (!job->ledger->ops->lease_check(job->ledger, &job->lease, error)) return false;
  bool is_stale = looked_ago_us(send) >= STALE_US;
  for (guint i = sent->ready->len; is_stale && i > 0; i--)
    if (!put_back(send, queue, g_ptr_array_index(sent->ready, i - 1), error)) return false;
  if (is_stale) return true;
  send->is_throttled = false;
  transmit(send, sent->ready);
  int64_t took_us = clock_mono_us(job->clock) - sent->mono_us;
  bool is_ok = settle_sent(send, queue, sent, error);
  if (send->is_throttled) send->throttled_us += took_us;
  return is_ok;
}

/* A signal ends the wait, and what waited is free at once. The lease is kept meanwhile. */
static bool wait_pause(struct export_send *send, GQueue *queue, GError **error)
{
  struct job *job = send->job;
  if (send->is_throttled && send->pause_us >= SAID_FROM_US)
    log_event(LOG_WARNING, "Instantly throttles, the export waits", LOG_INT("seconds", send->pause_us / SECOND_US),
              LOG_INT("waited_s", send->throttled_us / SECOND_US),
              LOG_INT("max_wait_s", job->settings->export.max_wait_s));
  int64_t from_us = clock_mono_us(job->clock);
  bool is_ok = job_wait_until(job, from_us + send->pause_us, error);
  if (send->is_throttled) send->throttled_us += clock_mono_us(job->clock) - from_us;
  if (!is_ok && job_is_cancelled(job, NULL)) (void)release_queue(send, queue, NULL);
  return is_ok;
}

static bool send_queue(struct export_send *send, GQueue *queue, bool *is_stopped, GError **error)
{
  while (!g_queue_is_empty(queue) && !*is_stopped && !send->is_run_stopped) {
    if (!look_again(send, queue, error)) return false;
    if (g_queue_is_empty(queue)) break;
    g_autoptr(GPtrArray) ready = prepare(send, queue, error);
    if (ready == NULL || !record_sending(send, ready, error)) return false;
    struct sent sent = {.ready = ready, .mono_us = clock_mono_us(send->job->clock), .is_stopped = is_stopped};
    send->pause_us = 0;
    if (!send_ready(send, queue, &sent, error)) return false;
    if (!send->is_run_stopped && !wait_pause(send, queue, error)) return false;
  }
  /* What a stopped run leaves behind was put back: Instantly took none of it, and nobody has to be asked. */
  return g_queue_is_empty(queue) || release_queue(send, queue, error);
}

bool export_send_window(struct export_send *send, const char *campaign_id, const GPtrArray *claims, bool *is_stopped,
                        GError **error)
{
  g_autoptr(GPtrArray) unknown = g_ptr_array_sized_new(claims->len);
  if (!settle_tried_before(send->job, claims, &send->tally, unknown, error)) return false;
  g_autoptr(GPtrArray) allowed = drop_stopped(send, unknown, error);
  if (allowed == NULL) return false;
  const struct settings *settings = send->job->settings;
  guint batch_size = settings->export.endpoint == EXPORT_SINGLE ? 1 : (guint)settings->instantly.batch_size;
  GQueue queue = G_QUEUE_INIT;
  for (guint from = 0; from < allowed->len; from += batch_size)
    g_queue_push_tail(&queue, parcel_new(campaign_id, allowed, from, MIN(from + batch_size, allowed->len)));
  bool is_ok = send_queue(send, &queue, is_stopped, error);
  g_queue_clear_full(&queue, parcel_free);
  return is_ok;
}
