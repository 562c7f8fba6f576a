#pragma once
/* Settle: every claimed lead gets exactly one settling event that counts.
 *
 * settle_answer() reads one answer of leads/add row by row; what the answer cannot explain is asked for by address in
 * the campaign, then in the workspace. settle_unknown() does the same for whole batches whose answer never came, once
 * the wait is over, twice. settle_recover() is what `leadferry recover` and the start of every writing job do with
 * claims of other runs: it never sends. */
#include "core/ports.h"

/* What became of leads, for reports; the truth is in the events. */
struct settle_tally {
  int64_t added_n, adopted_n, refused_n, released_n, elsewhere_n, held_n, unknown_n;
};

/* What to do after an answer was settled. */
enum settle_next {
  SETTLE_DONE,          /* every lead of the batch has its settling event */
  SETTLE_SEND_AGAIN,    /* not sent or throttled: same claims, a new `sending` */
  SETTLE_SPLIT,         /* refused before work: halves, each a new `sending`; a single lead is rejected */
  SETTLE_STOP_CAMPAIGN, /* released; feed this campaign no more in this run */
  SETTLE_STOP_RUN,      /* released; the run ends with exit 4 */
  SETTLE_LATER,         /* unknown: ask later, see settle_unknown */
};

/* Settles one answered batch. May ask Instantly (reads only). Appends events; durable on return. */
bool settle_answer(struct job *job, struct add_batch *batch, struct settle_tally *tally, enum settle_next *next,
                   GError **error);

/* Batches that went out together; is_settled has one place for each. */
struct settle_group {
  const struct add_batch *const *batches;
  size_t batches_n;
  bool *is_settled;
};

/* Settles, of batches that went out together, those in which every lead was created, with one append for all: with
 * small batches a commit for each answer takes longer than the pace allows between two groups. is_settled[i] says
 * which; the others are settle_answer()'s. Durable on return. */
bool settle_created_whole(struct job *job, const struct settle_group *group, struct settle_tally *tally,
                          GError **error);

/* A batch with an unknown answer, remembered until the end of the run. */
struct unknown_batch {
  char *batch_id;
  char *campaign_id;
  int64_t ord, ord_to;
  int64_t claims_n;          /* of this run's batch: how many leads went out in it; others of the range did not */
  int64_t sent_mono_us;      /* when the transmission began, this process's monotonic clock */
  int64_t sent_at_us;        /* of an earlier run's batch: when its `sending` was recorded; 0: of this run */
  const char *absent_reason; /* constant; not NULL: absent leads are released for it instead of being sent again */
};

/* Makes an empty GArray of struct unknown_batch that owns its strings. */
GArray *unknown_batches_new(void);

/* Asks about the run's unknown batches (GArray of struct unknown_batch) after the wait: found ones are settled, absent
 * ones are listed into absent (GArray of int64_t ord) and may be sent again under the same claim by the caller. */
bool settle_unknown(struct job *job, GArray *batches, struct settle_tally *tally, GArray *absent, GError **error);

/* Of claims that are about to be sent, those of leads that an earlier claim has tried: its request may have been
 * carried out after all, and its row may have left the campaign since, where Instantly would not refuse a second one.
 * They are asked about first, and who is found is settled. The others are put into left, in their order. */
bool settle_tried_before(struct job *job, const GPtrArray *claims, struct settle_tally *tally, GPtrArray *left,
                         GError **error);

/* Settles the claims of other runs: never_sent in one statement, then batch by batch by asking. Bounded: waits once.
 * Claims about which nobody answered stay open: the function succeeds, tally->unknown_n counts them, and the caller's
 * exit code is 5. */
bool settle_recover(struct job *job, struct settle_tally *tally, GError **error);

/* Pure: the settling event for a claim of which the lists say this (rows of its address, in any campaign). */
struct settle_input {
  const struct claim *claim;
  const struct remote_lead *rows; /* rows of the claim's person, whole workspace */
  size_t rows_n;
};

enum settle_verdict { FOUND_OURS, FOUND_ADOPT, FOUND_ELSEWHERE, FOUND_OLDER, FOUND_NOWHERE };

struct settle_finding {
  enum settle_verdict verdict;
  const struct remote_lead *row; /* NULL for FOUND_NOWHERE */
};

/* With this claim's own stamp anywhere, in its campaign before another one before a list: ours. Else in the campaign:
 * adopt; a row of an older generation in any campaign: it is still there; in another campaign: elsewhere; in a list
 * alone: adopt where the row is ours and of the claim's generation or a later one, else it says nothing. */
struct settle_finding settle_decide(const struct settle_input *input);

/* The stamp of a claim: "generation:run_id.ord"; caller frees. */
char *claim_stamp(const struct claim *claim);
/* What a stamp says. */
struct stamp {
  int64_t generation;
  const char *claim_id; /* borrowed from the text */
  char run_id[64];
  int64_t ord;
};
/* Reads a stamp; false for NULL and for what leadferry never wrote. */
bool stamp_read(const char *text, struct stamp *stamp);
/* "run_id.ord"; caller frees. */
char *claim_id_text(const char *run_id, int64_t ord);
