#include "cli/doctor.h"
#include <stdarg.h>
#include <string.h>

#define ERROR_ID(name, code, means, mend)                                                                              \
  {                                                                                                                    \
    (name), SEVERITY_ERROR, (code), (means), (mend)                                                                    \
  }
#define WARNING_ID(name, means, mend)                                                                                  \
  {                                                                                                                    \
    (name), SEVERITY_WARNING, EXIT_CODE_OK, (means), (mend)                                                            \
  }
#define INFO_ID(name, means, mend)                                                                                     \
  {                                                                                                                    \
    (name), SEVERITY_INFO, EXIT_CODE_OK, (means), (mend)                                                               \
  }

const struct doctor_id doctor_ids[] = {
    ERROR_ID("config_invalid", EXIT_CODE_CONFIG, "The configuration has problems",
             "Correct the places named; `leadferry validate` repeats the check"),
    WARNING_ID("no_campaigns", "`campaigns` is empty, so nothing can be exported",
               "Add the ids of the campaigns to feed"),
    WARNING_ID("rate_high", "requests_per_second is close to Instantly's ceiling of 100 for the whole workspace",
               "Set instantly.requests_per_second to 90 or less"),
    WARNING_ID("grace_short", "Leads are removed so early that the opt-out link of the last mail stops working",
               "Set complete.outcomes.no_reply.grace_days to 30 or more"),
    INFO_ID("no_stop_list",
            "Rows of stopped persons are deleted, and with them the opt-out links of the mails they have",
            "Make a list in Instantly and set stops.list to its id: they are moved there instead"),
    INFO_ID("removal_disarmed", "`complete` only prints what it would remove",
            "Set complete.armed: true when its list looks right"),
    INFO_ID("key_in_environment", "The key is in the environment, where child processes and core dumps find it",
            "Prefer instantly.api_key_file with a file of mode 0400 (systemd: LoadCredential)"),
    WARNING_ID("key_file_readable", "Others may read the file that holds the key", "chmod 600 the file"),
    ERROR_ID("key_missing", EXIT_CODE_CONFIG, "There is no key",
             "Put it where instantly.api_key_env or api_key_file says"),
    WARNING_ID("warehouse_missing", "There is no database yet",
               "`leadferry schema apply` or the first import makes it"),
    ERROR_ID("warehouse_names", EXIT_CODE_FAILED,
             "The database file has a second name that no path shows (a hard link, mounted by itself); jobs refuse it",
             "Keep one name: remove the other link, mount the folder and not the file"),
    ERROR_ID("warehouse_beside", EXIT_CODE_FAILED,
             "The lock file or the inbox beside the database is a link or somebody else's; jobs refuse to run",
             "Find out who put it there, then delete it while no leadferry runs"),
    WARNING_ID("warehouse_wal", "The database is in WAL mode, which another program gave it",
               "Copy it with .backup alone; docs/troubleshooting.md, \"WAL mode\", says how to leave that mode"),
    ERROR_ID("warehouse_unusable", EXIT_CODE_FAILED, "The warehouse cannot be opened or read", "See the sentence"),
    INFO_ID("google_identity", "As whom leadferry asks Google, and where that was found", "Nothing, if it is meant"),
    ERROR_ID("google_refused", EXIT_CODE_AUTH, "There are no credentials for Google, or it does not take them",
             "See the sentence and docs/bigquery.md"),
    ERROR_ID("google_right_missing", EXIT_CODE_CONFIG, "A right in BigQuery is missing that the jobs need",
             "Run the line of the sentence, with MEMBER as user:ADDRESS or serviceAccount:ADDRESS"),
    ERROR_ID("dataset_missing", EXIT_CODE_CONFIG, "There is no such dataset or project",
             "Correct warehouse.project and warehouse.dataset, or make the dataset"),
    INFO_ID("dataset_unseen", "A dataset may not be looked at, so nobody compared where it is; jobs do not need to",
            "Nothing, or grant bigquery.datasets.get (roles/bigquery.metadataViewer) on the dataset"),
    ERROR_ID("location_wrong", EXIT_CODE_CONFIG, "A dataset is not where the jobs would look for it",
             "Set warehouse.location, or move the dataset"),
    ERROR_ID("another_installation", EXIT_CODE_SAFETY, "Another installation of leadferry exports from the same table",
             "Stop one of the two; see the sentence"),
    ERROR_ID("billing_off", EXIT_CODE_CONFIG, "The project has no billing: neither changes of tables nor streaming run",
             "Enable billing for the project"),
    WARNING_ID("schema_incomplete", "A table or column of ours is missing", "`leadferry schema apply`"),
    ERROR_ID("schema_wrong", EXIT_CODE_CONFIG, "A table or column is missing or of a type with which jobs cannot run",
             "Correct the table; `leadferry schema apply` makes what is missing"),
    ERROR_ID("instantly_unreachable", EXIT_CODE_TEMPORARY, "Instantly gave no answer",
             "Check network and instantly.base_url"),
    ERROR_ID("key_refused", EXIT_CODE_AUTH, "Instantly does not accept the key", "Make a new API v2 key and store it"),
    ERROR_ID("plan_inactive", EXIT_CODE_AUTH, "The workspace has no active paid plan", "Renew the plan in Instantly"),
    ERROR_ID("scope_missing", EXIT_CODE_AUTH, "The key lacks a scope that the jobs need",
             "Make a key with the scope named, or with all:all"),
    WARNING_ID("probe_failed", "A read did not answer as expected", "Try again; see `leadferry doctor --verbose`"),
    WARNING_ID("clock_skew", "This clock and Instantly's differ by more than 5 minutes", "Start time synchronisation"),
    ERROR_ID("clock_wrong", EXIT_CODE_FAILED,
             "This clock and Instantly's differ by more than a day; jobs refuse to run",
             "Set the clock, start time synchronisation"),
    ERROR_ID(
        "other_installation", EXIT_CODE_SAFETY,
        "A configured campaign holds rows with leadferry's stamp that this ledger does not know: another "
        "installation feeds it, or this ledger was lost or is an older copy; two ledgers would mail the same people",
        "Give each campaign one installation and one ledger; restore the newest backup, or take the rows over with "
        "`leadferry sync --full` or `leadferry export --bootstrap`"),
    WARNING_ID(
        "other_installation_elsewhere",
        "Another installation of leadferry works in this workspace, in campaigns or lists that are not configured "
        "here; neither knows whom the other one mailed",
        "Use one ledger for one workspace, or set export.skip_if_in_workspace: true in both"),
    WARNING_ID("unsubscribes_stay_local", "An unsubscribe holds in one campaign only (add_unsub_to_block is off)",
               "Turn on in Instantly's settings that unsubscribes go to the block list"),
    WARNING_ID("plan_nearly_full", "The plan has little room left above the reserve",
               "Remove finished leads or raise the plan"),
    ERROR_ID("plan_full", EXIT_CODE_FAILED, "The plan takes no more contacts",
             "Remove finished leads or raise the plan"),
    ERROR_ID("campaign_missing", EXIT_CODE_FAILED, "A configured campaign does not exist in this workspace",
             "Correct its id, or use the key of the right workspace"),
    ERROR_ID("campaign_unread", EXIT_CODE_FAILED, "A campaign could not be read; plan and jobs fail with it",
             "See the sentence; try again"),
    WARNING_ID("sending_status_unread", "Why a campaign does or does not send could not be read",
               "Try again; see the sentence"),
    WARNING_ID("campaign_not_fed", "A campaign is in a state in which it is not fed", "Activate it in Instantly"),
    INFO_ID("campaign_completed", "A campaign is completed; leadferry activates it if it fed it before",
            "Nothing, or start it in Instantly"),
    ERROR_ID("campaign_blocked", EXIT_CODE_FAILED, "Instantly has stopped a campaign (accounts, bounces, suspension)",
             "Mend it in Instantly; leadferry will not feed it"),
    INFO_ID("campaign_waiting", "A campaign is active and waits for its hours, a limit or leads",
            "Nothing; it goes on by itself"),
    WARNING_ID("campaign_not_sending", "A campaign is active and not sending", "See the reason; Instantly names it"),
    ERROR_ID("campaign_without_days", EXIT_CODE_FAILED, "The schedule of a campaign has no day on which it sends",
             "Choose days in the campaign's schedule"),
    ERROR_ID("campaign_without_steps", EXIT_CODE_FAILED, "A campaign has no steps: its leads get no mail",
             "Write its sequence"),
    WARNING_ID("stop_on_reply_off", "A campaign goes on mailing persons who answered", "Turn stop_on_reply on"),
    WARNING_ID("unsubscribe_header_off", "Mails of a campaign carry no List-Unsubscribe header",
               "Turn on the unsubscribe header (large mailbox providers demand it)"),
    INFO_ID("open_tracking_on", "A campaign tracks opens; the pixel costs deliverability and `opened` is unreliable",
            "Turn open tracking off unless it is needed"),
    INFO_ID("campaign_not_evergreen", "A campaign completes when it runs out of leads",
            "Make it evergreen, or keep on_completed: activate"),
    ERROR_ID("merge_tag_without_source", EXIT_CODE_FAILED,
             "A merge tag without fallback that nothing fills; the campaign is not fed",
             "Map it in export.custom_variables or export.fields, or give it a fallback"),
    {NULL, SEVERITY_INFO, EXIT_CODE_OK, NULL, NULL},
};

