/* The log line: quoting, redaction, injection, and that lines of several threads never mix. */
#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"

#include <string.h>
#include <unistd.h>

#define AT_US     (1795352709 * SECOND_US)
#define LOGFMT_AT "ts=2026-11-22T13:05:09Z level=info msg="
#define THREADS_N 4
#define LINES_N   200

static char *format(enum log_format format, enum log_level level, const char *message, const struct log_field *fields,
                    size_t fields_n)
{
  struct log_line line = {format, level, AT_US, message, fields, fields_n};
  return log_format_line(&line);
}

/* A logfmt line with one string field "v". Caller frees. */
static char *line_of(const char *value)
{
  struct log_field field = LOG_STR("v", value);
  return format(LOG_LOGFMT, LOG_INFO, "event", &field, 1);
}

static void check_value(const char *value, const char *wanted)
{
  g_autofree char *line = line_of(value);
  g_autofree char *expected = g_strconcat(LOGFMT_AT "event v=", wanted, NULL);
  g_assert_cmpstr(line, ==, expected);
}

static void test_logfmt_quoting(void)
{
  check_value("plain", "plain");
  check_value("2026-11-22T13:05:09Z", "2026-11-22T13:05:09Z");
  check_value("", "\"\"");
  check_value("two words", "\"two words\"");
  check_value("a=b", "\"a=b\"");
  check_value("say \"x\"", "\"say \\\"x\\\"\"");
  check_value("\"", "\"\\\"\"");
  check_value("back\\slash", "\"back\\\\slash\"");
  check_value("tab\there", "\"tab\\there\"");
  check_value("caf\xc3\xa9", "caf\xc3\xa9");
}

static void test_newline_injection(void)
{
  check_value("x\nlevel=error msg=forged", "\"x\\nlevel=error msg=forged\"");
  check_value("x\r\ny", "\"x\\r\\ny\"");
  check_value("x\x1b[2Jy", "\"x\\u001b[2Jy\"");
  check_value("x\xc2\x85y", "\"x\\u0085y\"");
  check_value("x\xe2\x80\xa8y", "\"x\\u2028y\"");
  check_value("x\xe2\x80\xaey", "\"x\\u202ey\"");
  check_value("x\x7fy", "\"x\\u007fy\"");
  check_value("bad \xff byte", "\"bad \xef\xbf\xbd byte\"");
}

static void test_field_types(void)
{
  struct log_field fields[] = {LOG_STR("lead", "L1"),    LOG_INT("leads", -41200),     LOG_REAL("duration_s", 1.25),
                               LOG_STR("error", NULL),   LOG_REAL("ratio", 0.1 + 0.2), LOG_REAL("odd", 0.0 / 0.0),
                               LOG_INT("big", INT64_MAX)};
  g_autofree char *logfmt = format(LOG_LOGFMT, LOG_WARNING, "batch sent", fields, G_N_ELEMENTS(fields));
  g_assert_cmpstr(logfmt, ==,
                  "ts=2026-11-22T13:05:09Z level=warning msg=\"batch sent\" lead=L1 leads=-41200 duration_s=1.25 "
                  "ratio=0.3 odd=nan big=9223372036854775807");
  g_autofree char *json = format(LOG_JSON, LOG_ERROR, "batch sent", fields, G_N_ELEMENTS(fields));
  g_assert_cmpstr(json, ==,
                  "{\"ts\":\"2026-11-22T13:05:09Z\",\"level\":\"error\",\"msg\":\"batch sent\",\"lead\":\"L1\","
                  "\"leads\":-41200,\"duration_s\":1.25,\"ratio\":0.3,\"odd\":null,\"big\":9223372036854775807}");
}

static void test_json_escaping(void)
{
  static const char nasty[] = "q\" b\\ n\n e\x1b u\xc3\xa9 x\xff";
  struct log_field field = LOG_STR("v", nasty);
  g_autofree char *line = format(LOG_JSON, LOG_DEBUG, "a\nb", &field, 1);
  g_assert_null(strchr(line, '\n'));
  g_autoptr(cJSON) tree = json_parse(line, strlen(line), NULL);
  g_assert_cmpstr(json_string(tree, "msg"), ==, "a\nb");
  g_assert_cmpstr(json_string(tree, "level"), ==, "debug");
  g_assert_cmpstr(json_string(tree, "v"), ==, "q\" b\\ n\n e\x1b u\xc3\xa9 x\xef\xbf\xbd");
}

