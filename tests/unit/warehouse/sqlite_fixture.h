#pragma once
/* A SQLite warehouse in a folder of its own: made by sqlite_fixture_init(), gone after sqlite_fixture_clear(). */
#include "warehouse/sqlite.h"

struct sqlite_fixture {
  char *folder, *path;
  struct settings settings;
  struct warehouse *warehouse;
  struct ledger *ledger;
};

/* Settings with two campaigns, the file not made yet. */
void sqlite_fixture_init(struct sqlite_fixture *fixture);
/* Opens the warehouse for writing and makes the schema. */
void sqlite_fixture_open(struct sqlite_fixture *fixture);
/* Closes the warehouse and opens it again in this mode. */
void sqlite_fixture_reopen(struct sqlite_fixture *fixture, enum warehouse_mode mode);
/* Runs statements of a test, as another tool would. */
void sqlite_fixture_exec(struct sqlite_fixture *fixture, const char *sql);
/* The first column of the first row as text; caller frees. */
char *sqlite_fixture_text(struct sqlite_fixture *fixture, const char *sql);
/* Closes it and removes the folder. */
void sqlite_fixture_clear(struct sqlite_fixture *fixture);
