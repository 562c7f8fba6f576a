/* Stops that no person made by an act of its own: a domain, or a file of addresses. They bar exports at once; what they
 * would end in Instantly waits above suppress.max_hit until somebody says the number. One such stop at a time. */
#include <string.h>

#include "core/fold.h"
#include "core/stop_hits.h"
#include "tests/sim/world.h"
#include "warehouse/brakes.h"

#define BULK_DOMAIN    "example.net"
#define BULK_PERSONS_N 3

static bool is_in_domain(const char *value)
{
  const char *at = strchr(value, '@');
  return strcmp(at != NULL ? at + 1 : value, BULK_DOMAIN) == 0;
}

bool bulk_names(const struct world *world, const char *value)
{
  const struct bulk_stop *bulk = &world->bulk;
  if (!bulk->is_on) return false;
  return g_hash_table_contains(bulk->before, value) || (bulk->is_domain && is_in_domain(value));
}

/* ---- how many running leads it ends, counted anew from the reports ---- */

/* Is there a stop of the person that somebody made for this very person? It ends the lead anyway. */
static bool has_own_stop(const struct world *world, const char *person)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  g_autoptr(GError) error = NULL;
  struct stop_query query = {.person = person, .limit = 1000};
  bool has_any = false;
  if (!report_stops(world->warehouse, &query, &page, &error)) g_error("stops: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct stop_row *row = page_row(&page, struct stop_row, i);
    const struct suppression *stop = &row->stop;
    bool is_over = row->revoked_at_us != 0 || (stop->expires_at_us != 0 && stop->expires_at_us <= world->fake.now_us);
    has_any = has_any || (!is_over && stop->domain == NULL && stop_source_is_own(stop->source));
  }
  page_clear(&page);
  return has_any;
}

static bool is_running(const struct lead_state *state)
{
  bool is_enrolled = state->settlement == SETTLEMENT_ADDED || state->settlement == SETTLEMENT_ADOPTED;
  return is_enrolled && state->withdrawn_at_us == 0 && state->finished_at_us == 0 && !state_is_removed(state);
}

/* Leads of one row that count, each once. */
static void hits_of(const struct world *world, const struct fake_row *row, GHashTable *counted)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autoptr(GError) error = NULL;
  if (!report_find(world->warehouse, row->id, &page, &error)) g_error("find: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct lead_state *state = &page_row(&page, struct lead_report_row, i)->state;
    if (!is_running(state) || !bulk_names(world, state->person) || has_own_stop(world, state->person)) continue;
    g_hash_table_add(counted, g_strdup(state->lead_id));
  }
  page_clear(&page);
}

static int64_t hits_now(const struct world *world)
{
  g_autoptr(GHashTable) counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < world->fake.rows->len; i++)
    hits_of(world, g_ptr_array_index(world->fake.rows, i), counted);
  return g_hash_table_size(counted);
}

static bool is_above_max(const struct world *world)
{
  return hits_now(world) > world->settings.suppress.max_hit;
}

bool bulk_may_end(void *context, const char *value)
{
  const struct world *world = context;
  return bulk_names(world, value) && (world->bulk.is_allowed || !is_above_max(world));
}

/* ---- what people do ---- */

static void note_created(struct world *world, const char *person)
{
  int created = fake_instantly_created(&world->fake, person) + fake_instantly_late(&world->fake, person);
  g_hash_table_insert(world->bulk.before, g_strdup(person), GINT_TO_POINTER(created));
}

static void record(struct world *world, const char *person, const char *domain)
{
  struct brake brake = {.kind = BRAKE_SUPPRESS, .at_us = world->wall_us};
  brake.stop = (struct suppression){.person = person,
                                    .domain = domain,
                                    .reason = "manual",
                                    .source = domain != NULL ? "command" : "import",
                                    .actor = "sim",
                                    .run_id = world->bulk.run_id,
                                    .created_at_us = world->wall_us};
  struct brake_report report;
  g_autoptr(GError) error = NULL;
  if (!brakes_write(world->warehouse, &brake, 1, &report, &error)) g_error("suppress: %s", error->message);
}

