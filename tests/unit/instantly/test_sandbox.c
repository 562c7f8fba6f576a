/* The whole port against the local Instantly: leads go in, are listed, moved, removed; everything the jobs ask for
 * answers. The sandbox's path comes in LEADFERRY_SANDBOX. */
#include "base/json.h"
#include "core/classify.h"
#include "core/settle.h"
#include "instantly/client.h"
#include "instantly/leads.h"
#include "net/call.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEADS_N 250

struct world {
  GPid pid;
  struct settings settings;
  struct instantly *instantly;
  char *active, *draft, *paused;
  char *emails[LEADS_N];
  struct claim claims[LEADS_N];
};

static char *read_line(int fd)
{
  GString *line = g_string_new(NULL);
  char byte = 0;
  while (read(fd, &byte, 1) == 1 && byte != '\n') {
    g_string_append_c(line, byte);
  }
  return g_string_free(line, FALSE);
}

static char *campaign_of(const cJSON *ready, int64_t status)
{
  const cJSON *campaign = NULL;
  cJSON_ArrayForEach(campaign, json_array(ready, "campaigns"))
  {
    int64_t found = 0;
    if (json_int(campaign, "status", &found) && found == status) return g_strdup(json_string(campaign, "id"));
  }
  g_error("the sandbox has no campaign of status %d", (int)status);
}

/* A sandbox with this configuration (JSON). */
static void world_start_with(struct world *world, enum export_endpoint endpoint, const char *config)
{
  const char *path = g_getenv("LEADFERRY_SANDBOX");
  g_autofree char *file = NULL;
  close(g_file_open_tmp("leadferry-sandbox-XXXXXX", &file, NULL));
  g_assert_true(g_file_set_contents(file, config, -1, NULL));
  char *argv[] = {(char *)path, (char *)"--port", (char *)"0", (char *)"--config", file, NULL};
  int out = -1;
  g_autoptr(GError) error = NULL;
  *world = (struct world){0};
  g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &world->pid, NULL, &out, NULL,
                           &error);
  g_assert_no_error(error);
  g_autofree char *line = read_line(out);
  close(out);
  unlink(file);
  g_autoptr(cJSON) ready = json_parse(line, strlen(line), &error);
  g_assert_no_error(error);
  settings_init(&world->settings);
  world->settings.instantly.base_url = g_strdup(json_string(ready, "base_url"));
  world->settings.instantly.api_key = g_strdup(json_string(ready, "api_key"));
  world->settings.instantly.requests_per_second = 1000;
  world->settings.instantly.connect_timeout_s = 5;
  world->settings.instantly.request_timeout_s = 30;
  world->settings.instantly.reads_in_flight = 4;
  world->settings.instantly.writes_in_flight = 2;
  world->settings.export.endpoint = endpoint;
  world->settings.export.skip_if_in_campaign = true;
  world->active = campaign_of(ready, 1);
  world->draft = campaign_of(ready, 0);
  world->paused = campaign_of(ready, 2);
  for (int i = 0; i < LEADS_N; i++) {
    world->emails[i] = g_strdup_printf("lead%d@company%d.example", i, i);
    world->claims[i] = (struct claim){.ord = i + 1,
                                      .generation = 1,
                                      .run_id = "run",
                                      .campaign_id = world->active,
                                      .person = world->emails[i],
                                      .lead = {.email = world->emails[i], .first_name = "F"}};
  }
  world->instantly = instantly_open(&world->settings, clock_system(), NULL, NULL, &error);
  g_assert_no_error(error);
}

static void world_start(struct world *world, enum export_endpoint endpoint)
{
  world_start_with(world, endpoint, "{\"rate\":{\"enabled\":false}}");
}

static void world_stop(struct world *world)
{
  instantly_close(world->instantly);
  kill(world->pid, SIGTERM);
  waitpid(world->pid, NULL, 0);
  settings_clear(&world->settings);
  for (int i = 0; i < LEADS_N; i++) {
    g_free(world->emails[i]);
  }
  g_free(world->active);
  g_free(world->draft);
  g_free(world->paused);
}

static void batch_fill(struct world *world, struct add_batch *batch, const char *campaign_id, int first, int n)
{
  add_batch_init(batch, campaign_id);
  for (int i = first; i < first + n; i++) {
    g_ptr_array_add(batch->claims, &world->claims[i]);
  }
  g_autoptr(GError) error = NULL;
  g_assert_true(world->instantly->ops->add_prepare(world->instantly, batch, &error));
}

