#pragma once
/* A world of one campaign, step by step and without chance: for tests that tell what each call does. */
#include "core/settle.h"
#include "tests/support/fake_instantly.h"
#include "tests/support/mortal.h"
#include "warehouse/warehouse.h"

#define SMALL_CAMPAIGN "11111111-1111-4111-8111-111111111111"

struct small_world {
  int64_t wall_us;
  struct clock clock;
  struct settings settings;
  struct warehouse *warehouse;
  struct mortal mortal;
  struct fake_instantly fake;
  enum fake_fault fault;                                       /* of every leads/add */
  int64_t lease_us;                                            /* of mortal: a lease that runs out; 0: it does not */
  void (*kept)(void *context, const struct lead_event *event); /* told of each event that is durable; or NULL */
  void (*slept)(struct small_world *world);                    /* somebody else acts while the program waits; or NULL */
  bool goes_mute;                                              /* from the next leads/add on the list answers nothing */
};

/* Makes it without leads, on SQLite where path is given, else in memory. */
void small_world_init(struct small_world *world, const char *path);
/* Frees it. */
void small_world_clear(struct small_world *world);
/* Imports leads p1@example.com ... pN@example.com. */
void small_world_import(struct small_world *world, int64_t n);
/* Time passes. */
void small_world_sleep(struct small_world *world, int64_t us);
/* Runs an export that dies after so many points (tests/support/mortal.h), or never when negative. */
enum exit_code small_world_export(struct small_world *world, int64_t points);
/* How many stops of this person stand, in force or not. */
guint small_world_stops_n(const struct small_world *world, const char *person);
/* Runs recover; it must work. */
struct settle_tally small_world_recover(struct small_world *world);
