#include "cli/settings_table.h"
#include "core/lead.h"
#include <stddef.h>

#define AT(member)          offsetof(struct settings, member)
#define IN_CAMPAIGN(member) offsetof(struct campaign_settings, member)

static const char *const warehouse_words[] = {"sqlite", "bigquery", NULL};
static const char *const endpoint_words[] = {"bulk", "single", NULL};
static const char *const once_words[] = {"ever", "cooldown", NULL};
static const char *const action_words[] = {"delete", "move", "keep", NULL};
static const char *const stop_action_words[] = {"delete", "move", NULL};
static const char *const draft_words[] = {"refuse", NULL};
static const char *const paused_words[] = {"refuse", "feed", NULL};
static const char *const bounces_words[] = {"stop", "pause", NULL};
static const char *const completed_words[] = {"activate", "refuse", NULL};
static const char *const level_words[] = {"debug", "info", "warning", "error", NULL};
static const char *const format_words[] = {"logfmt", "json", NULL};
static const char *const gone_words[] = {"keep", "stop", NULL};
static const char *const field_words[] = {"personalization", "website", "phone", "job_title", "pl_value_lead", NULL};
static const char *const column_words[] = {"lead_id",
                                           "email",
                                           "first_name",
                                           "last_name",
                                           "company_name",
                                           "campaign_id",
                                           "added_date",
                                           "added_to_instantly",
                                           "sequence_completed",
                                           "sequence_completed_date",
                                           "last_email_status",
                                           "cold_email_sent",
                                           "updated_at",
                                           NULL};

#define TEXT(p, m, d, ...)                                                                                             \
  {                                                                                                                    \
    .path = (p), .type = SETTING_TEXT, .offset = AT(m), .fallback = (d), __VA_ARGS__                                   \
  }
#define FILE_PATH(p, m, d, ...)                                                                                        \
  {                                                                                                                    \
    .path = (p), .type = SETTING_PATH, .offset = AT(m), .fallback = (d), __VA_ARGS__                                   \
  }
#define INT(p, m, d, lo, hi, ...)                                                                                      \
  {                                                                                                                    \
    .path = (p), .type = SETTING_INT, .offset = AT(m), .fallback = (d), .min = (lo), .max = (hi), __VA_ARGS__          \
  }
#define BOOL(p, m, d, ...)                                                                                             \
  {                                                                                                                    \
    .path = (p), .type = SETTING_BOOL, .offset = AT(m), .fallback = (d), __VA_ARGS__                                   \
  }
#define ENUM(p, m, d, w, ...)                                                                                          \
  {                                                                                                                    \
    .path = (p), .type = SETTING_ENUM, .offset = AT(m), .fallback = (d), .words = (w), __VA_ARGS__                     \
  }
#define WORD(p, m, d, w, ...)                                                                                          \
  {                                                                                                                    \
    .path = (p), .type = SETTING_WORD, .offset = AT(m), .fallback = (d), .words = (w), __VA_ARGS__                     \
  }
#define MAP(p, m, w, ...)                                                                                              \
  {                                                                                                                    \
    .path = (p), .type = SETTING_MAP, .offset = AT(m), .words = (w), __VA_ARGS__                                       \
  }

#define COOLDOWN(name, outcome)                                                                                        \
  INT("export.cooldown_days." name, export.cooldown_days[outcome], "unlimited", 0, 36500, .takes_unlimited = true,     \
      .doc = "Days after an enrolment that ended as " name " before the person may be enrolled again")
#define NO_COOLDOWN(name, outcome)                                                                                     \
  INT("export.cooldown_days." name, export.cooldown_days[outcome], "unlimited", 0, 36500, .takes_unlimited = true,     \
      .doc = "No effect: a person whose enrolment ended as " name " comes back by `leadferry release` alone")

