#include "core/withdraw.h"

#include <string.h>

#include "core/job.h"
#include "core/sync.h"

#define PAGE_CLAIMS 100
#define NOTE_PREFIX "withdrawing:" /* a control per run: lines of ord and id */

/* What one page of claims is about to lose: claims with the ids of their rows, side by side. */
struct goers {
  GPtrArray *claims; /* const struct claim, of the page */
  GPtrArray *ids;    /* const char, of the rows read */
};

static bool withdraw_steps(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error);
static bool finish_earlier(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error);
static bool withdraw_pages(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error);
static bool page_withdraw(struct job *job, const struct withdraw_order *order, const struct page *claims,
                          struct withdraw_report *report, GError **error);

static void left_clear(gpointer left)
{
  g_free(((struct withdraw_left *)left)->lead_ref);
}

void withdraw_report_init(struct withdraw_report *report)
{
  *report = (struct withdraw_report){.left = g_array_new(FALSE, TRUE, sizeof(struct withdraw_left))};
  g_array_set_clear_func(report->left, left_clear);
}

void withdraw_report_clear(struct withdraw_report *report)
{
  g_clear_pointer(&report->left, g_array_unref);
}

/* The story. */
bool withdraw_run(struct job *job, const struct withdraw_order *order, struct withdraw_report *report, GError **error)
{
  if (job->is_dry_run) return withdraw_steps(job, order, report, error);
  if (!job_begin(job, "withdraw", error)) return false;
  g_autoptr(GError) failure = NULL;
  const struct ledger_ops *ops = job->ledger->ops;
  bool is_ok = withdraw_steps(job, order, report, &failure) && ops->fold(job->ledger, &failure) &&
               ops->write_back(job->ledger, false, NULL, &failure);
  struct run_record record = {.job = "withdraw", .detail = order->detail};
  enum exit_code code = report->left->len > 0 || report->deferred_n > 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
  job_end(job, &record, &(struct run_ending){is_ok ? code : error_exit_code(error_kind_of(failure)), failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

/* ---- step 1 ---- */

static bool check_settled(struct job *job, const char *run_id, GError **error)
{
  struct claim_query query = {.run_id = run_id, .to_ord = INT64_MAX, .limit = 1, .only_unsettled = true};
  struct page open;
  page_init(&open, sizeof(struct claim));
  bool is_ok = job->ledger->ops->claims_read(job->ledger, &query, &open, error);
  if (is_ok && open.rows->len > 0) {
    error_set(error, ERROR_UNSAFE, "the run has claims that are not settled: run `leadferry recover` first");
    is_ok = false;
  }
  page_clear(&open);
  return is_ok;
}

static bool withdraw_steps(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error)
{
  if (!check_settled(job, order->run_id, error)) return false;
  if (!job->is_dry_run && !finish_earlier(job, order, report, error)) return false;
  return withdraw_pages(job, order, report, error);
}

static bool withdraw_pages(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error)
{
  struct claim_query query = {.run_id = order->run_id, .to_ord = INT64_MAX, .limit = PAGE_CLAIMS};
  struct page claims;
  bool is_ok = true, has_more = true;
  page_init(&claims, sizeof(struct claim));
  while (is_ok && has_more) {
    is_ok = !job_is_cancelled(job, error) && job->ledger->ops->claims_read(job->ledger, &query, &claims, error);
    has_more = is_ok && claims.rows->len > 0;
    if (!has_more) break;
    query.after_ord = page_row(&claims, struct claim, claims.rows->len - 1)->ord;
    report->claims_n += claims.rows->len;
    is_ok = page_withdraw(job, order, &claims, report, error);
    job_progress(job, "leads", report->claims_n, 0, report->left->len);
  }
  page_clear(&claims);
  return is_ok;
}

/* ---- step 2 ---- */

const char *withdraw_refusal(const struct claim *claim, const struct remote_lead *row)
{
  g_autofree char *claim_id = g_strdup_printf("%s.%" G_GINT64_FORMAT, claim->run_id, claim->ord);
  if (!remote_stamp_matches(row, claim->generation, claim_id)) return "foreign";
  bool is_contacted = row->contacted_at_us || row->last_step_at_us || row->opens || row->clicks || row->replies ||
                      row->opened_at_us || row->clicked_at_us || row->replied_at_us;
  if (is_contacted) return "contacted";
  return row->status == REMOTE_ACTIVE || row->status == REMOTE_PAUSED ? NULL : "not_active";
}

static void leave(struct job *job, struct withdraw_report *report, const struct claim *claim, const char *why)
{
  struct withdraw_left left = {.lead_ref = job->ledger->ops->lead_ref(job->ledger, claim->lead.lead_id), .why = why};
  g_array_append_val(report->left, left);
}

/* The rows of all these persons, one question each: a person may have rows in several campaigns. */
static bool read_rows(struct job *job, const struct page *claims, struct page *rows, GError **error)
{
  guint n = claims->rows->len;
  g_autofree struct list_query *queries = g_new0(struct list_query, n);
  for (guint i = 0; i < n; i++) {
    struct claim *claim = page_row(claims, struct claim, i);
    queries[i] = (struct list_query){.campaign_id = claim->campaign_id, .contacts = &claim->person, .contacts_n = 1};
  }
  return job->instantly->ops->list(job->instantly, queries, n, rows, error) && job_fix_now(job, error);
}

static void choose(struct job *job, const struct page *claims, struct page *rows, struct goers *goers,
                   struct withdraw_report *report)
{
  int64_t max_n = MIN(job->settings->complete.max_removals, job->limit);
  for (guint i = 0; i < claims->rows->len; i++) {
    const struct claim *claim = page_row(claims, struct claim, i);
    const struct remote_lead *row = rows[i].rows->len > 0 ? page_row(&rows[i], struct remote_lead, 0) : NULL;
    const char *why = row != NULL ? withdraw_refusal(claim, row) : NULL;
    if (row == NULL) {
      report->absent_n++;
    } else if (why != NULL) {
      leave(job, report, claim, why);
    } else if (report->withdrawn_n + (int64_t)goers->ids->len >= max_n) {
      report->deferred_n++;
    } else {
      g_ptr_array_add(goers->claims, (gpointer)claim);
      g_ptr_array_add(goers->ids, (gpointer)row->id);
    }
  }
}

/* ---- step 3 ---- */

static bool append(struct job *job, const struct withdraw_order *order, const struct goers *goers, enum event_kind kind,
                   GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GPtrArray) claim_ids = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < goers->claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(goers->claims, i);
    char *claim_id = g_strdup_printf("%s.%" G_GINT64_FORMAT, claim->run_id, claim->ord);
    g_ptr_array_add(claim_ids, claim_id);
    struct lead_event event = {.kind = kind,
                               .lead_id = claim->lead.lead_id,
                               .person = claim->person,
                               .campaign_id = claim->campaign_id,
                               .instantly_id = g_ptr_array_index(goers->ids, i),
                               .claim_id = claim_id,
                               .generation = claim->generation,
                               .epoch = claim->epoch,
                               .run_id = job->run_id,
                               .occurred_at_us = job->now_us,
                               .detail = order->detail};
    g_array_append_val(events, event);
  }
  return events->len == 0 ||
         job->ledger->ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

/* Deletes campaign by campaign: the claims of a run follow each other in that order. */
static bool delete_rows(struct job *job, const struct goers *goers, GError **error)
{
  for (guint from = 0, to; from < goers->claims->len; from = to) {
    const char *campaign_id = ((const struct claim *)g_ptr_array_index(goers->claims, from))->campaign_id;
    for (to = from; to < goers->claims->len; to++)
      if (g_strcmp0(((const struct claim *)g_ptr_array_index(goers->claims, to))->campaign_id, campaign_id) != 0) break;
    struct lead_selection leads = {
        .campaign_id = campaign_id, .ids = (const char *const *)(void *)(goers->ids->pdata + from), .ids_n = to - from};
    int64_t count = 0;
    if (!job->instantly->ops->leads_delete(job->instantly, &leads, &count, error)) return false;
  }
  return true;
}

/* Takes out of goers what Instantly still shows; report NULL: without a word, the pages decide about them anew. */
static bool keep_gone(struct job *job, struct goers *goers, struct withdraw_report *report, GError **error)
{
  struct list_query query = {.ids = (const char *const *)(void *)goers->ids->pdata, .ids_n = goers->ids->len};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  bool is_ok = goers->ids->len == 0 || job->instantly->ops->list(job->instantly, &query, 1, &page, error);
  g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; is_ok && i < page.rows->len; i++)
    g_hash_table_add(there, (gpointer)page_row(&page, struct remote_lead, i)->id);
  for (guint i = goers->ids->len; is_ok && i-- > 0;) {
    if (!g_hash_table_contains(there, g_ptr_array_index(goers->ids, i))) continue;
    if (report != NULL) leave(job, report, g_ptr_array_index(goers->claims, i), "not_removed");
    g_ptr_array_remove_index(goers->claims, i);
    g_ptr_array_remove_index(goers->ids, i);
  }
  page_clear(&page);
  return is_ok;
}

/* ---- what is about to be deleted, noted durably: between the deletion and its event the ledger does not show it ----
 */

static bool note_put(struct job *job, const struct withdraw_order *order, const struct goers *goers, GError **error)
{
  g_autofree char *name = g_strconcat(NOTE_PREFIX, order->run_id, NULL);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; goers != NULL && i < goers->claims->len; i++)
    g_string_append_printf(text, "%" G_GINT64_FORMAT " %s\n",
                           ((const struct claim *)g_ptr_array_index(goers->claims, i))->ord,
                           (const char *)g_ptr_array_index(goers->ids, i));
  return job->ledger->ops->control_put(job->ledger, name, goers != NULL ? text->str : NULL, error);
}

