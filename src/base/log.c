#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MIN_SIZE 6
/* A value is cut after this many bytes, so that a line stays near what a pipe takes in one piece. */
#define VALUE_MAX_BYTES 2000
#define REDACTED        "[redacted]"

/* The one mutable global of base/. The level stands outside the lock because log_is_on() is asked all the time. */
static struct {
  pthread_mutex_t mutex;
  atomic_int level;
  enum log_format format;
  int fd;
  char *run_id;
  GPtrArray *secrets; /* char *, the longest first: one may begin with another; NULL before the first */
} sink = {.mutex = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO, .format = LOG_LOGFMT, .fd = STDERR_FILENO};

void log_init(const struct log_options *options)
{
  pthread_mutex_lock(&sink.mutex);
  atomic_store(&sink.level, (int)options->level);
  sink.format = options->format;
  sink.fd = options->fd;
  pthread_mutex_unlock(&sink.mutex);
}

void log_set_run(const char *run_id)
{
  pthread_mutex_lock(&sink.mutex);
  g_free(sink.run_id);
  sink.run_id = g_strdup(run_id);
  pthread_mutex_unlock(&sink.mutex);
}

/* Is it registered already? The lock is held. */
static bool secret_is_known(const char *secret)
{
  return sink.secrets && g_ptr_array_find_with_equal_func(sink.secrets, secret, g_str_equal, NULL);
}

static void secret_free(gpointer secret)
{
  explicit_bzero(secret, strlen(secret));
  g_free(secret);
}

static gint by_length_falling(gconstpointer a, gconstpointer b)
{
  size_t length_a = strlen(*(const char *const *)a), length_b = strlen(*(const char *const *)b);
  return (length_a < length_b) - (length_a > length_b);
}

void log_add_secret(const char *secret)
{
  if (!secret || strlen(secret) < SECRET_MIN_SIZE) return;
  pthread_mutex_lock(&sink.mutex);
  if (!sink.secrets) sink.secrets = g_ptr_array_new_with_free_func(secret_free);
  if (!secret_is_known(secret)) {
    g_ptr_array_add(sink.secrets, g_strdup(secret));
    g_ptr_array_sort(sink.secrets, by_length_falling);
  }
  pthread_mutex_unlock(&sink.mutex);
}

void log_remove_secret(const char *secret)
{
  if (!secret) return;
  pthread_mutex_lock(&sink.mutex);
  guint at = 0;
  if (sink.secrets && g_ptr_array_find_with_equal_func(sink.secrets, secret, g_str_equal, &at))
    g_ptr_array_remove_index(sink.secrets, at);
  pthread_mutex_unlock(&sink.mutex);
}

bool log_is_on(enum log_level level)
{
  return (int)level >= atomic_load(&sink.level);
}

static const char *level_name(enum log_level level)
{
  switch (level) {
  case LOG_DEBUG: return "debug";
  case LOG_INFO: return "info";
  case LOG_WARNING: return "warning";
  case LOG_ERROR: return "error";
  }
  return "error";
}

