#pragma once
/* source.opt_out: a column of the user's own table that says who does not want mail.
 *
 * What its values say is decided by the words of an import (core/opt_out.h), after the two lists that the user gave. A
 * yes is a stop of the person, recorded before anybody is claimed in the same run; a no lifts none. A stop that
 * somebody removed stays removed while the column goes on saying the same: it comes back when the column said no in
 * between (or the row was gone), or says a later date than the one known then. A value that is not understood stops
 * exports, not the rest: warehouse/flag_findings.h. */
#include "core/opt_out.h"
#include "core/ports.h"

/* How the column is read; made once from the settings, borrows from them. */
struct source_opt_out {
  const struct opt_out_settings *settings; /* NULL: there is no such column */
  enum opt_out_kind kind;
  bool is_opt_in; /* by its name a yes says that mail is welcome */
};

/* How the column of these settings is read. */
struct source_opt_out source_opt_out_of(const struct opt_out_settings *settings);

/* What a value of it says; text[0..length) need not end or be valid UTF-8, NULL is an empty cell. */
enum opt_out_answer source_opt_out_answer(const struct source_opt_out *column, const char *text, size_t length);

/* The time that the value is, where it is one (RFC 3339 or as SQL writes it), else 1: what a stop is seen from. */
int64_t source_opt_out_evidence(const char *value);

/* A source row that says yes, of a person whose stop is not in force. */
struct opted_out {
  const char *person;
  const char *value;
  bool is_bounce;
  int64_t removed_evidence_us; /* of the newest stop that was removed and not said anew since; 0: there is none */
};

/* What a run did about it. */
struct opt_out_report {
  int64_t stopped_n; /* persons newly stopped */
  int64_t kept_n;    /* rows that say yes although somebody removed the stop */
};

/* Records the stops. With is_dry_run they count for this handle alone. Fine without such a column. */
bool source_opt_out_stop(struct job *job, struct opt_out_report *report, GError **error);
