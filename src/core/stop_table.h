#pragma once
/* All stops in force, held in memory small enough for millions of them, and what they say of one person and of one row
 * of Instantly's. Pure. Used by core/stop_proof.c. */
#include "base/clock.h"
#include "core/remote.h"
#include "core/stop.h"

/* What sort of stops a person has, by their bits. */
enum stop_kind {
  STOP_KIND_REPLIED = 1,
  STOP_KIND_BOUNCED = 2,
  STOP_KIND_LISTED = 4, /* Instantly's own block list had it first */
  STOP_KIND_UNSUBSCRIBED = 8,
  STOP_KIND_OTHER = 16,
};

/* Since when a person is stopped, each INT64_MAX where it is not. */
struct stop_moments {
  int64_t first_us; /* by whatever stop */
  int64_t hard_us;  /* by one that ends subsequences as well: neither an answer nor a bounce */
  unsigned kinds;   /* enum stop_kind, or'ed */
};

/* A mail may be on its way while a stop is recorded: so much later it may not. */
#define STOP_GRACE_US (60 * SECOND_US)

/* Of somebody who is not stopped. */
struct stop_moments stop_moments_none(void);
/* Adds what another stop, or what a row or mail shows of one, says. */
void stop_moments_add(struct stop_moments *moments, enum stop_kind kind, int64_t at_us);
/* Is anybody stopped there? */
bool stop_moments_any(const struct stop_moments *moments);
/* The word for the heaviest of the kinds. */
const char *stop_moments_word(const struct stop_moments *moments);
/* Does a mail of then come too late? An answer does not end the subsequence that it began. */
bool stop_moments_forbid(const struct stop_moments *moments, int64_t mailed_at_us, bool is_subsequence);

/* What is known of a row beside itself. */
struct stop_proof_input {
  const struct remote_lead *row;
  const struct stop_moments *moments;
  bool is_listed; /* Instantly's block list matches the address as it is: it mails it from nowhere */
  bool is_ours;
};

/* Pure: may a row of a stopped person still be mailed although it should not? Not where Instantly's list keeps it from
 * that, unless the row is ours and something else than that list says stop; nor where it holds an answer, is mailed no
 * more by its campaign, and nothing but an answer stops the person: the subsequence that it began goes on. */
bool stop_proof_is_live(const struct stop_proof_input *input);

/* Pure: when the row was last mailed by its campaign, as far as it shows; 0: it was not, or cannot be told. */
int64_t stop_proof_mailed_at_us(const struct remote_lead *row);

typedef struct stop_table stop_table;
struct stop_table;

/* Makes an empty table. */
struct stop_table *stop_table_new(void);
/* Frees it; NULL is fine. */
void stop_table_free(struct stop_table *table);
/* Takes a stop in; one that is over by now_us is none. */
void stop_table_add(struct stop_table *table, const struct suppression *stop, int64_t now_us);
/* Once after the last one. */
void stop_table_sort(struct stop_table *table);
/* What it has of a canonical address, whatever its +tag, and of its domain. */
struct stop_moments stop_table_find(const struct stop_table *table, const char *person);
/* The earliest stop of all; INT64_MAX: there is none. */
int64_t stop_table_first_us(const struct stop_table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(stop_table, stop_table_free)
