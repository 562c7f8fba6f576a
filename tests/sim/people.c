#include <sqlite3.h>
#include <string.h>

#include "base/log.h"
#include "core/escrow.h"
#include "tests/sim/world.h"

/* Proviso (b) of the guarantee: nobody deletes a row between our POST and our finding it. So hands take only rows that
 * the ledger knows, and of which no request is still on its way. */
bool people_know(const struct world *world, const struct fake_row *row)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  struct lease lease;
  /* As every fold of a job: who has the lease looks first whether the states are what the last one left. */
  if (!ledger->ops->lease_acquire(ledger, "recover", &lease, &error)) g_error("lease: %s", error->message);
  bool is_found =
      ledger->ops->fold(ledger, &error) && report_find(world->warehouse, row->id, &page, &error) && page.rows->len > 0;
  ledger->ops->lease_release(ledger, &lease);
  page_clear(&page);
  return is_found;
}

/* Somebody or a machine answers; of some answers nobody can say which at first. */
static void answer(struct world *world, struct fake_row *row)
{
  if (row->replies > 0) return;
  row->replies = 1;
  row->replied_at_us = world->wall_us;
  row->is_automatic = one_in(world, 4);
  row->was_unclear = !row->is_automatic;
}

/* It shows that a machine answered, after it was taken for a person. */
static void find_out(struct world *world, struct fake_row *row)
{
  if (row->is_deleted || !row->was_unclear || row->is_automatic) return;
  row->is_automatic = true;
  world->tally->machines_n++;
}

/* A finished row still changes: late replies, somebody relaunches it, deletes it, moves it. */
static void disturb_row(struct world *world, struct fake_row *row)
{
  uint64_t what = rng_below(&world->rng, 12);
  if (row->is_deleted) return;
  if (what == 0 && row->status == REMOTE_COMPLETED) answer(world, row);
  if (what == 1 && row->status == REMOTE_COMPLETED) {
    row->status = REMOTE_PAUSED;
    row->was_completed = true;
  }
  if (what == 2 && fake_instantly_late(&world->fake, row->person) == 0 &&
      (row->stamp == NULL || people_know(world, row)))
    row->is_deleted = row->is_deleted_by_hand = true;
  if (row->is_deleted)
    log_event(LOG_DEBUG, "deleted by hand", LOG_STR("stamp", row->stamp), LOG_INT("person", g_str_hash(row->person)));
}

/* Somebody tidies up: a row leaves its campaign for a list, while a job runs or between two, whether its answer was
 * read or not. As with deleting, not while a request of the person is on its way: Instantly would make the row again.
 */
static void tidy_row(struct world *world, struct fake_row *row)
{
  bool is_seen = !row->is_deleted && row->known_at_call <= world->fake.calls_n;
  if (!is_seen || row->campaign_id == NULL || fake_instantly_late(&world->fake, row->person) > 0) return;
  fake_instantly_to_list(row);
  world->tally->listed_n++;
}

static void progress_row(struct world *world, struct fake_row *row)
{
  static const int64_t statuses[] = {REMOTE_ACTIVE, REMOTE_COMPLETED, REMOTE_BOUNCED, REMOTE_UNSUBSCRIBED};
  if (row->is_deleted || row->campaign_id == NULL || row->status != REMOTE_ACTIVE) return;
  row->contacted_at_us = world->wall_us;
  row->status = statuses[rng_below(&world->rng, G_N_ELEMENTS(statuses))];
  if (row->status == REMOTE_COMPLETED && one_in(world, 3)) answer(world, row);
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

static void put_stop(struct world *world, const struct suppression *stop)
{
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  g_autoptr(GError) error = NULL;
  if (!ledger->ops->suppress(ledger, stop, 1, NULL, &error)) g_error("suppress: %s", error->message);
  g_hash_table_add(world->marked, g_strdup(stop->person));
}

/* claims_n: how many of the person may be on their way to Instantly and past the look at stops. */
static void say_stop(struct world *world, int claims_n)
{
  g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
  struct suppression stop = {
      .person = person, .reason = "manual", .source = "command", .actor = "sim", .created_at_us = world->wall_us};
  put_stop(world, &stop);
  if (!g_hash_table_contains(world->stopped, person))
    g_hash_table_insert(world->stopped, g_strdup(person),
                        GINT_TO_POINTER(fake_instantly_created(&world->fake, person) +
                                        fake_instantly_late(&world->fake, person) + claims_n));
}

/* Whoever heard us answers when he likes, also when his row is gone. */
static void reply_late(struct world *world)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    bool is_removed = row->is_deleted && !row->is_deleted_by_hand && row->stamp != NULL;
    if (!is_removed || !one_in(world, 6)) continue;
    enum automatic automatic = (enum automatic)rng_below(&world->rng, 3);
    fake_instantly_reply(&world->fake, row->person, automatic);
    if (automatic != AUTOMATIC_YES) g_hash_table_add(world->heard, g_strdup(row->person));
    world->tally->late_replies_n++;
  }
}

bool people_see_escrow(const struct world *world, const char *campaign_id)
{
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  g_autofree char *name = g_strdup_printf("escrow:%s", campaign_id);
  g_autofree char *note = NULL;
  return !ledger->ops->control_get(ledger, name, &note, NULL) || escrow_mark_of(note) == ESCROW_OURS;
}