static void test_addresses_are_redacted(void)
{
  check_value("ann@example.com", "[redacted]");
  check_value("to ann@example.com failed", "\"to [redacted] failed\"");
  check_value("to <ann@example.com>: refused", "\"to [redacted] refused\"");
  check_value("ann@a.com bob@b.com", "\"[redacted] [redacted]\"");
  check_value("a@b\tc@d", "\"[redacted]\\t[redacted]\"");
  check_value("/campaigns?search=ann%40example.com", "[redacted]");
  check_value("j\xc3\xbcrgen@example.com", "[redacted]");
  check_value("@", "[redacted]");
  g_autofree char *line = format(LOG_LOGFMT, LOG_INFO, "sent to ann@example.com", NULL, 0);
  g_assert_cmpstr(line, ==, LOGFMT_AT "\"sent to [redacted]\"");
}

static void test_secrets_are_redacted(void)
{
  log_add_secret("short");
  log_add_secret(NULL);
  log_add_secret("s3cr3t-key==");
  log_add_secret("with blank inside");
  check_value("short", "short");
  check_value("Bearer s3cr3t-key==", "\"Bearer [redacted]\"");
  check_value("xs3cr3t-key==ys3cr3t-key==", "x[redacted]y[redacted]");
  check_value("a with blank inside b", "\"a [redacted] b\"");
  struct log_field field = LOG_STR("v", "k=s3cr3t-key==");
  g_autofree char *json = format(LOG_JSON, LOG_INFO, "s3cr3t-key==", &field, 1);
  g_assert_null(strstr(json, "s3cr3t"));
}

/* A token that is replaced makes room for the next. */
static void test_removed_secret(void)
{
  for (int i = 0; i < 100; i++) {
    g_autofree char *token = g_strdup_printf("token-%03d", i);
    g_autofree char *shown = g_strdup_printf("Bearer %s", token);
    log_add_secret(token);
    check_value(shown, "\"Bearer [redacted]\"");
    log_remove_secret(token);
    log_remove_secret("unknown");
    log_remove_secret(NULL);
  }
  check_value("token-099", "token-099");
}

/* There is no ninth one that is written: keys, tokens and their successors in one run. */
static void test_many_secrets(void)
{
  for (int i = 0; i < 20; i++) {
    g_autofree char *secret = g_strdup_printf("filler-%02d", i);
    log_add_secret(secret);
    log_add_secret(secret);
  }
  check_value("filler-00", "[redacted]");
  check_value("filler-08", "[redacted]");
  check_value("filler-19", "[redacted]");
  log_add_secret("key-of-a");
  log_add_secret("key-of-a-longer-one");
  check_value("key-of-a-longer-one", "[redacted]");
  log_remove_secret("key-of-a-longer-one");
  check_value("key-of-a", "[redacted]");
  check_value("s3cr3t-key==", "[redacted]");
}

static void test_long_value_is_cut(void)
{
  g_autofree char *letters = g_strnfill(5000, 'x');
  g_autofree char *line = line_of(letters);
  g_assert_cmpuint(strlen(line), <, 2100);
  g_assert_true(g_str_has_suffix(line, "xxx..."));
  g_autoptr(GString) wide = g_string_new("x");
  for (int i = 0; i < 2000; i++) {
    g_string_append(wide, "\xc3\xa9");
  }
  g_autofree char *cut = line_of(wide->str);
  g_assert_true(g_utf8_validate(cut, -1, NULL));
  g_autofree char *filler = g_strnfill(1998, 'x');
  g_autofree char *secret_at_the_cut = g_strconcat(filler, "ann@example.com", NULL);
  g_autofree char *safe = line_of(secret_at_the_cut);
  g_assert_true(g_str_has_suffix(safe, "v=[redacted]"));
}

static void test_run_id(void)
{
  log_set_run("20261122T130509-1f2e3d4c");
  g_autofree char *with = format(LOG_LOGFMT, LOG_INFO, "event", NULL, 0);
  g_assert_cmpstr(with, ==, LOGFMT_AT "event run=20261122T130509-1f2e3d4c");
  log_set_run("another");
  g_autofree char *json = format(LOG_JSON, LOG_INFO, "event", NULL, 0);
  g_assert_true(g_str_has_suffix(json, "\"msg\":\"event\",\"run\":\"another\"}"));
  log_set_run(NULL);
  g_autofree char *without = format(LOG_LOGFMT, LOG_INFO, "event", NULL, 0);
  g_assert_cmpstr(without, ==, LOGFMT_AT "event");
}

