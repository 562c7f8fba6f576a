/* A whole import into the reference warehouse: which rows are in, which are rejected with which line and reason, and
 * that importing twice changes nothing. */
#include "base/error.h"
#include "cli/import_reject.h"
#include "cli/import_repeats.h"
#include "cli/import_run.h"
#include "cli/person_set.h"

#include <glib/gstdio.h>
#include <string.h>

struct world {
  struct settings settings;
  struct warehouse *warehouse;
  char *folder, *path, *rejected;
};

static void world_init(struct world *world)
{
  g_autoptr(GError) error = NULL;
  *world = (struct world){0};
  settings_init(&world->settings);
  world->settings.warehouse.type = g_strdup("memory");
  world->warehouse = warehouse_open(&world->settings, WAREHOUSE_WRITE, clock_system(), &error);
  g_assert_no_error(error);
  world->folder = g_dir_make_tmp("leadferry-import-XXXXXX", &error);
  g_assert_no_error(error);
  world->path = g_build_filename(world->folder, "leads.csv", NULL);
  world->rejected = g_build_filename(world->folder, "leads.rejected.csv", NULL);
}

static void world_clear(struct world *world)
{
  warehouse_close(world->warehouse);
  settings_clear(&world->settings);
  g_remove(world->path);
  g_remove(world->rejected);
  g_assert_cmpint(g_rmdir(world->folder), ==, 0); /* no temporary file was left */
  g_free(world->folder);
  g_free(world->path);
  g_free(world->rejected);
}

static const char mixed[] = "Id,Email,First Name,City\n"
                            "1,ann@example.com,Ann,Oslo\n"
                            "2,ANN@Example.com,Ann again,Rome\n"
                            "3,,Nobody,\n"
                            "4,not an address,Bad,\n"
                            "5,bob@example.com,Bob,\"Two\nlines\"\n"
                            "6,j\xC3\xB6rg@example.com,J\xC3\xB6rg,\n"
                            "7,eve@example.com,Eve,x,surplus\n"
                            "8,kim@example.com,M\xFCller,\n"
                            "1,lou@example.com,Lou,\n"
                            ",,,\n"
                            "9,max@example.com,Max,,,\n";

static void import_text(struct world *world, const char *text, bool is_dry_run, struct import_report *report)
{
  g_autoptr(GError) error = NULL;
  struct import_plan plan;
  struct import_options options = {.path = world->path, .limit = SETTING_UNLIMITED, .is_dry_run = is_dry_run};
  if (text == mixed) options.map_spec = "lead_id=Id"; /* one id stands twice, so it would not be guessed */
  g_assert_true(g_file_set_contents(world->path, text, -1, NULL));
  bool ok = import_look(&options, &plan, &error) && import_run(world->warehouse, &options, &plan, report, &error);
  g_assert_no_error(error);
  g_assert_true(ok);
  import_plan_clear(&plan);
}

static void test_rows_and_reasons(void)
{
  struct world world;
  struct import_report report;
  world_init(&world);
  import_text(&world, mixed, false, &report);
  g_assert_cmpint(report.rows_n, ==, 10);
  g_assert_cmpint(report.new_n, ==, 3);
  g_assert_cmpint(report.rejected_n, ==, 7);
  g_assert_cmpint(report.by_reason[REASON_DUPLICATE_IN_FILE], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_ADDRESS_MISSING], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_ADDRESS_INVALID], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_ADDRESS_NOT_ASCII], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_TOO_MANY_COLUMNS], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_BAD_UTF8], ==, 1);
  g_assert_cmpint(report.by_reason[REASON_LEAD_ID_TAKEN], ==, 1);
  g_autofree char *rejected = NULL;
  g_assert_true(g_file_get_contents(world.rejected, &rejected, NULL, NULL));
  g_assert_cmpstr(rejected, ==,
                  "line,reason,\"Id\",\"Email\",\"First Name\",\"City\"\r\n"
                  "3,duplicate_in_file,\"2\",\"ANN@Example.com\",\"Ann again\",\"Rome\"\r\n"
                  "4,address_missing,\"3\",\"\",\"Nobody\",\"\"\r\n"
                  "5,address_invalid,\"4\",\"not an address\",\"Bad\",\"\"\r\n"
                  "8,address_not_ascii,\"6\",\"j\xC3\xB6rg@example.com\",\"J\xC3\xB6rg\",\"\"\r\n"
                  "9,too_many_columns,\"7\",\"eve@example.com\",\"Eve\",\"x\",\"surplus\"\r\n"
                  "10,bad_utf8,\"8\",\"kim@example.com\",\"M\xFCller\",\"\"\r\n"
                  "11,lead_id_taken,\"1\",\"lou@example.com\",\"Lou\",\"\"\r\n");
  world_clear(&world);
}

static void test_twice_changes_nothing(void)
{
  struct world world;
  struct import_report first, second;
  world_init(&world);
  import_text(&world, mixed, false, &first);
  import_text(&world, mixed, false, &second);
  g_assert_cmpint(second.new_n, ==, 0);
  g_assert_cmpint(second.updated_n, ==, 0);
  g_assert_cmpint(second.unchanged_n, ==, first.new_n);
  g_assert_cmpint(second.rejected_n, ==, first.rejected_n);
  world_clear(&world);
}

