#include "core/source_opt_out.h"

#include "base/email.h"
#include "base/log.h"
#include "core/flag_word.h"

#include <string.h>

#define ROWS_MAX         500
#define BOUNCE_STOP_DAYS 181
#define DAY_US           (86400 * SECOND_US)

struct source_opt_out source_opt_out_of(const struct opt_out_settings *settings)
{
  struct source_opt_out column = {0};
  if (!settings->column) return column;
  column.settings = settings;
  column.kind = opt_out_kind_of(settings->column);
  column.is_opt_in = opt_out_is_opt_in(settings->column);
  if (column.kind != OPT_OUT_FILLED && column.kind != OPT_OUT_BOUNCE) column.kind = OPT_OUT_FLAG;
  return column;
}

static bool is_listed(char *const *list, const char *value)
{
  for (; list && *list; list++)
    if (opt_out_is_same(value, *list)) return true;
  return false;
}

/* Nothing but what people draw where nothing is: dashes, crosses, empty boxes. */
static bool is_empty_mark(const char *text)
{
  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    bool is_empty = c < 0x80 ? strchr("-_./ ", (int)c) != NULL
                             : (c >= 0x2010 && c <= 0x2015) || c == 0xD7 || c == 0x2610 || c == 0x274C || c == 0x2717 ||
                                   c == 0x2718 || c == 0x2212 || g_unichar_isspace(c) || c == 0xFE0F;
    if (!is_empty) return false;
  }
  return true;
}

/* By the words. Of a status "bounced" is understood as well, and of an opt-in a yes means that there is no opt-out. */
static enum opt_out_answer word_answer(const struct source_opt_out *column, const char *value)
{
  enum opt_out_answer answer = opt_out_answer_of(column->kind, value);
  if (answer == OPT_OUT_UNCLEAR && opt_out_answer_of(OPT_OUT_STATUS, value) == OPT_OUT_BOUNCED) return OPT_OUT_BOUNCED;
  if (answer == OPT_OUT_YES && column->is_opt_in) return OPT_OUT_NO;
  if (answer != OPT_OUT_NO || opt_out_has_word(value) || is_empty_mark(value)) return answer;
  return OPT_OUT_UNCLEAR;
}

enum opt_out_answer source_opt_out_answer(const struct source_opt_out *column, const char *text, size_t length)
{
  if (!column->settings || cell_trim(text, &(size_t){length}) == NULL) return OPT_OUT_NO;
  /* Nearly every cell, at little cost. */
  if (!column->settings->values && flag_word_of(text, length) == FLAG_WORD_FALSE) return OPT_OUT_NO;
  g_autofree char *value = g_utf8_make_valid(text, (gssize)length);
  if (is_listed(column->settings->values, value)) return OPT_OUT_YES;
  if (is_listed(column->settings->ignore, value)) return OPT_OUT_NO;
  return word_answer(column, value);
}

int64_t source_opt_out_evidence(const char *value)
{
  int64_t at_us = 0;
  return time_parse_loose_us(value, &at_us) && at_us > 1 ? at_us : 1;
}

/* ---- the story ---- */

/* A page of rows as stops. Who was let off stays so unless the column says something later. */
struct stopping {
  struct job *job;
  struct opt_out_report *report;
  GArray *stops;        /* struct suppression */
  GPtrArray *still_yes; /* folded persons whose removed stop the column goes on naming */
};

static struct suppression stop_of(const struct job *job, const struct opted_out *row, int64_t evidence_us)
{
  struct suppression stop = {.person = row->person,
                             .reason = row->is_bounce ? "bounced" : "opted_out",
                             .source = "opt_out",
                             .actor = "source.opt_out",
                             .run_id = job->run_id,
                             .evidence_at_us = evidence_us};
  int64_t now_us = job->now_us ? job->now_us : clock_wall_us(job->clock);
  /* By the day, as an import does: the next run finds it in force. */
  if (row->is_bounce) stop.expires_at_us = now_us / DAY_US * DAY_US + BOUNCE_STOP_DAYS * DAY_US;
  return stop;
}

static bool stop_page(struct stopping *stopping, const struct page *page, GError **error)
{
  int64_t added_n = 0;
  g_array_set_size(stopping->stops, 0);
  for (guint i = 0; i < page->rows->len; i++) {
    const struct opted_out *row = page_row(page, struct opted_out, i);
    int64_t evidence_us = source_opt_out_evidence(row->value);
    struct suppression stop = stop_of(stopping->job, row, evidence_us);
    bool is_kept = row->removed_evidence_us >= evidence_us && !row->is_bounce;
    if (row->removed_evidence_us > 0) g_ptr_array_add(stopping->still_yes, email_fold_tag(row->person));
    if (is_kept)
      stopping->report->kept_n++;
    else
      g_array_append_val(stopping->stops, stop);
  }
  if (stopping->stops->len == 0) return true;
  const struct suppression *stops = (const struct suppression *)(const void *)stopping->stops->data;
  struct ledger *ledger = stopping->job->ledger;
  if (!ledger->ops->suppress(ledger, stops, stopping->stops->len, &added_n, error)) return false;
  stopping->report->stopped_n += added_n;
  return true;
}

static bool stop_all(struct stopping *stopping, struct page *page, GError **error)
{
  struct job *job = stopping->job;
  bool is_first = true;
  do {
    if (job_is_cancelled(job, error) || !job_keep_lease(job, error)) return false;
    if (!job->ledger->ops->opted_out(job->ledger, is_first, ROWS_MAX, page, error)) return false;
    if (!stop_page(stopping, page, error)) return false;
    is_first = false;
  } while (page->rows->len > 0);
  return true;
}

bool source_opt_out_stop(struct job *job, struct opt_out_report *report, GError **error)
{
  *report = (struct opt_out_report){0};
  if (!job->settings->source.opt_out.column) return true;
  struct stopping stopping = {.job = job,
                              .report = report,
                              .stops = g_array_new(FALSE, TRUE, sizeof(struct suppression)),
                              .still_yes = g_ptr_array_new_with_free_func(g_free)};
  struct page page;
  page_init(&page, sizeof(struct opted_out));
  bool is_ok = stop_all(&stopping, &page, error);
  /* What the column does not say any more is news when it says it again. */
  is_ok = is_ok && (job->is_dry_run ||
                    job->ledger->ops->opt_outs_lapse(job->ledger, (const char *const *)stopping.still_yes->pdata,
                                                     stopping.still_yes->len, error));
  if (is_ok && report->stopped_n + report->kept_n > 0)
    log_event(LOG_INFO, "opt-outs of the source read", LOG_INT("stopped", report->stopped_n),
              LOG_INT("removed before", report->kept_n));
  page_clear(&page);
  g_ptr_array_unref(stopping.still_yes);
  g_array_unref(stopping.stops);
  return is_ok;
}
