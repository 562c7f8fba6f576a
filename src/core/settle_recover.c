/* Settling without an answer: unknown batches of this run, and what earlier runs left. Unknown is answered by asking,
 * never by sending. */
#include <string.h>

#include "base/email.h"
#include "base/log.h"
#include "core/settle.h"
#include "core/settle_events.h"
#include "core/sync_home.h"

#define ASK_MAX 100

static void unknown_batch_clear(gpointer data)
{
  struct unknown_batch *batch = data;
  g_free(batch->batch_id);
  g_free(batch->campaign_id);
}

GArray *unknown_batches_new(void)
{
  GArray *batches = g_array_new(FALSE, TRUE, sizeof(struct unknown_batch));
  g_array_set_clear_func(batches, unknown_batch_clear);
  return batches;
}

/* What one pass over batches does with leads that are nowhere. A claim whose request went out twice stands in the
 * `sending` of both: it is looked at with the first that comes to it, and one answer settles it once. */
struct pass {
  bool is_last;   /* absent a second time: decide */
  GArray *absent; /* own run: int64_t ord of leads to send again; NULL for recover */
  struct settle_tally *tally;
  GHashTable *looked_at; /* claim ids of this pass: settled, absent, or held */
  int64_t absent_n;
  int64_t open_n;
};

/* The claims of a page that nobody looked at in this pass and that wait for no person. */
static GPtrArray *still_open(const struct pass *pass, const struct page *claims)
{
  GPtrArray *open = g_ptr_array_sized_new(claims->rows->len);
  for (guint i = 0; i < claims->rows->len; i++) {
    struct claim *claim = page_row(claims, struct claim, i);
    g_autofree char *claim_id = claim_id_text(claim->run_id, claim->ord);
    if (!claim->is_held && !g_hash_table_contains(pass->looked_at, claim_id)) g_ptr_array_add(open, claim);
  }
  return open;
}

static void look_at(struct pass *pass, const GPtrArray *claims)
{
  for (guint i = 0; i < claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(claims, i);
    g_hash_table_add(pass->looked_at, claim_id_text(claim->run_id, claim->ord));
  }
}

static void settle_absent(struct settle_log *log, const struct claim *claim, const struct unknown_batch *batch,
                          struct pass *pass)
{
  pass->absent_n++;
  if (!pass->is_last) return;
  if (batch->absent_reason != NULL)
    settle_release(log, claim, batch->absent_reason);
  else if (pass->absent != NULL)
    g_array_append_val(pass->absent, claim->ord);
  else
    settle_release(log, claim, "absent");
}

/* Was the row adopted by a lead of its person? A full sync did that. */
static bool is_adopted(struct job *job, const struct remote_lead *row, bool *is_known, GError **error)
{
  g_autofree char *folded = email_fold_tag(row->person);
  const char *const asked[] = {folded};
  struct page leads;
  page_init(&leads, sizeof(struct enrolled));
  bool is_ok = job->ledger->ops->ever_enrolled(job->ledger, asked, 1, &leads, error);
  for (guint i = 0; is_ok && i < leads.rows->len; i++)
    *is_known = *is_known || g_strcmp0(page_row(&leads, struct enrolled, i)->instantly_id, row->id) == 0;
  page_clear(&leads);
  return is_ok;
}

/* An earlier run's claim, and a row of ours that a later one made of which this ledger knows nothing: it is an older
 * copy. To adopt the row would make it the newest that the ledger knows, and hide all that is older
 * (core/export_guard.h). Where the list rebuilds the ledger it is taken for its own in a moment. */
static bool check_home(struct job *job, const struct settle_finding *finding, GError **error)
{
  bool is_known = true;
  if (finding->verdict != FOUND_ADOPT || !home_is_stamped(finding->row) || job->is_bootstrap) return true;
  if (!job->ledger->ops->stamp_is_known(job->ledger, finding->row->stamp, &is_known, error)) return false;
  if (!is_known && !is_adopted(job, finding->row, &is_known, error)) return false;
  if (!is_known)
    error_set(error, ERROR_UNSAFE,
              "a lead of an open claim is in Instantly with leadferry's stamp of another claim, which this ledger does "
              "not know: it is older than Instantly. Restore the newest backup; or take these leads for this ledger's "
              "own with `leadferry export --bootstrap`, or adopt them with `leadferry sync --full`");
  return is_known;
}

