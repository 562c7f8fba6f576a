#pragma once
/* The configuration: one YAML file, the environment and --set, checked against one table (cli/settings_table.h).
 *
 * Calling sequence: config_init() with the settings to fill, config_load(), look at problems, config_clear(). The
 * precedence is flag, environment, file, default. Reading never stops at the first problem: all of them are collected
 * with file, line, column and what was expected, and config_load() then returns false. A problem's text never holds the
 * value of a secret. Keys are resolved by config_resolve_key(), only for commands that speak with Instantly.
 *
 * Ownership: settings belong to the caller (settings_clear); strings in problems and warnings to the config. */
#include "base/error.h"
#include "core/settings.h"

enum config_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

/* One thing that is wrong. line and column count from 1; 0: the place has none (environment, flag, missing). */
struct config_problem {
  char *place; /* file name, "$LEADFERRY_...", "--set ..." */
  size_t line, column;
  char *path; /* of the setting, or NULL */
  char *message;
};

/* Where the value of one row of the table came from. */
struct config_source {
  enum config_origin origin;
  size_t line, column; /* in the file */
};

struct config {
  struct settings *settings;
  char *path;                    /* of the file, NULL before it was read */
  struct config_source *sources; /* one per row of settings_table */
  GArray *problems;              /* struct config_problem, in the order in which they were found */
  GPtrArray *warnings;           /* char * */
};

struct config_options {
  const char *path;               /* --config, or NULL */
  const char *const *overrides;   /* of --set, NULL-terminated, or NULL */
  const char *const *environment; /* "NAME=value", NULL-terminated, or NULL for none */
  bool requires_key;              /* no api_key, api_key_file or api_key_env at all is a problem */
};

/* Makes an empty configuration over empty settings. */
void config_init(struct config *config, struct settings *settings);

/* Frees all but the settings; may be called twice. */
void config_clear(struct config *config);

/* Reads file, environment and flags over the defaults and checks the whole. False with ERROR_CONFIG that tells all
 * problems, each in a line of its own; config->problems has them one by one. */
bool config_load(struct config *config, const struct config_options *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What only the environment says of BigQuery: an emulator, and where credentials are. After loading. */
void config_take_google(struct settings *settings);

/* A file that is already in memory; the name is used in messages and for relative paths. */
struct config_text {
  const char *name;
  const char *bytes;
  size_t size;
};

/* The same as config_load() for such a file. */
bool config_load_bytes(struct config *config, const struct config_options *options, const struct config_text *text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file that options and environment name, without looking whether it exists. Caller frees. */
char *config_find_path(const struct config_options *options);

/* Adds a problem; printf-like. path may be NULL. */
void config_problem_add(struct config *config, const struct config_problem *where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* "leadferry.yaml:3:5: export.canary: expected ...". Caller frees. */
char *config_problem_text(const struct config_problem *problem);

/* Reads the key where the settings say it is into settings->instantly.api_key. ERROR_CONFIG when it is nowhere;
 * *warning (caller frees) says when others may read its file. */
bool config_resolve_key(struct settings *settings, const char *const *environment, char **warning,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
