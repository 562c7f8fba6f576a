#pragma once
/* Verify: the ledger against itself and against Instantly, each difference by name. Nothing is mended, but
 * that with is_refold lead_state is made anew from the events first.
 *
 * 1. take the lease, so that nobody works meanwhile; fold
 * 2. the ledger against itself: the file, the events, the state that they add up to, the claims
 * 3. Instantly's rows: the configured campaigns to their ends, and by id whatever should be somewhere else; staged
 * 4. the rows against the ledger
 *
 * What is found is handed to a sink, row by row: memory does not grow with the number of differences. The table of
 * checks is the one place where their names, meanings and remedies stand (docs/verify.md is made from it). */
#include "core/ports.h"

/* Where differences go. */
struct verify_sink {
  void (*found)(struct verify_sink *, enum verify_check check, const struct difference *difference);
};

struct verify_options {
  const char *campaign_id; /* compare this campaign alone with Instantly; NULL: all configured */
  struct verify_sink *sink;
  bool is_refold;   /* fold all events anew first */
  bool only_stops;  /* core/stop_proof.h instead of all this */
  bool is_deep;     /* of it: read the mails as well */
  int64_t since_us; /* of it: mails since then; 0: all */
};

struct verify_report {
  int64_t counts[VERIFY_CHECKS_N];
  int64_t differences_n;
  int64_t staged_n;                /* rows of Instantly that were read */
  int64_t ours_n[VERIFY_CHECKS_N]; /* of the counts of stopped persons: what is ours */
  int64_t stops_n, mails_n;        /* of the proof: stops in force, mails that were read */
  int64_t mails_until_us;          /* there are more behind these; 0: all were read */
  bool was_refolded, is_whole;     /* lead_state was made anew; from all events that there ever were */
  enum exit_code exit_code;
};

/* What one check is about. */
struct verify_text {
  const char *id, *meaning, *fix;
};

/* The row of a check. */
const struct verify_text *verify_text(enum verify_check check);

/* Runs all checks under a lease of its own. EXIT_CODE_PARTIAL when anything differs, or mails are left unread. */
bool verify_run(struct job *job, const struct verify_options *options, struct verify_report *report, GError **error);
