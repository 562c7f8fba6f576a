#include "core/gate.h"

#include "base/clock.h"
#include "base/json.h"
#include "core/eligibility.h"

#include <string.h>

#define NOTE_VERSION 2

static const char *const table_names[GATE_TABLES_N] = {
    [GATE_LEADS] = "leads",        [GATE_STATE] = "lead_state",   [GATE_EVENTS] = "lead_events",
    [GATE_FIELDS] = "lead_fields", [GATE_STOPS] = "suppressions", [GATE_CONTROLS] = "controls",
};

const char *gate_table_name(enum gate_table table)
{
  return table_names[table];
}

/* ---- the note ---- */

void gate_note_clear(struct gate_note *note)
{
  g_clear_pointer(&note->run_id, g_free);
  g_clear_pointer(&note->fingerprint, g_free);
}

static bool number_read(const cJSON *object, const char *name, int64_t *value)
{
  return json_int(object, name, value) && *value >= 0;
}

char *gate_note_text(const struct gate_note *note)
{
  GString *out = g_string_new("{");
  json_append_int(out, "change_gate", NOTE_VERSION);
  json_append_str(out, "run_id", note->run_id);
  json_append_int(out, "at_us", note->at_us);
  json_append_int(out, "due_us", note->due_us);
  json_append_str(out, "fingerprint", note->fingerprint);
  json_append_key(out, "tables");
  g_string_append_c(out, '{');
  for (size_t i = 0; i < GATE_TABLES_N; i++) {
    json_append_key(out, table_names[i]);
    g_string_append_c(out, '{');
    json_append_int(out, "rows", note->facts.tables[i].rows_n);
    json_append_int(out, "modified_us", note->facts.tables[i].modified_us);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "}}");
  return g_string_free(out, FALSE);
}

/* Only sure facts are ever noted, so what is not written down is known. */
static bool facts_read(const cJSON *tables, struct gate_facts *facts)
{
  for (size_t i = 0; i < GATE_TABLES_N; i++) {
    const cJSON *table = json_get(tables, table_names[i]);
    facts->tables[i] = (struct gate_table_facts){.is_base_table = true, .is_exact = true};
    if (!number_read(table, "rows", &facts->tables[i].rows_n) ||
        !number_read(table, "modified_us", &facts->tables[i].modified_us))
      return false;
  }
  return true;
}

bool gate_note_read(struct gate_note *note, const char *text)
{
  int64_t version = 0;
  *note = (struct gate_note){0};
  g_autoptr(cJSON) tree = text ? json_parse(text, strlen(text), NULL) : NULL;
  bool is_ours = json_int(tree, "change_gate", &version) && version == NOTE_VERSION;
  if (!is_ours || !number_read(tree, "at_us", &note->at_us) || !number_read(tree, "due_us", &note->due_us) ||
      !facts_read(json_get(tree, "tables"), &note->facts))
    return false;
  note->run_id = g_strdup(json_string(tree, "run_id"));
  note->fingerprint = g_strdup(json_string(tree, "fingerprint"));
  return true;
}

/* ---- may a run be skipped? ---- */

static bool is_sure(const struct gate_table_facts *table)
{
  return table->is_base_table && table->is_exact && !table->has_stream && table->rows_n >= 0 && table->modified_us > 0;
}

bool gate_facts_are_sure(const struct gate_facts *facts)
{
  for (size_t i = 0; i < GATE_TABLES_N; i++)
    if (!is_sure(&facts->tables[i])) return false;
  return true;
}

static bool is_same(enum gate_table table, const struct gate_facts *a, const struct gate_facts *b)
{
  const struct gate_table_facts *one = &a->tables[table], *other = &b->tables[table];
  return one->rows_n == other->rows_n && (table == GATE_EVENTS || one->modified_us == other->modified_us);
}

enum gate_verdict gate_decide(const struct gate_input *input)
{
  const struct gate_note *note = input->note;
  if (!note) return GATE_NO_NOTE;
  if (!note->fingerprint || g_strcmp0(note->fingerprint, input->fingerprint) != 0) return GATE_SETTINGS;
  if (input->now_us >= note->due_us || input->now_us < note->at_us) return GATE_DUE;
  if (!gate_facts_are_sure(input->facts)) return GATE_DOUBT;
  for (enum gate_table i = 0; i < GATE_TABLES_N; i++)
    if (!is_same(i, &note->facts, input->facts)) return GATE_CHANGED;
  return GATE_SHUT;
}

const char *gate_word(enum gate_verdict verdict)
{
  static const char *const words[] = {
      [GATE_SHUT] = "nothing_changed", [GATE_NO_NOTE] = "no_note", [GATE_SETTINGS] = "settings", [GATE_DUE] = "due",
      [GATE_DOUBT] = "doubt",          [GATE_CHANGED] = "changed"};
  return words[verdict];
}

/* ---- what a run leaves ---- */

/* Verdicts that stay as they are while the tables stay and no time runs out. The others depend on Instantly (a campaign
 * that is activated, a step that is edited), on an answer that is still open, or on the next run. */
static bool is_lasting(enum verdict verdict)
{
  switch (verdict) {
  case VERDICT_ELIGIBLE:
  case VERDICT_UNSETTLED:
  case VERDICT_CAMPAIGN_NOT_FED:
  case VERDICT_MISSING_VARIABLE: return false;
  default: return !verdict_is_deferral(verdict);
  }
}

bool gate_is_idle(const struct export_report *report)
{
  int64_t done_n = report->recovered_n + report->added_n + report->refused_n + report->released_n + report->unknown_n +
                   report->held_n + report->written_back_n + report->rebuilt_n;
  if (done_n != 0 || report->exit_code != EXIT_CODE_OK || report->is_temporary || report->is_held_back ||
      report->is_in_escrow)
    return false;
  for (guint i = 0; i < report->claim.counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report->claim.counts, struct verdict_count, i);
    if (count->n > 0 && !is_lasting(count->verdict)) return false;
  }
  return true;
}

int64_t gate_due_us(const struct gate_times *times)
{
  int64_t due_us = time_day_start_us(times->now_us) + DAY_US;
  due_us = MIN(due_us, times->stops_due_us);
  if (times->claim_due_us) due_us = MIN(due_us, times->now_us + (times->claim_due_us - times->job_now_us));
  return due_us;
}
