/* Doctor's checks on this side: settings, files, warehouse. */
#include "cli/doctor.h"
#include "core/lead.h"
#include <string.h>
#include <sys/stat.h>

#define RATE_WARNING        90
#define GRACE_NO_REPLY_DAYS 30

void doctor_check_settings(struct findings *findings, const struct settings *settings)
{
  const struct outcome_settings *no_reply = &settings->complete.outcomes[OUTCOME_NO_REPLY];
  if (settings->campaigns->len == 0) findings_add(findings, "no_campaigns", "campaigns", "No campaign is configured.");
  if (settings->instantly.requests_per_second > RATE_WARNING)
    findings_add(findings, "rate_high", "instantly.requests_per_second",
                 "requests_per_second is %" G_GINT64_FORMAT "; other users of the workspace share its 100.",
                 (gint64)settings->instantly.requests_per_second);
  if (no_reply->action != REMOVAL_KEEP && no_reply->grace_days < GRACE_NO_REPLY_DAYS)
    findings_add(findings, "grace_short", "complete.outcomes.no_reply.grace_days",
                 "Leads without an answer are removed %" G_GINT64_FORMAT
                 " days after the last mail; its opt-out link must work for 30.",
                 (gint64)no_reply->grace_days);
  if (!settings->stops.list || settings->stops.action == REMOVAL_DELETE)
    findings_add(findings, "no_stop_list", "stops.list",
                 "Rows of stopped persons are deleted at once: the opt-out links of their last mails stop working.");
  if (!settings->complete.armed)
    findings_add(findings, "removal_disarmed", "complete.armed", "Finished leads stay in Instantly and in its plan.");
}

static bool is_readable_by_others(const char *path)
{
  struct stat status;
  return stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

void doctor_check_file(struct findings *findings, const char *path, const struct settings *settings)
{
  const struct instantly_settings *instantly = &settings->instantly;
  const char *holder = instantly->api_key_file ? instantly->api_key_file : instantly->api_key_env ? NULL : path;
  if (instantly->api_key_env)
    findings_add(findings, "key_in_environment", "instantly.api_key_env", "The key is read from the variable %s.",
                 instantly->api_key_env);
  if (holder && instantly->api_key && is_readable_by_others(holder))
    findings_add(findings, "key_file_readable", holder, "Others on this machine may read %s, which holds the key.",
                 holder);
}

static void add_schema_finding(struct findings *findings, const struct schema_finding *found)
{
  const char *dot = found->column ? "." : "";
  g_autofree char *subject = g_strconcat(found->table, dot, found->column, NULL);
  findings_add(findings, found->is_fatal ? "schema_wrong" : "schema_incomplete", subject, "%s: %s.", subject,
               found->problem);
}

static void check_schema(struct findings *findings, struct warehouse *warehouse)
{
  g_autoptr(GArray) found = schema_findings_new();
  g_autoptr(GError) error = NULL;
  if (!schema_check(warehouse, found, &error))
    findings_add(findings, "warehouse_unusable", "warehouse", "The schema cannot be read: %s", error->message);
  for (size_t i = 0; i < found->len; i++)
    add_schema_finding(findings, &g_array_index(found, struct schema_finding, i));
}

static void ailment_clear(gpointer data)
{
  struct ailment *ailment = data;
  g_free(ailment->subject);
  g_free(ailment->sentence);
}

/* False: there is no use in opening it. */
static bool check_reach(struct findings *findings, const struct cli *cli)
{
  g_autoptr(GArray) found = g_array_new(FALSE, TRUE, sizeof(struct ailment));
  g_array_set_clear_func(found, ailment_clear);
  bool goes_on = warehouse_diagnose(&cli->settings, cli->clock, found);
  for (guint i = 0; i < found->len; i++) {
    const struct ailment *ailment = &g_array_index(found, struct ailment, i);
    findings_add(findings, ailment->id, ailment->subject, "%s", ailment->sentence);
  }
  return goes_on;
}

void doctor_check_warehouse(struct findings *findings, const struct cli *cli)
{
  const struct warehouse_settings *settings = &cli->settings.warehouse;
  if (strcmp(settings->type, "sqlite") == 0 && !g_file_test(settings->path, G_FILE_TEST_EXISTS)) {
    findings_add(findings, "warehouse_missing", "warehouse.path", "%s does not exist yet.", settings->path);
    return;
  }
  if (!check_reach(findings, cli)) return;
  g_autoptr(GError) error = NULL;
  struct warehouse *warehouse = warehouse_open(&cli->settings, WAREHOUSE_READ, cli->clock, &error);
  if (warehouse)
    check_schema(findings, warehouse);
  else
    findings_add(findings, "warehouse_unusable", "warehouse", "%s", error->message);
  warehouse_close(warehouse);
}
