#pragma once
/* What will happen next with a lead, and why: the last paragraph of `leadferry lead show`. Pure.
 *
 * The caller collects the row, the verdict of core/eligibility.h and the settings; lead_next() answers with a stable
 * word for machines and a sentence for people. */
#include "core/eligibility.h"
#include "warehouse/warehouse.h"

struct next_input {
  const struct lead_report_row *row;
  const char *lead_ref;
  bool has_verdict; /* false: the campaigns could not be read */
  struct verdict_result verdict;
  const char *campaign; /* how the campaign is called that it would go to, or is in */
  const struct settings *settings;
  const char *stop; /* reason of a stop of the person that is in force, or NULL */
  int64_t now_us;
};

struct lead_next {
  const char *word; /* held, settle, wait, stop, remove, keep, done, add, leave_out, unknown; constant */
  char *text;       /* caller frees with lead_next_clear */
  int64_t at_us;    /* not before this time; 0: at the next run */
};

/* Decides; caller clears. */
void lead_next(const struct next_input *input, struct lead_next *next);
/* Frees the text; may be called twice. */
void lead_next_clear(struct lead_next *next);

/* Why a verdict leaves a lead out and what to do about it: one sentence without a full stop. Constant. */
const char *verdict_advice(enum verdict verdict);