#define OUTCOME(name, outcome, how, days)                                                                              \
  ENUM("complete.outcomes." name ".action", complete.outcomes[outcome].action, how, action_words,                      \
       .doc = "What becomes of an enrolment that ended as " name),                                                     \
      INT("complete.outcomes." name ".grace_days", complete.outcomes[outcome].grace_days, days, 0, 3650,               \
          .doc = "Days between its last step and the action"),                                                         \
      BOOL("complete.outcomes." name ".cut_subsequence", complete.outcomes[outcome].cut_subsequence, "false",          \
           .doc = "Take the lead out of a running subsequence instead of waiting for its end"),                        \
  {                                                                                                                    \
    .path = "complete.outcomes." name ".move_to", .type = SETTING_UUID,                                                \
    .offset = AT(complete.outcomes[outcome].move_to), .example = "0190a000-0000-7000-8000-00000000000a",               \
    .doc = "The Instantly list that `action: move` moves to"                                                           \
  }

const struct setting settings_table[] = {
    WORD("warehouse.type", warehouse.type, "sqlite", warehouse_words, .doc = "Where leads and the ledger live"),
    FILE_PATH("warehouse.path", warehouse.path, "leadferry.db", .doc = "The database file of type sqlite"),
    TEXT("warehouse.project", warehouse.project, NULL, .example = "my-project",
         .doc = "Type bigquery: the Google Cloud project that holds the datasets and pays for the jobs"),
    TEXT("warehouse.dataset", warehouse.dataset, NULL, .example = "outreach",
         .doc = "Type bigquery: the dataset of the table of leads"),
    TEXT("warehouse.ops_dataset", warehouse.ops_dataset, NULL, .example = "outreach_ops",
         .doc = "Type bigquery: the dataset of leadferry's own tables; without it they stand in warehouse.dataset"),
    TEXT("warehouse.location", warehouse.location, NULL, .example = "EU",
         .doc = "Type bigquery: where the datasets are, such as EU or europe-west3; without it BigQuery finds out"),
    INT("warehouse.maximum_bytes_billed", warehouse.maximum_bytes_billed, "0", 0, G_MAXINT64 - 1,
        .doc = "Type bigquery: a statement that would bill more bytes is refused before it runs; 0: no limit"),
    INT("warehouse.stream_wait_s", warehouse.stream_wait_s, "60", 0, 3600,
        .doc = "Type bigquery: seconds that a run waits in all for rows that BigQuery took and does not show yet"),
    FILE_PATH("warehouse.credentials_file", warehouse.credentials_file, NULL, .example = "/etc/leadferry/google.json",
              .doc = "Type bigquery: a credentials file; without it those that gcloud and Google's libraries use"),
    TEXT("warehouse.credentials_url_base", warehouse.credentials_url_base, NULL,
         .example = "https://tokens.example.com",
         .doc = "Type bigquery: how the URL must begin from which a workload identity federation fetches its subject "
                "token; without it no URL is asked"),
    TEXT("warehouse.quota_project", warehouse.quota_project, NULL, .example = "my-project",
         .doc = "Type bigquery: the project whose quota the calls count against; without it the one of "
                "GOOGLE_CLOUD_QUOTA_PROJECT or of the credentials"),

    TEXT("instantly.base_url", instantly.base_url, "https://api.instantly.ai",
         .doc = "The API; another host than Instantly's must be on loopback or be allowed"),
    TEXT("instantly.api_key", instantly.api_key, NULL, .is_secret = true, .example = "the key",
         .doc = "The API v2 key itself; prefer api_key_file or api_key_env, exactly one of the three"),
    FILE_PATH("instantly.api_key_file", instantly.api_key_file, NULL, .example = "/etc/leadferry/instantly.key",
              .doc = "A file that holds the key, readable by its owner alone"),
    TEXT("instantly.api_key_env", instantly.api_key_env, NULL, .example = "INSTANTLY_API_KEY",
         .doc = "The environment variable that holds the key"),
    BOOL("instantly.allow_custom_endpoint", instantly.allow_custom_endpoint, "false",
         .doc = "Allow a base_url that is neither Instantly's nor on loopback"),
    INT("instantly.requests_per_second", instantly.requests_per_second, "50", 1, 1000000,
        .doc = "Pace of all calls; Instantly's ceiling is 100 for the whole workspace, above 90 doctor warns"),
    INT("instantly.batch_size", instantly.batch_size, "100", 1, 1000, .doc = "Leads in one leads/add call"),
    INT("instantly.batch_delay_ms", instantly.batch_delay_ms, "0", 0, 3600000, .doc = "Pause between two batches"),
    INT("instantly.connect_timeout_s", instantly.connect_timeout_s, "10", 1, 300,
        .doc = "Seconds until a connection that is not made counts as not sent"),
    INT("instantly.request_timeout_s", instantly.request_timeout_s, "60", 1, 600,
        .doc = "Seconds until an answer that did not come counts as unknown"),
    INT("instantly.writes_in_flight", instantly.writes_in_flight, "8", 1, 64,
        .doc = "Creating calls that may be under way at once"),
    INT("instantly.reads_in_flight", instantly.reads_in_flight, "16", 1, 64,
        .doc = "Reading calls that may be under way at once"),

    {.path = "campaigns",
     .type = SETTING_CAMPAIGNS,
     .offset = AT(campaigns),
     .doc = "The campaigns that leadferry feeds and follows; others are never touched"},

    {.path = "export.default_campaign",
     .type = SETTING_UUID,
     .offset = AT(export.default_campaign),
     .example = "0190a000-0000-7000-8000-000000000001",
     .doc = "The campaign of leads whose campaign_id is empty; it must be one of campaigns"},
    ENUM("export.endpoint", export.endpoint, "bulk", endpoint_words,
         .doc = "The call that adds leads: bulk (/api/v2/leads/add) or single (/api/v2/leads, one lead a call)"),
    MAP("export.fields", export.fields, field_words,
        .doc = "Instantly's own fields and the column (or imported field) that fills each"),
    MAP("export.custom_variables", export.custom_variables, NULL,
        .doc = "Custom variables (merge tags, case-sensitive) and the column (or imported field) that fills each"),
    INT("export.max_per_run", export.max_per_run, "1000", 1, G_MAXINT64 - 1, .takes_unlimited = true,
        .doc = "Leads added by one run over all campaigns; the rest waits for the next run"),
    INT("export.max_per_day", export.max_per_day, "1000", 1, G_MAXINT64 - 1, .takes_unlimited = true,
        .doc = "Leads added to one campaign on one UTC day"),
    INT("export.canary", export.canary, "0", 0, 1000000,
        .doc =
            "The first export into a campaign stops after this many leads until one of them was mailed; 0: no canary"),
    INT("export.max_wait_s", export.max_wait_s, "900", 0, 86400,
        .doc = "How long a run waits, all in all, while Instantly throttles (429); then the rest is released for the "
               "next run"),
    INT("export.plan_reserve_percent", export.plan_reserve_percent, "10", 0, 100,
        .doc = "Share of the plan's contacts that is left free"),
    BOOL("export.change_gate", export.change_gate, "true",
         .doc =
             "Type bigquery: skip an export, at no cost, while nothing has changed since one that had nothing to do"),
    ENUM("export.once", export.once, "ever", once_words,
         .doc = "Whether a person is enrolled once for ever, or again when the cooldown_days of the outcome are over"),
    COOLDOWN("no_reply", OUTCOME_NO_REPLY),
    NO_COOLDOWN("unsubscribed", OUTCOME_UNSUBSCRIBED),
    COOLDOWN("bounced", OUTCOME_BOUNCED),
    COOLDOWN("skipped", OUTCOME_SKIPPED),
    NO_COOLDOWN("replied", OUTCOME_REPLIED),
    NO_COOLDOWN("interest", OUTCOME_INTEREST),
    NO_COOLDOWN("removed_by_hand", OUTCOME_REMOVED_BY_HAND),
    BOOL("export.skip_if_in_campaign", export.skip_if_in_campaign, "true",
         .doc = "Let Instantly skip an address that the campaign has already"),
    BOOL("export.skip_if_in_workspace", export.skip_if_in_workspace, "false",
         .doc = "Let Instantly skip an address that any campaign or list of the workspace has"),
    BOOL("export.verify_leads_on_import", export.verify_leads_on_import, "false",
         .doc = "Let Instantly verify each address (costs credits)"),

    INT("sync.full_scan_every_h", sync.full_scan_every_h, "24", 1, 720,
        .doc = "Hours between two reads of all leads of the campaigns; removals need one of the last 24 h"),
    INT("sync.stops_every_h", sync.stops_every_h, "3", 1, 720,
        .doc = "Hours between two reads of the whole workspace's unsubscribes, replies, bounces and block list: with "
               "3, each "
               "sync that is due every 4 hours reads them, at a request per hundred rows"),
    INT("sync.max_rows", sync.max_rows, "0", 0, G_MAXINT64 - 1,
        .doc = "Rows after which a list counts as endless and its reading as failed; 0: a million, or ten times the "
               "persons "
               "enrolled, whichever is more"),
    BOOL("sync.push_stops", sync.push_stops, "true",
         .doc = "Put unsubscribes and manual stops of enrolled persons on Instantly's block list"),
    INT("sync.watch_finished_days", sync.watch_finished_days, "90", 0, 3650,
        .doc = "Days that a finished enrolment which is still in Instantly is watched for late replies"),

    INT("suppress.max_hit", suppress.max_hit, "10", 0, G_MAXINT64 - 1,
        .doc = "Running leads that stops from lists, domains and the like may end unasked; above it, and above "
               "max_hit_percent, they wait for --allow-hit"),
    INT("suppress.max_hit_percent", suppress.max_hit_percent, "1", 0, 100,
        .doc = "The same as a share of the persons enrolled; the greater of the two counts"),
    ENUM("stops.action", stops.action, "move", stop_action_words,
         .doc = "What becomes of our live rows of stopped persons: move to stops.list if one is set, else delete"),
    {.path = "stops.list",
     .type = SETTING_UUID,
     .offset = AT(stops.list),
     .example = "0190a000-0000-7000-8000-00000000000b",
     .doc = "The Instantly list for rows of stopped persons: their opt-out links go on working there"},

    {.path = "source.table",
     .type = SETTING_NAME,
     .offset = AT(source.table),
     .fallback = "leads",
     .doc = "The table of leads"},
    MAP("source.columns", source.columns, column_words, .doc = "Our column and the name that your table has for it"),
    BOOL("source.write_back", source.write_back, "true",
         .doc = "Write added_to_instantly and its sisters into the table; false for read-only sources"),

    {.path = "source.opt_out.column",
     .type = SETTING_NAME,
     .offset = AT(source.opt_out.column),
     .example = "unsubscribed",
     .doc = "A column of the table that says who does not want mail: blank, 0, false and no are none, yes or a date "
            "stops the person"},
    {.path = "source.opt_out.values",
     .type = SETTING_LIST,
     .offset = AT(source.opt_out.values),
     .example = "do not mail",
     .doc = "Values of it that mean no mail, beside the words that are understood anyway"},
    {.path = "source.opt_out.ignore",
     .type = SETTING_LIST,
     .offset = AT(source.opt_out.ignore),
     .example = "customer",
     .doc = "Values of it that say nothing; whatever else is not understood stops plan, export, schema check and "
            "doctor with 78"},
    INT("source.max_shrink_percent", source.max_shrink_percent, "50", 0, 99,
        .doc = "Export and complete stop with 6 when the table has lost more of its rows than this since the last "
               "export (50 rows and more); 0: never. The same for the addresses of source.exclude (10 and more)"),
    ENUM("source.gone", source.gone, "keep", gone_words,
         .doc = "An enrolled person whom no row of the table has any more: keep mails it on, stop takes it out of its "
                "campaign"),
    {.path = "source.exclude.table",
     .type = SETTING_NAME,
     .offset = AT(source.exclude.table),
     .example = "customers",
     .doc = "A table or view beside the leads, of customers or open deals: whoever stands in it is not mailed, and is "
            "taken out of its campaign"},
    {.path = "source.exclude.column",
     .type = SETTING_NAME,
     .offset = AT(source.exclude.column),
     .fallback = "email",
     .doc = "Its column of addresses; a domain such as example.org in it stands for everybody there"},

    BOOL("complete.armed", complete.armed, "false",
         .doc = "Really remove; while it is false `complete` prints what it would remove and ends with code 6"),
    INT("complete.max_removals", complete.max_removals, "1000", 0, G_MAXINT64 - 1, .takes_unlimited = true,
        .doc = "Removals of one run, oldest first; the rest waits for the next run"),
    BOOL("complete.include_adopted", complete.include_adopted, "false",
         .doc = "Also remove enrolments that somebody else had put into the campaign"),
    OUTCOME("no_reply", OUTCOME_NO_REPLY, "delete", "30"),
    OUTCOME("unsubscribed", OUTCOME_UNSUBSCRIBED, "delete", "30"),
    OUTCOME("bounced", OUTCOME_BOUNCED, "delete", "7"),
    OUTCOME("skipped", OUTCOME_SKIPPED, "delete", "7"),
    OUTCOME("replied", OUTCOME_REPLIED, "keep", "0"),
    OUTCOME("interest", OUTCOME_INTEREST, "keep", "0"),

    INT("settle.wait_s", settle.wait_s, "90", 0, 3600,
        .doc = "Seconds after the request time-out before an unknown batch is asked about"),
    INT("settle.recheck_s", settle.recheck_s, "30", 0, 3600, .doc = "Seconds between the two questions about it"),

    WORD("log.level", log.level, "info", level_words, .doc = "Least severe line that is written"),
    WORD("log.format", log.format, "logfmt", format_words, .doc = "Form of the lines on standard error"),
    {.path = NULL},
};

