#include "subject.h"
#include "subject_cloud.h"

#include "base/error.h"
#include "warehouse/memory.h"

#include <glib/gstdio.h>
#include <string.h>

static const char *const types[] = {"memory", "sqlite"};

/* ---- clock ---- */

static int64_t subject_wall_us(void *context)
{
  return ((struct subject *)context)->now_us;
}

static void no_sleep(void *context, int64_t duration_us)
{
  ((struct subject *)context)->now_us += duration_us;
}

/* ---- opening ---- */

static void settings_fill(struct settings *settings, const char *type, const char *dir)
{
  static const char *const ids[] = {"camp-a", "camp-b"};
  settings_init(settings);
  settings->warehouse.type = g_strdup(type);
  settings->warehouse.path = dir ? g_build_filename(dir, "leadferry.db", NULL) : NULL;
  settings->warehouse.project = g_strdup("test");
  settings->warehouse.dataset = cloud_dataset_name();
  settings->warehouse.emulator_host = g_strdup(cloud_emulator());
  settings->source.table = g_strdup("leads");
  settings->source.write_back = true;
  settings->complete.outcomes[OUTCOME_REPLIED].action = REMOVAL_KEEP;
  settings->complete.outcomes[OUTCOME_INTEREST].action = REMOVAL_KEEP;
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    struct campaign_settings campaign = {.id = g_strdup(ids[i])};
    g_array_append_val(settings->campaigns, campaign);
  }
}

/* A folder in memory where there is one: the tests wait for hundreds of thousands of transactions. */
static char *folder_new(void)
{
  if (g_file_test("/dev/shm", G_FILE_TEST_IS_DIR)) {
    char *dir = g_strdup("/dev/shm/leadferry-XXXXXX");
    if (g_mkdtemp(dir)) return dir;
    g_free(dir);
  }
  char *dir = g_dir_make_tmp("leadferry-XXXXXX", NULL);
  g_assert_nonnull(dir);
  return dir;
}

static void raw_open(struct subject *subject)
{
  g_assert_cmpint(sqlite3_open(subject->settings.warehouse.path, &subject->raw), ==, SQLITE_OK);
  sqlite3_busy_timeout(subject->raw, 5000);
}

/* Opens the warehouse again: settings changed. */
static void subject_reopen(struct subject *subject)
{
  warehouse_close(subject->warehouse);
  subject->warehouse = NULL;
  OK((subject->warehouse = warehouse_open(&subject->settings, WAREHOUSE_WRITE, &subject->clock, &error)) != NULL);
  subject->ledger = warehouse_ledger(subject->warehouse);
  subject->ops = subject->ledger->ops;
}

bool subject_open(struct subject *subject, const char *type)
{
  *subject = (struct subject){.type = type, .now_us = T0};
  bool is_file = strcmp(type, "sqlite") == 0;
  subject->dir = !is_file ? NULL : folder_new();
  settings_fill(&subject->settings, type, subject->dir);
  subject->clock = (struct clock){subject_wall_us, subject_wall_us, subject_wall_us, no_sleep, subject};
  g_autoptr(GError) error = NULL;
  bool is_cloud = strcmp(type, "bigquery") == 0;
  if (is_cloud) cloud_open(subject);
  subject->warehouse = warehouse_open(&subject->settings, WAREHOUSE_WRITE, &subject->clock, &error);
  if (!subject->warehouse) {
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_test_skip(error->message);
    return false;
  }
  bool created;
  bool is_made = schema_apply(subject->warehouse, &created, &error);
  g_assert_no_error(error);
  g_assert_true(is_made);
  subject->ledger = warehouse_ledger(subject->warehouse);
  subject->ops = subject->ledger->ops;
  if (is_file) raw_open(subject);
  return true;
}

static void folder_remove(const char *dir)
{
  g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
  const char *name;
  while (entries && (name = g_dir_read_name(entries))) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_remove(path);
  }
  g_rmdir(dir);
}

void subject_close(struct subject *subject)
{
  sqlite3_close(subject->raw);
  if (subject->cloud) cloud_close(subject);
  warehouse_close(subject->warehouse);
  settings_clear(&subject->settings);
  if (subject->dir) folder_remove(subject->dir);
  g_free(subject->dir);
}

