#pragma once
/* A disk in memory under SQLite that loses power: a VFS of the tests' own.
 *
 * Each file has what is safe (synced) and what was done to it since. When the power goes, every call from then on fails
 * and does nothing. power_back() then decides what the disk kept: of the writes since the last sync some sectors, in no
 * particular order, some of them torn (garbage); of the files whose folder was not synced the old or the new name. That
 * is what the documents of SQLite and of file systems allow, at its worst. What was synced is kept.
 *
 * Calling sequence: power_init() once; per history power_format(), then as often as wanted power_arm(), work,
 * power_back(); power_clear() at the end. Names are those that SQLite opens; temporary files are kept aside and never
 * survive. One thread, one connection at a time, so locks are not kept. */
#include <sqlite3.h>

#include "base/random.h"

#include <glib.h>
#include <stdbool.h>

struct power {
  sqlite3_vfs vfs; /* registered as the default */
  GPtrArray *files;
  int64_t calls_left; /* that change something, until the power goes; negative: it stays */
  int64_t calls_n;    /* seen so far */
  bool is_out;
  bool ignores_sync; /* a disk that says yes and does not */
};

/* Registers the disk as SQLite's default. */
void power_init(struct power *power);
/* Takes it away again. */
void power_clear(struct power *power);
/* An empty disk with power. */
void power_format(struct power *power);
/* The power goes at the calls-th changing call from now; negative: it stays. */
void power_arm(struct power *power, int64_t calls);
/* After the power went: decides what is left, and everything works again. Nothing may be open. */
void power_back(struct power *power, struct rng *rng);
/* Writes a file as it is now to a real path; one that is not there is removed. */
void power_export(const struct power *power, const char *name, const char *path);
