#pragma once
/* Commands: one table declares them all (cli/commands.c); parser, help, shell docs and the documentation gate are made
 * from it. A command file exports one `const struct command` and nothing else.
 *
 * Calling sequence (main.c): cli_main(argc, argv) finds the command, parses its options and the common ones, loads what
 * the command `needs`, runs it, maps the GError to the documented exit code, and shuts down in mirrored order. */
#include "core/ports.h"
#include "warehouse/warehouse.h"

enum command_need {
  NEEDS_NOTHING = 0,
  NEEDS_CONFIG = 1 << 0,          /* settings loaded and checked */
  NEEDS_WAREHOUSE_READ = 1 << 1,  /* opened read-only; works before our tables exist */
  NEEDS_WAREHOUSE_WRITE = 1 << 2, /* opened for writing; schema applied, said aloud; with --dry-run opened read-only */
  NEEDS_INSTANTLY = 1 << 3,       /* client made (no call yet) */
  NEEDS_NO_DATABASE_YET = 1 << 4, /* with --dry-run an empty one in memory stands in for a database that is not there */
  NEEDS_INBOX = 1 << 5,           /* opened for reading, it shows what waits in the inbox as well */
  NEEDS_BRAKE = 1 << 7,           /* goes on where another program keeps the database for itself: the inbox takes it */
  NEEDS_ANY_SCHEMA = 1 << 6,      /* goes on where a table of ours is lost, since that is what it tells of */
};

enum option_type { OPTION_FLAG, OPTION_INT, OPTION_STRING };

/* An option of one command, beyond the common ones. */
struct command_option {
  const char *name; /* "since", without the dashes */
  enum option_type type;
  const char *argument; /* shown in help, e.g. "DAYS"; NULL for flags */
  const char *help;
};

/* Values of the options of the running command: option_*(cli, "since"). */
struct cli {
  struct settings settings;
  struct warehouse *warehouse; /* NULL unless needed */
  struct instantly *instantly; /* NULL unless needed */
  const struct clock *clock;
  struct progress *progress;
  const char *config_path;
  char *fingerprint; /* of the settings; NULL before the first job */
  bool is_json, shows_pii, is_dry_run, is_yes, is_quiet, is_verbose;
  bool is_shut;         /* the database is busy: an empty one stands in, and what is said goes into the inbox */
  int64_t limit;        /* --limit, or SETTING_UNLIMITED */
  GHashTable *options;  /* name -> char *; flags hold "" */
  GPtrArray *overrides; /* char *: what --set was given */
};

struct command {
  const char *name;                     /* "export", "runs list" */
  const char *arguments;                /* "FILE.csv", "EMAIL|ID|REF" or "" */
  const char *summary;                  /* one line, imperative */
  const char *details;                  /* some sentences for its help page */
  const char *example;                  /* at least one command line that works */
  unsigned needs;                       /* of enum command_need */
  bool writes;                          /* takes --dry-run */
  const struct command_option *options; /* ends with a NULL name; NULL: none */
  int arguments_min, arguments_max;
  /* Looks at the arguments once the settings are there, before anything is opened or made; NULL: nothing to look at. */
  bool (*check)(const struct cli *cli, int argc, char **argv, GError **error);
  enum exit_code (*run)(struct cli *cli, int argc, char **argv, GError **error);
};

/* All commands, in the order of the help page; ends with a NULL. */
extern const struct command *const commands[];

/* Was the flag given? */
bool option_flag(const struct cli *cli, const char *name);
/* The value, or fallback when it was not given (checked to be an integer while parsing). */
int64_t option_int(const struct cli *cli, const char *name, int64_t fallback);
/* The value or NULL. Borrowed. */
const char *option_string(const struct cli *cli, const char *name);

/* The whole program after main(): returns the exit code. */
int cli_main(int argc, char **argv);

/* Has SIGINT or SIGTERM come? (job.is_cancelled; context unused) */
bool cli_is_cancelled(void *context);

/* A job wired to this cli: settings, ledger, instantly, clock, progress, limit, dry run, cancellation. */
void cli_job_init(struct cli *cli, struct job *job);
