#pragma once
/* The change gate around an export (core/gate.h): before it, whether to run at all; in it, what the tables were when it
 * decided; after it, the note for the next. None of this ever fails an export: what cannot be asked or written opens
 * the gate, this time or next time. */
#include "core/gate.h"

struct export_gate {
  bool is_known; /* facts were read, and are sure */
  struct gate_facts facts;
};

/* Has nothing changed since an export that had nothing to do? Then the skipped run is written down, and the report says
 * since when. Needs no lease. */
bool export_gate_is_shut(struct job *job, struct export_report *report);
/* Right before the claim: what the tables are. */
void export_gate_look(struct job *job, struct export_gate *gate);
/* At the end, when the exit code stands: leaves the note if there was nothing to do. */
void export_gate_note(struct job *job, const struct export_gate *gate, const struct export_report *report);
