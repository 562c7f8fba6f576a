#include <string.h>

#include "core/verify.h"
#include "tests/sim/world.h"
#include "warehouse/brakes.h"

char *broken(const struct world *world, const char *what, const char *whom)
{
  return g_strdup_printf("seed %" G_GUINT64_FORMAT ": %s (%s)", world->seed, what, whom);
}

static char *check_created(const struct world *world)
{
  for (uint64_t i = 0; i < SIM_PEOPLE_MAX; i++) {
    g_autofree char *person = person_name(i);
    int created = fake_instantly_created(&world->fake, person);
    if (created > 1) return broken(world, "created twice", person);
    gpointer before;
    if (g_hash_table_lookup_extended(world->stopped, person, NULL, &before) && created > GPOINTER_TO_INT(before))
      return broken(world, "created after stop", person);
  }
  return NULL;
}

/* Whom a person put to sleep nobody woke but a person. */
static char *check_woken(const struct world *world)
{
  GHashTableIter iter;
  gpointer id, campaign;
  g_hash_table_iter_init(&iter, world->fake.campaigns);
  while (g_hash_table_iter_next(&iter, &id, &campaign))
    if (((const struct fake_campaign *)campaign)->woken_n > 0) return broken(world, "a person's pause was ended", id);
  return NULL;
}

static char *check_deleted(const struct world *world)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (!row->is_deleted || row->is_deleted_by_hand) continue;
    world->tally->removed_n++;
    if (row->stamp == NULL) return broken(world, "deleted a foreign row", row->person);
    if (row->replies > 0 && !row->is_automatic) return broken(world, "deleted somebody who replied", row->person);
    bool is_live = row->status == REMOTE_ACTIVE || row->status == REMOTE_PAUSED;
    world->tally->stopped_removed_n += is_live;
    if (is_live && !row->was_stopped) return broken(world, "deleted unfinished", row->person);
  }
  return NULL;
}

/* Is it the ledger's word that this row stays: over already (whoever relaunched it paused it again), or an earlier
 * claim's request made it after all, which is reported as other_stamp and left to a person? */
static bool is_settled_otherwise(struct world *world, const struct fake_row *row)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  bool is_otherwise = false;
  if (!report_find(world->warehouse, row->id, &page, &error)) g_error("find: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct lead_state *state = &page_row(&page, struct lead_report_row, i)->state;
    g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT ":%s", state->generation, state->claim_id);
    is_otherwise = is_otherwise || state->finished_at_us || state->settlement != SETTLEMENT_ADDED ||
                   strcmp(stamp, row->stamp) != 0;
  }
  page_clear(&page);
  return is_otherwise;
}

enum { STOPPED_BY_LIST = 1, STOPPED_ELSE = 2 };

/* By what the person is stopped now, as the ledger has it: 0, or bits. */
static unsigned stops_now(const struct world *world, const char *person)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  g_autoptr(GError) error = NULL;
  struct stop_query query = {.person = person, .limit = 1000};
  unsigned stops = 0;
  if (!report_stops(world->warehouse, &query, &page, &error)) g_error("stops: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct stop_row *row = page_row(&page, struct stop_row, i);
    int64_t expires_at_us = row->stop.expires_at_us;
    bool is_over = row->revoked_at_us != 0 || (expires_at_us != 0 && expires_at_us <= world->fake.now_us);
    if (!is_over) stops |= g_strcmp0(row->stop.source, "blocklist") == 0 ? STOPPED_BY_LIST : STOPPED_ELSE;
  }
  page_clear(&page);
  return stops;
}

/* After calm the block list holds everybody who was stopped for good, and no row of ours is left that could mail a
 * stopped person; a row that holds an answer is not deleted. */
static char *check_enforced(struct world *world)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    bool is_in_campaign = !row->is_deleted && row->campaign_id != NULL;
    bool is_live = is_in_campaign && (row->status == REMOTE_ACTIVE || row->status == REMOTE_PAUSED);
    if (!is_live || !(stops_now(world, row->person) & STOPPED_ELSE))
      continue; /* whom Instantly lists it does not mail */
    if (g_hash_table_contains(world->stopped, row->person) && !fake_instantly_lists(&world->fake, row->person))
      return broken(world, "stopped, not block-listed", row->person);
    bool may_stay = row->stamp == NULL || row->replies > 0 || is_settled_otherwise(world, row) ||
                    bulk_may_wait_for(world, row->person);
    if (!may_stay) return broken(world, "a live row of a stopped person is left", row->person);
  }
  return NULL;
}

/* Removed means gone by id and by address: where somebody put the address into the campaign again before the removal
 * was recorded, it stays open, and says so. Where the person answered before that, in another row or by a mail that
 * came late, our row is nobody's to remove any more: what two scans did not find is told as taken out by hand, and an
 * enrolment that was over before stays so. */
