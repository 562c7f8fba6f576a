/* Progress on standard error: a line that is rewritten at most 10 times a second on a terminal, otherwise a log line
 * every 10 s, so that a log of a night's run stays short. */
#include "base/log.h"
#include "base/text.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_EVERY_US (SECOND_US / 10)
#define LOG_EVERY_US      (10 * SECOND_US)

struct progress_printer {
  struct progress port; /* first: the job sees only this */
  const struct clock *clock;
  bool is_terminal, is_quiet;
  bool has_line; /* on the terminal, not ended yet */
  char noun[32];
  int64_t started_mono_us, shown_mono_us;
  int64_t done_at_start;
};

static void append_eta(GString *text, int64_t seconds)
{
  if (seconds >= 3600) {
    g_string_append_printf(text, "  eta %dh%02dm", (int)(seconds / 3600), (int)(seconds % 3600 / 60));
  } else if (seconds >= 60) {
    g_string_append_printf(text, "  eta %dm%02ds", (int)(seconds / 60), (int)(seconds % 60));
  } else {
    g_string_append_printf(text, "  eta %ds", (int)seconds);
  }
}

char *progress_text(const struct progress_view *view)
{
  g_autofree char *done = text_thousands(view->done);
  GString *text = g_string_new(view->noun);
  g_string_append_printf(text, " %s", done);
  if (view->total > 0) {
    g_autofree char *total = text_thousands(view->total);
    g_string_append_printf(text, "/%s", total);
  }
  double elapsed_s = (double)view->elapsed_us / SECOND_US;
  double rate = elapsed_s >= 0.5 ? (double)(view->done - view->done_at_start) / elapsed_s : 0;
  if (rate >= 1) {
    g_autofree char *rounded = text_thousands((int64_t)(rate + 0.5));
    g_string_append_printf(text, "  %s/s", rounded);
  }
  if (rate > 0 && view->total > view->done)
    append_eta(text, (int64_t)((double)(view->total - view->done) / rate + 0.5));
  if (view->refused > 0) {
    g_autofree char *refused = text_thousands(view->refused);
    g_string_append_printf(text, "  refused %s", refused);
  }
  return g_string_free(text, FALSE);
}

static void show(struct progress_printer *printer, const struct progress_view *view)
{
  if (!printer->is_terminal) {
    log_event(LOG_INFO, "progress", LOG_STR("what", view->noun), LOG_INT("done", view->done),
              LOG_INT("total", view->total), LOG_INT("refused", view->refused),
              LOG_INT("elapsed_s", view->elapsed_us / SECOND_US));
    return;
  }
  g_autofree char *text = progress_text(view);
  fprintf(stderr, "\r%s\033[K", text);
  fflush(stderr);
  printer->has_line = true;
}

static void start_noun(struct progress_printer *printer, const char *noun, int64_t done, int64_t now_mono_us)
{
  g_strlcpy(printer->noun, noun, sizeof printer->noun);
  printer->started_mono_us = now_mono_us;
  printer->shown_mono_us = now_mono_us;
  printer->done_at_start = done;
}

static void end_line(struct progress_printer *printer)
{
  if (printer->has_line) fputc('\n', stderr);
  printer->has_line = false;
}

static void progress_update(struct progress *progress, const char *noun, int64_t done, int64_t total, int64_t refused)
{
  struct progress_printer *printer = (struct progress_printer *)progress;
  if (printer->is_quiet) return;
  int64_t now_mono_us = printer->clock->mono_us(printer->clock->context);
  if (strncmp(noun, printer->noun, sizeof printer->noun - 1) != 0) {
    end_line(printer);
    start_noun(printer, noun, done, now_mono_us);
  }
  bool is_end = printer->is_terminal && total > 0 && done >= total;
  int64_t every_us = printer->is_terminal ? TERMINAL_EVERY_US : LOG_EVERY_US;
  if (!is_end && now_mono_us - printer->shown_mono_us < every_us) return;
  printer->shown_mono_us = now_mono_us;
  show(printer, &(struct progress_view){.noun = noun,
                                        .done = done,
                                        .total = total,
                                        .refused = refused,
                                        .elapsed_us = now_mono_us - printer->started_mono_us,
                                        .done_at_start = printer->done_at_start});
}

struct progress *progress_new(const struct cli *cli)
{
  struct progress_printer *printer = g_new0(struct progress_printer, 1);
  printer->port.update = progress_update;
  printer->clock = cli->clock;
  printer->is_quiet = cli->is_quiet;
  printer->is_terminal = isatty(STDERR_FILENO);
  return &printer->port;
}

void progress_free(struct progress *progress)
{
  if (!progress) return;
  struct progress_printer *printer = (struct progress_printer *)progress;
  end_line(printer);
  g_free(printer);
}
