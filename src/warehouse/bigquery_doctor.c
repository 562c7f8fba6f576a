/* What doctor asks of Google before the warehouse is opened: who we are, where the datasets are, and each right that
 * the jobs need. Reads alone; a dry run bills nothing and changes nothing. */
#include "google/credentials.h"
#include "warehouse/bigquery.h"

#include <string.h>

#define RIGHTS_MAX 4

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
    if (bigquery_cause(self->client) != BIGQUERY_CAUSE_NOT_FOUND) return failure_tell(self, dataset, failure, ailments);
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

/* The right to run jobs at all, by a dry run. */
static bool jobs_check(const struct bq_warehouse *self, GArray *ailments)
{
  const char *project = self->settings->warehouse.project;
  const struct bigquery_statement statement = {.name = "doctor", .sql = bq_statements[BQ_DOCTOR_NOTHING].text};
  g_autoptr(GError) failure = NULL;
  int64_t bytes_n = 0;
  if (bigquery_estimate(self->client, &statement, &bytes_n, &failure)) return true;
  if (bigquery_cause(self->client) != BIGQUERY_CAUSE_ACCESS) return failure_tell(self, project, failure, ailments);
  bq_ailment_add(ailments, "google_right_missing", project,
                 "bigquery.jobs.create is missing on the project %s, and every command needs it: `gcloud projects "
                 "add-iam-policy-binding %s --member=MEMBER --role=roles/bigquery.jobUser`. BigQuery said: %s",
                 project, project, failure->message);
  return true;
}

static bool is_writing_right(const char *right)
{
  return strcmp(right, "bigquery.tables.updateData") == 0;
}

static void rights_tell(const struct bq_warehouse *self, const struct bigquery_table *table, const char *const *rights,
                        const bool *is_granted, GArray *ailments)
{
  const char *project = self->settings->warehouse.project;
  for (size_t i = 0; rights[i]; i++) {
    if (is_granted[i]) continue;
    bool is_writing = is_writing_right(rights[i]);
    g_autofree char *subject = g_strdup_printf("%s.%s", table->dataset, table->table);
    bq_ailment_add(ailments, "google_right_missing", subject,
                   "%s is missing on the table %s, and %s: `bq add-iam-policy-binding --member=MEMBER "
                   "--role=roles/bigquery.%s %s:%s`, or the same role on the dataset.",
                   rights[i], subject,
                   is_writing ? "jobs need it (plan, status and reports do not)" : "every command needs it",
                   is_writing ? "dataEditor" : "dataViewer", project, subject);
  }
}

/* False when the question itself is not known here (an emulator), or nobody answers. A table that is not there yet has
 * no rights to be asked for. */
static bool table_rights_check(const struct bq_warehouse *self, const struct bigquery_table *table, bool is_written,
                               GArray *ailments)
{
  const char *const rights[RIGHTS_MAX] = {"bigquery.tables.get", "bigquery.tables.getData",
                                          is_written ? "bigquery.tables.updateData" : NULL, NULL};
  bool is_granted[RIGHTS_MAX] = {false};
  g_autoptr(GError) failure = NULL;
  if (bigquery_table_permissions(self->client, table, rights, is_granted, &failure)) {
    rights_tell(self, table, rights, is_granted, ailments);
    return true;
  }
  enum bigquery_cause cause = bigquery_cause(self->client);
  if (cause == BIGQUERY_CAUSE_NOT_FOUND) return true;
  return cause != BIGQUERY_CAUSE_OTHER && failure_tell(self, table->table, failure, ailments);
}

static void rights_check(const struct bq_warehouse *self, GArray *ailments)
{
  bool goes_on = table_rights_check(self, &self->source, self->settings->source.write_back, ailments);
  for (size_t i = 0; goes_on && bq_schema_own_table(i); i++) {
    struct bigquery_table table = {.dataset = self->ops_dataset, .table = bq_schema_own_table(i)};
    goes_on = table_rights_check(self, &table, true, ailments);
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
