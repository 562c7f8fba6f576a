/* The hands of the conformance tests in BigQuery, by an emulator. */
#include "subject_cloud.h"

#include "base/log.h"
#include "base/random.h"
#include "google/bigquery.h"

#include <string.h>
#include <unistd.h>

const char *cloud_emulator(void)
{
  const char *host = g_getenv("BIGQUERY_EMULATOR_HOST");
  return host && *host ? host : NULL;
}

char *cloud_dataset_name(void)
{
  return g_strdup_printf("d%08x", (unsigned)random_u64());
}

/* A statement of a test; its texts are @t1, @t2, ..., and D. stands for the dataset (the emulator knows no default one
 * for jobs). */
static void cloud_run(struct subject *subject, const char *sql, const char *const *texts, size_t texts_n)
{
  static const char *const names[] = {"t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10"};
  struct bigquery_parameter parameters[G_N_ELEMENTS(names)];
  for (size_t i = 0; i < texts_n; i++)
    parameters[i] = bigquery_text(names[i], texts[i]);
  g_auto(GStrv) parts = g_strsplit(sql, " D.", 0);
  g_autofree char *dataset = g_strdup_printf(" %s.", subject->settings.warehouse.dataset);
  g_autofree char *qualified = g_strjoinv(dataset, parts);
  struct bigquery_statement statement = {
      .name = "test", .sql = qualified, .parameters = parameters, .parameters_n = texts_n};
  g_autoptr(GError) error = NULL;
  g_autofree char *job_id = g_strdup_printf("test_%016" G_GINT64_MODIFIER "x", random_u64());
  bool is_ok = bigquery_execute(subject->cloud, &statement, job_id, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(is_ok);
}

#define CLOUD(subject, sql, ...)                                                                                       \
  cloud_run((subject), (sql), (const char *const[]){__VA_ARGS__},                                                      \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

void cloud_put(struct subject *subject, const struct lead *lead)
{
  CLOUD(subject, "DELETE FROM D.leads WHERE lead_id = @t1", lead->lead_id);
  CLOUD(
      subject,
      "INSERT INTO D.leads (lead_id, email, first_name, last_name, company_name, campaign_id, added_to_instantly, "
      "sequence_completed, cold_email_sent, last_email_status) VALUES (@t1, @t2, @t3, @t4, @t5, @t6, @t7 = '1', @t8 = "
      "'1', @t9 = '1', @t10)",
      lead->lead_id, lead->email ? lead->email : "", lead->first_name, lead->last_name, lead->company_name,
      lead->campaign_id, subject_flag(lead, lead->added_to_instantly), subject_flag(lead, lead->sequence_completed),
      subject_flag(lead, lead->cold_email_sent), lead->last_email_status);
  CLOUD(subject, "DELETE FROM D.lead_fields WHERE lead_id = @t1", lead->lead_id);
  if (lead->fields)
    CLOUD(subject, "INSERT INTO D.lead_fields (lead_id, fields) VALUES (@t1, @t2)", lead->lead_id, lead->fields);
}

static void curl(const char *const *argv)
{
  g_autoptr(GError) error = NULL;
  int status = -1;
  g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error(error);
  g_assert_cmpint(status, ==, 0);
}

/* A dataset is the operator's to make: nothing of ours does. */
static void dataset_make(const char *url, const struct bigquery_options *options)
{
  g_autofree char *at = g_strdup_printf("%s/bigquery/v2/projects/%s/datasets", url, options->project);
  g_autofree char *json = g_strdup_printf("{\"datasetReference\":{\"projectId\":\"%s\",\"datasetId\":\"%s\"}}",
                                          options->project, options->dataset);
  const char *const argv[] = {"curl", "-sf", "-o", "/dev/null", "-H", "Content-Type: application/json",
                              "-d",   json,  at,   NULL};
  curl(argv);
}

/* The log names the statements that were run: tests/bigquery/ran.py keeps count. */
void cloud_open(struct subject *subject)
{
  log_init(&(struct log_options){.level = LOG_DEBUG, .format = LOG_LOGFMT, .fd = STDERR_FILENO});
  g_autoptr(GError) error = NULL;
  g_autofree char *url = bigquery_emulator_url(cloud_emulator(), &error);
  g_assert_no_error(error);
  struct bigquery_options options = {
      .project = subject->settings.warehouse.project, .dataset = subject->settings.warehouse.dataset, .base_url = url};
  subject->cloud = bigquery_new(&options, NULL, clock_system(), &error);
  g_assert_no_error(error);
  dataset_make(url, &options);
}

/* The claim of a test has a lease without having asked for one. */
void cloud_lease(struct subject *subject, int64_t epoch)
{
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, epoch);
  CLOUD(subject,
        "UPDATE D.leases SET epoch = CAST(@t1 AS INT64), released_at = NULL, expires_at = TIMESTAMP_ADD("
        "CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE shard = 'all'",
        text);
}

void cloud_lease_end(struct subject *subject)
{
  cloud_run(subject, "UPDATE D.leases SET released_at = CURRENT_TIMESTAMP() WHERE shard = 'all'", NULL, 0);
}

void cloud_close(struct subject *subject)
{
  bigquery_free(subject->cloud);
}

void cloud_drop(struct subject *subject, const char *lead_id)
{
  CLOUD(subject, "DELETE FROM D.leads WHERE lead_id = @t1", lead_id);
}

void cloud_hold(struct subject *subject, const char *campaign_id, const char *reason)
{
  g_autofree char *hold = g_strconcat("hold:", campaign_id ? campaign_id : "*", NULL);
  CLOUD(subject, "DELETE FROM D.controls WHERE name = @t1", hold);
  if (reason) CLOUD(subject, "INSERT INTO D.controls (name, value) VALUES (@t1, @t2)", hold, reason);
}

void cloud_run_one(struct subject *subject, const char *sql, const char *text)
{
  cloud_run(subject, sql, &text, strstr(sql, "@t1") ? 1 : 0);
}

void cloud_revoke(struct subject *subject, const char *person, int64_t at_us)
{
  g_autofree char *revoked = g_strdup_printf("%" G_GINT64_FORMAT, at_us);
  CLOUD(
      subject,
      "UPDATE D.suppressions SET revoked_at = TIMESTAMP_MICROS(CAST(@t1 AS INT64)) WHERE person = @t2 OR domain = @t2",
      revoked, person);
}

/* One script. SQLite has three tables that BigQuery does without. */
void cloud_clear(struct subject *subject, const char *const *tables, size_t tables_n)
{
  static const char *const others[] = {"lead_persons", "lead_enrolments", "claim_ranges", NULL};
  g_autoptr(GString) sql = g_string_new(NULL);
  for (size_t i = 0; i < tables_n; i++)
    if (!g_strv_contains(others, tables[i])) g_string_append_printf(sql, "DELETE FROM D.%s WHERE TRUE;\n", tables[i]);
  cloud_run(subject, sql->str, NULL, 0);
}
