/* Analytics: per campaign, per day, per step and variant. */
#include "instantly/private.h"

#define IDS_IN_QUERY_MAX_N 50

static bool ask_total(struct client *client, const char *const *ids, size_t ids_n, struct page *page, GError **error)
{
  g_autoptr(GString) query = g_string_new(NULL);
  for (size_t i = 0; i < ids_n; i++) {
    if (!client_check_id(ids[i], error)) return false;
    g_string_append_printf(query, "%sids=%s", i > 0 ? "&" : "", ids[i]);
  }
  struct ask ask = {.endpoint = ENDPOINT_ANALYTICS, .query = query->str};
  bool is_done = client_ask(client, &ask, error);
  bool is_read = is_done && parse_analytics(ask.call.answer->str, ask.call.answer->len, page, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", ask.call.method, ask.call.route);
  ask_clear(&ask);
  return is_read;
}

static bool is_asked(const char *id, const char *const *ids, size_t ids_n)
{
  for (size_t i = 0; i < ids_n; i++) {
    if (g_ascii_strcasecmp(ids[i], id) == 0) return true;
  }
  return false;
}

/* Rows of campaigns that were not asked for are dropped: an ignored selector shows the whole workspace. */
static void drop_foreign(struct page *page, const char *const *ids, size_t ids_n)
{
  for (guint i = page->rows->len; i > 0; i--) {
    const char *id = page_row(page, struct campaign_metric, i - 1)->campaign_id;
    if (!is_asked(id, ids, ids_n)) g_array_remove_index(page->rows, i - 1);
  }
}

bool analytics_total(struct instantly *instantly, const char *const *ids, size_t ids_n, struct page *page,
                     GError **error)
{
  page_reset(page);
  for (size_t first = 0; first < ids_n; first += IDS_IN_QUERY_MAX_N) {
    size_t n = MIN(ids_n - first, IDS_IN_QUERY_MAX_N);
    if (!ask_total(client_of(instantly), ids + first, n, page, error)) return false;
  }
  drop_foreign(page, ids, ids_n);
  return true;
}

static char *date_of(int64_t wall_us)
{
  g_autofree char *time = time_format_us(wall_us);
  return g_strndup(time, 10);
}

bool analytics_daily(struct instantly *instantly, const char *id, const struct day_span *days, struct page *page,
                     GError **error)
{
  page_reset(page);
  if (!client_check_id(id, error)) return false;
  g_autofree char *from = date_of(days->from_us);
  g_autofree char *to = date_of(days->to_us);
  g_autofree char *query = g_strdup_printf("campaign_id=%s&start_date=%s&end_date=%s", id, from, to);
  struct ask ask = {.endpoint = ENDPOINT_ANALYTICS_DAILY, .query = query};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  bool is_read = is_done && parse_analytics_daily(ask.call.answer->str, ask.call.answer->len, id, page, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", ask.call.method, ask.call.route);
  ask_clear(&ask);
  return is_read;
}

bool analytics_steps(struct instantly *instantly, const char *id, struct page *page, GError **error)
{
  page_reset(page);
  if (!client_check_id(id, error)) return false;
  g_autofree char *query = g_strdup_printf("campaign_id=%s", id);
  struct ask ask = {.endpoint = ENDPOINT_ANALYTICS_STEPS, .query = query};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  bool is_read = is_done && parse_analytics_steps(ask.call.answer->str, ask.call.answer->len, id, page, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", ask.call.method, ask.call.route);
  ask_clear(&ask);
  return is_read;
}