static const struct doctor_id *doctor_id_find(const char *id)
{
  for (const struct doctor_id *row = doctor_ids; row->id; row++)
    if (strcmp(row->id, id) == 0) return row;
  return NULL;
}

static void finding_clear(gpointer data)
{
  struct finding *finding = data;
  g_free(finding->subject);
  g_free(finding->sentence);
}

void findings_init(struct findings *findings)
{
  findings->rows = g_array_new(FALSE, TRUE, sizeof(struct finding));
  g_array_set_clear_func(findings->rows, finding_clear);
}

void findings_clear(struct findings *findings)
{
  g_clear_pointer(&findings->rows, g_array_unref);
}

void findings_add(struct findings *findings, const char *id, const char *subject, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  struct finding finding = {
      .id = doctor_id_find(id), .subject = g_strdup(subject), .sentence = g_strdup_vprintf(format, arguments)};
  va_end(arguments);
  g_assert(finding.id != NULL);
  g_array_append_val(findings->rows, finding);
}

bool findings_has(const struct findings *findings, const char *id)
{
  for (size_t i = 0; i < findings->rows->len; i++)
    if (strcmp(g_array_index(findings->rows, struct finding, i).id->id, id) == 0) return true;
  return false;
}

enum exit_code findings_exit_code(const struct findings *findings)
{
  enum exit_code code = EXIT_CODE_OK;
  for (size_t i = 0; i < findings->rows->len; i++)
    code = exit_code_worse(code, g_array_index(findings->rows, struct finding, i).id->exit_code);
  return code;
}

const char *severity_name(enum severity severity)
{
  static const char *const names[] = {"error", "warning", "info"};
  return names[severity];
}

char *doctor_markdown(void)
{
  GString *out = g_string_new(
      "# Findings of doctor\n\nMade by `leadferry doctor --reference`; do not edit.\n\n"
      "`leadferry doctor` only reads, in the warehouse and in Instantly, and needs none of leadferry's tables. It ends "
      "with 0 when\nno finding is an error, else with the worst code of its errors (see "
      "[exit-codes.md](exit-codes.md)).\n\n"
      "| id | severity | code | meaning | fix |\n|---|---|---|---|---|\n");
  for (const struct doctor_id *row = doctor_ids; row->id; row++)
    g_string_append_printf(out, "| `%s` | %s | %d | %s | %s |\n", row->id, severity_name(row->severity),
                           (int)row->exit_code, row->meaning, row->fix);
  return g_string_free(out, FALSE);
}