static bool ask_page(struct job *job, const struct page *claims, const struct unknown_batch *batch, struct pass *pass,
                     GError **error)
{
  g_autoptr(GPtrArray) asked = still_open(pass, claims);
  if (asked->len == 0) return true;
  struct settle_question question = {.claims = (const struct claim *const *)(void *)asked->pdata,
                                     .claims_n = asked->len};
  struct settle_log log;
  settle_log_init(&log, job, pass->tally);
  bool is_ok = settle_ask(job, &question, error);
  for (guint i = 0; is_ok && i < asked->len; i++) {
    const struct claim *claim = g_ptr_array_index(asked, i);
    struct settle_finding finding = settle_answer_for(&question, claim);
    is_ok = batch->sent_at_us == 0 || check_home(job, &finding, error);
    if (!is_ok) break;
    if (finding.verdict == FOUND_NOWHERE)
      settle_absent(&log, claim, batch, pass);
    else
      settle_found(&log, claim, &finding);
  }
  is_ok = is_ok && settle_log_append(&log, error);
  if (is_ok) look_at(pass, asked);
  page_clear(&question.found);
  settle_log_clear(&log);
  return is_ok;
}

/* The run that a batch belongs to: batch_id is run_id.n. Caller frees. */
static char *run_id_of(const struct unknown_batch *batch)
{
  return g_strndup(batch->batch_id, (gsize)(strrchr(batch->batch_id, '.') - batch->batch_id));
}

/* The claims of a batch that nobody settled, as of the last fold. */
static struct claim_query open_claims(const struct unknown_batch *batch, const char *run_id, size_t limit)
{
  return (struct claim_query){.run_id = run_id,
                              .campaign_id = batch->campaign_id,
                              .after_ord = batch->ord - 1,
                              .to_ord = batch->ord_to,
                              .limit = limit,
                              .only_unsettled = true};
}

/* Asks about every unsettled claim of one batch, a page of addresses at a time. */
static bool ask_batch(struct job *job, const struct unknown_batch *batch, struct pass *pass, GError **error)
{
  g_autofree char *run_id = run_id_of(batch);
  struct claim_query query = open_claims(batch, run_id, ASK_MAX);
  struct page claims;
  page_init(&claims, sizeof(struct claim));
  bool is_ok = true;
  do {
    is_ok = job->ledger->ops->claims_read(job->ledger, &query, &claims, error) &&
            ask_page(job, &claims, batch, pass, error);
    if (is_ok && claims.rows->len > 0) query.after_ord = page_row(&claims, struct claim, claims.rows->len - 1)->ord;
  } while (is_ok && claims.rows->len == ASK_MAX);
  page_clear(&claims);
  return is_ok;
}

/* An open claim waits a day for somebody to answer the question about it. */
#define OPEN_MAX_US DAY_US

static const char *hold_sentence(const char *reason)
{
  return strcmp(reason, "campaign_gone") == 0 ? "the campaign of an open claim does not exist any more"
                                              : "nobody could say for 24 hours whether the lead was added";
}

/* Holds claims that wait for an answer that cannot come any more: a person has to look. */
static bool hold_claims(struct job *job, const GPtrArray *claims, const char *reason, struct pass *pass, GError **error)
{
  struct settle_log log;
  settle_log_init(&log, job, pass->tally);
  for (guint i = 0; i < claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(claims, i);
    settle_event(&log, claim, EVENT_HELD, reason);
    settle_error(&log, claim, reason, hold_sentence(reason));
    pass->tally->held_n++;
  }
  bool is_ok = settle_log_append(&log, error);
  settle_log_clear(&log);
  return is_ok;
}

/* A batch about which nobody answered: its claims stay open, or are held for a reason. They are counted once. */
static bool leave_batch(struct job *job, const struct unknown_batch *batch, const char *reason, struct pass *pass,
                        GError **error)
{
  g_autofree char *run_id = run_id_of(batch);
  struct claim_query query = open_claims(batch, run_id, 1000);
  struct page claims;
  page_init(&claims, sizeof(struct claim));
  bool is_ok = true;
  do {
    is_ok = job->ledger->ops->claims_read(job->ledger, &query, &claims, error);
    if (!is_ok || claims.rows->len == 0) break;
    query.after_ord = page_row(&claims, struct claim, claims.rows->len - 1)->ord;
    g_autoptr(GPtrArray) open = still_open(pass, &claims);
    pass->open_n += open->len;
    is_ok = reason == NULL || hold_claims(job, open, reason, pass, error);
    look_at(pass, open);
  } while (is_ok);
  page_clear(&claims);
  return is_ok;
}