struct registered {
  const char *type;
  void (*test)(struct subject *subject);
};

static void run_registered(gconstpointer data)
{
  const struct registered *registered = data;
  struct subject subject;
  if (subject_open(&subject, registered->type)) registered->test(&subject);
  subject_close(&subject);
}

static void add_for(const char *type, const char *path, void (*test)(struct subject *subject))
{
  g_autofree char *full = g_strdup_printf("/%s/%s", type, path);
  struct registered *registered = g_new(struct registered, 1);
  *registered = (struct registered){type, test};
  g_test_add_data_func_full(full, registered, run_registered, g_free);
}

void subject_add(const char *path, void (*test)(struct subject *subject))
{
  if (cloud_emulator()) add_for("bigquery", path, test);
  for (size_t i = 0; !cloud_emulator() && i < G_N_ELEMENTS(types); i++)
    add_for(types[i], path, test);
}

void subject_add_lasting(const char *path, void (*test)(struct subject *subject))
{
  if (!cloud_emulator()) add_for("sqlite", path, test);
}

/* ---- behind the ledger's back ---- */

static void raw_run(struct subject *subject, const char *sql, const char *const *texts, size_t texts_n)
{
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(subject->raw, sql, -1, &statement, NULL);
  if (code != SQLITE_OK) g_error("%s: %s", sql, sqlite3_errmsg(subject->raw));
  for (size_t i = 0; i < texts_n; i++)
    sqlite3_bind_text(statement, (int)i + 1, texts[i], -1, SQLITE_STATIC);
  g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_DONE);
  sqlite3_finalize(statement);
}

