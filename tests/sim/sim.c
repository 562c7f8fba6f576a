#include "tests/sim/sim.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/log.h"
#include "core/complete.h"
#include "core/export.h"
#include "core/job.h"
#include "core/settle.h"
#include "core/sync.h"

#define CAMPAIGN_A "11111111-1111-4111-8111-111111111111"
#define CAMPAIGN_B "22222222-2222-4222-8222-222222222222"
#define START_US   (1767225600 * SECOND_US) /* 2026-01-01 */

struct world {
  uint64_t seed;
  struct rng rng;
  struct clock clock;
  int64_t wall_us, mono_us;
  struct settings settings;
  struct warehouse *warehouse;
  struct fake_instantly fake;
  struct mortal mortal;
  const struct sim_options *options;
  struct sim_tally *tally;
  GHashTable *stopped; /* person -> created count when the stop was recorded */
  int leads_n;
  bool is_calm;
};

/* ---- clock ---- */

static int64_t world_wall(void *context)
{
  return ((struct world *)context)->wall_us;
}
static int64_t world_mono(void *context)
{
  return ((struct world *)context)->mono_us;
}

static void world_pass(struct world *world, int64_t us)
{
  world->wall_us += us;
  world->mono_us += us;
  world->fake.now_us = world->wall_us;
}

static void world_sleep(void *context, int64_t us)
{
  world_pass(context, us);
}

/* ---- setting up ---- */

static bool one_in(struct world *world, uint64_t n)
{
  return rng_below(&world->rng, n) == 0;
}

static enum fake_fault draw_fault(void *context)
{
  struct world *world = context;
  if (world->is_calm || !world->options->has_faults || !one_in(world, 3)) return FAKE_OK;
  world->tally->faults_n++;
  return (enum fake_fault)(1 + rng_below(&world->rng, FAKE_FAULTS_N - 1));
}

static void add_campaign(struct settings *settings, const char *id)
{
  struct campaign_settings campaign = {.id = g_strdup(id), .name = g_strdup("sim")};
  g_array_append_val(settings->campaigns, campaign);
}

static void fill_settings(struct world *world)
{
  struct settings *settings = &world->settings;
  settings_init(settings);
  settings->warehouse.type = g_strdup(world->options->warehouse_type);
  settings->warehouse.path = g_strdup(world->options->path);
  settings->instantly.base_url = g_strdup("http://127.0.0.1:1");
  settings->instantly.batch_size = 1 + (int64_t)rng_below(&world->rng, 4);
  settings->instantly.writes_in_flight = 1 + (int64_t)rng_below(&world->rng, 3);
  settings->instantly.reads_in_flight = 4;
  settings->instantly.request_timeout_s = 60;
  settings->settle = (struct settle_settings){.wait_s = 90, .recheck_s = 30};
  settings->export.max_per_run = one_in(world, 4) ? 3 : SETTING_UNLIMITED;
  settings->export.max_per_day = SETTING_UNLIMITED;
  settings->export.plan_reserve_percent = 10;
  settings->sync = (struct sync_settings){
      .full_scan_every_h = 24, .stops_every_h = 24, .push_stops = true, .watch_finished_days = 90};
  settings->source.table = g_strdup("leads");
  settings->source.write_back = true;
  settings->complete.armed = true;
  settings->complete.max_removals = SETTING_UNLIMITED;
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    settings->complete.outcomes[i] = (struct outcome_settings){.action = REMOVAL_DELETE, .grace_days = 7};
  settings->complete.outcomes[OUTCOME_REPLIED].action = REMOVAL_KEEP;
  settings->complete.outcomes[OUTCOME_INTEREST].action = REMOVAL_KEEP;
  add_campaign(settings, CAMPAIGN_A);
  add_campaign(settings, CAMPAIGN_B);
}

static char *person_name(uint64_t i)
{
  return g_strdup_printf("p%d@example.com", (int)i);
}

/* Rows share persons on purpose; case and spaces differ. */
static void import_leads(struct world *world)
{
  world->leads_n = 1 + (int)rng_below(&world->rng, 10);
  for (int i = 0; i < world->leads_n; i++) {
    g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
    g_autofree char *lead_id = g_strdup_printf("lead-%02d", i);
    struct import_row row = {.lead_id = lead_id,
                             .email = person,
                             .person = person,
                             .first_name = "Ada",
                             .campaign_id = one_in(world, 2) ? CAMPAIGN_A : CAMPAIGN_B};
    g_autoptr(GError) error = NULL;
    if (!import_rows(world->warehouse, &row, 1, false, &error)) g_error("import: %s", error->message);
  }
}