/* One pass over all batches. A batch about which nobody answers stays open; errors of our own end the pass. */
static bool ask_all(struct job *job, GArray *batches, struct pass *pass, GError **error)
{
  if (!job->ledger->ops->fold(job->ledger, error)) return false;
  for (guint i = 0; i < batches->len; i++) {
    const struct unknown_batch *batch = &g_array_index(batches, struct unknown_batch, i);
    g_autoptr(GError) asking = NULL;
    if (job_is_cancelled(job, error) || !job_keep_lease(job, error)) return false;
    if (ask_batch(job, batch, pass, &asking)) continue;
    if (error_kind_of(asking) == ERROR_LOCAL || error_kind_of(asking) == ERROR_AUTH ||
        error_kind_of(asking) == ERROR_UNSAFE) {
      g_propagate_error(error, g_steal_pointer(&asking));
      return false;
    }
    log_event(LOG_WARNING, "batch stays open", LOG_STR("batch", batch->batch_id), LOG_STR("error", asking->message));
    bool is_old = batch->sent_at_us != 0 && job->ledger->ops->now_us(job->ledger) - batch->sent_at_us >= OPEN_MAX_US;
    if (!leave_batch(job, batch, is_old ? "no_answer" : NULL, pass, error)) return false;
  }
  return true;
}

/* One pass with its own memory of whom it looked at. What it left open counts unless another pass follows. */
static bool ask_pass(struct job *job, GArray *batches, struct pass *pass, GError **error)
{
  pass->looked_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  bool is_ok = ask_all(job, batches, pass, error);
  g_clear_pointer(&pass->looked_at, g_hash_table_unref);
  bool is_over = pass->is_last || pass->absent_n == 0;
  if (is_over) pass->tally->unknown_n += pass->open_n;
  return is_ok;
}

/* Asks, and when anything is absent asks once more after the recheck: the list may lag the write. */
static bool ask_twice(struct job *job, GArray *batches, GArray *absent, struct settle_tally *tally, GError **error)
{
  struct pass first = {.tally = tally, .absent = absent};
  if (!ask_pass(job, batches, &first, error)) return false;
  if (first.absent_n == 0) return true;
  int64_t recheck_us = job->settings->settle.recheck_s * SECOND_US;
  if (!job_wait_until(job, clock_mono_us(job->clock) + recheck_us, error)) return false;
  struct pass second = {.tally = tally, .absent = absent, .is_last = true};
  return ask_pass(job, batches, &second, error);
}

bool settle_unknown(struct job *job, GArray *batches, struct settle_tally *tally, GArray *absent, GError **error)
{
  if (batches->len == 0) return true;
  int64_t quiet_us = (job->settings->instantly.request_timeout_s + job->settings->settle.wait_s) * SECOND_US;
  int64_t due_mono_us = 0;
  for (guint i = 0; i < batches->len; i++)
    due_mono_us = MAX(due_mono_us, g_array_index(batches, struct unknown_batch, i).sent_mono_us + quiet_us);
  log_event(LOG_INFO, "asking about unknown answers", LOG_INT("batches", batches->len));
  return job_wait_until(job, due_mono_us, error) && ask_twice(job, batches, absent, tally, error);
}

/* ---- before a lead goes out once more ---- */

/* Settles who is found of these claims, at most ASK_MAX, and notes them as known. */
static bool settle_known(struct job *job, const GPtrArray *tried, struct settle_tally *tally, GHashTable *known,
                         GError **error)
{
  struct settle_question question = {.claims = (const struct claim *const *)(void *)tried->pdata,
                                     .claims_n = tried->len};
  struct settle_log log;
  settle_log_init(&log, job, tally);
  bool is_ok = settle_ask(job, &question, error);
  for (guint i = 0; is_ok && i < tried->len; i++) {
    const struct claim *claim = g_ptr_array_index(tried, i);
    struct settle_finding finding = settle_answer_for(&question, claim);
    if (finding.verdict == FOUND_NOWHERE) continue;
    settle_found(&log, claim, &finding);
    g_hash_table_add(known, (gpointer)claim);
  }
  is_ok = is_ok && settle_log_append(&log, error);
  page_clear(&question.found);
  settle_log_clear(&log);
  return is_ok;
}