const struct setting campaign_table[] = {
    {.path = "id",
     .type = SETTING_UUID,
     .offset = IN_CAMPAIGN(id),
     .is_required = true,
     .example = "0190a000-0000-7000-8000-000000000001",
     .doc = "The campaign's id in Instantly"},
    {.path = "name",
     .type = SETTING_TEXT,
     .offset = IN_CAMPAIGN(name),
     .example = "First campaign",
     .doc = "A name for people; Instantly's own is not changed"},
    {.path = "on_draft",
     .type = SETTING_ENUM,
     .offset = SETTING_NOT_STORED,
     .fallback = "refuse",
     .words = draft_words,
     .doc = "A draft is never fed: nobody has approved it yet"},
    {.path = "on_paused",
     .type = SETTING_ENUM,
     .offset = IN_CAMPAIGN(on_paused),
     .fallback = "refuse",
     .words = paused_words,
     .doc = "A paused campaign: refuse, or feed it without activating it"},
    {.path = "on_completed",
     .type = SETTING_ENUM,
     .offset = IN_CAMPAIGN(on_completed),
     .fallback = "activate",
     .words = completed_words,
     .doc = "A completed campaign that leadferry fed before: activate it again, or refuse"},
    {.path = "on_bounces",
     .type = SETTING_ENUM,
     .offset = IN_CAMPAIGN(on_bounces),
     .fallback = "stop",
     .words = bounces_words,
     .doc =
         "When too much of a week's mails bounces: stop feeding it, or pause it as well; `campaigns resume` ends it"},
    {.path = "escrow",
     .type = SETTING_BOOL,
     .offset = IN_CAMPAIGN(escrow),
     .fallback = "false",
     .doc = "Pause it while it is filled, compare list and ledger, activate last"},
    {.path = NULL},
};

