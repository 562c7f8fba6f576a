/* What doctor asks of Google before the warehouse is opened: who we are, where the datasets are, and each right that
 * the jobs need. Reads alone; a dry run bills nothing and changes nothing. */
#include "google/credentials.h"
#include "warehouse/bigquery.h"

#include <string.h>

void bq_ailment_add(GArray *ailments, const char *id, const char *subject, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  struct ailment ailment = {id, g_strdup(subject), g_strdup_vprintf(format, arguments)};
  va_end(arguments);
  g_array_append_val(ailments, ailment);
}

/* A question that was not answered with yes, by its cause. False: nothing further is worth asking. */
static bool failure_tell(const struct bq_warehouse *self, const char *subject, const GError *failure, GArray *ailments)
{
  switch (bigquery_cause(self->client)) {
  case BIGQUERY_CAUSE_ACCESS:
    bq_ailment_add(ailments, "google_right_missing", subject, "%s", failure->message);
    return true;
  case BIGQUERY_CAUSE_BILLING: bq_ailment_add(ailments, "billing_off", subject, "%s", failure->message); return true;
  case BIGQUERY_CAUSE_LOCATION:
    bq_ailment_add(ailments, "location_wrong", subject, "%s", failure->message);
    return true;
  case BIGQUERY_CAUSE_NONE: /* it did not come to asking: no token */
  case BIGQUERY_CAUSE_CREDENTIALS:
    bq_ailment_add(ailments, "google_refused", subject, "%s", failure->message);
    return false;
  default: bq_ailment_add(ailments, "warehouse_unusable", subject, "%s", failure->message); return false;
  }
}

/* ---- datasets ---- */

static bool dataset_check(const struct bq_warehouse *self, const char *dataset, char **location, GArray *ailments)
{
  const char *project = self->settings->warehouse.project, *wanted = self->settings->warehouse.location;
  g_autoptr(GError) failure = NULL;
  if (!bigquery_dataset_location(self->client, NULL, dataset, location, &failure)) {
    enum bigquery_cause cause = bigquery_cause(self->client);
    if (cause == BIGQUERY_CAUSE_ACCESS) { /* whose rights stand on the tables alone has none here, and jobs need none */
      bq_ailment_add(ailments, "dataset_unseen", dataset, "%s", failure->message);
      return true;
    }
    if (cause != BIGQUERY_CAUSE_NOT_FOUND) return failure_tell(self, dataset, failure, ailments);
    bq_ailment_add(
        ailments, "dataset_missing", dataset,
        "There is no dataset %s in the project %s, or no such project: `bq mk --dataset%s%s %s:%s` makes it.", dataset,
        project, wanted ? " --location=" : "", wanted ? wanted : "", project, dataset);
    return false;
  }
  if (wanted && *location && g_ascii_strcasecmp(wanted, *location) != 0)
    bq_ailment_add(ailments, "location_wrong", "warehouse.location",
                   "The dataset %s is in %s, and warehouse.location says %s: set it to %s.", dataset, *location, wanted,
                   *location);
  return true;
}

static bool datasets_check(const struct bq_warehouse *self, GArray *ailments)
{
  g_autofree char *source = NULL, *ops = NULL;
  if (!dataset_check(self, self->source.dataset, &source, ailments)) return false;
  if (strcmp(self->source.dataset, self->ops_dataset) == 0) return true;
  if (!dataset_check(self, self->ops_dataset, &ops, ailments)) return false;
  if (source && ops && g_ascii_strcasecmp(source, ops) != 0)
    bq_ailment_add(ailments, "location_wrong", "warehouse.ops_dataset",
                   "The dataset %s is in %s and %s in %s: one statement reads both, so they must be in one location.",
                   self->source.dataset, source, self->ops_dataset, ops);
  return true;
}

/* ---- rights ---- */