/* The claim of this number as a goer; claims is the caller's page of one. */
static bool note_line(struct job *job, const struct withdraw_order *order, char *line, struct page *claims,
                      GError **error)
{
  char *id = strchr(line, ' ');
  int64_t ord = 0;
  if (id != NULL) *id++ = '\0';
  page_reset(claims);
  if (id == NULL || !g_ascii_string_to_signed(line, 10, 1, G_MAXINT64, &ord, NULL)) return true;
  struct claim_query query = {.run_id = order->run_id, .after_ord = ord - 1, .to_ord = ord, .limit = 1};
  return job->ledger->ops->claims_read(job->ledger, &query, claims, error);
}

/* Records one lead of the note, if it is gone by now. */
static bool finish_line(struct job *job, const struct withdraw_order *order, char *line, struct withdraw_report *report,
                        GError **error)
{
  struct page claims;
  page_init(&claims, sizeof(struct claim));
  g_autoptr(GPtrArray) goer_claims = g_ptr_array_new(), goer_ids = g_ptr_array_new();
  struct goers goers = {.claims = goer_claims, .ids = goer_ids};
  bool is_ok = note_line(job, order, line, &claims, error);
  if (is_ok && claims.rows->len > 0) {
    g_ptr_array_add(goer_claims, page_row(&claims, struct claim, 0));
    g_ptr_array_add(goer_ids, line + strlen(line) + 1);
  }
  is_ok = is_ok && keep_gone(job, &goers, NULL, error) && job_fix_now(job, error) &&
          append(job, order, &goers, EVENT_WITHDRAWN, error);
  if (is_ok) report->withdrawn_n += goers.ids->len;
  page_clear(&claims);
  return is_ok;
}