/* Without an id column the id comes from the person: the same person again is the same lead, also across files. */
static void test_derived_ids(void)
{
  struct world world;
  struct import_report report;
  world_init(&world);
  import_text(&world, "email,name\nann@example.com,A\nbob@example.com,B\nANN@example.com,C\n", false, &report);
  g_assert_cmpint(report.new_n, ==, 2);
  g_assert_cmpint(report.by_reason[REASON_DUPLICATE_IN_FILE], ==, 1);
  import_text(&world, "email,name\nAnn@Example.com,A\n", false, &report);
  g_assert_cmpint(report.unchanged_n, ==, 1);
  g_assert_false(g_file_test(world.rejected, G_FILE_TEST_EXISTS)); /* that of the first import is gone */
  import_text(&world, "id,email\nx7,ann@example.com\n", false, &report);
  g_assert_cmpint(report.by_reason[REASON_DUPLICATE_PERSON], ==, 1);
  world_clear(&world);
}

static void test_dry_run_writes_nothing(void)
{
  struct world world;
  struct import_report dry, wet;
  world_init(&world);
  import_text(&world, mixed, true, &dry);
  g_assert_false(g_file_test(world.rejected, G_FILE_TEST_EXISTS));
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(report_leads(world.warehouse, NULL, 10, &page, NULL));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
  import_text(&world, mixed, false, &wet);
  g_assert_cmpint(dry.new_n, ==, wet.new_n);
  g_assert_cmpint(dry.rejected_n, ==, wet.rejected_n);
  world_clear(&world);
}

static void test_fields_and_columns_arrive(void)
{
  struct world world;
  struct import_report report;
  world_init(&world);
  import_text(&world, "Id;Email;Vorname;Stadt;Leer\n7;ann@example.com; Ann ;Berlin \"Mitte\";\n", false, &report);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(report_leads(world.warehouse, NULL, 10, &page, NULL));
  g_assert_cmpuint(page.rows->len, ==, 1);
  const struct lead *lead = &page_row(&page, struct lead_report_row, 0)->lead;
  g_assert_cmpstr(lead->lead_id, ==, "7");
  g_assert_cmpstr(lead->first_name, ==, "Ann");
  g_assert_null(lead->last_name);
  g_assert_cmpstr(lead->fields, ==, "{\"Stadt\":\"Berlin \\\"Mitte\\\"\"}");
  page_clear(&page);
  world_clear(&world);
}

/* More rows than a batch, the duplicates far apart. */
static void test_duplicates_across_batches(void)
{
  struct world world;
  struct import_report report;
  GString *text = g_string_new("email\n");
  for (int i = 0; i < 5000; i++) {
    g_string_append_printf(text, "p%d@example.com\n", i % 2500);
  }
  world_init(&world);
  import_text(&world, text->str, false, &report);
  g_assert_cmpint(report.new_n, ==, 2500);
  g_assert_cmpint(report.by_reason[REASON_DUPLICATE_IN_FILE], ==, 2500);
  g_string_free(text, TRUE);
  world_clear(&world);
}

static void test_person_set(void)
{
  struct person_set set;
  person_set_init(&set);
  for (int i = 0; i < 20000; i++) {
    g_autofree char *person = g_strdup_printf("p%d@example.com", i);
    g_assert_false(person_set_has(&set, person));
    person_set_add(&set, person);
    person_set_add(&set, person);
    g_assert_true(person_set_has(&set, person));
  }
  g_assert_cmpuint(set.used_n, ==, 20000);
  g_assert_true(person_set_has(&set, "p0@example.com"));
  g_assert_false(person_set_has(&set, "q0@example.com"));
  person_set_clear(&set);
  person_set_clear(&set);
}

/* Large files are looked at first: all who come again are candidates, and hardly anybody else. */
static void test_repeats_are_found(void)
{
  struct world world;
  g_autoptr(GError) error = NULL;
  GString *text = g_string_new("name,email\n");
  for (int i = 0; i < 20000; i++) {
    g_string_append_printf(text, "x,p%d@example.com\n", i);
  }
  g_string_append(text, "y, P7@Example.com \ny,nonsense\ny,p19999@example.com\n");
  world_init(&world);
  g_assert_true(g_file_set_contents(world.path, text->str, -1, NULL));
  struct import_plan plan;
  struct import_options options = {.path = world.path, .limit = SETTING_UNLIMITED};
  struct person_set candidates;
  person_set_init(&candidates);
  g_assert_true(import_look(&options, &plan, &error));
  g_assert_true(import_find_repeats(&options, &plan, &candidates, &error));
  g_assert_true(person_set_has(&candidates, "p7@example.com"));
  g_assert_true(person_set_has(&candidates, "p19999@example.com"));
  g_assert_cmpuint(candidates.used_n, <, 10);
  person_set_clear(&candidates);
  import_plan_clear(&plan);
  g_string_free(text, TRUE);
  world_clear(&world);
}

static void test_reject_paths(void)
{
  static const char *const paths[][2] = {{"leads.csv", "leads.rejected.csv"},
                                         {"a/b.tsv", "a/b.rejected.csv"},
                                         {"LEADS.CSV", "LEADS.rejected.csv"},
                                         {"leads", "leads.rejected.csv"},
                                         {"x.csv.gz", "x.csv.gz.rejected.csv"}};
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autofree char *path = reject_path(paths[i][0]);
    g_assert_cmpstr(path, ==, paths[i][1]);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/import/rows-and-reasons", test_rows_and_reasons);
  g_test_add_func("/import/twice", test_twice_changes_nothing);
  g_test_add_func("/import/derived-ids", test_derived_ids);
  g_test_add_func("/import/dry-run", test_dry_run_writes_nothing);
  g_test_add_func("/import/fields", test_fields_and_columns_arrive);
  g_test_add_func("/import/duplicates-across-batches", test_duplicates_across_batches);
  g_test_add_func("/import/person-set", test_person_set);
  g_test_add_func("/import/repeats", test_repeats_are_found);
  g_test_add_func("/import/reject-paths", test_reject_paths);
  return g_test_run();
}
