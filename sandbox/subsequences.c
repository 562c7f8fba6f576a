/* /subsequences: list, read, pause, resume, analytics. */
#include "handlers.h"
#include "render.h"
#include "stats.h"
#include "store.h"

#include <string.h>

static bool is_of(const char *campaign, const struct subsequence *subsequence)
{
  struct uuid id;
  return uuid_parse(campaign, &id) && uuid_equal(&id, &subsequence->parent->id);
}

static bool is_wanted(const struct request *request, const struct subsequence *subsequence)
{
  const char *parent = request_query(request, "parent_campaign");
  const char *other = request_query(request, "parent_campaign_not");
  const char *search = request_query(request, "search");
  if (subsequence->parent->is_gone || (parent != NULL && !is_of(parent, subsequence))) return false;
  if (other != NULL && is_of(other, subsequence)) return false;
  return search == NULL || strstr(json_string(subsequence->settings, "name"), search) != NULL;
}

void subsequences_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct uuid after;
  const struct uuid *last = NULL;
  int64_t shown_n = 0;
  if (!request_page(world, request, &page, reply)) return;
  bool has_cursor = uuid_parse(page.after, &after);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < world->subsequences->len && shown_n < page.limit && !page.is_empty; i++) {
    const struct subsequence *subsequence = world->subsequences->pdata[i];
    if (has_cursor && uuid_compare(&subsequence->id, &after) <= 0) continue;
    if (!is_wanted(request, subsequence)) continue;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    render_subsequence(world, subsequence, reply->body);
    last = &subsequence->id;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == page.limit && last != NULL) render_uuid(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

static struct subsequence *subsequence_of(const struct world *world, const struct request *request, struct reply *reply)
{
  struct subsequence *subsequence = store_subsequence(world, request_param(request, 0));
  if (subsequence == NULL) reply_not_found(reply);
  return subsequence;
}

void subsequence_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const struct subsequence *subsequence = subsequence_of(world, request, reply);
  if (subsequence != NULL) render_subsequence(world, subsequence, reply->body);
}

static void status_set(struct world *world, const struct request *request, struct reply *reply,
                       enum campaign_status status)
{
  struct subsequence *subsequence = subsequence_of(world, request, reply);
  if (subsequence == NULL) return;
  subsequence->status = (int8_t)status;
  render_subsequence(world, subsequence, reply->body);
}

void subsequence_pause_handle(struct world *world, const struct request *request, struct reply *reply)
{
  status_set(world, request, reply, CAMPAIGN_PAUSED);
}

void subsequence_resume_handle(struct world *world, const struct request *request, struct reply *reply)
{
  status_set(world, request, reply, CAMPAIGN_ACTIVE);
}

void subsequences_analytics_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *campaign = request_query(request, "campaign_id");
  struct stats_range all = {.from_day = INT32_MIN, .to_day = INT32_MAX, .step = ANY_STEP};
  if (campaign == NULL) {
    reply_error(reply, 400, "querystring must have required property 'campaign_id'");
    return;
  }
  g_string_append_c(reply->body, '[');
  for (guint i = 0; i < world->subsequences->len; i++) {
    const struct subsequence *subsequence = world->subsequences->pdata[i];
    struct counts counts = {0};
    if (!is_of(campaign, subsequence)) continue;
    stats_sum(subsequence->stats, &all, &counts);
    if (reply->body->str[reply->body->len - 1] == '}') g_string_append_c(reply->body, ',');
    g_string_append_c(reply->body, '{');
    render_uuid(reply->body, "subsequence_id", &subsequence->id);
    json_append_int(reply->body, "emails_sent", counts.sent);
    json_append_int(reply->body, "unique_opens", counts.unique_opened);
    json_append_int(reply->body, "unique_replies", counts.unique_replies);
    g_string_append_c(reply->body, '}');
  }
  g_string_append_c(reply->body, ']');
}
