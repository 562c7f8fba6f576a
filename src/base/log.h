#pragma once
/* The log: one line per event on stderr, logfmt or JSON, RFC 3339 UTC, never personal data.
 *
 * log_init() once at start; then log_write() with typed fields from anywhere, any thread. Field names are a closed
 * vocabulary by convention (lead, campaign, batch, leads, status, attempt, duration_s, error, ...); a lead is named by
 * its reference (see core/ports.h job_ref), never by its address. As a net below that, the sink replaces each word
 * that contains '@' and each string registered as secret by "[redacted]". */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

/* One typed field; build it with LOG_STR, LOG_INT, LOG_REAL below. */
struct log_field {
  const char *key;
  enum { LOG_FIELD_STRING, LOG_FIELD_INT, LOG_FIELD_REAL } type;
  const char *string; /* borrowed for the call; NULL leaves the field out */
  int64_t integer;
  double real;
};

#define LOG_STR(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_STRING, .string = (v)})
#define LOG_INT(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .integer = (int64_t)(v)})
#define LOG_REAL(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_REAL, .real = (v)})

struct log_options {
  enum log_level level;
  enum log_format format;
  int fd; /* where lines go; 2 outside tests */
};

/* Sets level, format and target. Before it, INFO and logfmt on descriptor 2. */
void log_init(const struct log_options *options);

/* Adds run=ID to every later line; NULL takes it off again. Copied. */
void log_set_run(const char *run_id);

/* Adds a string that is never written (an API key). Copied; at most 8; strings under 6 bytes are ignored. */
void log_add_secret(const char *secret);

/* Takes one off again, wiping it: a token that is replaced by the next. NULL and unknown ones are fine. */
void log_remove_secret(const char *secret);

/* Replaces every registered secret in a text that goes elsewhere than into the log, such as a sentence for people. */
void log_hide_secrets(GString *text);

/* Would a line of this level be written? */
bool log_is_on(enum log_level level);

/* Writes one line: time, level, message, run, fields. The message is a constant event name ("batch sent"). */
void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t fields_n);

/* One event on its way into a line. */
struct log_line {
  enum log_format format;
  enum log_level level;
  int64_t time_us;
  const char *message;
  const struct log_field *fields;
  size_t fields_n;
};

/* Formats a line without writing it (tests, crash paths). The caller frees the string. */
char *log_format_line(const struct log_line *line);

#define LOG_FIELDS_N(...) (sizeof((struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_event(level, message, ...)                                                                                 \
  log_write((level), (message), (struct log_field[]){__VA_ARGS__}, LOG_FIELDS_N(__VA_ARGS__))