bool settle_tried_before(struct job *job, const GPtrArray *claims, struct settle_tally *tally, GPtrArray *left,
                         GError **error)
{
  g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);
  g_autoptr(GPtrArray) tried = g_ptr_array_new();
  for (guint i = 0; i < claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(claims, i);
    if (claim->attempt > 1) g_ptr_array_add(tried, (gpointer)claim);
    bool is_full = tried->len == ASK_MAX || i + 1 == claims->len;
    if (!is_full || tried->len == 0) continue;
    if (!settle_known(job, tried, tally, known, error)) return false;
    g_ptr_array_set_size(tried, 0);
  }
  for (guint i = 0; i < claims->len; i++)
    if (!g_hash_table_contains(known, g_ptr_array_index(claims, i)))
      g_ptr_array_add(left, g_ptr_array_index(claims, i));
  return true;
}

/* ---- claims of other runs ---- */

/* Copies the open batches and says until when (monotonic) the youngest must be left alone. Warehouse time is only used
 * to shorten the wait: a `sending` in the future, or of a stepped clock, waits the whole time on this process's own
 * clock. */
static bool collect_open(struct job *job, GArray *batches, int64_t *due_mono_us, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct open_batch));
  bool is_ok = job->ledger->ops->open_batches(job->ledger, job->run_id, &page, error);
  int64_t quiet_us = (job->settings->instantly.request_timeout_s + job->settings->settle.wait_s) * SECOND_US;
  int64_t now_us = job->ledger->ops->now_us(job->ledger);
  int64_t wait_us = 0;
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    const struct open_batch *open = page_row(&page, struct open_batch, i);
    struct unknown_batch batch = {.batch_id = g_strdup(open->batch_id),
                                  .campaign_id = g_strdup(open->campaign_id),
                                  .ord = open->ord,
                                  .ord_to = open->ord_to,
                                  .sent_at_us = open->sent_at_us};
    g_array_append_val(batches, batch);
    wait_us = MAX(wait_us, CLAMP(open->sent_at_us + quiet_us - now_us, 0, quiet_us));
  }
  *due_mono_us = clock_mono_us(job->clock) + wait_us;
  page_clear(&page);
  return is_ok;
}

/* Takes the batches of campaigns that are gone out of the list, holding their leads. */
static bool hold_gone(struct job *job, GArray *batches, struct settle_tally *tally, GError **error)
{
  g_autoptr(GHashTable) looked_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  struct pass pass = {.tally = tally, .looked_at = looked_at};
  for (guint i = 0; i < batches->len;) {
    struct unknown_batch *batch = &g_array_index(batches, struct unknown_batch, i);
    struct remote_campaign campaign;
    remote_campaign_init(&campaign);
    g_autoptr(GError) getting = NULL;
    bool is_gone = !job->instantly->ops->campaign_get(job->instantly, batch->campaign_id, &campaign, &getting) &&
                   error_is(getting, ERROR_NOT_FOUND);
    remote_campaign_clear(&campaign);
    if (error_is(getting, ERROR_AUTH)) {
      g_propagate_error(error, g_steal_pointer(&getting));
      return false;
    }
    if (!is_gone) {
      i++;
      continue;
    }
    if (!leave_batch(job, batch, "campaign_gone", &pass, error)) return false;
    g_array_remove_index(batches, i);
  }
  return true;
}

bool settle_recover(struct job *job, struct settle_tally *tally, GError **error)
{
  int64_t never_sent_n = 0;
  if (!job->ledger->ops->release_never_sent(job->ledger, job->run_id, &never_sent_n, error)) return false;
  tally->released_n += never_sent_n;
  g_autoptr(GArray) batches = unknown_batches_new();
  int64_t due_mono_us = 0;
  if (!collect_open(job, batches, &due_mono_us, error)) return false;
  if (batches->len == 0) return never_sent_n == 0 || job->ledger->ops->fold(job->ledger, error);
  log_event(LOG_INFO, "settling batches of an earlier run", LOG_INT("batches", batches->len));
  if (!job_wait_until(job, due_mono_us, error) || !hold_gone(job, batches, tally, error)) return false;
  if (!job_fix_now(job, error)) return false;
  return ask_twice(job, batches, NULL, tally, error) && job->ledger->ops->fold(job->ledger, error);
}
