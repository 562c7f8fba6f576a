#include "core/adopt.h"

#include "core/job.h"
#include "core/sync_read.h"

#define PAGE_LEADS 100 /* addresses of one question, the API's page size */

static bool adopt_steps(struct job *job, const struct adopt_order *order, struct adopt_report *report, GError **error);

/* The story. */
bool adopt_run(struct job *job, const struct adopt_order *order, struct adopt_report *report, GError **error)
{
  if (job->is_dry_run) return adopt_steps(job, order, report, error);
  if (!job_begin(job, "adopt", error)) return false;
  g_autoptr(GError) failure = NULL;
  const struct ledger_ops *ops = job->ledger->ops;
  bool is_ok = adopt_steps(job, order, report, &failure) && ops->fold(job->ledger, &failure) &&
               ops->write_back(job->ledger, false, NULL, &failure); /* 4 */
  struct run_record record = {.job = "adopt", .detail = order->detail};
  enum exit_code code = is_ok ? EXIT_CODE_OK : error_exit_code(error_kind_of(failure));
  job_end(job, &record, &(struct run_ending){code, failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

/* ---- step 2 ---- */

static bool keep_rows(struct job *job, struct page *page, void *context, GError **error)
{
  (void)job, (void)error;
  struct page *found = context;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_lead *row = page_row(page, struct remote_lead, i);
    struct remote_lead copy = {.id = page_text(found, row->id),
                               .person = page_text(found, row->person),
                               .campaign_id = page_text(found, row->campaign_id),
                               .created_at_us = row->created_at_us};
    if (row->person && row->campaign_id) g_array_append_val(found->rows, copy);
  }
  return true;
}

static bool ask(struct job *job, const struct page *leads, struct page *found, GError **error)
{
  g_autofree const char **contacts = g_new0(const char *, leads->rows->len + 1);
  for (guint i = 0; i < leads->rows->len; i++)
    contacts[i] = page_row(leads, struct contacted, i)->person;
  struct list_query query = {.contacts = contacts, .contacts_n = leads->rows->len};
  struct list_reading reading = {.queries = &query, .queries_n = 1, .each = keep_rows, .context = found};
  page_reset(found);
  return sync_read_lists(job, &reading, error) && job_fix_now(job, error);
}

static bool is_wanted(const struct job *job, const struct adopt_order *order, const struct remote_lead *row)
{
  if (order->campaign_id != NULL) return g_strcmp0(row->campaign_id, order->campaign_id) == 0;
  return settings_campaign(job->settings, row->campaign_id) != NULL;
}

/* The row that counts, or NULL; *is_anywhere says whether there is one at all. */
static const struct remote_lead *row_of(const struct job *job, const struct adopt_order *order,
                                        const struct contacted *lead, const struct page *found, bool *is_anywhere)
{
  const struct remote_lead *best = NULL;
  for (guint i = 0; i < found->rows->len; i++) {
    const struct remote_lead *row = page_row(found, struct remote_lead, i);
    if (g_strcmp0(row->person, lead->person) != 0) continue;
    *is_anywhere = true;
    if (!is_wanted(job, order, row)) continue;
    bool is_own = g_strcmp0(row->campaign_id, lead->campaign_id) == 0;
    bool was_own = best != NULL && g_strcmp0(best->campaign_id, lead->campaign_id) == 0;
    if (best == NULL || is_own > was_own || (is_own == was_own && g_strcmp0(row->id, best->id) < 0)) best = row;
  }
  return best;
}

/* ---- step 3 ---- */

static struct lead_event adoption(const struct job *job, const struct adopt_order *order, const struct contacted *lead,
                                  const struct remote_lead *row)
{
  return (struct lead_event){.kind = EVENT_ADOPTED,
                             .lead_id = lead->lead_id,
                             .person = lead->person,
                             .campaign_id = row->campaign_id,
                             .instantly_id = row->id,
                             .generation = 1,
                             .epoch = job->lease.epoch,
                             .run_id = job->run_id,
                             .occurred_at_us = row->created_at_us ? row->created_at_us : job->now_us,
                             .detail = order->detail};
}

static bool append(struct job *job, const GArray *events, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  if (job->is_dry_run || events->len == 0) return true;
  return ops->lease_check(job->ledger, &job->lease, error) &&
         ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

static bool page_adopt(struct job *job, const struct adopt_order *order, const struct page *leads,
                       struct adopt_report *report, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  struct page found;
  page_init(&found, sizeof(struct remote_lead));
  bool is_ok = ask(job, leads, &found, error);
  for (guint i = 0; is_ok && i < leads->rows->len; i++) {
    const struct contacted *lead = page_row(leads, struct contacted, i);
    bool is_anywhere = false;
    const struct remote_lead *row = row_of(job, order, lead, &found, &is_anywhere);
    report->looked_n++;
    report->absent_n += !is_anywhere;
    report->elsewhere_n += is_anywhere && row == NULL;
    if (row == NULL) continue;
    struct lead_event event = adoption(job, order, lead, row);
    g_array_append_val(events, event);
  }
  is_ok = is_ok && append(job, events, error);
  if (is_ok) report->adopted_n += events->len;
  page_clear(&found);
  return is_ok;
}

static bool adopt_steps(struct job *job, const struct adopt_order *order, struct adopt_report *report, GError **error)
{
  struct page leads;
  page_init(&leads, sizeof(struct contacted));
  g_autofree char *after = NULL;
  bool is_ok;
  do {
    is_ok = !job_is_cancelled(job, error) &&
            job->ledger->ops->contacted_before(job->ledger, after, PAGE_LEADS, &leads, error); /* 1 */
    if (!is_ok || leads.rows->len == 0) break;
    g_free(after);
    after = g_strdup(page_row(&leads, struct contacted, leads.rows->len - 1)->lead_id);
    is_ok = page_adopt(job, order, &leads, report, error); /* 2, 3 */
    job_progress(job, "leads", report->looked_n, 0, report->absent_n);
  } while (is_ok && leads.rows->len == PAGE_LEADS);
  page_clear(&leads);
  return is_ok;
}