/* Adds leads [first, first + n) and says how many were created. */
static int64_t add_leads(struct world *world, int first, int n)
{
  struct add_batch batch;
  batch_fill(world, &batch, world->active, first, n);
  world->instantly->ops->add_send(world->instantly, &batch, 1);
  g_assert_cmpstr(answer_class_name(classify_add(&batch.answer, (size_t)n)), ==, "explained");
  int64_t uploaded = batch.answer.uploaded;
  add_batch_clear(&batch);
  return uploaded;
}

/* Reads a whole campaign and checks every row. Returns the number of rows. */
static int read_campaign(struct world *world, GPtrArray *ids)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autofree char *after = NULL;
  g_autoptr(GError) error = NULL;
  int rows_n = 0;
  do {
    struct list_query query = {.campaign_id = world->active, .after = after};
    world->instantly->ops->list(world->instantly, &query, 1, &page, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < page.rows->len; i++) {
      const struct remote_lead *row = page_row(&page, struct remote_lead, i);
      int64_t ord = g_ascii_strtoll(row->person + strlen("lead"), NULL, 10) + 1;
      g_autofree char *stamp = g_strdup_printf("1:run.%d", (int)ord);
      g_assert_cmpstr(row->stamp, ==, stamp);
      g_assert_cmpint(row->status, ==, REMOTE_ACTIVE);
      g_ptr_array_add(ids, g_strdup(row->id));
    }
    rows_n += (int)page.rows->len;
    g_free(after);
    after = g_strdup(page.next);
  } while (after);
  page_clear(&page);
  return rows_n;
}