static void world_init(struct world *world, uint64_t seed, const struct sim_options *options, struct sim_tally *tally)
{
  *world = (struct world){.seed = seed, .options = options, .tally = tally, .wall_us = START_US, .mono_us = SECOND_US};
  rng_init(&world->rng, seed);
  world->clock = (struct clock){world_wall, world_mono, world_mono, world_sleep, world};
  fill_settings(world);
  if (options->path != NULL) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
      g_autofree char *file = g_strconcat(options->path, suffixes[i], NULL);
      g_unlink(file);
    }
  }
  g_autoptr(GError) error = NULL;
  bool created;
  world->warehouse = warehouse_open(&world->settings, WAREHOUSE_WRITE, &world->clock, &error);
  if (world->warehouse == NULL || !schema_apply(world->warehouse, &created, &error))
    g_error("open: %s", error->message);
  fake_instantly_init(&world->fake, START_US);
  world->fake.next_fault = draw_fault;
  world->fake.context = world;
  if (options->has_faults) world->fake.lag_calls = (int64_t)rng_below(&world->rng, 16);
  world->fake.late_calls = 1 + (int64_t)rng_below(&world->rng, 10);
  world->stopped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  import_leads(world);
}

static void world_clear(struct world *world)
{
  warehouse_close(world->warehouse);
  fake_instantly_clear(&world->fake);
  settings_clear(&world->settings);
  g_hash_table_unref(world->stopped);
}

/* ---- runs ---- */

enum sim_job { SIM_EXPORT, SIM_SYNC, SIM_COMPLETE, SIM_RECOVER, SIM_JOBS_N };

static bool recover_alone(struct job *job, GError **error)
{
  struct settle_tally tally = {0};
  struct run_record record = {.job = "recover"};
  if (!job_begin(job, "recover", error)) return false;
  bool is_ok = settle_recover(job, &tally, error);
  job_end(job, &record, is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED);
  return is_ok;
}

static bool run_story(struct job *job, enum sim_job which, GError **error)
{
  struct sync_options sync_options = {.full_scan = true};
  struct sync_report sync_report = {0};
  struct export_report export_report;
  struct complete_report complete_report;
  bool is_ok = false;
  switch (which) {
  case SIM_EXPORT:
    export_report_init(&export_report);
    is_ok = export_run(job, &export_report, error);
    export_report_clear(&export_report);
    break;
  case SIM_SYNC: is_ok = sync_run(job, &sync_options, &sync_report, error); break;
  case SIM_COMPLETE:
    complete_report_init(&complete_report);
    is_ok = complete_run(job, &complete_report, error);
    complete_report_clear(&complete_report);
    break;
  default: is_ok = recover_alone(job, error); break;
  }
  return is_ok;
}

/* Returns false when a job failed although it neither died nor met a fault that may fail it. */
static bool run_job(struct world *world, enum sim_job which, int64_t points, GError **error)
{
  struct job job;
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  world->fake.is_dead = mortal_point;
  world->fake.dead_context = &world->mortal;
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  bool is_ok = run_story(&job, which, error);
  world->tally->runs_n++;
  world->tally->deaths_n += world->mortal.is_dead;
  world->tally->points_n += world->mortal.points_n;
  job_clear(&job);
  if (world->mortal.is_dead) g_clear_error(error);
  world_pass(world, SECOND_US);
  return is_ok || world->mortal.is_dead;
}

/* ---- other people ---- */

/* Proviso (b) of the guarantee: nobody deletes a row between our POST and our finding it. So hands take only rows that
 * the ledger knows, and of which no request is still on its way. */
static bool is_known(const struct world *world, const struct fake_row *row)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  bool is_found =
      ledger->ops->fold(ledger, &error) && report_find(world->warehouse, row->id, &page, &error) && page.rows->len > 0;
  page_clear(&page);
  return is_found;
}

/* A finished row still changes: late replies, somebody relaunches it, deletes it, moves it. */
static void disturb_row(struct world *world, struct fake_row *row)
{
  uint64_t what = rng_below(&world->rng, 12);
  if (row->is_deleted) return;
  if (what == 0 && row->status == REMOTE_COMPLETED && row->replies == 0) {
    row->replies = 1;
    row->replied_at_us = world->wall_us;
  }
  if (what == 1 && row->status == REMOTE_COMPLETED) row->status = REMOTE_PAUSED;
  if (what == 2 && fake_instantly_late(&world->fake, row->person) == 0 && (row->stamp == NULL || is_known(world, row)))
    row->is_deleted = row->is_deleted_by_hand = true;
  if (row->is_deleted)
    log_event(LOG_DEBUG, "deleted by hand", LOG_STR("stamp", row->stamp), LOG_INT("person", g_str_hash(row->person)));
}