const struct setting_section settings_sections[] = {
    {"warehouse", "Where leads and the ledger live"},
    {"instantly", "The Instantly workspace"},
    {"export", "Who is added, how much and with which values"},
    {"export.cooldown_days", "With `once: cooldown`: days by outcome, or unlimited for never again"},
    {"sync", "How often what is read back"},
    {"suppress", "How much a list of stops may end unasked"},
    {"stops", "What becomes of rows of persons who are stopped"},
    {"source", "The table of leads"},
    {"source.opt_out", "A column that says who does not want mail"},
    {"source.exclude", "Whom a table of yours keeps from being mailed, for as long as its row is there"},
    {"complete", "What happens when a sequence has ended"},
    {"complete.outcomes", "By outcome"},
    {"complete.outcomes.no_reply", "The sequence ended without an answer"},
    {"complete.outcomes.unsubscribed", "The person said stop"},
    {"complete.outcomes.bounced", "The address does not take mail"},
    {"complete.outcomes.skipped", "Instantly would not mail the address"},
    {"complete.outcomes.replied", "The person answered"},
    {"complete.outcomes.interest", "Somebody set an interest status that ended the sequence"},
    {"settle", "How unknown answers are settled"},
    {"log", "Lines on standard error"},
    {NULL, NULL},
};