#define RAW(subject, sql, ...)                                                                                         \
  raw_run((subject), (sql), (const char *const[]){__VA_ARGS__},                                                        \
          sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

void subject_reset(struct subject *subject)
{
  static const char *const tables[] = {"leads",          "lead_fields",     "lead_events",      "lead_state",
                                       "lead_persons",   "lead_enrolments", "claim_ranges",     "suppressions",
                                       "pipeline_runs",  "sync_stage",      "campaign_metrics", "campaign_status",
                                       "pipeline_errors"};
  if (subject->cloud) {
    cloud_clear(subject, tables, G_N_ELEMENTS(tables));
    return;
  }
  if (!subject->raw) {
    memory_reset(subject->warehouse);
    return;
  }
  g_assert_cmpint(sqlite3_exec(subject->raw, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    g_autofree char *sql = g_strdup_printf("DELETE FROM %s", tables[i]);
    g_assert_cmpint(sqlite3_exec(subject->raw, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  }
  const char *controls = "DELETE FROM controls WHERE name LIKE 'hold:%' OR name LIKE 'folded_%'";
  g_assert_cmpint(sqlite3_exec(subject->raw, controls, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(subject->raw, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
}

/* FALSE is stored as 0 or as NULL, by the lead_id: other tools leave either. */
const char *subject_flag(const struct lead *lead, bool is_set)
{
  if (is_set) return "1";
  size_t length = strlen(lead->lead_id);
  return length > 0 && lead->lead_id[length - 1] % 2 ? "0" : NULL;
}

void subject_put(struct subject *subject, const struct lead *lead)
{
  if (subject->cloud) {
    cloud_put(subject, lead);
    return;
  }
  if (!subject->raw) {
    memory_put_lead(subject->warehouse, lead);
    return;
  }
  RAW(subject,
      "INSERT OR REPLACE INTO leads (lead_id, email, first_name, last_name, company_name, campaign_id, "
      "added_to_instantly, sequence_completed, cold_email_sent, last_email_status) VALUES (?, ?, ?, ?, ?, ?, CAST(? AS "
      "INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER), ?)",
      lead->lead_id, lead->email ? lead->email : "", lead->first_name, lead->last_name, lead->company_name,
      lead->campaign_id, subject_flag(lead, lead->added_to_instantly), subject_flag(lead, lead->sequence_completed),
      subject_flag(lead, lead->cold_email_sent), lead->last_email_status);
  if (lead->fields)
    RAW(subject, "INSERT OR REPLACE INTO lead_fields (lead_id, fields) VALUES (?, ?)", lead->lead_id, lead->fields);
  else
    RAW(subject, "DELETE FROM lead_fields WHERE lead_id = ?", lead->lead_id);
}

void subject_put_all(struct subject *subject, const struct lead *leads, size_t leads_n)
{
  if (subject->raw) g_assert_cmpint(sqlite3_exec(subject->raw, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (size_t i = 0; i < leads_n; i++)
    subject_put(subject, &leads[i]);
  if (subject->raw) g_assert_cmpint(sqlite3_exec(subject->raw, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
}

void subject_put_plain(struct subject *subject, const char *lead_id, const char *email)
{
  struct lead lead = {.lead_id = lead_id, .email = email, .first_name = "Ann", .campaign_id = "camp-a"};
  subject_put(subject, &lead);
}

void subject_drop(struct subject *subject, const char *lead_id)
{
  if (subject->cloud) {
    cloud_drop(subject, lead_id);
    return;
  }
  if (!subject->raw)
    memory_drop_lead(subject->warehouse, lead_id);
  else
    RAW(subject, "DELETE FROM leads WHERE lead_id = ?", lead_id);
}

void subject_hold(struct subject *subject, const char *campaign_id, const char *reason)
{
  if (subject->cloud) {
    cloud_hold(subject, campaign_id, reason);
    return;
  }
  if (!subject->raw) {
    memory_set_hold(subject->warehouse, campaign_id, reason);
    return;
  }
  g_autofree char *name = g_strconcat("hold:", campaign_id ? campaign_id : "*", NULL);
  RAW(subject, "DELETE FROM controls WHERE name = ?", name);
  if (reason) RAW(subject, "INSERT INTO controls (name, value) VALUES (?, ?)", name, reason);
}

static void customers_run(struct subject *subject, const char *sql, const char *cell)
{
  const char *const texts[] = {cell};
  if (subject->cloud)
    cloud_run_one(subject, sql, cell);
  else
    raw_run(subject, sql, texts, strstr(sql, "@t1") ? 1 : 0);
}

/* A backend looks at the settings when it is told to look at the table. */
void subject_exclude(struct subject *subject, const char *cell)
{
  struct exclude_settings *exclude = &subject->settings.source.exclude;
  bool is_new = exclude->table == NULL;
  if (is_new) *exclude = (struct exclude_settings){g_strdup("customers"), g_strdup("email")};
  if (strcmp(subject->type, "memory") == 0) {
    memory_exclude(subject->warehouse, cell);
    return;
  }
  if (is_new) {
    customers_run(subject,
                  subject->cloud ? "CREATE TABLE D.customers (email STRING)" : "CREATE TABLE customers (email TEXT)",
                  NULL);
    subject_reopen(subject);
  }
  customers_run(subject,
                subject->cloud ? "INSERT INTO D.customers (email) VALUES (@t1)"
                               : "INSERT INTO customers (email) VALUES (@t1)",
                cell);
}

void subject_exclude_none(struct subject *subject)
{
  if (strcmp(subject->type, "memory") == 0)
    memory_exclude_none(subject->warehouse);
  else
    customers_run(subject, subject->cloud ? "DELETE FROM D.customers WHERE TRUE" : "DELETE FROM customers", NULL);
}

void subject_revoke(struct subject *subject, const char *person, int64_t at_us)
{
  if (subject->cloud) {
    cloud_revoke(subject, person, at_us);
    return;
  }
  if (!subject->raw) {
    memory_revoke(subject->warehouse, person, at_us);
    return;
  }
  g_autofree char *at = g_strdup_printf("%" G_GINT64_FORMAT, at_us);
  RAW(subject, "UPDATE suppressions SET revoked_at = CAST(? AS INTEGER) WHERE person = ?2 OR domain = ?2", at, person);
}

/* ---- short forms ---- */

void subject_fold(struct subject *subject)
{
  g_autoptr(GError) error = NULL;
  bool is_ok = subject->ops->fold(subject->ledger, &error);
  g_assert_no_error(error);
  g_assert_true(is_ok);
}

void subject_append(struct subject *subject, const struct lead_event *events, size_t events_n)
{
  g_autoptr(GError) error = NULL;
  bool is_ok = subject->ops->append(subject->ledger, events, events_n, &error);
  g_assert_no_error(error);
  g_assert_true(is_ok);
}

static const struct required_variable needs_first_name = {"firstName", "first_name", true};
static const struct campaign_feed plain_feeds[] = {
    {.id = "camp-a", .is_fed = true, .room = SETTING_UNLIMITED, .required = &needs_first_name, .required_n = 1},
    {.id = "camp-b", .is_fed = true, .room = SETTING_UNLIMITED}};

struct claim_rules plain_rules(const char *run_id, int64_t epoch)
{
  return (struct claim_rules){.run_id = run_id,
                              .epoch = epoch,
                              .now_us = T0,
                              .feeds = plain_feeds,
                              .feeds_n = G_N_ELEMENTS(plain_feeds),
                              .run_room = SETTING_UNLIMITED,
                              .run_room_verdict = VERDICT_DEFERRED_MAX_PER_RUN,
                              .reused_stop_share = 1.0};
}

int64_t subject_claim(struct subject *subject, const struct claim_rules *rules, struct claim_report *report)
{
  g_autoptr(GError) error = NULL;
  claim_report_init(report);
  if (subject->cloud && !rules->is_dry_run) cloud_lease(subject, rules->epoch);
  bool is_ok = subject->ops->claim(subject->ledger, rules, report, &error);
  g_assert_no_error(error);
  g_assert_true(is_ok);
  if (subject->cloud && !rules->is_dry_run) cloud_lease_end(subject);
  return report->claimed_n;
}

int64_t subject_claim_all(struct subject *subject, const char *run_id, int64_t epoch)
{
  struct claim_rules rules = plain_rules(run_id, epoch);
  struct claim_report report;
  int64_t n = subject_claim(subject, &rules, &report);
  claim_report_clear(&report);
  return n;
}

int64_t counted(const struct claim_report *report, enum verdict verdict, const char *detail)
{
  int64_t n = 0;
  for (guint i = 0; i < report->counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report->counts, struct verdict_count, i);
    if (count->verdict == verdict && (!detail || g_strcmp0(count->detail, detail) == 0)) n += count->n;
  }
  return n;
}

const struct lead_report_row *subject_lead(struct subject *subject, const char *what, struct page *page)
{
  g_autoptr(GError) error = NULL;
  bool is_ok = report_find(subject->warehouse, what, page, &error);
  g_assert_no_error(error);
  g_assert_true(is_ok);
  g_assert_cmpuint(page->rows->len, ==, 1);
  return page_row(page, struct lead_report_row, 0);
}

struct lead_event settling(enum event_kind kind, const char *lead_id, const char *person, const char *claim_id)
{
  return (struct lead_event){.kind = kind,
                             .lead_id = lead_id,
                             .person = person,
                             .campaign_id = "camp-a",
                             .claim_id = claim_id,
                             .generation = 1,
                             .epoch = 1,
                             .run_id = "run-1",
                             .occurred_at_us = T0};
}

struct lead_event about(enum event_kind kind, const char *lead_id, const char *person, int64_t occurred_at_us)
{
  return (struct lead_event){.kind = kind,
                             .lead_id = lead_id,
                             .person = person,
                             .campaign_id = "camp-a",
                             .generation = 1,
                             .epoch = 1,
                             .run_id = "run-1",
                             .occurred_at_us = occurred_at_us};
}

void subject_enrol(struct subject *subject, const char *lead_id, const char *person, const char *instantly_id)
{
  subject_put_plain(subject, lead_id, person);
  g_autofree char *run_id = g_strconcat("enrol-", lead_id, NULL);
  g_assert_cmpint(subject_claim_all(subject, run_id, 1), ==, 1);
  g_autofree char *claim_id = g_strconcat(run_id, ".1", NULL);
  struct lead_event added = settling(EVENT_ADDED, lead_id, person, claim_id);
  added.instantly_id = instantly_id;
  subject_append(subject, &added, 1);
  subject_fold(subject);
}
