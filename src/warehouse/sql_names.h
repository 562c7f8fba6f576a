#pragma once
/* What `${name}` in a statement stands for: tables and columns, each checked and quoted. The only place where
 * configuration becomes part of a statement.
 *
 *   sql_names_init() with the quote of the dialect, sql_names_put() for further names, sql_names_fill() for each text,
 *   sql_names_clear() at the end. */
#include "base/error.h"
#include "core/settings.h"

struct sql_names {
  GHashTable *quoted; /* name -> quoted identifier */
  char quote;         /* '"' or '`' */
};

/* Fills names with the source's table (as `leads`) and its thirteen columns; ERROR_CONFIG for an identifier that is
 * none. */
bool sql_names_init(struct sql_names *names, char quote, const struct source_settings *source,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lets name stand for a text of our own making, which is not checked or quoted any more. */
void sql_names_put(struct sql_names *names, const char *name, const char *text);
/* Is it a name that a configuration may give to a table, column or dataset? */
bool sql_name_is_valid(const char *name);
/* The plain (unquoted) identifier of one of the names of init. Caller frees. */
char *sql_names_plain(const struct sql_names *names, const char *name);
/* The text with all names filled in; an unknown one is our bug. Caller frees. */
char *sql_names_fill(const struct sql_names *names, const char *text);
/* ERROR_CONFIG where source.table or source.exclude.table is this table of our own. */
bool sql_names_spare_own(const struct source_settings *source, const char *own, GError **error);
/* ERROR_CONFIG where leads are looked for in the table that excludes them. */
bool sql_names_differ(const struct source_settings *source, GError **error);
/* Frees what it holds; may be called twice. */
void sql_names_clear(struct sql_names *names);
