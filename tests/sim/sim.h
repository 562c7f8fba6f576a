#pragma once
/* Deterministic simulation of the jobs: a small world, a seeded history of runs, faults, deaths and other people's
 * doings, then calm, then the invariants. One seed is one history; a failing one prints how to replay it. */
#include "base/random.h"
#include "tests/support/fake_instantly.h"
#include "tests/support/mortal.h"
#include "tests/support/power_vfs.h"
#include "warehouse/warehouse.h"

#define SIM_PERSONS_MAX 8
#define SIM_PEOPLE_MAX  16 /* the others come in through rows that change hands */
#define SIM_FIRST_NAME  "Zaphod"

struct sim_options {
  const char *warehouse_type; /* memory, sqlite */
  const char *path;           /* sqlite: the file, made anew per seed */
  bool has_faults;            /* answers get lost, garbled, late */
  bool has_deaths;            /* jobs die at random points */
  bool has_people;            /* others add rows, say stop, reply, bounce, finish */
  bool has_clock_steps;       /* somebody sets this machine's or Instantly's clock by an hour while a job runs */
  struct power *power;    /* sqlite: the disk that `path` is on; loses power while jobs run, and at the end; or NULL */
  int64_t death_points;   /* >= 0: the first job dies exactly there (enumeration) */
  bool is_two_deep;       /* instead of a storm: an export that dies at death_points, ... */
  int64_t recover_points; /* ... and a recover that dies here; negative: it does not */
};

/* What happened, for figures in the report. */
struct sim_tally {
  int64_t seeds_n, runs_n, deaths_n, faults_n, created_n, removed_n, stopped_removed_n, listed_n, points_n, steps_n,
      cuts_n, pauses_n, thinned_n, late_replies_n, bulk_n, machines_n, rivals_n, restored_n, swapped_n, edited_n,
      refused_n;
};

/* Runs one history. NULL when every invariant held, else what broke (caller frees). */
char *sim_run(uint64_t seed, const struct sim_options *options, struct sim_tally *tally);
