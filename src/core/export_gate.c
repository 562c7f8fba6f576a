#include "core/export_gate.h"

#include "base/log.h"

/* What the gate says, and since when if it is shut. */
static enum gate_verdict ask(struct job *job, int64_t *since_us, GError **error)
{
  struct gate_input input = {.fingerprint = job->fingerprint, .now_us = job->ledger->ops->now_us(job->ledger)};
  struct gate_facts facts;
  struct gate_note note = {0};
  g_autofree char *text = NULL;
  if (!job->ledger->gate->look(job->ledger, &facts, &text, error)) return GATE_DOUBT;
  if (gate_note_read(&note, text)) input.note = &note;
  input.facts = &facts;
  enum gate_verdict verdict = gate_decide(&input);
  *since_us = note.at_us;
  gate_note_clear(&note);
  return verdict;
}

/* A run that did nothing shall be found where people look for runs. */
static bool skip(struct job *job, int64_t since_us, GError **error)
{
  int64_t now_us = job->ledger->ops->now_us(job->ledger);
  g_autofree char *since = time_format_us(since_us);
  g_autofree char *detail = g_strdup_printf("{\"unchanged_since\":\"%s\"}", since);
  struct run_record run = {.run_id = job->run_id,
                           .job = "export",
                           .verdict = EXPORT_UNCHANGED,
                           .exit_code = EXIT_CODE_OK,
                           .started_at_us = now_us,
                           .ended_at_us = now_us,
                           .detail = detail,
                           .fingerprint = job->fingerprint};
  return job->ledger->gate->skipped(job->ledger, &run, error);
}

bool export_gate_is_shut(struct job *job, struct export_report *report)
{
  g_autoptr(GError) error = NULL;
  int64_t since_us = 0;
  /* Of the user's other tables the gate knows nothing. */
  if (!job->ledger->gate || !job->has_gate || job->is_bootstrap || job->settings->source.exclude.table) return false;
  enum gate_verdict verdict = ask(job, &since_us, &error);
  bool is_shut = verdict == GATE_SHUT && skip(job, since_us, &error);
  if (is_shut) report->unchanged_since_us = since_us;
  if (error)
    log_event(LOG_WARNING, "change gate left open", LOG_STR("error", error->message));
  else
    log_event(LOG_DEBUG, "change gate", LOG_STR("verdict", gate_word(verdict)));
  return is_shut;
}

void export_gate_look(struct job *job, struct export_gate *gate)
{
  g_autoptr(GError) error = NULL;
  *gate = (struct export_gate){0};
  if (!job->ledger->gate || !job->fingerprint) return;
  gate->is_known =
      job->ledger->gate->look(job->ledger, &gate->facts, NULL, &error) && gate_facts_are_sure(&gate->facts);
  if (error) log_event(LOG_WARNING, "no note for the change gate", LOG_STR("error", error->message));
}

void export_gate_note(struct job *job, const struct export_gate *gate, const struct export_report *report)
{
  if (!gate->is_known || !gate_is_idle(report)) return;
  g_autoptr(GError) error = NULL;
  int64_t now_us = job->ledger->ops->now_us(job->ledger);
  struct gate_times times = {
      .now_us = now_us,
      .job_now_us = job->now_us,
      .claim_due_us = report->claim.due_at_us,
      .stops_due_us = report->stops_read_at_us + job->settings->sync.stops_every_h * 3600 * SECOND_US,
  };
  struct gate_note note = {.run_id = job->run_id,
                           .at_us = now_us,
                           .due_us = gate_due_us(&times),
                           .fingerprint = (char *)job->fingerprint,
                           .facts = gate->facts};
  g_autofree char *text = gate_note_text(&note);
  if (!job->ledger->gate->note_put(job->ledger, text, &error))
    log_event(LOG_WARNING, "no note for the change gate", LOG_STR("error", error->message));
}
