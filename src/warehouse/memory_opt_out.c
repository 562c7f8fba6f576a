/* The reference warehouse: source.opt_out, what rows say about who does not want mail. */
#include "core/source_opt_out.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* The column is one of the texts that a lead has. */
static const char *cell_of(const struct lead *lead, const char *column)
{
  if (strcmp(column, "last_name") == 0) return lead->last_name;
  return strcmp(column, "company_name") == 0 ? lead->company_name : NULL;
}

static const char *value_of(const struct memory *memory, const struct memory_lead *row, enum opt_out_answer *answer)
{
  struct source_opt_out column = source_opt_out_of(&memory->settings->source.opt_out);
  const char *value = column.settings ? cell_of(&row->lead, column.settings->column) : NULL;
  *answer = source_opt_out_answer(&column, value, value ? strlen(value) : 0);
  return value;
}

static bool is_ours(const struct suppression *entry)
{
  return strcmp(entry->reason, "opted_out") == 0;
}

/* Is such a stop in force? If not, what the newest that was removed was seen from. */
static bool is_stopped(struct memory *memory, const char *person, int64_t *removed_evidence_us)
{
  g_autofree char *folded = email_fold_tag(person);
  *removed_evidence_us = 0;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!is_ours(&row->entry) || !row->entry.person || !memory_folds_to(row->entry.person, folded)) continue;
    if (!row->revoked_at_us && !row->entry.expires_at_us) return true;
    bool is_removed = row->revoked_at_us && g_strcmp0(row->entry.source, "opt_out") == 0;
    if (is_removed) *removed_evidence_us = MAX(*removed_evidence_us, row->evidence_at_us);
  }
  return false;
}

bool memory_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  if (is_first) memory->opted_out_at = 0;
  for (; memory->opted_out_at < memory->leads->len && page->rows->len < limit; memory->opted_out_at++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, memory->opted_out_at);
    enum opt_out_answer answer;
    const char *value = value_of(memory, row, &answer);
    struct opted_out out = {.is_bounce = answer == OPT_OUT_BOUNCED};
    if (!row->person || answer == OPT_OUT_NO || answer == OPT_OUT_UNCLEAR) continue;
    if (is_stopped(memory, row->person, &out.removed_evidence_us)) continue;
    out.person = page_text(page, row->person);
    out.value = page_text(page, value);
    g_array_append_val(page->rows, out);
  }
  return true;
}

bool memory_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    bool is_named = false;
    if (!is_ours(&row->entry) || !row->revoked_at_us || g_strcmp0(row->entry.source, "opt_out") != 0) continue;
    for (size_t j = 0; j < folded_n && !is_named; j++)
      is_named = memory_names_person(&row->entry, folded[j]);
    if (!is_named) row->evidence_at_us = -1; /* older than anything */
  }
  return true;
}

const char *memory_opt_out_odd(struct memory *memory, int64_t *rows_n)
{
  const char *first = NULL;
  *rows_n = 0;
  for (guint i = 0; i < memory->leads->len; i++) {
    enum opt_out_answer answer;
    const char *value = value_of(memory, g_ptr_array_index(memory->leads, i), &answer);
    if (answer != OPT_OUT_UNCLEAR || (first && strcmp(first, value) != 0)) continue;
    first = value;
    ++*rows_n;
  }
  return first;
}