static void say(struct world *world)
{
  struct bulk_stop *bulk = &world->bulk;
  bulk->is_on = true;
  bulk->is_allowed = false;
  bulk->is_domain = one_in(world, 2);
  g_free(bulk->run_id);
  bulk->run_id = g_strdup_printf("bulk-%d", ++bulk->said_n);
  g_hash_table_remove_all(bulk->before);
  if (bulk->is_domain) record(world, NULL, BULK_DOMAIN);
  uint64_t first = rng_below(&world->rng, SIM_PERSONS_MAX);
  for (uint64_t i = 0; i < SIM_PEOPLE_MAX; i++) {
    g_autofree char *person = person_name(i);
    bool is_in_file = (i + SIM_PERSONS_MAX - first) % SIM_PERSONS_MAX < BULK_PERSONS_N && i < SIM_PERSONS_MAX;
    if (bulk->is_domain ? !is_in_domain(person) : !is_in_file) continue;
    note_created(world, person);
    if (!bulk->is_domain) record(world, person, NULL);
  }
  world->tally->bulk_n++;
}

/* `suppress remove`, which takes the domain from the block list, too. Who is on that list by name stays there: the
 * next sync reads it as Instantly's own. */
static void take_back(struct world *world)
{
  struct brake brake = {.kind = BRAKE_REVOKE, .reason = "a mistake", .actor = "sim", .at_us = world->wall_us};
  brake.stop.domain = world->bulk.is_domain ? BULK_DOMAIN : NULL;
  brake.stop.run_id = world->bulk.is_domain ? NULL : world->bulk.run_id;
  struct brake_report report;
  g_autoptr(GError) error = NULL;
  if (!brakes_write(world->warehouse, &brake, 1, &report, &error)) g_error("revoke: %s", error->message);
  for (guint i = world->fake.blocklist->len; i > 0; i--)
    if (strchr(g_ptr_array_index(world->fake.blocklist, i - 1), '@') == NULL)
      g_ptr_array_remove_index(world->fake.blocklist, i - 1);
  world->bulk.is_on = false;
}

/* --allow-hit=N with the next job: the number, or one that is not it. */
static void permit(struct world *world)
{
  bool is_right = one_in(world, 2);
  world->allow_hit = hits_now(world) + (is_right ? 0 : 100);
  world->bulk.is_allowed = world->bulk.is_allowed || (is_right && world->allow_hit > 0);
}

/* Nobody of it was created since. */
static char *check_created(const struct world *world)
{
  GHashTableIter iter;
  gpointer person, before;
  if (!world->bulk.is_on) return NULL;
  g_hash_table_iter_init(&iter, world->bulk.before);
  while (g_hash_table_iter_next(&iter, &person, &before))
    if (fake_instantly_created(&world->fake, person) > GPOINTER_TO_INT(before))
      return broken(world, "created after a stop of many", person);
  return NULL;
}

char *bulk_act(struct world *world)
{
  char *problem = check_created(world);
  if (problem != NULL) return problem;
  if (!world->bulk.is_on) {
    if (one_in(world, 8)) say(world);
    return NULL;
  }
  switch (rng_below(&world->rng, 6)) {
  case 0: take_back(world); break;
  case 1: permit(world); break;
  default: break;
  }
  return NULL;
}

/* ---- the end ---- */

void bulk_rest(struct world *world)
{
  if (world->bulk.is_on && one_in(world, 3)) take_back(world);
  world->bulk.is_said_in_calm = world->bulk.is_on && one_in(world, 2);
}

void bulk_calm(struct world *world)
{
  if (!world->bulk.is_said_in_calm || world->allow_hit > 0) return;
  world->allow_hit = hits_now(world);
  world->bulk.is_allowed = true;
}

/* The number that was said before calm may have been another by the time it was read. */
bool bulk_may_wait_for(const struct world *world, const char *person)
{
  bool may_wait = !world->bulk.is_said_in_calm && is_above_max(world);
  return bulk_names(world, person) && may_wait && !has_own_stop(world, person);
}

char *bulk_check(const struct world *world)
{
  if (world->fake.unasked_n > 0) return broken(world, "block-listed without being asked", "a stop of many");
  return check_created(world);
}
