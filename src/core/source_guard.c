#include "core/source_guard.h"

#define ROWS_WORTH_A_WORD 50

/* What to do: an empty source is never meant. Caller frees. */
static char *advice_of(const struct job *job, int64_t rows_n)
{
  const char *table = job->settings->source.table ? job->settings->source.table : "leads";
  if (rows_n == 0) return g_strdup_printf("Look whether %s is the right table", table);
  return g_strdup_printf("Look whether %s is the right table and whole; if it is, go on once with "
                         "--allow-shrunk-source=%" G_GINT64_FORMAT ", or raise source.max_shrink_percent",
                         table, rows_n);
}

char *source_guard_doubt(const struct job *job, const struct ledger_facts *facts)
{
  int64_t rows_n = facts->source_rows, last_n = facts->last_source_rows;
  int64_t percent = job->settings->source.max_shrink_percent;
  double lost = last_n > 0 ? (double)(last_n - rows_n) * 100 / (double)last_n : 0;
  bool is_shrunk = percent > 0 && last_n >= ROWS_WORTH_A_WORD && lost > (double)percent;
  bool is_allowed = job->allow_shrunk_source > 0 && job->allow_shrunk_source == rows_n;
  if (!is_shrunk || is_allowed) return NULL;
  g_autofree char *advice = advice_of(job, rows_n);
  return g_strdup_printf("the source has %" G_GINT64_FORMAT " rows, and the last export counted %" G_GINT64_FORMAT
                         ": it lost %d %%, which looks like an accident%s. Nobody was claimed and nothing removed. %s",
                         rows_n, last_n, (int)lost,
                         job->allow_shrunk_source > 0 ? "; the number given with --allow-shrunk-source is another" : "",
                         advice);
}
