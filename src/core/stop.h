#pragma once
/* A stop as the ledger keeps it, and what is asked about stops. Plain data; strings are borrowed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stop: a person or a domain that must not be mailed. */
struct suppression {
  const char *person; /* canonical address, or NULL */
  const char *domain; /* or NULL; exactly one of the two */
  const char *reason; /* unsubscribed, replied, bounced, blocklist, manual, ... */
  const char *source; /* who found it out: the table of core/stop_hits.h */
  const char *actor;
  const char *run_id; /* of the run or command that wrote it; NULL: unknown */
  int64_t created_at_us;
  int64_t expires_at_us;  /* 0: never */
  int64_t pushed_at_us;   /* when Instantly's block list confirmed it; 0: not */
  int64_t evidence_at_us; /* Instantly's time of what it was seen from: one that was removed by somebody to whom this
                             was no news stays removed, one in force learns it; 0: none */
  int64_t allow_hit;      /* running leads that its command said it may hit; 0: it did not say */
  bool was_listed;        /* of listing(): the block list had it before, so it is not ours to take away */
};

/* Actor of an entry (source sync) that says of another spelling of a person what an entry says of the first: the block
 * list does not know that ann+x@ is ann@. It ends with the entry that it comes from. */
#define STOP_OF_SPELLING "the same person with a tag"

/* How many running leads entries stop that no person made by an act of its own (core/stop_hits.h), and that have no
 * permission. */
struct stop_hit {
  const char *allow; /* "run_id/N", the permission that they carry; NULL: all such entries together */
  int64_t leads_n;
};

/* Reason and source of the entries that rows of source.exclude make (core/exclusion.h). */
#define EXCLUSION_REASON "excluded"
#define EXCLUSION_SOURCE "exclusion"
/* The same of entries for persons who left the source (core/gone.h). */
#define GONE_REASON "gone"
#define GONE_SOURCE "gone"

/* Stops that stand as long as the user's rows say so: of the exclusion table, or of persons who left the source. How
 * the entries in force differ from what ought to be. */
struct standing_counts {
  int64_t rows_n;  /* of the exclusion table, like the next two */
  int64_t blank_n; /* cells that are NULL or blank */
  int64_t odd_n;   /* cells that hold neither an address nor a domain */
  int64_t stops_n; /* entries in force */
  int64_t lost_n;  /* of them, those for which nothing speaks any more */
  int64_t new_n;   /* persons and domains without an entry */
};

/* What becomes of the entries of one source. */
struct standing_change {
  const char *source; /* EXCLUSION_SOURCE or GONE_SOURCE: the one that was looked at last */
  const char *run_id;
  bool may_end; /* those for which nothing speaks; else they stay */
};

/* Which stops are pushed. */
struct push_query {
  int64_t now_us;
  bool bulk_waits; /* not the entries that struct stop_hit counts */
  size_t limit;
};

/* A stop with its end. */
struct stop_row {
  int64_t id; /* rising in the order of writing */
  struct suppression stop;
  int64_t revoked_at_us;  /* 0: not revoked */
  const char *revoked_by; /* who, and why */
  bool is_ours_listed;    /* Instantly's block list has it because we put it there */
};

/* Which stops to read. */
struct stop_query {
  const char *person; /* those that stop it, by its folded address or its domain; NULL: any */
  const char *domain; /* those of this domain itself; NULL: any */
  const char *run_id; /* those that this run or command wrote; NULL: any */
  bool only_in_force; /* neither revoked nor expired */
  int64_t after_id;   /* page key: id of the last row read */
  size_t limit;
};
