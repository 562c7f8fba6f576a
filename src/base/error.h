#pragma once
/* Errors: a kind for the machine, a sentence for the human.
 *
 * Every function that can fail returns bool (or a pointer) and takes a GError **. The low level states the fact with
 * error_set(); callers add context with g_prefix_error() while it travels up; it is logged once, where it is decided.
 * Policy looks at the kind alone. A sentence says what, where and how to fix it, and never holds an e-mail address,
 * a name or a key. */
#include <glib.h>
#include <stdint.h>

/* What went wrong, as far as anybody has to act differently. Each kind has one exit code, see error_exit_code(). */
enum error_kind {
  ERROR_USAGE,        /* the command line is wrong */
  ERROR_CONFIG,       /* the configuration file, the schema or a permission needs a person */
  ERROR_AUTH,         /* 401, 402, 403: the key, the plan, the scope */
  ERROR_TRANSIENT,    /* may work later: time-outs, 5xx, no connection, a busy database */
  ERROR_RATE_LIMITED, /* 429 after every pause that is allowed */
  ERROR_REJECTED,     /* the other side understood and refused (4xx) */
  ERROR_NOT_FOUND,    /* 404: the thing is not there */
  ERROR_CORRUPT,      /* data that cannot be what it claims to be: a broken database, an unparsable answer */
  ERROR_UNSAFE,       /* a safety stop: going on could mail twice or delete too much */
  ERROR_LOCKED,       /* another run holds the lease */
  ERROR_LOCAL,        /* this machine: disk full, read-only, out of descriptors */
  ERROR_CANCELLED,    /* SIGINT or SIGTERM */
  ERROR_KINDS_N
};

/* Exit codes, documented API (docs/exit-codes.md). */
enum exit_code {
  EXIT_CODE_OK = 0,
  EXIT_CODE_FAILED = 1,
  EXIT_CODE_USAGE = 2,
  EXIT_CODE_PARTIAL = 3,
  EXIT_CODE_AUTH = 4,
  EXIT_CODE_TEMPORARY = 5,
  EXIT_CODE_SAFETY = 6,
  EXIT_CODE_LOCKED = 7,
  EXIT_CODE_CONFIG = 78,
  EXIT_CODE_SIGINT = 130,
  EXIT_CODE_SIGPIPE = 141,
  EXIT_CODE_SIGTERM = 143,
};

/* The GError domain of all our errors; code is an enum error_kind, above it an HTTP status (error_status). */
GQuark error_quark(void);

/* Sets *error (which may be NULL) to a new error of this kind with a printf-like sentence. */
void error_set(GError **error, enum error_kind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Notes the HTTP status that an error stands for, where there is one; error may be NULL. */
void error_note_status(GError *error, int64_t status);
/* The status that was noted, 0 without one. */
int64_t error_status(const GError *error);

/* The kind of an error; errors of other domains (GLib's own file errors) count as ERROR_LOCAL. */
enum error_kind error_kind_of(const GError *error);

/* Is this error of that kind? False for NULL. */
gboolean error_is(const GError *error, enum error_kind kind);

/* Short stable name of a kind ("auth", "transient", ...), used in logs and as error_type. */
const char *error_kind_name(enum error_kind kind);

/* The process exit code that a kind stands for. */
enum exit_code error_exit_code(enum error_kind kind);

/* The worse of two exit codes: 0 < 141 < 3 < 5 < 1 < 7 < 6 < 4 < 2 < 78 < 130 < 143. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);