static void progress_row(struct world *world, struct fake_row *row)
{
  static const int64_t statuses[] = {REMOTE_ACTIVE, REMOTE_COMPLETED, REMOTE_BOUNCED, REMOTE_UNSUBSCRIBED};
  if (row->is_deleted || row->status != REMOTE_ACTIVE) return;
  row->contacted_at_us = world->wall_us;
  row->status = statuses[rng_below(&world->rng, G_N_ELEMENTS(statuses))];
  if (row->status == REMOTE_COMPLETED && one_in(world, 3)) {
    row->replies = 1;
    row->replied_at_us = world->wall_us;
  }
}

/* The user changes the campaign of a row after it was exported, or before. */
static void change_campaign(struct world *world)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  if (!report_leads(world->warehouse, NULL, 100, &page, &error)) g_error("report: %s", error->message);
  const struct lead *lead = &page_row(&page, struct lead_report_row, rng_below(&world->rng, page.rows->len))->lead;
  struct import_row row = {.lead_id = lead->lead_id,
                           .email = lead->email,
                           .person = lead->email,
                           .campaign_id = g_strcmp0(lead->campaign_id, CAMPAIGN_A) == 0 ? CAMPAIGN_B : CAMPAIGN_A};
  if (!import_rows(world->warehouse, &row, 1, false, &error)) g_error("import: %s", error->message);
  page_clear(&page);
}

static void say_stop(struct world *world)
{
  g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
  struct suppression stop = {
      .person = person, .reason = "manual", .source = "command", .actor = "sim", .created_at_us = world->wall_us};
  g_autoptr(GError) error = NULL;
  if (!warehouse_ledger(world->warehouse)->ops->suppress(warehouse_ledger(world->warehouse), &stop, 1, NULL, &error))
    g_error("suppress: %s", error->message);
  if (!g_hash_table_contains(world->stopped, person))
    g_hash_table_insert(
        world->stopped, g_strdup(person),
        GINT_TO_POINTER(fake_instantly_created(&world->fake, person) + fake_instantly_late(&world->fake, person)));
}

static void others_act(struct world *world)
{
  if (!world->options->has_people) return;
  if (one_in(world, 4)) say_stop(world);
  if (one_in(world, 5)) {
    g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
    const char *campaign = one_in(world, 2) ? CAMPAIGN_A : CAMPAIGN_B;
    if (fake_instantly_find(&world->fake, campaign, person) == NULL) fake_instantly_put(&world->fake, campaign, person);
  }
  for (guint i = 0; i < world->fake.rows->len; i++)
    if (one_in(world, 3)) progress_row(world, g_ptr_array_index(world->fake.rows, i));
  for (guint i = 0; i < world->fake.rows->len; i++)
    disturb_row(world, g_ptr_array_index(world->fake.rows, i));
  if (one_in(world, 3)) change_campaign(world);
  if (one_in(world, 3)) world_pass(world, 8 * DAY_US);
}

/* ---- invariants ---- */

static char *broken(const struct world *world, const char *what, const char *whom)
{
  return g_strdup_printf("seed %" G_GUINT64_FORMAT ": %s (%s)", world->seed, what, whom);
}

static char *check_created(const struct world *world)
{
  for (uint64_t i = 0; i < SIM_PERSONS_MAX; i++) {
    g_autofree char *person = person_name(i);
    int created = fake_instantly_created(&world->fake, person);
    if (created > 1) return broken(world, "created twice", person);
    gpointer before;
    if (g_hash_table_lookup_extended(world->stopped, person, NULL, &before) && created > GPOINTER_TO_INT(before))
      return broken(world, "created after stop", person);
  }
  return NULL;
}

static char *check_deleted(const struct world *world)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (!row->is_deleted || row->is_deleted_by_hand) continue;
    world->tally->removed_n++;
    if (row->stamp == NULL) return broken(world, "deleted a foreign row", row->person);
    if (row->replies > 0) return broken(world, "deleted somebody who replied", row->person);
    if (row->status == REMOTE_ACTIVE || row->status == REMOTE_PAUSED)
      return broken(world, "deleted unfinished", row->person);
  }
  return NULL;
}

/* A row of ours that Instantly has or had must be enrolled in the ledger, and the other way round. */
static char *check_lead(const struct world *world, const struct lead_report_row *row)
{
  const char *person = row->has_state ? row->state.person : NULL;
  if (row->has_state && row->state.settlement == SETTLEMENT_CLAIMED && !(row->state.held_n > row->state.resolved_n))
    return broken(world, "a claim is still open in calm", row->lead.lead_id);
  if (person == NULL || row->state.settlement != SETTLEMENT_ADDED) return NULL;
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *remote = g_ptr_array_index(world->fake.rows, i);
    if (strcmp(remote->id, row->state.instantly_id) != 0) continue;
    if (remote->stamp == NULL) return broken(world, "a foreign row counts as ours", row->lead.lead_id);
    if (remote->is_deleted_by_hand) return NULL;
    return remote->is_deleted == (row->state.removed_at_us != 0) ? NULL
                                                                 : broken(world, "removal differs", row->lead.lead_id);
  }
  return broken(world, "added, but Instantly never had it", row->lead.lead_id);
}

