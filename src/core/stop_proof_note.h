#pragma once
/* What the newest stop proof left for `status` to show: when it was made, what it found, and the first rows that other
 * people put there, by Instantly's ids. A text in a note of the ledger. */
#include "core/verify.h"

#define STOP_PROOF_NOTE        "stop_proof"
#define STOP_PROOF_FOREIGN_MAX 20

/* What the report does not say. */
struct stop_proof_ending {
  int64_t at_us; /* Instantly's time */
  bool is_deep;
  const char *foreign; /* JSON array of what stop_proof_note_row() wrote */
};

/* Appends a foreign row to a JSON array. */
void stop_proof_note_row(GString *array, enum verify_check check, const struct difference *difference);
/* The note. Caller frees. */
char *stop_proof_note_text(const struct verify_report *report, const struct stop_proof_ending *ending);