/* Rights on a table: who needs each, and the role that holds it. */
static const struct right {
  const char *name, *needed_by, *role;
} rights[] = {
    {"bigquery.tables.get", "every command needs it", "dataViewer"},
    {"bigquery.tables.getData", "every command needs it", "dataViewer"},
    {"bigquery.tables.updateData", "jobs need it (plan, status and reports do not)", "dataEditor"},
    {"bigquery.tables.update",
     "`schema apply` adds columns by it, rows are streamed in by it, and an export notes by it that it found nothing",
     "dataEditor"},
};

enum { RIGHTS_TO_READ = 2, RIGHTS_TO_WRITE = 3, RIGHTS_TO_ALTER = 4 }; /* so many of them, from the first */

/* False: the question failed for another reason than a missing right. */
static bool dry_run(const struct bq_warehouse *self, const char *sql, GError **error)
{
  const struct bigquery_statement statement = {.name = "doctor", .sql = sql};
  int64_t bytes_n = 0;
  return bigquery_estimate(self->client, &statement, &bytes_n, error);
}

/* The right to run jobs at all, by a dry run. */
static bool jobs_check(const struct bq_warehouse *self, GArray *ailments)
{
  const char *project = self->settings->warehouse.project;
  g_autoptr(GError) failure = NULL;
  if (dry_run(self, bq_statements[BQ_DOCTOR_NOTHING].text, &failure)) return true;
  if (bigquery_cause(self->client) != BIGQUERY_CAUSE_ACCESS) return failure_tell(self, project, failure, ailments);
  bq_ailment_add(ailments, "google_right_missing", project,
                 "bigquery.jobs.create is missing on the project %s, and every command needs it: `gcloud projects "
                 "add-iam-policy-binding %s --member=MEMBER --role=roles/bigquery.jobUser`. BigQuery said: %s",
                 project, project, failure->message);
  return true;
}

/* The right to make tables, by a dry run of the statement that would make the nth. */
static bool making_check(const struct bq_warehouse *self, size_t n, const char *dataset, GArray *ailments)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *sql = bq_schema_text(self, n);
  const char *project = self->settings->warehouse.project;
  if (dry_run(self, sql, &failure)) return true;
  if (bigquery_cause(self->client) != BIGQUERY_CAUSE_ACCESS) return failure_tell(self, dataset, failure, ailments);
  bq_ailment_add(ailments, "google_right_missing", dataset,
                 "bigquery.tables.create is missing on the dataset %s, and `schema apply` needs it to make the tables "
                 "that are not there. BigQuery said: %s. This grants it: bq query --use_legacy_sql=false "
                 "'GRANT `roles/bigquery.dataEditor` ON SCHEMA `%s`.`%s` TO \"MEMBER\"'",
                 dataset, failure->message, project, dataset);
  return true;
}

/* A view may be readable while the tables under it are not. */
static void view_check(const struct bq_warehouse *self, GArray *ailments)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *sql = sql_names_fill(&self->names, bq_statements[BQ_DOCTOR_SOURCE].text);
  if (dry_run(self, sql, &failure) || bigquery_cause(self->client) != BIGQUERY_CAUSE_ACCESS) return;
  bq_ailment_add(ailments, "google_right_missing", self->source.table,
                 "The view %s.%s cannot be read, although it is there: grant roles/bigquery.dataViewer on the tables "
                 "under it, or authorize the view on their datasets. BigQuery said: %s",
                 self->source.dataset, self->source.table, failure->message);
}

static void rights_tell(const struct bq_warehouse *self, const struct bigquery_table *table, size_t rights_n,
                        const bool *is_granted, GArray *ailments)
{
  g_autofree char *subject = g_strdup_printf("%s.%s", table->dataset, table->table);
  for (size_t i = 0; i < rights_n; i++) {
    if (is_granted[i]) continue;
    bq_ailment_add(ailments, "google_right_missing", subject,
                   "%s is missing on the table %s, and %s: `bq add-iam-policy-binding --member=MEMBER "
                   "--role=roles/bigquery.%s %s:%s`, or the same role on the dataset.",
                   rights[i].name, subject, rights[i].needed_by, rights[i].role, self->settings->warehouse.project,
                   subject);
  }
}