/* A withdrawal that died between deleting and recording left a note: what is gone of it is withdrawn. */
static bool finish_earlier(struct job *job, const struct withdraw_order *order, struct withdraw_report *report,
                           GError **error)
{
  g_autofree char *name = g_strconcat(NOTE_PREFIX, order->run_id, NULL);
  g_autofree char *text = NULL;
  if (!job->ledger->ops->control_get(job->ledger, name, &text, error)) return false;
  if (text == NULL) return true;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (size_t i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0' && !finish_line(job, order, lines[i], report, error)) return false;
  return note_put(job, order, NULL, error);
}

static bool act(struct job *job, const struct withdraw_order *order, struct goers *goers,
                struct withdraw_report *report, GError **error)
{
  if (goers->ids->len > 0 && !job->is_dry_run) {
    bool is_ok = job->ledger->ops->lease_check(job->ledger, &job->lease, error) &&
                 append(job, order, goers, EVENT_REMOVE_CLAIMED, error) && note_put(job, order, goers, error) &&
                 delete_rows(job, goers, error) && keep_gone(job, goers, report, error) &&
                 append(job, order, goers, EVENT_WITHDRAWN, error) && note_put(job, order, NULL, error);
    if (!is_ok) return false;
  }
  report->withdrawn_n += goers->ids->len;
  return true;
}

static bool page_withdraw(struct job *job, const struct withdraw_order *order, const struct page *claims,
                          struct withdraw_report *report, GError **error)
{
  guint n = claims->rows->len;
  g_autofree struct page *rows = g_new0(struct page, n);
  g_autoptr(GPtrArray) goer_claims = g_ptr_array_new(), goer_ids = g_ptr_array_new();
  struct goers goers = {.claims = goer_claims, .ids = goer_ids};
  for (guint i = 0; i < n; i++)
    page_init(&rows[i], sizeof(struct remote_lead));
  bool is_ok = read_rows(job, claims, rows, error);
  if (is_ok) choose(job, claims, rows, &goers, report);
  is_ok = is_ok && act(job, order, &goers, report, error);
  for (guint i = 0; i < n; i++)
    page_clear(&rows[i]);
  return is_ok;
}
