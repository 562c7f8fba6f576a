/* How SQLite means to run each statement: no pass may build an index of its own over a table of ours, and none that
 * asks for one row may read a whole table. A plan that turns bad is seen here, not at a million leads. */
#include "sqlite_fixture.h"

#include <string.h>

/* Statements that read a whole table by intention say so in their comment; these are meant for one lead, batch or page.
 */
static const enum sql_id narrow[] = {
    SQL_CLAIMS_READ,
    SQL_EVENT_APPEND,
    SQL_STOP_OF_PERSON,
    SQL_SUPPRESSION_PUT,
    SQL_SUPPRESSION_PUSHED,
    SQL_IMPORT_LEAD_FIND,
    SQL_IMPORT_LEAD_UPDATE,
    SQL_IMPORT_FIELDS_PUT,
    SQL_WATCHED,
    SQL_REPORT_LEADS,
    SQL_REPORT_PERSON,
    SQL_FOUND_BY_ID,
    SQL_CONTROL_GET,
    SQL_STAGE_PUT,
    SQL_SUPPRESSIONS_OF_PERSON,
    SQL_IMPORT_PERSON_FIND,
    SQL_CAMPAIGN_TOTALS_READ,
};

/* Pages of a long walk: one that is sorted first reads all that is left, page after page. */
static const enum sql_id paged[] = {SQL_CLAIMS_READ, SQL_WATCHED, SQL_REPORT_LEADS};

/* Whole walks that keep the order of what they read: claims are numbered while they are read. */
static const enum sql_id ordered[] = {SQL_CLAIMS_APPEND, SQL_REPEATS_OF_SOURCE};

enum demand { ANY, NARROW, ORDERED, PAGED };

static bool is_allowed(const char *detail, enum demand demand)
{
  if (strstr(detail, "AUTOMATIC")) return false;
  if (demand >= ORDERED && strstr(detail, "TEMP B-TREE")) return false;
  return demand == ANY || demand == ORDERED || !g_str_has_prefix(detail, "SCAN ") || strstr(detail, "CONSTANT ROW");
}

static void plan_check(struct sqlite_db *db, enum sql_id id, enum demand demand)
{
  g_autoptr(GError) error = NULL;
  sqlite3_stmt *plain = sqlite_db_prepare(db, id, &error);
  g_assert_no_error(error);
  g_autofree char *explain = g_strconcat("EXPLAIN QUERY PLAN ", sqlite3_sql(plain), NULL);
  sqlite3_stmt *statement = NULL;
  g_assert_cmpint(sqlite3_prepare_v2(db->handle, explain, -1, &statement, NULL), ==, SQLITE_OK);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const char *detail = (const char *)sqlite3_column_text(statement, 3);
    if (!is_allowed(detail, demand)) g_error("%s: %s", sql_statements[id].name, detail);
  }
  sqlite3_finalize(statement);
  sqlite3_finalize(plain);
}

static bool has_plan(const char *text)
{
  return !g_str_has_prefix(text, "CREATE ") && !g_str_has_prefix(text, "PRAGMA ") && !g_str_has_prefix(text, "ALTER ");
}

static void test_plans(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  struct sqlite_db *db = &sqlite_of(fixture.warehouse)->db;
  for (enum sql_id id = 0; id < SQL_N; id++)
    if (has_plan(sql_statements[id].text)) plan_check(db, id, ANY);
  for (size_t i = 0; i < G_N_ELEMENTS(narrow); i++)
    plan_check(db, narrow[i], NARROW);
  for (size_t i = 0; i < G_N_ELEMENTS(ordered); i++)
    plan_check(db, ordered[i], ORDERED);
  for (size_t i = 0; i < G_N_ELEMENTS(paged); i++)
    plan_check(db, paged[i], PAGED);
  sqlite_fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/warehouse/sqlite/plans", test_plans);
  return g_test_run();
}