/* False when the question itself is not known here (an emulator), or nobody answers. */
static bool table_rights_check(const struct bq_warehouse *self, const struct bigquery_table *table, size_t rights_n,
                               bool *is_there, GArray *ailments)
{
  const char *names[G_N_ELEMENTS(rights) + 1] = {NULL};
  bool is_granted[G_N_ELEMENTS(rights)] = {false};
  g_autoptr(GError) failure = NULL;
  for (size_t i = 0; i < rights_n; i++)
    names[i] = rights[i].name;
  *is_there = bigquery_table_permissions(self->client, table, names, is_granted, &failure);
  if (*is_there) {
    rights_tell(self, table, rights_n, is_granted, ailments);
    return true;
  }
  enum bigquery_cause cause = bigquery_cause(self->client);
  if (cause == BIGQUERY_CAUSE_NOT_FOUND) return true;
  return cause != BIGQUERY_CAUSE_OTHER && failure_tell(self, table->table, failure, ailments);
}

/* By the dataset alone: which installation this is, is not asked here, since that would be a job. */
static void another_check(const struct bq_warehouse *self, const struct bigquery_table_info *info, GArray *ailments)
{
  g_autofree char *refusal = bq_mark_of_another(self, info, NULL);
  if (refusal) bq_ailment_add(ailments, "another_installation", self->source.table, "%s", refusal);
}

/* What is done to the source depends on the settings, on what it is, and on what it has. */
static bool source_rights_check(struct bq_warehouse *self, bool *is_there, GArray *ailments)
{
  bool is_written = self->settings->source.write_back, is_view = false, lacks_columns = false;
  g_autoptr(GError) unseen = NULL; /* why, the question of rights tells */
  const struct bigquery_table_info *info = NULL;
  if (bq_source_open(self, &unseen) && bq_table_seen(self, &self->source, &info, &unseen)) {
    is_view = g_strcmp0(info->type, "TABLE") != 0;
    lacks_columns = bq_source_lacks_columns(self, info);
    another_check(self, info, ailments);
  }
  size_t rights_n = !is_written ? RIGHTS_TO_READ : lacks_columns ? RIGHTS_TO_ALTER : RIGHTS_TO_WRITE;
  if (!table_rights_check(self, &self->source, rights_n, is_there, ailments)) return false;
  if (is_view) view_check(self, ailments);
  return true;
}

static void rights_check(struct bq_warehouse *self, GArray *ailments)
{
  bool is_there = true;
  const char *asked = NULL; /* the dataset whose right to make tables is known: one question is enough */
  bool goes_on = source_rights_check(self, &is_there, ailments);
  for (size_t n = 0; goes_on; n++) {
    struct bigquery_table table = self->source;
    if (n > 0) table = (struct bigquery_table){.dataset = self->ops_dataset, .table = bq_schema_own_table(n - 1)};
    if (!table.table) return;
    if (n > 0) goes_on = table_rights_check(self, &table, RIGHTS_TO_ALTER, &is_there, ailments);
    if (!goes_on || is_there || g_strcmp0(asked, table.dataset) == 0) continue;
    asked = table.dataset;
    goes_on = making_check(self, n, table.dataset, ailments);
  }
}

/* ---- all ---- */

bool bq_diagnose(struct bq_warehouse *self, GArray *ailments)
{
  if (self->credentials)
    bq_ailment_add(ailments, "google_identity", "credentials", "leadferry is to Google what %s says.",
                   credentials_description(self->credentials));
  guint before_n = ailments->len;
  if (!jobs_check(self, ailments) || !datasets_check(self, ailments)) return false;
  rights_check(self, ailments);
  for (guint i = before_n; i < ailments->len; i++)
    if (strcmp(g_array_index(ailments, struct ailment, i).id, "warehouse_unusable") == 0) return false;
  return true;
}