static char *check_ledger(struct world *world)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GError) error = NULL;
  char *problem = NULL;
  if (!report_leads(world->warehouse, NULL, 1000, &page, &error)) problem = g_strdup(error->message);
  for (guint i = 0; problem == NULL && i < page.rows->len; i++) {
    const struct lead_report_row *row = page_row(&page, struct lead_report_row, i);
    problem = check_lead(world, row);
    if (row->has_state && row->state.instantly_id != NULL) g_hash_table_add(known, g_strdup(row->state.instantly_id));
  }
  page_clear(&page);
  for (guint i = 0; problem == NULL && i < world->fake.rows->len; i++) {
    const struct fake_row *remote = g_ptr_array_index(world->fake.rows, i);
    if (remote->stamp != NULL && !remote->is_deleted_by_hand && !g_hash_table_contains(known, remote->id))
      problem = broken(world, "Instantly has a row of ours that the ledger lost", remote->person);
  }
  return problem;
}

static bool is_suppressed(const struct world *world, const char *person)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  g_autoptr(GError) error = NULL;
  bool has_any = report_suppressions(world->warehouse, person, &page, &error) && page.rows->len > 0;
  page_clear(&page);
  return has_any;
}

/* Nobody who may be mailed is forgotten: after calm, each person without a stop has a row or had one. */
static char *check_nobody_lost(struct world *world)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  char *problem = NULL;
  if (!report_leads(world->warehouse, NULL, 1000, &page, &error)) problem = g_strdup(error->message);
  for (guint i = 0; problem == NULL && i < page.rows->len; i++) {
    const struct lead_report_row *row = page_row(&page, struct lead_report_row, i);
    if (g_hash_table_contains(world->stopped, row->lead.email) || (row->has_state && row->state.held_n > 0)) continue;
    bool is_there = fake_instantly_created(&world->fake, row->lead.email) > 0 ||
                    fake_instantly_find(&world->fake, CAMPAIGN_A, row->lead.email) != NULL ||
                    fake_instantly_find(&world->fake, CAMPAIGN_B, row->lead.email) != NULL;
    bool is_waiting = !row->has_state || row->state.settlement <= SETTLEMENT_RELEASED;
    if (!is_there && is_waiting && !is_suppressed(world, row->lead.email))
      problem = broken(world, "lost", row->lead.lead_id);
  }
  page_clear(&page);
  return problem;
}

static char *check_all(struct world *world)
{
  char *problem = check_created(world);
  if (problem == NULL) problem = check_deleted(world);
  if (problem == NULL) problem = check_ledger(world);
  if (problem == NULL) problem = check_nobody_lost(world);
  world->tally->created_n += g_hash_table_size(world->fake.created);
  return problem;
}

/* ---- one history ---- */

static int64_t draw_death(struct world *world, int round)
{
  if (round == 0 && world->options->death_points >= 0) return world->options->death_points;
  if (!world->options->has_deaths || one_in(world, 3)) return -1;
  return (int64_t)rng_below(&world->rng, 120);
}

static void storm(struct world *world)
{
  int rounds = 2 + (int)rng_below(&world->rng, 8);
  for (int round = 0; round < rounds; round++) {
    enum sim_job which = one_in(world, 2) ? SIM_EXPORT : (enum sim_job)rng_below(&world->rng, SIM_JOBS_N);
    g_autoptr(GError) error = NULL;
    run_job(world, which, draw_death(world, round), &error);
    others_act(world);
  }
}

/* Without faults every job must end well, and few rounds must settle everything. */
static char *calm(struct world *world)
{
  world->is_calm = true;
  world->fake.lag_calls = 0;
  for (int round = 0; round < 6; round++) {
    static const enum sim_job order[] = {SIM_RECOVER, SIM_SYNC, SIM_COMPLETE, SIM_EXPORT};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
      g_autoptr(GError) error = NULL;
      if (!run_job(world, order[i], -1, &error)) return broken(world, "a job failed in calm", error->message);
    }
  }
  return NULL;
}

char *sim_run(uint64_t seed, const struct sim_options *options, struct sim_tally *tally)
{
  struct world world;
  world_init(&world, seed, options, tally);
  storm(&world);
  char *problem = calm(&world);
  if (problem == NULL) problem = check_all(&world);
  world_clear(&world);
  tally->seeds_n++;
  return problem;
}
