#include "cli/output.h"

#include "base/text.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- tables ---- */

void table_init(struct table *table, const char *const *headers, size_t columns_n)
{
  *table = (struct table){.cells = g_ptr_array_new_with_free_func(g_free), .columns_n = columns_n};
  for (size_t i = 0; i < columns_n; i++) {
    g_ptr_array_add(table->cells, g_strdup(headers[i]));
  }
}

void table_add(struct table *table, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(table->cells, out_printable(text));
}

void table_add_int(struct table *table, int64_t value)
{
  g_ptr_array_add(table->cells, text_thousands(value));
}

void table_add_time(struct table *table, int64_t wall_us)
{
  g_ptr_array_add(table->cells, wall_us ? time_format_us(wall_us - wall_us % SECOND_US) : g_strdup("-"));
}

size_t table_rows(const struct table *table)
{
  return table->cells->len / table->columns_n - 1;
}

static bool is_number(const char *cell)
{
  bool has_digit = false;
  for (const char *at = cell; *at; at++) {
    if (!strchr("0123456789,.-+%", *at)) return false;
    has_digit = has_digit || g_ascii_isdigit(*at);
  }
  return has_digit || !strcmp(cell, "-") || !*cell;
}

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
  size_t i = row * table->columns_n + column;
  return i < table->cells->len ? g_ptr_array_index(table->cells, i) : "";
}

struct column_shape {
  glong width;
  bool is_right;
};

static struct column_shape column_shape(const struct table *table, size_t column, size_t rows_n)
{
  struct column_shape shape = {.width = g_utf8_strlen(cell_at(table, 0, column), -1), .is_right = rows_n > 1};
  for (size_t row = 1; row < rows_n; row++) {
    const char *cell = cell_at(table, row, column);
    shape.width = MAX(shape.width, g_utf8_strlen(cell, -1));
    shape.is_right = shape.is_right && is_number(cell);
  }
  return shape;
}

static void append_blanks(GString *out, glong n)
{
  for (glong i = 0; i < n; i++) {
    g_string_append_c(out, ' ');
  }
}

char *table_text(const struct table *table)
{
  size_t rows_n = (table->cells->len + table->columns_n - 1) / table->columns_n;
  g_autofree struct column_shape *shapes = g_new(struct column_shape, table->columns_n);
  for (size_t column = 0; column < table->columns_n; column++) {
    shapes[column] = column_shape(table, column, rows_n);
  }
  GString *out = g_string_new(NULL);
  for (size_t row = 0; row < rows_n; row++) {
    glong owed = 0; /* blanks before the next text, so that no line ends in any */
    for (size_t column = 0; column < table->columns_n; column++) {
      const char *cell = cell_at(table, row, column);
      glong padding = shapes[column].width - g_utf8_strlen(cell, -1);
      bool is_right = shapes[column].is_right;
      if (*cell) append_blanks(out, owed + (is_right ? padding : 0));
      g_string_append(out, cell);
      owed = *cell ? 2 + (is_right ? 0 : padding) : owed + shapes[column].width + 2;
    }
    g_string_append_c(out, '\n');
  }
  return g_string_free(out, FALSE);
}

void table_print(struct table *table)
{
  g_autofree char *text = table_text(table);
  fputs(text, stdout);
  g_ptr_array_set_size(table->cells, (int)table->columns_n);
}

void table_clear(struct table *table)
{
  g_clear_pointer(&table->cells, g_ptr_array_unref);
}

/* ---- text ---- */

void out_print(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
}

void out_line(const char *text)
{
  fputs(text, stdout);
  fputc('\n', stdout);
}

bool out_is_closed(void)
{
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

bool out_finish(GError **error)
{
  if (fflush(stdout) == 0 && !ferror(stdout)) return true;
  error_set(error, ERROR_LOCAL, "Not all output could be written to standard output (is the disk full?)");
  return false;
}

void out_note(const struct cli *cli, const char *format, ...)
{
  if (cli->is_quiet) return;
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *raw = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *text = out_printable(raw);
  fprintf(stderr, "%s\n", text);
}

const char *out_email(const struct cli *cli, const char *email)
{
  return cli->shows_pii ? email : NULL;
}

char *out_printable(const char *text)
{
  char *copy = g_utf8_make_valid(text ? text : "", -1);
  for (char *at = copy; *at; at++) {
    if (g_ascii_iscntrl(*at)) *at = '?';
  }
  return copy;
}

bool out_confirm(const struct cli *cli, const char *question)
{
  if (cli->is_yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return true;
  fprintf(stderr, "%s [y/N] ", question);
  fflush(stderr);
  char answer[16] = "";
  if (!fgets(answer, sizeof answer, stdin)) return false;
  return answer[0] == 'y' || answer[0] == 'Y';
}

char *out_age(int64_t now_us, int64_t then_us)
{
  static const struct {
    int64_t unit_s;
    const char *word;
  } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  if (!then_us) return g_strdup("never");
  int64_t age_s = MAX(0, (now_us - then_us) / SECOND_US);
  for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
    if (age_s >= 2 * units[i].unit_s) {
      return g_strdup_printf("%" G_GINT64_FORMAT " %s ago", age_s / units[i].unit_s, units[i].word);
    }
  }
  return g_strdup("just now");
}
