/* What others do to the source, between runs and while one works: rows are deleted, get another id, and change hands
 * for a while. Whoever has no row is not sent. */
#include <sqlite3.h>
#include <string.h>

#include "tests/sim/world.h"
#include "warehouse/memory.h"

/* ---- the table, as another program changes it ---- */

static bool is_memory(const struct world *world)
{
  return world->options->path == NULL;
}

/* False: somebody has the file just now. */
static bool execute(const struct world *world, char *sql)
{
  sqlite3 *handle = NULL;
  g_assert_cmpint(sqlite3_open(world->options->path, &handle), ==, SQLITE_OK);
  int status = sqlite3_exec(handle, sql, NULL, NULL, NULL);
  sqlite3_close(handle);
  sqlite3_free(sql);
  g_assert_true(status == SQLITE_OK || status == SQLITE_BUSY);
  return status == SQLITE_OK;
}

static bool row_drop(struct world *world, const char *lead_id)
{
  if (!is_memory(world)) return execute(world, sqlite3_mprintf("DELETE FROM leads WHERE lead_id = %Q", lead_id));
  memory_drop_lead(world->warehouse, lead_id);
  return true;
}

/* The row gets this id and address. */
static bool row_change(struct world *world, const struct lead *row, const char *lead_id, const char *email)
{
  if (!is_memory(world))
    return execute(world, sqlite3_mprintf("UPDATE leads SET lead_id = %Q, email = %Q WHERE lead_id = %Q", lead_id,
                                          email, row->lead_id));
  struct lead changed = *row;
  changed.lead_id = lead_id;
  changed.email = email;
  memory_drop_lead(world->warehouse, row->lead_id);
  memory_put_lead(world->warehouse, &changed);
  return true;
}

static void read_rows(const struct world *world, struct page *page)
{
  g_autoptr(GError) error = NULL;
  page_init(page, sizeof(struct lead_report_row));
  if (!report_leads(world->warehouse, NULL, 1000, page, &error)) g_error("leads: %s", error->message);
}

/* ---- what happens to it ---- */

static char *new_id(struct world *world)
{
  return g_strdup_printf("moved-%02d", ++world->source.ids_n);
}

static void has_row(struct world *world, const char *person)
{
  if (world->source.persons != NULL) g_hash_table_add(world->source.persons, g_strdup(person));
}

static void rename_row(struct world *world, const struct lead *row)
{
  g_autofree char *id = new_id(world);
  bool is_odd = g_hash_table_contains(world->source.strangers, row->lead_id);
  if (!is_odd) world->tally->edited_n += row_change(world, row, id, row->email);
}

/* Somebody pastes another address into the row. */
static void change_hands(struct world *world, const struct lead *row)
{
  g_autofree char *stranger = person_name(SIM_PERSONS_MAX + rng_below(&world->rng, SIM_PEOPLE_MAX - SIM_PERSONS_MAX));
  if (g_hash_table_contains(world->source.strangers, row->lead_id)) return;
  if (!row_change(world, row, row->lead_id, stranger)) return;
  g_hash_table_insert(world->source.strangers, g_strdup(row->lead_id), g_strdup(row->email));
  has_row(world, stranger);
  world->tally->edited_n++;
}

/* The flags are those of nobody knows whom. */
static void clear_flags(struct world *world, const struct lead *row)
{
  if (!is_memory(world)) {
    execute(world, sqlite3_mprintf("UPDATE leads SET added_to_instantly = 0, added_date = NULL, cold_email_sent = 0, "
                                   "last_email_status = NULL, sequence_completed = 0, sequence_completed_date = NULL "
                                   "WHERE lead_id = %Q",
                                   row->lead_id));
    return;
  }
  struct lead cleared = *row;
  cleared.added_to_instantly = cleared.cold_email_sent = cleared.sequence_completed = false;
  cleared.last_email_status = NULL;
  memory_put_lead(world->warehouse, &cleared);
}

/* And sees it: one of the two goes on under an id of its own, for that of the row is nobody's any more. */
static void mend_hands(struct world *world, const struct page *rows)
{
  for (guint i = 0; i < rows->rows->len; i++) {
    struct lead *row = &page_row(rows, struct lead_report_row, i)->lead;
    const char *owner = g_hash_table_lookup(world->source.strangers, row->lead_id);
    g_autofree char *id = new_id(world);
    g_autofree char *lead_id = g_strdup(row->lead_id);
    const char *email = one_in(world, 2) ? row->email : owner;
    if (owner == NULL) continue;
    clear_flags(world, row);
    row->added_to_instantly = row->cold_email_sent = row->sequence_completed = false;
    row->last_email_status = NULL;
    if (!row_change(world, row, id, email)) continue;
    has_row(world, email);
    g_hash_table_remove(world->source.strangers, lead_id);
  }
}

void source_edit(struct world *world)
{
  if (world->is_calm || !world->options->has_people || world->options->power != NULL) return;
  struct page rows;
  read_rows(world, &rows);
  const struct lead *row = &page_row(&rows, struct lead_report_row, rng_below(&world->rng, rows.rows->len))->lead;
  switch (rng_below(&world->rng, 6)) {
  case 0:
    if (rows.rows->len > 1 && !g_hash_table_contains(world->source.strangers, row->lead_id))
      world->tally->edited_n += row_drop(world, row->lead_id);
    break;
  case 1: change_hands(world, row); break;
  case 2:
  case 3: rename_row(world, row); break;
  default: mend_hands(world, &rows); break;
  }
  page_clear(&rows);
}

void source_rest(struct world *world)
{
  struct page rows;
  read_rows(world, &rows);
  mend_hands(world, &rows);
  page_clear(&rows);
  g_assert_cmpuint(g_hash_table_size(world->source.strangers), ==, 0);
}

/* ---- who may be sent by a run ---- */

void source_begin(struct world *world)
{
  struct page rows;
  world->source.persons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  read_rows(world, &rows);
  for (guint i = 0; i < rows.rows->len; i++)
    has_row(world, page_row(&rows, struct lead_report_row, i)->lead.email);
  page_clear(&rows);
  for (uint64_t i = 0; i < SIM_PEOPLE_MAX; i++) {
    g_autofree char *person = person_name(i);
    world->source.before[i] = fake_instantly_created(&world->fake, person) + fake_instantly_late(&world->fake, person);
  }
}

char *source_end(struct world *world)
{
  char *problem = NULL;
  for (uint64_t i = 0; i < SIM_PEOPLE_MAX && problem == NULL; i++) {
    g_autofree char *person = person_name(i);
    bool is_new = fake_instantly_created(&world->fake, person) > world->source.before[i];
    if (is_new && !g_hash_table_contains(world->source.persons, person))
      problem = broken(world, "sent without a row in the source", person);
  }
  g_clear_pointer(&world->source.persons, g_hash_table_unref);
  return problem;
}
