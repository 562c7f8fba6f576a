#pragma once
/* The effective settings of a process, as plain data. The table in cli/settings_table.c fills them from flag,
 * environment, file and default; nobody else knows where a value came from. Strings are owned by the struct
 * (settings_clear frees them); a settings struct does not change after start.
 *
 * Units are in the names. SETTING_UNLIMITED stands for the word `unlimited`. Defaults are docs/configuration.md's,
 * which is generated from the same table. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SETTING_UNLIMITED INT64_MAX

/* Number of outcomes that `complete.outcomes` configures; indexed by enum outcome of core/lead.h. */
#define SETTING_OUTCOMES_N 8

enum on_paused { ON_PAUSED_REFUSE, ON_PAUSED_FEED };
enum on_completed { ON_COMPLETED_ACTIVATE, ON_COMPLETED_REFUSE };
enum on_bounces { ON_BOUNCES_STOP, ON_BOUNCES_PAUSE };
enum once_rule { ONCE_EVER, ONCE_COOLDOWN };
enum export_endpoint { EXPORT_BULK, EXPORT_SINGLE };
enum removal_action { REMOVAL_DELETE, REMOVAL_MOVE, REMOVAL_KEEP };

struct warehouse_settings {
  char *type; /* "sqlite" or "bigquery" ("memory" in tests) */
  char *path; /* of sqlite; the others are of bigquery */
  char *project;
  char *dataset;
  char *ops_dataset;            /* NULL: dataset */
  char *location;               /* NULL: BigQuery finds out */
  int64_t maximum_bytes_billed; /* 0: no limit */
  int64_t stream_wait_s;        /* how long a run waits for streamed rows to be seen */
  char *credentials_file;       /* NULL: Google's usual places */
  char *credentials_url_base;   /* how the URL of a federation must begin; NULL: none is asked */
  char *quota_project;          /* NULL: the one of the credentials */
  /* From the environment, not from the file: */
  char *emulator_host;                          /* BIGQUERY_EMULATOR_HOST; NULL: Google */
  const char *(*environment)(const char *name); /* where credentials are looked for; NULL: nothing is set */
};

struct instantly_settings {
  char *base_url;
  char *api_key; /* resolved from api_key, api_key_file or api_key_env; secret */
  char *api_key_file;
  char *api_key_env;
  bool allow_custom_endpoint;
  int64_t requests_per_second;
  int64_t batch_size;     /* leads per leads/add call, 1..1000 */
  int64_t batch_delay_ms; /* pause between two batches */
  int64_t connect_timeout_s;
  int64_t request_timeout_s;
  int64_t writes_in_flight; /* concurrent creating calls */
  int64_t reads_in_flight;
};

struct campaign_settings {
  char *id; /* uuid */
  char *name;
  enum on_paused on_paused;
  enum on_completed on_completed;
  enum on_bounces on_bounces;
  bool escrow;
};

/* One mapping `target: source`: an Instantly field or custom variable and the column that fills it. */
struct field_mapping {
  char *target;
  char *source; /* column of `leads` or key of lead_fields */
};

struct export_settings {
  char *default_campaign; /* uuid or NULL */
  enum export_endpoint endpoint;
  GArray *fields;           /* struct field_mapping: Instantly's own fields beyond first/last/company name */
  GArray *custom_variables; /* struct field_mapping */
  int64_t max_per_run;
  int64_t max_per_day; /* per campaign, UTC day */
  int64_t canary;
  int64_t max_wait_s; /* for throttles, all together in a run */
  int64_t plan_reserve_percent;
  bool change_gate; /* skip a run when nothing has changed (core/gate.h) */
  enum once_rule once;
  int64_t cooldown_days[SETTING_OUTCOMES_N]; /* by enum outcome, used with once: cooldown; unlimited = never again */
  bool skip_if_in_workspace;
  bool skip_if_in_campaign;
  bool verify_leads_on_import;
};

struct sync_settings {
  int64_t full_scan_every_h;
  int64_t stops_every_h;
  int64_t max_rows; /* of one reading of lists; 0: as many as the ledger makes likely (core/sync_read.h) */
  bool push_stops;  /* unsubscribes and manual stops go to Instantly's block list */
  int64_t
      watch_finished_days; /* late replies: finished enrolments that are still in Instantly stay watched this long */
};

/* How many running leads a list of stops may hit unasked (core/stop_hits.h): the greater of the two. */
struct suppress_settings {
  int64_t max_hit;
  int64_t max_hit_percent; /* of the enrolled */
};

/* What becomes of our live rows of stopped persons (core/stop_enforce.h). */
struct stops_settings {
  enum removal_action action; /* move: to the list, if one is set; else delete */
  char *list;                 /* uuid or NULL */
};

/* A column of the source that says who does not want mail (core/source_opt_out.h). */
struct opt_out_settings {
  char *column;  /* NULL: there is none */
  char **values; /* mean no mail, beside the words that are understood anyway; NULL: none */
  char **ignore; /* say nothing */
};

/* A table of the user's whose persons are not mailed while their row is there (core/exclusion.h). */
struct exclude_settings {
  char *table;  /* NULL: none */
  char *column; /* of addresses and domains */
};

/* What becomes of an enrolment whose person left the source (core/gone.h). */
enum gone_rule { GONE_KEEP, GONE_STOP };

struct source_settings {
  char *table;     /* default "leads" */
  GArray *columns; /* struct field_mapping: our column <- the user's column */
  bool write_back;
  struct opt_out_settings opt_out;
  int64_t max_shrink_percent; /* losing more than this since the last export is a safety stop; 0: never */
  struct exclude_settings exclude;
  enum gone_rule gone;
};

struct outcome_settings {
  enum removal_action action;
  int64_t grace_days;
  bool cut_subsequence;
  char *move_to; /* list uuid or NULL */
};

struct complete_settings {
  bool armed;
  int64_t max_removals;
  bool include_adopted;
  struct outcome_settings outcomes[SETTING_OUTCOMES_N];
};

struct settle_settings {
  int64_t wait_s;
  int64_t recheck_s;
};

struct log_settings {
  char *level;  /* debug, info, warning, error */
  char *format; /* logfmt, json */
};

struct settings {
  struct warehouse_settings warehouse;
  struct instantly_settings instantly;
  GArray *campaigns; /* struct campaign_settings */
  struct export_settings export;
  struct sync_settings sync;
  struct suppress_settings suppress;
  struct stops_settings stops;
  struct source_settings source;
  struct complete_settings complete;
  struct settle_settings settle;
  struct log_settings log;
};

/* Makes an empty settings object (all zero, arrays present). */
void settings_init(struct settings *settings);

/* Frees everything in it; may be called twice. */
void settings_clear(struct settings *settings);

/* The configured campaign with this id, or NULL. */
const struct campaign_settings *settings_campaign(const struct settings *settings, const char *id);
