#include "core/export_send.h"

#include "base/log.h"
#include "core/export_window.h"

void export_send_init(struct export_send *send, struct job *job, int64_t total_n)
{
  *send = (struct export_send){.job = job, .total_n = total_n};
  send->unknown = unknown_batches_new();
}

void export_send_clear(struct export_send *send)
{
  g_clear_pointer(&send->unknown, g_array_unref);
  g_clear_error(&send->stop);
}

/* ---- step 4: window after window of claims ---- */

/* Asked before every window: a signal, a lost lease or a hold stops the sending of what is not out yet. */
static bool may_send(struct export_send *send, const char *campaign_id, bool *is_on_hold, GError **error)
{
  struct job *job = send->job;
  g_autofree char *reason = NULL;
  if (job_is_cancelled(job, error) || !job->ledger->ops->lease_check(job->ledger, &job->lease, error)) return false;
  if (!job->ledger->ops->hold_check(job->ledger, campaign_id, is_on_hold, &reason, error)) return false;
  if (*is_on_hold) {
    log_event(LOG_WARNING, "hold is on, nothing more is sent", LOG_STR("campaign", campaign_id),
              LOG_STR("reason", reason));
    send->is_held_back = true;
  }
  return true;
}

static void pause_between(const struct job *job)
{
  if (job->settings->instantly.batch_delay_ms > 0)
    clock_sleep_us(job->clock, job->settings->instantly.batch_delay_ms * 1000);
}

static size_t window_size(const struct job *job)
{
  const struct instantly_settings *settings = &job->settings->instantly;
  int64_t in_flight = settings->batch_delay_ms > 0 ? 1 : settings->writes_in_flight;
  int64_t batch_size = job->settings->export.endpoint == EXPORT_SINGLE ? 1 : settings->batch_size;
  return (size_t)(batch_size * MAX(in_flight, 1));
}

/* The claims of a page, or only those whose ord is in `only` (a set of int64_t). */
static GPtrArray *window_of(const struct page *claims, GHashTable *only)
{
  GPtrArray *window = g_ptr_array_sized_new(claims->rows->len);
  for (guint i = 0; i < claims->rows->len; i++) {
    struct claim *claim = page_row(claims, struct claim, i);
    if (only == NULL || g_hash_table_contains(only, &claim->ord)) g_ptr_array_add(window, claim);
  }
  return window;
}

/* Claims come in rising order, each behind the last one sent: who was handed out twice would go out twice. */
static bool check_order(const struct claim_query *query, const struct page *claims, GError **error)
{
  int64_t last_ord = query->after_ord;
  for (guint i = 0; i < claims->rows->len; i++) {
    int64_t ord = page_row(claims, struct claim, i)->ord;
    if (ord <= last_ord) {
      error_set(
          error, ERROR_UNSAFE,
          "the warehouse gave claim %" G_GINT64_FORMAT " of this run after claim %" G_GINT64_FORMAT
          ": nothing more is sent; `leadferry recover` gives back what is not out, `leadferry verify` looks for more",
          ord, last_ord);
      return false;
    }
    last_ord = ord;
  }
  return true;
}

static bool send_range(struct export_send *send, struct claim_query *query, GHashTable *only, GError **error);

bool export_send_campaign(struct export_send *send, const char *campaign_id, GError **error)
{
  struct claim_query query = {.run_id = send->job->run_id, .campaign_id = campaign_id, .to_ord = INT64_MAX};
  return send_range(send, &query, NULL, error);
}

/* Window after window of the claims that the query names; memory holds one window. */
static bool send_range(struct export_send *send, struct claim_query *query, GHashTable *only, GError **error)
{
  struct job *job = send->job;
  struct page claims;
  page_init(&claims, sizeof(struct claim));
  query->limit = window_size(job);
  bool is_ok, is_on_hold = false, is_stopped = false;
  do {
    is_ok = may_send(send, query->campaign_id, &is_on_hold, error);
    if (!is_ok || is_on_hold) break;
    is_ok = job->ledger->ops->claims_read(job->ledger, query, &claims, error);
    is_ok = is_ok && check_order(query, &claims, error);
    if (!is_ok || claims.rows->len == 0) break;
    query->after_ord = page_row(&claims, struct claim, claims.rows->len - 1)->ord;
    g_autoptr(GPtrArray) window = window_of(&claims, only);
    is_ok = export_send_window(send, query->campaign_id, window, &is_stopped, error);
    send->sent_n += window->len;
    job_progress(job, "leads", MIN(send->sent_n, send->total_n), send->total_n, send->tally.refused_n);
    pause_between(job);
  } while (is_ok && !is_stopped && !send->is_run_stopped);
  page_clear(&claims);
  return is_ok;
}

/* ---- step 6: unknown answers ---- */

/* Absent leads go out once more under their own claims, and only they: what was found is settled, what nobody could be
 * asked about stays open. */
static bool send_absent(struct export_send *send, const GArray *batches, const GArray *absent, GError **error)
{
  g_autoptr(GHashTable) only = g_hash_table_new(g_int64_hash, g_int64_equal);
  g_autoptr(GHashTable) campaigns = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < absent->len; i++)
    g_hash_table_add(only, &g_array_index(absent, int64_t, i));
  bool is_ok = true;
  for (guint i = 0; is_ok && i < batches->len; i++) {
    const struct unknown_batch *batch = &g_array_index(batches, struct unknown_batch, i);
    if (!g_hash_table_add(campaigns, batch->campaign_id)) continue;
    struct claim_query query = {
        .run_id = send->job->run_id, .campaign_id = batch->campaign_id, .to_ord = INT64_MAX, .only_unsettled = true};
    is_ok = send_range(send, &query, only, error);
  }
  return is_ok;
}

bool export_send_unknown(struct export_send *send, GError **error)
{
  g_autoptr(GArray) batches = g_steal_pointer(&send->unknown);
  g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(int64_t));
  send->unknown = unknown_batches_new();
  if (!settle_unknown(send->job, batches, &send->tally, absent, error)) return false;
  if (absent->len > 0 && !send_absent(send, batches, absent, error)) return false;
  for (guint i = 0; i < send->unknown->len; i++) {
    const struct unknown_batch *batch = &g_array_index(send->unknown, struct unknown_batch, i);
    send->tally.unknown_n += batch->claims_n;
  }
  return true;
}
