#pragma once
/* The settings of a run: command line over file over default.
 *
 * config_init(), then config_load() for a file (JSON), then single fields from the command line; config_clear() at the
 * end. The campaigns, lists, keys and block list of the file stay JSON here: world_new() makes them into rows. */
#include "model.h"
#include "quirks.h"

struct rate_limits {
  bool is_on;
  bool is_sliding; /* else windows that begin with the second and the minute */
  bool tells_retry_after;
  int64_t per_second;
  int64_t per_minute;
  int64_t emails_per_minute;
};

struct config {
  cJSON *file; /* the whole file; NULL without one */
  struct quirks quirks;
  struct rate_limits rate;
  struct chances chances;
  int64_t seed;
  int64_t start_ms;
  int64_t tick_s;     /* how often a campaign's loop looks for something to send */
  int64_t list_lag_s; /* rows appear in lists at most so late */
  int64_t job_s;      /* duration of a background job */
  int64_t interest_delay_s;
  int64_t quota_release_s;
  int64_t verify_s; /* verification on import */
  int64_t plan_limit;
  int64_t accounts_n; /* mailboxes when the file lists none */
  int64_t account_daily_limit;
  int64_t old_ids_n;     /* so many first rows get random ids, as rows of before October 2025 have */
  int64_t stop_grace_s;  /* a mail so soon after a stop is not counted as mailed after it */
  int64_t shape_looks_n; /* requests per operation and status that are examined for their shape */
  bool is_paid;
  bool add_unsub_to_block;
  bool bundle_plan;      /* plan-details shows a bundle instead of an outreach subscription */
  bool plan_over_is_402; /* leads/add beyond the plan: refused as a whole, else the rest is skipped */
  char *stamp;           /* custom variable that marks rows of the client under test; NULL: upload method decides */
};

/* Defaults. */
void config_init(struct config *config);

/* Reads a file on top. ERROR_CONFIG with the unknown key and its nearest neighbour, ERROR_LOCAL when unreadable. */
bool config_load(struct config *config, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads chances from an object on top of what is there; unknown names are an error. */
bool chances_read(struct chances *chances, const cJSON *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Frees what it owns. */
void config_clear(struct config *config);