/* A pipe that log lines go to for the rest of a test. */
static int open_pipe(enum log_level level, enum log_format format, int *target)
{
  int ends[2] = {-1, -1};
  g_assert_cmpint(pipe(ends), ==, 0);
  log_init(&(struct log_options){.level = level, .format = format, .fd = ends[1]});
  *target = ends[1];
  return ends[0];
}

static void *read_everything(void *context)
{
  int fd = GPOINTER_TO_INT(context);
  GString *text = g_string_new(NULL);
  char buffer[4096];
  for (ssize_t got = read(fd, buffer, sizeof buffer); got > 0; got = read(fd, buffer, sizeof buffer)) {
    g_string_append_len(text, buffer, got);
  }
  close(fd);
  return g_string_free(text, FALSE);
}

static void test_level(void)
{
  int target = -1;
  int source = open_pipe(LOG_WARNING, LOG_LOGFMT, &target);
  g_assert_false(log_is_on(LOG_INFO));
  g_assert_true(log_is_on(LOG_WARNING));
  log_event(LOG_INFO, "quiet", LOG_INT("n", 1));
  log_event(LOG_ERROR, "loud", LOG_INT("n", 2));
  log_write(LOG_WARNING, "bare", NULL, 0);
  close(target);
  g_autofree char *text = read_everything(GINT_TO_POINTER(source));
  g_assert_null(strstr(text, "quiet"));
  g_assert_nonnull(strstr(text, " level=error msg=loud n=2\nts="));
  g_assert_true(g_str_has_suffix(text, " level=warning msg=bare\n"));
}

static void *write_lines(void *context)
{
  for (int i = 0; i < LINES_N; i++) {
    log_event(LOG_INFO, "line", LOG_INT("thread", GPOINTER_TO_INT(context)), LOG_INT("n", i),
              LOG_STR("filler", "some words that make the line longer than a few bytes"));
  }
  return NULL;
}

static void test_threads_do_not_mix_lines(void)
{
  int target = -1;
  int source = open_pipe(LOG_INFO, LOG_JSON, &target);
  pthread_t threads[THREADS_N];
  for (int i = 0; i < THREADS_N; i++) {
    g_assert_true(thread_start(&threads[i], write_lines, GINT_TO_POINTER(i)));
  }
  pthread_t reader;
  g_assert_true(thread_start(&reader, read_everything, GINT_TO_POINTER(source)));
  for (int i = 0; i < THREADS_N; i++) {
    thread_join(threads[i]);
  }
  close(target);
  void *read_text = NULL;
  pthread_join(reader, &read_text);
  g_autofree char *text = read_text;
  g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
  int64_t next[THREADS_N] = {0};
  for (char **line = lines; *line; line++) {
    g_autoptr(cJSON) tree = json_parse(*line, strlen(*line), NULL);
    int64_t thread = -1, n = -1;
    g_assert_true(json_int(tree, "thread", &thread) && json_int(tree, "n", &n));
    g_assert_cmpint(n, ==, next[thread]++);
  }
  g_assert_cmpuint(g_strv_length(lines), ==, THREADS_N * LINES_N);
}

/* A target that is gone must not stop or kill anybody. */
static void test_closed_target(void)
{
  log_init(&(struct log_options){.level = LOG_INFO, .format = LOG_LOGFMT, .fd = 987});
  log_write(LOG_ERROR, "nobody reads this", NULL, 0);
  log_init(&(struct log_options){.level = LOG_INFO, .format = LOG_LOGFMT, .fd = STDERR_FILENO});
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/log/logfmt-quoting", test_logfmt_quoting);
  g_test_add_func("/log/newline-injection", test_newline_injection);
  g_test_add_func("/log/field-types", test_field_types);
  g_test_add_func("/log/json-escaping", test_json_escaping);
  g_test_add_func("/log/addresses-are-redacted", test_addresses_are_redacted);
  g_test_add_func("/log/secrets-are-redacted", test_secrets_are_redacted);
  g_test_add_func("/log/removed-secret", test_removed_secret);
  g_test_add_func("/log/many-secrets", test_many_secrets);
  g_test_add_func("/log/long-value-is-cut", test_long_value_is_cut);
  g_test_add_func("/log/run-id", test_run_id);
  g_test_add_func("/log/level", test_level);
  g_test_add_func("/log/threads-do-not-mix-lines", test_threads_do_not_mix_lines);
  g_test_add_func("/log/closed-target", test_closed_target);
  return g_test_run();
}