static void test_leads(void)
{
  struct world world;
  world_start(&world, EXPORT_BULK);
  g_assert_cmpint(add_leads(&world, 0, 200), ==, 200);
  g_assert_cmpint(add_leads(&world, 150, 100), ==, 50); /* 50 duplicates */
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpint(read_campaign(&world, ids), ==, LEADS_N);
  g_assert_cmpint(world.instantly->ops->date_us(world.instantly), >, 0);

  const struct instantly_ops *ops = world.instantly->ops;
  g_autoptr(GError) error = NULL;
  int64_t count = 0;
  const struct lead_selection hundred = {world.active, (const char *const *)ids->pdata, 100};
  ops->leads_delete(world.instantly, &hundred, &count, &error);
  g_assert_no_error(error);
  g_assert_cmpint(count, ==, 100);
  g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpint(read_campaign(&world, left), ==, LEADS_N - 100);

  struct page pages[2];
  page_init(&pages[0], sizeof(struct remote_lead));
  page_init(&pages[1], sizeof(struct remote_lead));
  const char *contacts[] = {"LEAD249@company249.example", "nobody@nowhere.example"};
  const struct list_query queries[] = {{.ids = (const char *const *)left->pdata, .ids_n = 100},
                                       {.contacts = contacts, .contacts_n = 2}};
  ops->list(world.instantly, queries, 2, pages, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(pages[0].rows->len, ==, 100);
  g_assert_cmpuint(pages[1].rows->len, ==, 1);
  g_assert_true(instantly_lead_get(world.instantly, left->pdata[0], &pages[0], &error));
  g_assert_true(instantly_lead_delete(world.instantly, left->pdata[0], &error));
  g_assert_false(instantly_lead_get(world.instantly, left->pdata[0], &pages[0], &error));
  g_assert_true(error_is(error, ERROR_NOT_FOUND));
  page_clear(&pages[0]);
  page_clear(&pages[1]);
  world_stop(&world);
}

static void test_single(void)
{
  struct world world;
  world_start(&world, EXPORT_SINGLE);
  struct add_batch batches[3];
  for (int i = 0; i < 3; i++) {
    batch_fill(&world, &batches[i], world.active, i, 1);
  }
  world.instantly->ops->add_send(world.instantly, batches, 3);
  for (int i = 0; i < 3; i++) {
    g_assert_cmpint(classify_add(&batches[i].answer, 1), ==, ANSWER_EXPLAINED);
    g_assert_cmpint(batches[i].answer.uploaded, ==, 1);
    add_batch_clear(&batches[i]);
  }
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpint(read_campaign(&world, ids), ==, 3);
  world_stop(&world);
}

static void test_campaigns(void)
{
  struct world world;
  world_start(&world, EXPORT_BULK);
  const struct instantly_ops *ops = world.instantly->ops;
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) error = NULL;
  ops->campaign_get(world.instantly, world.active, &campaign, &error);
  g_assert_no_error(error);
  g_assert_cmpint(campaign.status, ==, CAMPAIGN_ACTIVE);
  g_assert_cmpint(campaign.steps_n, >, 0);
  g_assert_true(campaign.has_sending_days);
  g_assert_cmpuint(campaign.merge_tags->len, >, 0);
  ops->campaign_activate(world.instantly, world.paused, &error);
  g_assert_no_error(error);
  ops->campaign_pause(world.instantly, world.paused, &error);
  g_assert_no_error(error);
  g_autofree char *reason = NULL;
  ops->sending_status(world.instantly, world.draft, &reason, &error);
  g_assert_no_error(error);
  g_assert_nonnull(reason);
  g_assert_false(ops->campaign_get(world.instantly, "00000000-0000-4000-8000-000000000000", &campaign, &error));
  g_assert_true(error_is(error, ERROR_NOT_FOUND));
  g_clear_error(&error);
  g_autoptr(GPtrArray) all = NULL;
  instantly_campaigns_list(world.instantly, &all, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(all->len, >=, 4);
  remote_campaign_clear(&campaign);
  world_stop(&world);
}

static void test_account(void)
{
  struct world world;
  world_start(&world, EXPORT_BULK);
  const struct instantly_ops *ops = world.instantly->ops;
  g_autoptr(GError) error = NULL;
  struct plan_details plan;
  ops->plan(world.instantly, &plan, &error);
  g_assert_no_error(error);
  g_assert_cmpint(plan.lead_limit, >, 0);
  struct workspace_info info;
  ops->workspace(world.instantly, &info, &error);
  g_assert_no_error(error);
  g_assert_nonnull(info.id);
  g_free(info.id);
  g_free(info.name);
  const char *values[] = {"stop@blocked.example", "blocked.test"};
  ops->blocklist_add(world.instantly, values, 2, &error);
  g_assert_no_error(error);
  struct page page;
  page_init(&page, sizeof(struct suppression));
  ops->blocklist_read(world.instantly, &page, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(page.rows->len, ==, 2);
  for (int i = 0; i < 2; i++) { /* again: it is gone already */
    ops->blocklist_remove(world.instantly, "blocked.test", &error);
    g_assert_no_error(error);
    ops->blocklist_read(world.instantly, &page, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(page.rows->len, ==, 1);
    g_assert_cmpstr(page_row(&page, struct suppression, 0)->person, ==, "stop@blocked.example");
  }
  ops->blocklist_remove(world.instantly, "blocked.example", &error); /* a part of a value is not the value */
  g_assert_no_error(error);
  ops->blocklist_read(world.instantly, &page, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(page.rows->len, ==, 1);
  page_clear(&page);
  world_stop(&world);
}

static void test_analytics(void)
{
  struct world world;
  world_start(&world, EXPORT_BULK);
  add_leads(&world, 0, 100);
  const struct instantly_ops *ops = world.instantly->ops;
  g_autoptr(GError) error = NULL;
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  const char *ids[] = {world.active, world.draft};
  int64_t now_us = ops->date_us(world.instantly);
  const struct day_span week = {.from_us = now_us - 7 * DAY_US, .to_us = now_us};
  ops->analytics(world.instantly, ids, 2, &page, &error);
  g_assert_no_error(error);
  ops->analytics_daily(world.instantly, world.active, &week, &page, &error);
  g_assert_no_error(error);
  ops->analytics_steps(world.instantly, world.active, &page, &error);
  g_assert_no_error(error);
  page_clear(&page);
  struct page probes;
  page_init(&probes, sizeof(struct probe_result));
  g_assert_true(instantly_probe_scopes(world.instantly, &probes, &error));
  for (guint i = 0; i < probes.rows->len; i++) {
    const struct probe_result *row = page_row(&probes, struct probe_result, i);
    if (row->reply.status != 200 && row->reply.status != 404)
      g_test_message("%s: %d", row->endpoint, (int)row->reply.status);
  }
  page_clear(&probes);
  world_stop(&world);
}

/* The client knows no lists: the one of the sandbox is asked for by hand. */
static char *list_of(struct world *world)
{
  g_autofree char *authorization = g_strconcat("Bearer ", world->settings.instantly.api_key, NULL);
  struct net_options options = {
      .wire = {.base_url = world->settings.instantly.base_url,
               .authorization = authorization,
               .user_agent = "leadferry/test",
               .connect_timeout_s = 5,
               .request_timeout_s = 5},
      .clock = clock_system(),
      .requests_per_second = 10,
      .reads_in_flight = 1,
      .writes_in_flight = 1,
  };
  struct net *net = net_open(&options, NULL);
  struct call call, *calls = &call;
  call_init(&call, CALL_READ, "GET", "/api/v2/lead-lists");
  call.path = g_strdup("/api/v2/lead-lists");
  net_perform(net, &calls, 1);
  g_autoptr(cJSON) tree = json_parse(call.answer->str, call.answer->len, NULL);
  char *id = g_strdup(json_string(cJSON_GetArrayItem(json_array(tree, "items"), 0), "id"));
  call_clear(&call);
  net_close(net);
  g_assert_nonnull(id);
  return id;
}

static void test_move(void)
{
  struct world world;
  world_start_with(&world, EXPORT_BULK, "{\"lists\":[{\"name\":\"Done\"}],\"job_s\":1}");
  add_leads(&world, 0, 20);
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpint(read_campaign(&world, ids), ==, 20);
  g_autofree char *list_id = list_of(&world);
  g_autoptr(GError) error = NULL;
  const struct lead_selection five = {world.active, (const char *const *)ids->pdata, 5};
  world.instantly->ops->leads_move(world.instantly, &five, list_id, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpint(read_campaign(&world, left), ==, 15);
  bool is_removed = world.instantly->ops->subsequence_remove(world.instantly, left->pdata[0], &error);
  g_test_message("not in a subsequence: %s", error ? error->message : "fine");
  g_assert_true(is_removed || error_is(error, ERROR_REJECTED) || error_is(error, ERROR_NOT_FOUND));
  world_stop(&world);
}

/* 90 a second against the sandbox's sliding windows: the pace is kept and nobody is refused. */
static void test_pace(void)
{
  struct world world;
  world_start_with(&world, EXPORT_BULK, "{}");
  instantly_close(world.instantly);
  world.settings.instantly.requests_per_second = 90;
  g_autoptr(GError) error = NULL;
  world.instantly = instantly_open(&world.settings, clock_system(), NULL, NULL, &error);
  struct list_query queries[275] = {{0}};
  struct page pages[275];
  for (int i = 0; i < 275; i++) {
    page_init(&pages[i], sizeof(struct remote_lead));
    queries[i].campaign_id = world.active;
  }
  int64_t start_us = clock_mono_us(clock_system());
  world.instantly->ops->list(world.instantly, queries, 275, pages, &error);
  int64_t took_us = clock_mono_us(clock_system()) - start_us;
  g_assert_no_error(error);
  struct instantly_counts counts;
  instantly_counts(world.instantly, &counts);
  g_test_message("275 calls in %d ms, %d refused", (int)(took_us / 1000), (int)counts.throttled);
  g_assert_cmpint(counts.throttled, ==, 0);
  g_assert_cmpint(took_us, >=, 270 * SECOND_US / 90);
  for (int i = 0; i < 275; i++) {
    page_clear(&pages[i]);
  }
  world_stop(&world);
}

static void test_wrong_key(void)
{
  struct world world;
  world_start(&world, EXPORT_BULK);
  instantly_close(world.instantly);
  g_free(world.settings.instantly.api_key);
  world.settings.instantly.api_key = g_strdup("wrong-key-123");
  g_autoptr(GError) error = NULL;
  world.instantly = instantly_open(&world.settings, clock_system(), NULL, NULL, &error);
  struct workspace_info info;
  g_assert_false(world.instantly->ops->workspace(world.instantly, &info, &error));
  g_assert_true(error_is(error, ERROR_AUTH));
  struct add_batch batch;
  batch_fill(&world, &batch, world.active, 0, 1);
  world.instantly->ops->add_send(world.instantly, &batch, 1);
  g_assert_cmpint(classify_add(&batch.answer, 1), ==, ANSWER_STOP_RUN);
  add_batch_clear(&batch);
  world_stop(&world);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/sandbox/leads", test_leads);
  g_test_add_func("/instantly/sandbox/single", test_single);
  g_test_add_func("/instantly/sandbox/campaigns", test_campaigns);
  g_test_add_func("/instantly/sandbox/account", test_account);
  g_test_add_func("/instantly/sandbox/analytics", test_analytics);
  g_test_add_func("/instantly/sandbox/move", test_move);
  g_test_add_func("/instantly/sandbox/pace", test_pace);
  g_test_add_func("/instantly/sandbox/wrong_key", test_wrong_key);
  return g_test_run();
}
