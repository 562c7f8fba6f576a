#include "core/escrow.h"

#include <string.h>

#include "base/log.h"

#define IDS_MAX 100

static char *control_of(const char *campaign_id)
{
  return g_strdup_printf("escrow:%s", campaign_id);
}

bool escrow_is_ours(struct job *job, const char *campaign_id, bool *is_ours, GError **error)
{
  g_autofree char *name = control_of(campaign_id);
  g_autofree char *value = NULL;
  if (!job->ledger->ops->control_get(job->ledger, name, &value, error)) return false;
  *is_ours = value != NULL;
  return true;
}

bool escrow_begin(struct job *job, const char *campaign_id, GError **error)
{
  g_autofree char *name = control_of(campaign_id);
  log_event(LOG_INFO, "escrow: pausing the campaign while it is filled", LOG_STR("campaign", campaign_id));
  return job->ledger->ops->control_put(job->ledger, name, job->run_id, error) &&
         job->instantly->ops->campaign_pause(job->instantly, campaign_id, error);
}

/* What the two sides hold of one campaign. */
struct balance {
  const char *campaign_id;
  int64_t enrolled_n; /* in the ledger, of this campaign */
  int64_t missing_n;  /* of those, not in the list */
  int64_t known_n;    /* of those in the list, rows that carry a stamp */
  int64_t stamped_n;  /* rows of the list that carry a stamp */
};

/* Asks for the enrolments of one page by id and counts those that are there. */
static bool weigh_ids(struct job *job, const struct page *watched, struct balance *balance, GError **error)
{
  const char *ids[IDS_MAX];
  size_t ids_n = 0;
  for (guint i = 0; i < watched->rows->len; i++) {
    const struct watched *row = page_row(watched, struct watched, i);
    if (g_strcmp0(row->campaign_id, balance->campaign_id) == 0) ids[ids_n++] = row->instantly_id;
  }
  if (ids_n == 0) return true;
  struct list_query query = {.ids = ids, .ids_n = ids_n};
  struct page rows;
  page_init(&rows, sizeof(struct remote_lead));
  bool is_ok = job->instantly->ops->list(job->instantly, &query, 1, &rows, error);
  int64_t there_n = 0;
  for (guint i = 0; is_ok && i < rows.rows->len; i++) {
    const struct remote_lead *row = page_row(&rows, struct remote_lead, i);
    if (g_strcmp0(row->campaign_id, balance->campaign_id) != 0) continue;
    there_n++;
    balance->known_n += row->stamp != NULL;
  }
  balance->enrolled_n += (int64_t)ids_n;
  balance->missing_n += (int64_t)ids_n - there_n;
  page_clear(&rows);
  return is_ok;
}

static bool weigh_ledger(struct job *job, struct balance *balance, GError **error)
{
  g_autofree char *after_id = NULL;
  struct watch_query query = {.finished_after_us = 0, .limit = IDS_MAX};
  struct page watched;
  page_init(&watched, sizeof(struct watched));
  bool is_ok;
  do {
    query.after_id = after_id;
    is_ok = job->ledger->ops->watched(job->ledger, &query, &watched, error);
    if (!is_ok || watched.rows->len == 0) break;
    is_ok = weigh_ids(job, &watched, balance, error);
    g_free(after_id);
    after_id = g_strdup(page_row(&watched, struct watched, watched.rows->len - 1)->instantly_id);
  } while (is_ok && watched.rows->len == query.limit);
  page_clear(&watched);
  return is_ok;
}

static bool weigh_list(struct job *job, struct balance *balance, GError **error)
{
  g_autofree char *after = NULL;
  struct list_query query = {.campaign_id = balance->campaign_id};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  bool is_ok;
  do {
    query.after = after;
    is_ok = !job_is_cancelled(job, error) && job->instantly->ops->list(job->instantly, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++)
      balance->stamped_n += page_row(&page, struct remote_lead, i)->stamp != NULL;
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  } while (is_ok && after != NULL);
  page_clear(&page);
  return is_ok;
}

static bool report_difference(struct job *job, const struct balance *balance, GError **error)
{
  g_autofree char *key = control_of(balance->campaign_id);
  g_autofree char *message = g_strdup_printf("campaign %s stays paused in escrow: %" G_GINT64_FORMAT
                                             " of %" G_GINT64_FORMAT " enrolments are not in its list, "
                                             "and %" G_GINT64_FORMAT " rows carry our stamp where %" G_GINT64_FORMAT
                                             " should; run `leadferry sync --full`, then "
                                             "`leadferry export`",
                                             balance->campaign_id, balance->missing_n, balance->enrolled_n,
                                             balance->stamped_n, balance->known_n);
  log_event(LOG_ERROR, "escrow: list and ledger differ", LOG_STR("campaign", balance->campaign_id),
            LOG_INT("missing", balance->missing_n), LOG_INT("stamped", balance->stamped_n),
            LOG_INT("known", balance->known_n));
  struct error_row row = {.type = "escrow", .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

bool escrow_end(struct job *job, const char *campaign_id, bool *is_released, GError **error)
{
  struct balance balance = {.campaign_id = campaign_id};
  *is_released = false;
  if (!weigh_ledger(job, &balance, error) || !weigh_list(job, &balance, error)) return false;
  if (balance.missing_n > 0 || balance.stamped_n != balance.known_n) return report_difference(job, &balance, error);
  g_autofree char *name = control_of(campaign_id);
  *is_released = job->instantly->ops->campaign_activate(job->instantly, campaign_id, error) &&
                 job->ledger->ops->control_put(job->ledger, name, NULL, error);
  if (*is_released) log_event(LOG_INFO, "escrow: list and ledger agree, activated", LOG_STR("campaign", campaign_id));
  return *is_released;
}