static bool is_blank(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Replaces each word that looks like part of an address; in a URL the '@' is "%40". */
static void redact_addresses(GString *text)
{
  for (gsize start = 0; start < text->len;) {
    gsize end = start;
    while (end < text->len && !is_blank(text->str[end])) {
      end++;
    }
    const char *word = text->str + start;
    gssize length = (gssize)(end - start);
    if (memchr(word, '@', end - start) || g_strstr_len(word, length, "%40")) {
      g_string_erase(text, (gssize)start, length);
      g_string_insert(text, (gssize)start, REDACTED);
      end = start + strlen(REDACTED);
    }
    start = end + 1;
  }
}

static void cut_at_limit(GString *text)
{
  if (text->len <= VALUE_MAX_BYTES) return;
  const char *cut = g_utf8_find_prev_char(text->str, text->str + VALUE_MAX_BYTES);
  g_string_truncate(text, (gsize)(cut - text->str));
  g_string_append(text, "...");
}

/* The lock is held. */
static void replace_secrets(GString *text)
{
  for (guint i = 0; sink.secrets && i < sink.secrets->len; i++)
    g_string_replace(text, g_ptr_array_index(sink.secrets, i), REDACTED, 0);
}

void log_hide_secrets(GString *text)
{
  pthread_mutex_lock(&sink.mutex);
  replace_secrets(text);
  pthread_mutex_unlock(&sink.mutex);
}

/* What may be written of a value. The lock is held. */
static char *clean_value(const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  GString *text = g_string_new(valid);
  replace_secrets(text);
  redact_addresses(text);
  cut_at_limit(text);
  return g_string_free(text, FALSE);
}

/* Would this character break a line, hide in it, or end a bare value? */
static bool needs_escape(gunichar c)
{
  return c == '"' || c == '\\' || !g_unichar_isprint(c) || c == 0x2028 || c == 0x2029;
}

static void append_logfmt_char(GString *line, gunichar c)
{
  switch (c) {
  case '"': g_string_append(line, "\\\""); return;
  case '\\': g_string_append(line, "\\\\"); return;
  case '\n': g_string_append(line, "\\n"); return;
  case '\r': g_string_append(line, "\\r"); return;
  case '\t': g_string_append(line, "\\t"); return;
  default: break;
  }
  if (needs_escape(c)) {
    g_string_append_printf(line, "\\u%04x", c);
  } else {
    g_string_append_unichar(line, c);
  }
}

static void append_logfmt_value(GString *line, const char *value)
{
  bool is_bare = *value != '\0';
  for (const char *at = value; *at != '\0' && is_bare; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    is_bare = c != ' ' && c != '=' && !needs_escape(c);
  }
  if (is_bare) {
    g_string_append(line, value);
    return;
  }
  g_string_append_c(line, '"');
  for (const char *at = value; *at != '\0'; at = g_utf8_next_char(at)) {
    append_logfmt_char(line, g_utf8_get_char(at));
  }
  g_string_append_c(line, '"');
}

static void append_key(GString *line, enum log_format format, const char *key)
{
  if (format == LOG_JSON) {
    json_append_key(line, key);
    return;
  }
  if (line->len > 0) g_string_append_c(line, ' ');
  g_string_append(line, key);
  g_string_append_c(line, '=');
}

static void append_string(GString *line, enum log_format format, const char *key, const char *value)
{
  g_autofree char *clean = clean_value(value);
  append_key(line, format, key);
  if (format == LOG_JSON) {
    json_append_string(line, clean);
  } else {
    append_logfmt_value(line, clean);
  }
}

static void append_real(GString *line, enum log_format format, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  bool is_number = isfinite(value);
  if (is_number) g_ascii_formatd(text, sizeof text, "%.10g", value);
  g_string_append(line, is_number ? text : format == LOG_JSON ? "null" : "nan");
}

static void append_field(GString *line, enum log_format format, const struct log_field *field)
{
  if (field->type == LOG_FIELD_STRING) {
    if (field->string) append_string(line, format, field->key, field->string);
    return;
  }
  append_key(line, format, field->key);
  if (field->type == LOG_FIELD_INT) {
    g_string_append_printf(line, "%" G_GINT64_FORMAT, field->integer);
  } else {
    append_real(line, format, field->real);
  }
}

/* The line without its newline. The lock is held. */
static GString *format_line(const struct log_line *line)
{
  enum log_format format = line->format;
  GString *text = g_string_sized_new(256);
  g_autofree char *time = time_format_us(line->time_us);
  if (format == LOG_JSON) g_string_append_c(text, '{');
  append_string(text, format, "ts", time);
  append_string(text, format, "level", level_name(line->level));
  append_string(text, format, "msg", line->message);
  if (sink.run_id) append_string(text, format, "run", sink.run_id);
  for (size_t i = 0; i < line->fields_n; i++) {
    append_field(text, format, &line->fields[i]);
  }
  if (format == LOG_JSON) g_string_append_c(text, '}');
  return text;
}

/* One write(2); more only when the target takes the line in pieces. A log that cannot be written stops nobody. */
static void write_line(int fd, const char *line, size_t length)
{
  while (length > 0) {
    ssize_t written = write(fd, line, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line += written;
    length -= (size_t)written;
  }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t fields_n)
{
  if (!log_is_on(level)) return;
  int64_t now_us = clock_wall_us(clock_system());
  pthread_mutex_lock(&sink.mutex);
  struct log_line line = {sink.format, level, now_us, message, fields, fields_n};
  GString *text = format_line(&line);
  g_string_append_c(text, '\n');
  write_line(sink.fd, text->str, text->len);
  pthread_mutex_unlock(&sink.mutex);
  g_string_free(text, TRUE);
}

char *log_format_line(const struct log_line *line)
{
  pthread_mutex_lock(&sink.mutex);
  GString *text = format_line(line);
  pthread_mutex_unlock(&sink.mutex);
  return g_string_free(text, FALSE);
}
