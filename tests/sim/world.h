#pragma once
/* The small world of the simulation: a warehouse, an Instantly, two clocks, a die. sim.c makes history in it, people.c
 * is everybody else, check.c says what must be true at the end. */
#include "tests/sim/sim.h"

#define CAMPAIGN_A "11111111-1111-4111-8111-111111111111"
#define CAMPAIGN_B "22222222-2222-4222-8222-222222222222"

enum sim_job { SIM_EXPORT, SIM_SYNC, SIM_COMPLETE, SIM_RECOVER, SIM_JOBS_N };

/* What others did to the source, see source.c. */
struct source_edits {
  GHashTable *strangers;          /* lead_id of a row that is in wrong hands -> its owner's address */
  GHashTable *persons;            /* who has or had a row since the run began; NULL between runs */
  int64_t before[SIM_PEOPLE_MAX]; /* created, and on the way, when it began */
  int ids_n;
};

/* An older copy of the ledger, see backup.c. */
struct backup {
  GHashTable *known;   /* rows of ours that it knows; NULL: there is no copy */
  GHashTable *stopped; /* persons that it knows to be stopped */
  bool is_restored;
  bool is_swapped;  /* put in the place of the file that a run has open... */
  bool has_gone_on; /* ...which began one more batch all the same */
  int64_t deletes_n;
};

/* A stop of many at once, see bulk.c. */
struct bulk_stop {
  bool is_on, is_domain, is_allowed, is_said_in_calm;
  char *run_id;
  int said_n;
  GHashTable *before; /* person -> created count when it was recorded */
};

struct world {
  uint64_t seed;
  struct rng rng;
  struct clock clock;
  int64_t wall_us, mono_us; /* this machine's; Instantly's own is fake.now_us */
  struct settings settings;
  struct warehouse *warehouse;
  struct fake_instantly fake;
  struct mortal mortal;
  const struct sim_options *options;
  struct sim_tally *tally;
  GHashTable *marked;      /* persons of whom the ledger was told anything that stops them */
  GHashTable *stopped;     /* person -> created count when the stop was recorded */
  GHashTable *heard;       /* persons who wrote a real reply after their row was removed */
  GHashTable *kept;        /* with a disk that loses power: what the ledger called durable -> how often */
  int leads_n, imported_n; /* rows given, and those of them that were taken */
  bool is_calm;
  struct bulk_stop bulk;
  int64_t allow_hit; /* of the next job */
  struct source_edits source;
  struct backup backup;
  enum sim_job running;
  bool is_rival;     /* what calls Instantly just now is another run than the one that is told of */
  bool is_bootstrap; /* the next export */
  char *problem;     /* what broke while a job ran, or NULL */
};

/* Makes the world of a seed, with leads imported. */
void world_init(struct world *world, uint64_t seed, const struct sim_options *options, struct sim_tally *tally);
/* Frees it. */
void world_clear(struct world *world);
/* Time passes, on all clocks alike. */
void world_pass(struct world *world, int64_t us);
/* Somebody sets a clock, this machine's or Instantly's, by an hour; the monotonic ones do not move. */
void world_step_clocks(struct world *world);
/* True once in n times. */
bool one_in(struct world *world, uint64_t n);
/* The address of the i-th person; caller frees. */
char *person_name(uint64_t i);

/* What others do between two runs: they say stop, reply, finish, move, delete, add, edit. */
void others_act(struct world *world);
/* People who pause a campaign, end it or let it run again, between runs and while leads go up. context: the world. */
void others_pause(void *context);
/* Every campaign runs, and nobody touches one any more. */
void others_rest(struct world *world);

/* And while a job runs, at any of its calls: rows are moved into lists, somebody says stop, edits the source, or starts
 * another run. */
void others_meanwhile(struct world *world);
/* Does the ledger know the row, with all that it has recorded so far? */
bool people_know(const struct world *world, const struct fake_row *row);
/* Does the ledger say that a pause of the campaign is our escrow's? */
bool people_see_escrow(const struct world *world, const char *campaign_id);

/* Runs the story of a job. */
bool sim_story(struct job *job, enum sim_job which, GError **error);

/* Somebody edits a row of the source. */
void source_edit(struct world *world);
/* Before calm: nobody's row is in wrong hands any more. */
void source_rest(struct world *world);
/* Around a run: notes who has a row; NULL, or who was sent without one. */
void source_begin(struct world *world);
char *source_end(struct world *world); /* see source_begin */

/* Somebody starts another run, or not. */
void rivals_come(struct world *world);

/* Between runs: a copy of the ledger is made, or put back. */
void backup_act(struct world *world);
/* While leads go up: it is put in the place of the file that the run has open. */
void backup_meanwhile(struct world *world);
/* Is told of each event that a run has recorded. */
void backup_hear(struct world *world, const struct lead_event *event);
/* After that run: NULL, or what broke. */
char *backup_after(struct world *world);
/* Are there rows of ours that the ledger does not know since it was put back? Then no export may claim anybody. */
bool backup_must_refuse(struct world *world);
/* Was it put back to a day before the first claim? */
bool backup_needs_bootstrap(struct world *world);

/* Somebody stops a domain or a file of persons, takes that back, or says how many leads it may end. NULL, or what
 * broke. */
char *bulk_act(struct world *world);
/* Does the stop of many name this address or domain? */
bool bulk_names(const struct world *world, const char *value);
/* Does it, and may it end running leads? For fake.may_end. */
bool bulk_may_end(void *world, const char *value);
/* Does it, and nothing else does, and may it wait? */
bool bulk_may_wait_for(const struct world *world, const char *person);
/* Before calm: it is taken back, or stays. */
void bulk_rest(struct world *world);
/* In calm, before a job: the number is said, where it is to be said. */
void bulk_calm(struct world *world);
/* At the end: NULL, or what broke. */
char *bulk_check(const struct world *world);

/* With a disk that loses power: lets it go at some call of what follows, or not. */
void world_power_arm(struct world *world);
/* Remembers what the ledger called durable; for mortal.kept. */
void world_keep(void *world, const struct lead_event *event);
/* After a job: where the power went it comes back, and what was called durable must be there. NULL when it is. */
char *world_power_back(struct world *world);
/* Opens the warehouse; false when the power went meanwhile. */
bool world_open(struct world *world);

/* NULL when every invariant holds, else what broke (caller frees). */
char *check_all(struct world *world);
/* A sentence about a broken invariant, with the seed; caller frees. */
char *broken(const struct world *world, const char *what, const char *whom);
