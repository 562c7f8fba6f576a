#include "core/stop_claims.h"

#include "core/settle.h"
#include "core/sync.h"

#define ASK_MAX 100 /* addresses of one question */

int64_t stop_now_us(const struct job *job)
{
  return job->now_us != 0 ? job->now_us : job->ledger->ops->now_us(job->ledger);
}

void stop_query_init(struct removal_query *query, const struct job *job, size_t limit)
{
  *query = (struct removal_query){.now_us = stop_now_us(job),
                                  .of_stopped = true,
                                  .include_adopted = job->settings->complete.include_adopted,
                                  .bulk_waits = job->bulk_stops_wait,
                                  .limit = limit};
}

/* The row of the claim, by its own stamp, in a campaign. */
static const struct remote_lead *row_of(const struct page *rows, const struct removal *claim)
{
  for (guint i = 0; i < rows->rows->len; i++) {
    const struct remote_lead *row = page_row(rows, struct remote_lead, i);
    bool is_own = row->campaign_id != NULL && remote_stamp_matches(row, claim->generation, claim->claim_id);
    if (is_own && g_strcmp0(row->person, claim->person) == 0) return row;
  }
  return NULL;
}

static bool record_found(struct job *job, const struct page *claims, const struct page *rows, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  for (guint i = 0; i < claims->rows->len; i++) {
    const struct removal *claim = page_row(claims, struct removal, i);
    const struct remote_lead *row = row_of(rows, claim);
    if (row == NULL) continue;
    struct lead_event event = {.kind = EVENT_ADDED,
                               .lead_id = claim->lead_id,
                               .person = claim->person,
                               .campaign_id = row->campaign_id,
                               .instantly_id = row->id,
                               .claim_id = claim->claim_id,
                               .generation = claim->generation,
                               .epoch = claim->epoch,
                               .run_id = job->run_id,
                               .occurred_at_us = row->created_at_us != 0 ? row->created_at_us : stop_now_us(job)};
    g_array_append_val(events, event);
  }
  return events->len == 0 ||
         job->ledger->ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

/* A person may have more rows than a page holds: every page is looked at. */
static bool ask_about(struct job *job, const struct page *claims, GError **error)
{
  const char *persons[ASK_MAX];
  for (guint i = 0; i < claims->rows->len; i++)
    persons[i] = page_row(claims, struct removal, i)->person;
  struct list_query query = {.contacts = persons, .contacts_n = claims->rows->len};
  struct page rows;
  page_init(&rows, sizeof(struct remote_lead));
  g_autofree char *after = NULL;
  bool is_ok = true;
  do {
    query.after = after;
    is_ok =
        job->instantly->ops->list(job->instantly, &query, 1, &rows, error) && record_found(job, claims, &rows, error);
    g_free(after);
    after = is_ok ? g_strdup(rows.next) : NULL;
  } while (after != NULL);
  page_clear(&rows);
  return is_ok;
}

/* Asks about the claims that are open still, a page of addresses at a time. *n counts them. */
static bool walk_open(struct job *job, bool asks, int64_t *n, GError **error)
{
  struct removal_query query;
  stop_query_init(&query, job, ASK_MAX);
  query.of_open_claims = true;
  struct page claims;
  page_init(&claims, sizeof(struct removal));
  g_autofree char *after_lead_id = NULL;
  bool is_ok = true, has_more = true;
  while (is_ok && has_more) {
    query.after_lead_id = after_lead_id;
    is_ok = job->ledger->ops->removals(job->ledger, &query, &claims, error);
    has_more = is_ok && claims.rows->len == ASK_MAX;
    if (!is_ok || claims.rows->len == 0) break;
    *n += claims.rows->len;
    is_ok = !asks || ask_about(job, &claims, error);
    g_free(after_lead_id);
    after_lead_id = g_strdup(page_row(&claims, struct removal, claims.rows->len - 1)->lead_id);
  }
  page_clear(&claims);
  return is_ok;
}

bool stop_settle_claims(struct job *job, GError **error)
{
  int64_t open_n = 0, asked_n = 0;
  struct settle_tally tally = {0};
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  if (facts.unsettled == 0) return true; /* costs nothing to know: the fold has counted them */
  if (!walk_open(job, false, &open_n, error)) return false;
  if (open_n == 0) return true;
  return settle_recover(job, &tally, error) && walk_open(job, true, &asked_n, error) &&
         job->ledger->ops->fold(job->ledger, error);
}