static bool is_removal_told(const struct world *world, const struct fake_row *remote, const struct lead_state *state)
{
  bool is_there_again = fake_instantly_find(&world->fake, remote->campaign_id, remote->person) != NULL;
  bool has_answered = state->outcome == OUTCOME_REMOVED_BY_HAND || state->replied_at_us != 0;
  bool is_over = state->finished_at_us != 0 && has_answered;
  return remote->is_deleted == (state->removed_at_us != 0) || (remote->is_deleted && (is_there_again || is_over));
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
    return is_removal_told(world, remote, &row->state) ? NULL : broken(world, "removal differs", row->lead.lead_id);
  }
  return broken(world, "added, but Instantly never had it", row->lead.lead_id);
}

/* Also under a lead that has no row in the source (any more). */
static bool knows_row(const struct world *world, const struct fake_row *row)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  if (!report_find(world->warehouse, row->id, &page, &error)) g_error("find: %s", error->message);
  bool is_known = page.rows->len > 0;
  page_clear(&page);
  return is_known;
}

static char *check_ledger(struct world *world)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  char *problem = NULL;
  if (!report_leads(world->warehouse, NULL, 1000, &page, &error)) problem = g_strdup(error->message);
  for (guint i = 0; problem == NULL && i < page.rows->len; i++)
    problem = check_lead(world, page_row(&page, struct lead_report_row, i));
  page_clear(&page);
  for (guint i = 0; problem == NULL && i < world->fake.rows->len; i++) {
    const struct fake_row *remote = g_ptr_array_index(world->fake.rows, i);
    if (remote->stamp != NULL && !remote->is_deleted_by_hand && !knows_row(world, remote))
      problem = broken(world, "Instantly has a row of ours that the ledger lost", remote->person);
  }
  return problem;
}

/* Was there ever a stop, in force or not? */
static bool was_suppressed(const struct world *world, const char *person)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  g_autoptr(GError) error = NULL;
  bool has_any = report_suppressions(world->warehouse, person, &page, &error) && page.rows->len > 0;
  page_clear(&page);
  return has_any;
}

/* What an answer says of the block list is not believed: a stop that came from it stands there. */
static char *check_listed(const struct world *world)
{
  for (uint64_t i = 0; i < SIM_PEOPLE_MAX; i++) {
    g_autofree char *person = person_name(i);
    if ((stops_now(world, person) & STOPPED_BY_LIST) && !fake_instantly_lists(&world->fake, person))
      return broken(world, "stopped by a block list that does not have the person", person);
  }
  return NULL;
}

/* Whoever answered after the row was removed is stopped. */
static char *check_heard(const struct world *world)
{
  GHashTableIter iter;
  gpointer person;
  g_hash_table_iter_init(&iter, world->heard);
  while (g_hash_table_iter_next(&iter, &person, NULL))
    if (!was_suppressed(world, person)) return broken(world, "a reply after the removal was not heard", person);
  return NULL;
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
    if (!is_there && is_waiting && !stops_now(world, row->lead.email))
      problem = broken(world, "lost", row->lead.lead_id);
  }
  page_clear(&page);
  return problem;
}

/* The ledger agrees with itself as `verify` sees it; whether a claim is open is check_lead()'s. */
static char *check_itself(struct world *world)
{
  static const enum verify_check checks[] = {VERIFY_EVENT_ALTERED, VERIFY_STATE_DIFFERS, VERIFY_STATE_WITHOUT_EVENTS,
                                             VERIFY_ADDED_UNSENT};
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  struct page page;
  g_autoptr(GError) error = NULL;
  char *problem = NULL;
  page_init(&page, sizeof(struct difference));
  if (!ledger->ops->fold(ledger, &error)) problem = g_strdup(error->message);
  for (size_t i = 0; problem == NULL && i < G_N_ELEMENTS(checks); i++) {
    struct verify_query query = {.check = checks[i], .run_id = "verify", .limit = 1};
    if (!ledger->ops->differences(ledger, &query, &page, &error))
      problem = g_strdup(error->message);
    else if (page.rows->len > 0)
      problem = broken(world, verify_text(checks[i])->id, page_row(&page, struct difference, 0)->lead_id);
  }
  page_clear(&page);
  return problem;
}

char *check_all(struct world *world)
{
  char *problem = check_created(world);
  if (problem == NULL) problem = check_woken(world);
  if (problem == NULL) problem = check_deleted(world);
  if (problem == NULL) problem = bulk_check(world);
  if (problem == NULL) problem = check_enforced(world);
  if (problem == NULL) problem = check_listed(world);
  if (problem == NULL) problem = check_ledger(world);
  if (problem == NULL) problem = check_heard(world);
  if (problem == NULL) problem = check_nobody_lost(world);
  if (problem == NULL) problem = check_itself(world);
  world->tally->created_n += g_hash_table_size(world->fake.created);
  return problem;
}
