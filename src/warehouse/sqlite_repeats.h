#pragma once
/* Which persons may have several rows, told in fixed memory; and a count. Functions of one connection that go by what
 * was noted before.
 *
 * Nearly every person stands in the source once, and is then decided from one row. To know it a claim walks the source
 * twice: the first walk notes each person in a table of small counters, chosen by a hash; in the second walk a person
 * whose counter is above one may have several rows. Two persons that share a counter are taken for repeated without
 * being so: that costs time, never a wrong verdict. With a million persons one in seventeen is, with ten million nearly
 * half.
 *
 *   repeats_note(person, n)  aggregate: notes each person n times (NULL and numbers are nobody); NULL
 *   repeated(person)         the person if it may have several rows, otherwise NULL
 *   wanted(person)           TRUE, or only for repeated ones while `only_repeated` is set
 *   count_up(count, key)     1, 2, 3 ... over calls with one key; 1 again with another key or another count
 *
 *   repeats_begin(&repeats); ... statements ...; repeats_end(&repeats);
 *
 * count_up counts in the order in which rows are visited: the plan of its statement must visit them in the order that
 * is meant (tests/unit/warehouse/test_sqlite_plans.c). */
#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Four counters a byte: 4 MB. */
#define REPEATS_COUNTERS_N ((size_t)1 << 24)

struct repeats {
  uint8_t *counters; /* two bits each, up to 3; NULL: nothing was begun */
  size_t counters_n; /* a power of two; 0: REPEATS_COUNTERS_N. Tests take fewer */
  bool only_repeated;
};

struct count {
  int64_t number, key, n;
};

/* Starts with nobody noted. */
void repeats_begin(struct repeats *repeats);
/* Gives the memory back; may be called twice. */
void repeats_end(struct repeats *repeats);
/* Registers the functions about persons; repeats must outlive the connection. Returns a result code of SQLite. */
int repeats_register(sqlite3 *handle, struct repeats *repeats);

/* A number for one statement's count_up. */
int64_t count_new(struct count *count);
/* Registers count_up; count must outlive the connection. Returns a result code of SQLite. */
int count_register(sqlite3 *handle, struct count *count);
