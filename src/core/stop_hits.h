#pragma once
/* What a stop may take out without being asked about. Pure, but for the story at the end.
 *
 * A stop holds for exports at once, whoever wrote it. What it does in Instantly (the block list, and taking out rows
 * that run) is another matter where no person asked for it by an act of its own: one mistyped domain, one wrong file
 * would end every campaign. So these entries are counted together, and above a number of running leads their push and
 * their take-out wait until somebody says that number: --allow-hit=N. */
#include "core/ports.h"

/* Is an entry of this source, for a person, that person's own act or one about this person alone? Domains never are. */
bool stop_source_is_own(const char *source);

/* The same sources as one text, each between blanks, for statements. Caller frees. */
char *stop_sources_own(void);

/* What the decision is made from. */
struct stop_hit_facts {
  int64_t hit_n;       /* running leads that only entries of the other sources stop, without a permission */
  int64_t enrolled_n;  /* persons enrolled now */
  int64_t max_hit;     /* suppress.max_hit */
  int64_t max_percent; /* suppress.max_hit_percent */
  int64_t allow_n;     /* --allow-hit=N; 0: not said */
};

/* How many running leads such entries may hit unasked: the greater of the two bounds. */
int64_t stop_hits_max(const struct stop_hit_facts *facts);

/* Must they wait? */
bool stop_hits_wait(const struct stop_hit_facts *facts);

/* What was decided, for whoever tells it. */
struct stop_hits {
  int64_t hit_n, max_n;
  bool waits;
};

/* Counts, notes the permissions that hold, and sets job->bulk_stops_wait; one error row where something waits. With
 * is_dry_run nothing is written. Called before stops are pushed and before rows are taken out. */
bool stop_hits_decide(struct job *job, struct stop_hits *hits, GError **error);

/* Does the permission "run_id/N" that entries carry cover what they hit? It names the exact number. */
bool stop_hits_permitted(const char *allow, int64_t hit_n);
