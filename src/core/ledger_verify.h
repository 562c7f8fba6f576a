#pragma once
/* What a warehouse is asked by `verify`: checks, the question, and the differences that come back. Part of
 * core/ledger.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What `verify` looks for (core/verify.h has names and meanings), in the order of its passes. */
enum verify_check {
  /* the ledger against itself */
  VERIFY_DATABASE_DAMAGED,
  VERIFY_EVENT_ALTERED,
  VERIFY_STATE_DIFFERS,
  VERIFY_STATE_WITHOUT_EVENTS,
  VERIFY_SETTLED_TWICE,
  VERIFY_ADDED_UNSENT,
  VERIFY_CLAIM_OPEN,
  VERIFY_CONFLICT_OPEN,
  VERIFY_TAG_TWICE,
  /* found by the core alone */
  VERIFY_COLUMNS_BEHIND,
  VERIFY_CAMPAIGN_MISSING,
  /* staged rows against the ledger */
  VERIFY_MISSING,
  VERIFY_OTHER_CAMPAIGN,
  VERIFY_OTHER_STAMP,
  VERIFY_UNKNOWN_ROW,
  VERIFY_SUPPRESSED_LIVE,
  VERIFY_LIVE_TWICE,
  VERIFY_REMOVED_LIVE,
  /* found by core/stop_proof.h alone */
  VERIFY_STOPPED_LIVE,
  VERIFY_STOPPED_MAILED,
  VERIFY_CHECKS_N
};
#define VERIFY_FIRST_OF_STAGE VERIFY_MISSING
#define VERIFY_LAST_OF_STAGE  VERIFY_REMOVED_LIVE

/* Which differences to read: of one check, a page from a row on. The ledger is folded. */
struct verify_query {
  enum verify_check check;
  const char *run_id;        /* whose rows are staged */
  const char *campaign_id;   /* only those in it; NULL: all */
  int64_t finished_after_us; /* who finished before is not missed: nobody asked for it by id */
  bool is_first_of_stage;    /* the first check after staging: which row belongs to whom is found out anew */
  int64_t after_n;           /* n of the last row read; 0: find them out */
  size_t limit;
};

/* One difference; what does not apply is NULL. */
struct difference {
  int64_t n;
  const char *lead_id;
  const char *instantly_id;
  const char *campaign_id;
  const char *detail; /* a word or two, never an address */
  const char *whose;  /* of rows of stopped persons: "ours" or "foreign" */
};