/* Who pauses while escrow has the campaign paused cannot be told apart (a proviso of the guarantee): a pause is a
 * person's where the campaign was not paused before, and nobody let it run since without a run of ours that saw it. */
void others_pause(void *context)
{
  struct world *world = context;
  if (world->is_calm || !world->options->has_people || !one_in(world, 2)) return;
  const char *id = one_in(world, 2) ? CAMPAIGN_A : CAMPAIGN_B;
  struct fake_campaign *campaign = fake_instantly_campaign(&world->fake, id);
  switch (rng_below(&world->rng, 4)) {
  case 0: *campaign = (struct fake_campaign){.status = CAMPAIGN_ACTIVE, .woken_n = campaign->woken_n}; break;
  case 1:
    if (campaign->status == CAMPAIGN_ACTIVE) campaign->status = CAMPAIGN_COMPLETED;
    break;
  default:
    if (campaign->status == CAMPAIGN_PAUSED) break;
    campaign->status = CAMPAIGN_PAUSED;
    campaign->is_paused_by_person = !people_see_escrow(world, id);
    world->tally->pauses_n += campaign->is_paused_by_person;
  }
}

void others_rest(struct world *world)
{
  static const char *const ids[] = {CAMPAIGN_A, CAMPAIGN_B};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    struct fake_campaign *campaign = fake_instantly_campaign(&world->fake, ids[i]);
    *campaign = (struct fake_campaign){.status = CAMPAIGN_ACTIVE, .woken_n = campaign->woken_n};
  }
}

/* Somebody with a shell of SQLite's thins what the fold wrote, between two runs. */
static void thin_state(struct world *world)
{
  static const char *const edits[] = {
      "DELETE FROM lead_state",
      "DELETE FROM lead_state WHERE lead_id LIKE '%1' OR lead_id LIKE '%3'",
      "DELETE FROM lead_persons",
      "DELETE FROM claim_ranges",
      "UPDATE lead_state SET settlement = 2, settlement_epoch = 99, added_at = NULL, ever_added_at = NULL",
      "DELETE FROM controls WHERE name LIKE 'folded_%'; DELETE FROM lead_state",
  };
  sqlite3 *handle = NULL;
  if (world->options->path == NULL || world->options->power != NULL || !one_in(world, 4)) return;
  const char *edit = edits[rng_below(&world->rng, G_N_ELEMENTS(edits))];
  g_assert_cmpint(sqlite3_open(world->options->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(handle, edit, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(handle);
  world->tally->thinned_n++;
}

/* `lead mark`, and a stop with an end: the block list knows nothing of either. */
static void mark(struct world *world)
{
  static const char *const reasons[] = {"replied", "bounced", "on leave"};
  g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
  const char *reason = reasons[rng_below(&world->rng, G_N_ELEMENTS(reasons))];
  bool has_end = strcmp(reason, "replied") != 0;
  struct suppression stop = {.person = person,
                             .reason = reason,
                             .source = "command",
                             .actor = "sim",
                             .created_at_us = world->wall_us,
                             .expires_at_us = has_end ? world->wall_us + 20 * DAY_US : 0};
  put_stop(world, &stop);
}

void others_act(struct world *world)
{
  if (!world->options->has_people) return;
  thin_state(world);
  others_pause(world);
  backup_act(world);
  reply_late(world);
  if (one_in(world, 4)) say_stop(world, 0);
  if (one_in(world, 5)) mark(world);
  if (one_in(world, 5)) {
    g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
    const char *campaign = one_in(world, 2) ? CAMPAIGN_A : CAMPAIGN_B;
    if (fake_instantly_find(&world->fake, campaign, person) == NULL) fake_instantly_put(&world->fake, campaign, person);
  }
  for (guint i = 0; i < world->fake.rows->len; i++)
    if (one_in(world, 3)) progress_row(world, g_ptr_array_index(world->fake.rows, i));
  for (guint i = 0; i < world->fake.rows->len; i++)
    disturb_row(world, g_ptr_array_index(world->fake.rows, i));
  for (guint i = 0; i < world->fake.rows->len; i++)
    if (one_in(world, 15)) tidy_row(world, g_ptr_array_index(world->fake.rows, i));
  for (guint i = 0; i < world->fake.rows->len; i++)
    if (one_in(world, 8)) find_out(world, g_ptr_array_index(world->fake.rows, i));
  if (one_in(world, 3)) change_campaign(world);
  if (one_in(world, 4)) source_edit(world);
  if (one_in(world, 3)) world_pass(world, 8 * DAY_US);
}

void others_meanwhile(struct world *world)
{
  if (world->is_calm || !world->options->has_people) return;
  GPtrArray *rows = world->fake.rows;
  if (rows->len > 0 && one_in(world, 60)) tidy_row(world, g_ptr_array_index(rows, rng_below(&world->rng, rows->len)));
  bool has_disk = world->options->power == NULL; /* else it may be gone by now */
  if (has_disk && one_in(world, 150)) say_stop(world, world->running == SIM_EXPORT);
  if (one_in(world, 150)) source_edit(world);
  rivals_come(world);
}
