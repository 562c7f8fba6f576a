/* A ledger that is put back from an older copy: between two runs, or by `mv` while one has it open. What was sent since
 * stands in Instantly with stamps that it does not know, so nobody goes until somebody says what they are.
 *
 * Provisos of the guarantee: nothing is on its way when the copy is put back, and nobody was removed since who was not
 * known when it was made. The stops since then are gone, but for those that Instantly's block list holds. */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/sim/world.h"

static char *copy_path(const struct world *world)
{
  return g_strconcat(world->options->path, "-copy", NULL);
}

/* A history in which it can be told what must come out. */
static bool is_plain(const struct world *world)
{
  bool is_file = world->options->path != NULL && world->options->power == NULL && world->options->has_people;
  return is_file && !world->is_calm && !world->bulk.is_on && g_hash_table_size(world->source.strangers) == 0;
}

static GHashTable *set_of(GHashTable *keys)
{
  GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, keys);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    g_hash_table_add(set, g_strdup(key));
  return set;
}

static void forget_copy(struct world *world)
{
  g_clear_pointer(&world->backup.known, g_hash_table_unref);
  g_clear_pointer(&world->backup.stopped, g_hash_table_unref);
}

static void make_copy(struct world *world)
{
  g_autofree char *path = copy_path(world), *bytes = NULL;
  gsize length = 0;
  forget_copy(world);
  world->backup.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (people_know(world, row)) g_hash_table_add(world->backup.known, g_strdup(row->id));
  }
  world->backup.stopped = set_of(world->stopped);
  g_assert_true(g_file_get_contents(world->options->path, &bytes, &length, NULL));
  g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

/* Is everybody there still of whom the copy knows nothing? */
static bool may_restore(const struct world *world)
{
  if (!is_plain(world) || world->backup.known == NULL) return false;
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (row->stamp != NULL && row->is_deleted && !g_hash_table_contains(world->backup.known, row->id)) return false;
  }
  return true;
}

static void put_in_place(struct world *world)
{
  g_autofree char *path = copy_path(world);
  g_assert_cmpint(g_rename(path, world->options->path), ==, 0);
}

/* ---- what is lost with it ---- */

static bool knows_person(const struct world *world, const char *person)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (strcmp(row->person, person) == 0 && g_hash_table_contains(world->backup.known, row->id)) return true;
  }
  return false;
}

static void forget_stops(struct world *world)
{
  GHashTableIter iter;
  gpointer person;
  g_hash_table_iter_init(&iter, world->stopped);
  while (g_hash_table_iter_next(&iter, &person, NULL))
    if (!g_hash_table_contains(world->backup.stopped, person) && !fake_instantly_lists(&world->fake, person))
      g_hash_table_iter_remove(&iter);
  g_hash_table_iter_init(&iter, world->heard);
  while (g_hash_table_iter_next(&iter, &person, NULL))
    if (!knows_person(world, person)) g_hash_table_iter_remove(&iter);
}

/* An older note of our escrow stands for a pause that is a person's by now: nobody can tell. */
static void forget_pauses(struct world *world)
{
  static const char *const ids[] = {CAMPAIGN_A, CAMPAIGN_B};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
    if (people_see_escrow(world, ids[i])) fake_instantly_campaign(&world->fake, ids[i])->is_paused_by_person = false;
}

/* The file is another one: it is opened anew, when all that was on its way has come. */
static void begin_anew(struct world *world)
{
  warehouse_close(world->warehouse);
  g_assert_true(world_open(world));
  fake_instantly_rest(&world->fake);
  forget_stops(world);
  forget_pauses(world);
  forget_copy(world);
  world->backup.is_restored = true;
  world->tally->restored_n++;
}

/* ---- when ---- */

void backup_act(struct world *world)
{
  if (is_plain(world) && one_in(world, 6)) make_copy(world);
  if (!may_restore(world) || !one_in(world, 6)) return;
  put_in_place(world);
  begin_anew(world);
}

void backup_meanwhile(struct world *world)
{
  bool is_fit = world->running == SIM_EXPORT && !world->is_rival && !world->backup.is_swapped;
  if (!is_fit || !may_restore(world) || !one_in(world, 3)) return;
  put_in_place(world);
  world->backup.is_swapped = true;
  world->tally->swapped_n++;
  world->backup.deletes_n = world->fake.delete_calls_n;
}

void backup_hear(struct world *world, const struct lead_event *event)
{
  world->backup.has_gone_on = world->backup.has_gone_on || (world->backup.is_swapped && event->kind == EVENT_SENDING);
}

char *backup_after(struct world *world)
{
  char *problem = NULL;
  bool has_sent = world->backup.has_gone_on;
  if (!world->backup.is_swapped) return NULL;
  world->backup.is_swapped = world->backup.has_gone_on = false;
  bool has_deleted = world->fake.delete_calls_n > world->backup.deletes_n;
  if (has_sent || has_deleted) problem = broken(world, "a run went on over a file that was replaced", "export");
  begin_anew(world);
  return problem;
}

/* ---- the guard ---- */

/* By its id: who was adopted stays with a stamp of which the ledger has no claim. */
bool backup_must_refuse(struct world *world)
{
  struct page page;
  bool is_unknown = false;
  page_init(&page, sizeof(struct lead_report_row));
  for (guint i = 0; world->backup.is_restored && !is_unknown && i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    bool is_shown = row->stamp != NULL && !row->is_deleted && row->visible_at_call <= world->fake.calls_n;
    struct ledger *ledger = warehouse_ledger(world->warehouse);
    bool is_known = false;
    g_autoptr(GError) error = NULL;
    if (!ledger->ops->stamp_is_known(ledger, row->stamp, &is_known, &error)) g_error("stamp: %s", error->message);
    if (!report_find(world->warehouse, row->id, &page, &error)) g_error("find: %s", error->message);
    is_unknown = is_shown && !is_known && page.rows->len == 0;
  }
  page_clear(&page);
  return is_unknown;
}

bool backup_needs_bootstrap(struct world *world)
{
  struct ledger_facts facts;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  g_autoptr(GError) error = NULL;
  if (!world->backup.is_restored) return false;
  if (!ledger->ops->facts(ledger, &facts, &error)) g_error("facts: %s", error->message);
  return !facts.has_claims;
}
