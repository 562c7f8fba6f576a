#pragma once
/* The change gate: may an export be skipped, because nothing that it decides by has changed since one that had nothing
 * to do?
 *
 * In BigQuery each run costs jobs and bytes, and a poll every few minutes finds nothing most of the time. What a table
 * is (its kind, when it was changed last, how many rows it has, whether rows wait in its streaming buffer) is free to
 * ask. So an export that ends with nothing to do leaves a note: those facts, as they were right before it decided, the
 * fingerprint of its settings, and until when nothing becomes due by time alone. As long as all of that is as it was, a
 * run would decide the same again.
 *
 * gate_decide() is pure and may only err towards running: whatever is unknown, in doubt or different opens the gate.
 *
 *   struct gate_facts facts;                       // what the tables are now, and the note
 *   ledger->gate->look(ledger, &facts, &text, error)
 *   gate_note_read(&note, text)                    // false: there is none
 *   gate_decide(&(struct gate_input){...})         // GATE_SHUT: skip
 *
 * A ledger without costs has no gate (ledger->gate is NULL): there every run runs. */
#include "core/export.h"

/* The tables that the claim reads. */
enum gate_table {
  GATE_LEADS,
  GATE_STATE,
  GATE_EVENTS, /* appended to and never changed: the number of its rows says all */
  GATE_FIELDS,
  GATE_STOPS,
  GATE_CONTROLS,
  GATE_TABLES_N
};

/* Its name, as docs/tables.md has it. */
const char *gate_table_name(enum gate_table table);

/* What is known of a table for free. */
struct gate_table_facts {
  bool is_base_table;  /* no view: a view changes with what it looks at, and nobody says so */
  bool is_exact;       /* the warehouse keeps the time of the last change; an emulator does not */
  bool has_stream;     /* rows wait in its streaming buffer, which the two below leave out */
  int64_t rows_n;      /* -1: not said */
  int64_t modified_us; /* 0: not said */
};

struct gate_facts {
  struct gate_table_facts tables[GATE_TABLES_N];
};

/* What an export that had nothing to do left behind. */
struct gate_note {
  char *run_id;
  int64_t at_us;     /* when it had looked, by the ledger's clock */
  int64_t due_us;    /* nothing becomes due by time alone before; the ledger's clock */
  char *fingerprint; /* of the settings */
  struct gate_facts facts;
};

/* Frees what it holds; may be called twice. */
void gate_note_clear(struct gate_note *note);
/* The note as text for the warehouse to keep. Caller frees. */
char *gate_note_text(const struct gate_note *note);
/* Reads it back; false for NULL and for whatever gate_note_text() of this version did not write. */
bool gate_note_read(struct gate_note *note, const char *text);

enum gate_verdict {
  GATE_SHUT,     /* nothing changed: skip */
  GATE_NO_NOTE,  /* no export has left one */
  GATE_SETTINGS, /* other settings, or another version of this program */
  GATE_DUE,      /* something is due by now, or the clock was set back */
  GATE_DOUBT,    /* a view, rows in a streaming buffer, a time or a count that nobody gave */
  GATE_CHANGED,  /* a table was changed */
};

struct gate_input {
  const struct gate_note *note; /* NULL: none */
  const struct gate_facts *facts;
  const char *fingerprint;
  int64_t now_us; /* the ledger's clock */
};

/* May the run be skipped? Everything but GATE_SHUT means: run. */
enum gate_verdict gate_decide(const struct gate_input *input);
/* The verdict as a word for logs. */
const char *gate_word(enum gate_verdict verdict);
/* Can these facts be compared with later ones at all? */
bool gate_facts_are_sure(const struct gate_facts *facts);

/* Did this export leave nothing that another run could do without any of the tables changing first? */
bool gate_is_idle(const struct export_report *report);

/* When something becomes due by time alone. */
struct gate_times {
  int64_t now_us;       /* of the ledger */
  int64_t job_now_us;   /* of Instantly, by which stops and cooldowns end */
  int64_t claim_due_us; /* the first of these to end, in Instantly's time; 0: none */
  int64_t stops_due_us; /* when the workspace's stops are to be read again; the ledger's clock */
};
/* The earliest of them and of the next midnight UTC: daily caps begin anew, and one run a day is whole in any case. */
int64_t gate_due_us(const struct gate_times *times);

/* How a ledger takes part. All of it is free, or as good as. */
struct gate_ops {
  /* What the tables are now. note may be NULL; else *note is what note_put() wrote last, NULL for nothing; the caller
   * frees it. */
  bool (*look)(struct ledger *ledger, struct gate_facts *facts, char **note, GError **error);
  /* Keeps the note. */
  bool (*note_put)(struct ledger *ledger, const char *note, GError **error);
  /* Writes down a run that was skipped, start and end, so that it can be seen. */
  bool (*skipped)(struct ledger *ledger, const struct run_record *run, GError **error);
};
