#include "instantly/answer.h"
#include "instantly/parse.h"

/* People rather than dispatches where Instantly counts both: contacted_count was seen above the number of leads
 * (instantly-api 5.1), opens, replies and clicks are the unique ones. The second name is used where the first is
 * absent. */
struct counter {
  const char *name;
  const char *otherwise; /* or NULL */
  size_t offset;
};

#define COUNTER(name, otherwise, field)                                                                                \
  {                                                                                                                    \
    name, otherwise, offsetof(struct campaign_metric, field)                                                           \
  }

static const struct counter total_counters[] = {
    COUNTER("campaign_status", NULL, status),
    COUNTER("leads_count", NULL, leads),
    COUNTER("new_leads_contacted_count", "contacted_count", contacted),
    COUNTER("emails_sent_count", NULL, sent),
    COUNTER("open_count_unique", "open_count", opened),
    COUNTER("reply_count_unique", "reply_count", replied),
    COUNTER("link_click_count_unique", "link_click_count", clicked),
    COUNTER("bounced_count", NULL, bounced),
    COUNTER("unsubscribed_count", NULL, unsubscribed),
    COUNTER("completed_count", NULL, completed),
};

/* Per day, and per step and variant: neither bounces nor unsubscribes exist there. */
static const struct counter part_counters[] = {
    COUNTER("sent", NULL, sent),
    COUNTER("new_leads_contacted", "contacted", contacted),
    COUNTER("unique_opened", "opened", opened),
    COUNTER("unique_replies", "replies", replied),
    COUNTER("unique_clicks", "clicks", clicked),
};

static void read_counters(const cJSON *row, const struct counter *counters, size_t counters_n,
                          struct campaign_metric *metric)
{
  for (size_t i = 0; i < counters_n; i++) {
    int64_t *value = (int64_t *)(void *)((char *)metric + counters[i].offset);
    if (json_int(row, counters[i].name, value) || !counters[i].otherwise) continue;
    json_int(row, counters[i].otherwise, value);
  }
}

/* The array of an answer; null stands for "nothing yet" and gives none. Caller owns *tree, which may be NULL then. */
static bool rows_of(const char *bytes, size_t length, cJSON **tree, GError **error)
{
  *tree = answer_parse(bytes, length, error);
  if (!*tree) return false;
  if (cJSON_IsArray(*tree) || cJSON_IsNull(*tree)) return true;
  error_set(error, ERROR_CORRUPT, "the answer is no array of analytics");
  return false;
}

bool parse_analytics(const char *bytes, size_t length, struct page *page, GError **error)
{
  g_autoptr(cJSON) tree = NULL;
  if (!rows_of(bytes, length, &tree, error)) return false;
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, tree)
  {
    const char *id = json_string(row, "campaign_id");
    if (!id) {
      error_set(error, ERROR_CORRUPT, "a row of analytics has no campaign_id");
      return false;
    }
    struct campaign_metric metric = {
        .campaign_id = page_text(page, id),
        .campaign_name = page_text(page, json_string(row, "campaign_name")),
    };
    read_counters(row, total_counters, G_N_ELEMENTS(total_counters), &metric);
    g_array_append_val(page->rows, metric);
  }
  return true;
}

bool parse_analytics_daily(const char *bytes, size_t length, const char *campaign_id, struct page *page, GError **error)
{
  g_autoptr(cJSON) tree = NULL;
  if (!rows_of(bytes, length, &tree, error)) return false;
  const char *id = page_text(page, campaign_id);
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, tree)
  {
    struct campaign_metric metric = {.campaign_id = id};
    if (!json_time_us(row, "date", &metric.day_us)) {
      error_set(error, ERROR_CORRUPT, "a row of daily analytics has no date");
      return false;
    }
    read_counters(row, part_counters, G_N_ELEMENTS(part_counters), &metric);
    g_array_append_val(page->rows, metric);
  }
  return true;
}

/* Steps and variants are strings or null; null is "cannot be told" and keeps a bucket of its own. */
static const char *label_of(const cJSON *row, const char *name, struct page *page)
{
  int64_t number = 0;
  const char *text = json_string(row, name);
  if (text) return page_text(page, text);
  if (!json_int(row, name, &number)) return page_text(page, "unknown");
  g_autofree char *written = g_strdup_printf("%" G_GINT64_FORMAT, number);
  return page_text(page, written);
}

bool parse_analytics_steps(const char *bytes, size_t length, const char *campaign_id, struct page *page, GError **error)
{
  g_autoptr(cJSON) tree = NULL;
  if (!rows_of(bytes, length, &tree, error)) return false;
  const char *id = page_text(page, campaign_id);
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, tree)
  {
    struct campaign_metric metric = {
        .campaign_id = id,
        .step = label_of(row, "step", page),
        .variant = label_of(row, "variant", page),
    };
    read_counters(row, part_counters, G_N_ELEMENTS(part_counters), &metric);
    g_array_append_val(page->rows, metric);
  }
  return true;
}
