/* The fold: how far it has come, what it left, and all of it anew where that is not what stands there.
 *
 * The note `folded_state` of controls is written in the fold's own transaction: the seq that it reached, what the rows
 * of lead_state come to, how many rows the tables beside it have, which claims stand where, and the event at that seq.
 * Whoever takes the lock compares it once before anything is decided. */
#include "base/error.h"
#include "base/log.h"
#include "warehouse/sqlite.h"
#include "warehouse/sqlite_functions.h"

#include <string.h>

#define FOLDED_UNTIL "folded_until"
#define FOLDED_STATE "folded_state"

/* What the tables that the fold writes come to. */
struct folded {
  int64_t seq;
  struct folded_states states;
  int64_t persons_n, enrolments_n;
  int64_t ranges_n, claims_n, shift; /* of claim_ranges up to seq */
  char event[2 * SQLITE_EVENT_ID_BYTES + 1];
};

/* ---- notes ---- */

static bool note_put(struct sqlite_warehouse *self, const char *name, const char *text, int64_t number, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CONTROL_PUT, error)) return false;
  query_text(&query, ":name", name);
  if (text)
    query_text(&query, ":value", text);
  else
    query_int(&query, ":value", number);
  return query_run(&query, error);
}

static bool folded_until_get(struct sqlite_warehouse *self, int64_t *seq, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_CONTROL_GET, error)) return false;
  query_text(&query, ":name", FOLDED_UNTIL);
  if (!query_next(&query, &has_row, error)) return false;
  *seq = has_row ? query_column_int(&query, 0) : 0;
  return true;
}

/* ---- what the tables come to ---- */

static char *folded_text(const struct folded *folded)
{
  char states[SQLITE_FOLDED_STATES_CHARS];
  sqlite_folded_states_text(&folded->states, states);
  return g_strdup_printf("%" G_GINT64_FORMAT " %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                         " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
                         folded->seq, states, folded->persons_n, folded->enrolments_n, folded->ranges_n,
                         folded->claims_n, folded->shift, folded->event);
}

/* The first three numbers of a text of fold_digest. */
static struct folded_states states_read(const char *text)
{
  char *rest = NULL;
  struct folded_states states = {.rows_n = g_ascii_strtoll(text ? text : "", &rest, 10)};
  states.enrolled_n = g_ascii_strtoll(rest, &rest, 10);
  states.digest = g_ascii_strtoull(rest, &rest, 16);
  return states;
}

/* Is it a note of ours? Whatever else stands there is none. */
static bool folded_read(const char *text, struct folded *folded)
{
  *folded = (struct folded){0};
  g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);
  if (g_strv_length(words) != 10) return false;
  g_autofree char *states = g_strjoin(" ", words[1], words[2], words[3], NULL);
  folded->seq = g_ascii_strtoll(words[0], NULL, 10);
  folded->states = states_read(states);
  folded->persons_n = g_ascii_strtoll(words[4], NULL, 10);
  folded->enrolments_n = g_ascii_strtoll(words[5], NULL, 10);
  folded->ranges_n = g_ascii_strtoll(words[6], NULL, 10);
  folded->claims_n = g_ascii_strtoll(words[7], NULL, 10);
  folded->shift = g_ascii_strtoll(words[8], NULL, 10);
  g_strlcpy(folded->event, words[9], sizeof folded->event);
  return true;
}

static bool note_get(struct sqlite_warehouse *self, struct folded *folded, bool *has_note, GError **error)
{
  g_autofree char *text = NULL;
  if (!sqlite_control_get(&self->ledger, FOLDED_STATE, &text, error)) return false;
  *has_note = folded_read(text, folded);
  return true;
}

/* Adds the ranges that begin behind `after`; the event at a seq. */
static bool place_count(struct sqlite_warehouse *self, int64_t after, int64_t seq, struct folded *folded,
                        GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_FOLDED_PLACE, error)) return false;
  query_int(&query, ":after", after);
  query_int(&query, ":until", seq);
  if (!query_next(&query, &has_row, error)) return false;
  const char *event = query_column_text(&query, 3);
  folded->seq = seq;
  folded->ranges_n += query_column_int(&query, 0);
  folded->claims_n += query_column_int(&query, 1);
  folded->shift += query_column_int(&query, 2);
  g_strlcpy(folded->event, event ? event : "none", sizeof folded->event);
  return true;
}

/* All of it, as it stands there. */
static bool tables_count(struct sqlite_warehouse *self, int64_t seq, struct folded *folded, GError **error)
{
  query_scope struct query states = {0}, indexes = {0};
  bool has_row = false;
  if (!query_open(&states, &self->db, SQL_FOLDED_STATES, error) || !query_next(&states, &has_row, error)) return false;
  folded->states = states_read(query_column_text(&states, 0));
  if (!query_open(&indexes, &self->db, SQL_FOLDED_INDEXES, error) || !query_next(&indexes, &has_row, error))
    return false;
  folded->persons_n = query_column_int(&indexes, 0);
  folded->enrolments_n = query_column_int(&indexes, 1);
  return place_count(self, -1, seq, folded, error);
}

static bool folded_put(struct sqlite_warehouse *self, const struct folded *folded, GError **error)
{
  g_autofree char *text = folded_text(folded);
  return note_put(self, FOLDED_UNTIL, NULL, folded->seq, error) && note_put(self, FOLDED_STATE, text, 0, error);
}

/* ---- folding ---- */

/* Events of (after, until]; adds to `folded` what they changed. */
static bool fold_range(struct sqlite_warehouse *self, int64_t after, int64_t until, struct folded *folded,
                       GError **error)
{
  int64_t *const written_n[] = {&folded->persons_n, &folded->enrolments_n, NULL};
  static const enum sql_id steps[] = {SQL_FOLD_PERSONS, SQL_FOLD_ENROLMENTS, SQL_FOLD_STATE};
  self->db.folded = (struct folded_states){0};
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    query_scope struct query query = {0};
    if (!query_open(&query, &self->db, steps[i], error)) return false;
    query_int(&query, ":after", after);
    query_int(&query, ":until", until);
    if (!query_run(&query, error)) return false;
    if (written_n[i]) *written_n[i] += sql_changes(&self->db);
  }
  folded->states.rows_n += self->db.folded.rows_n;
  folded->states.enrolled_n += self->db.folded.enrolled_n;
  folded->states.digest += self->db.folded.digest;
  return sql_run(&self->db, SQL_CLAIM_RANGES_CLOSE, error);
}

static bool run_all(struct sqlite_warehouse *self, const enum sql_id *ids, size_t ids_n, GError **error)
{
  for (size_t i = 0; i < ids_n; i++)
    if (!sql_run(&self->db, ids[i], error)) return false;
  return true;
}

/* With the rows taken away first, so that what nobody's event says goes too. */
static bool make_anew(struct sqlite_warehouse *self, int64_t until, GError **error)
{
  static const enum sql_id before[] = {SQL_REFOLD_SEEN_CLEAR,   SQL_REFOLD_SEEN_KEEP,       SQL_REFOLD_DROP_STATES,
                                       SQL_REFOLD_DROP_PERSONS, SQL_REFOLD_DROP_ENROLMENTS, SQL_REFOLD_DROP_RANGES,
                                       SQL_REFOLD_RANGES};
  static const enum sql_id after[] = {SQL_REFOLD_SEEN_PUT, SQL_REFOLD_SEEN_CLEAR};
  struct folded changed = {0};
  return run_all(self, before, G_N_ELEMENTS(before), error) && fold_range(self, 0, until, &changed, error) &&
         run_all(self, after, G_N_ELEMENTS(after), error);
}

/* Onto the rows that are there: what a state knows of events that are gone stays, nobody is forgotten. */
static bool make_up(struct sqlite_warehouse *self, int64_t until, GError **error)
{
  struct folded changed = {0};
  return sql_run(&self->db, SQL_REFOLD_RANGES, error) && fold_range(self, 0, until, &changed, error);
}

/* Are the events all that there ever were, as far as anybody can tell? */
static bool events_are_whole(struct sqlite_warehouse *self, const struct folded *note, bool *is_whole, GError **error)
{
  struct folded place = {0};
  int64_t has_no_gap = 0;
  *is_whole = false;
  if (!sql_run_int(&self->db, SQL_REFOLD_IS_WHOLE, &has_no_gap, error)) return false;
  if (note && !place_count(self, -1, note->seq, &place, error)) return false;
  *is_whole = has_no_gap && (!note || strcmp(note->event, place.event) == 0);
  return true;
}

/* Inside the caller's transaction. note: of the last fold, or NULL. */
static bool refold(struct sqlite_warehouse *self, const struct folded *note, bool *is_whole, GError **error)
{
  struct folded folded = {0};
  int64_t until = 0;
  if (!sql_run_int(&self->db, SQL_EVENTS_LAST, &until, error) || !events_are_whole(self, note, is_whole, error))
    return false;
  bool is_ok = *is_whole ? make_anew(self, until, error) : make_up(self, until, error);
  self->has_totals = false;
  return is_ok && tables_count(self, until, &folded, error) && folded_put(self, &folded, error);
}

static bool ranges_cover(struct sqlite_warehouse *self, int64_t after, bool *is_covered, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_FOLDED_UNRANGED, error)) return false;
  query_int(&query, ":after", after);
  if (!query_next(&query, &has_row, error)) return false;
  *is_covered = query_column_int(&query, 0) == 0;
  return true;
}

/* The note of the last fold, if there is one. */
struct noted {
  bool is_there;
  struct folded folded;
};

/* Is lead_state what the last fold left? A ledger of an earlier leadferry has no note, and is folded anew once. */
static bool check(struct sqlite_warehouse *self, int64_t after, const struct noted *note, bool *is_same, GError **error)
{
  struct folded found = {0};
  *is_same = false;
  if (!tables_count(self, after, &found, error)) return false;
  g_autofree char *there = folded_text(&found), *noted = folded_text(&note->folded);
  *is_same = note->is_there && strcmp(there, noted) == 0;
  if (*is_same && !ranges_cover(self, after, is_same, error)) return false;
  if (*is_same || !note->is_there) return true;
  log_event(LOG_WARNING, "lead_state is not what the last fold left; all events are folded anew",
            LOG_INT("rows", found.states.rows_n), LOG_INT("rows_folded", note->folded.states.rows_n),
            LOG_INT("enrolled", found.states.enrolled_n), LOG_INT("enrolled_folded", note->folded.states.enrolled_n));
  return true;
}

/* A ledger that was made a moment ago: the first note is that nothing is there. */
static bool is_new_ledger(struct sqlite_warehouse *self, int64_t after, const struct noted *note, bool *is_new,
                          GError **error)
{
  struct folded found = {0};
  int64_t last = 0;
  *is_new = !note->is_there && after == 0;
  if (!*is_new) return true;
  if (!sql_run_int(&self->db, SQL_EVENTS_LAST, &last, error) || !tables_count(self, 0, &found, error)) return false;
  *is_new = last == 0 && found.states.rows_n == 0 && found.persons_n == 0 && found.enrolments_n == 0;
  return true;
}

/* Once for each time that we take the lock, before anything is decided. `verify` shows what differs, and mends nothing.
 */
static bool check_once(struct sqlite_warehouse *self, int64_t after, const struct noted *note, bool *is_made_anew,
                       GError **error)
{
  bool is_same = true, is_whole = true, is_new = false;
  *is_made_anew = false;
  bool is_verify = self->leases_n > 0 && strcmp(self->lease_job, "verify") == 0;
  if (!self->db.has_lock || self->is_state_checked || is_verify) return true;
  if (!is_new_ledger(self, after, note, &is_new, error)) return false;
  if (!is_new && !check(self, after, note, &is_same, error)) return false;
  if (is_same && !is_new) return true;
  *is_made_anew = true;
  if (!refold(self, note->is_there ? &note->folded : NULL, &is_whole, error)) return false;
  if (note->is_there && !is_whole)
    log_event(LOG_WARNING, "events are missing; what lead_state knew beyond those that are left was kept",
              LOG_INT("folded_until", after));
  return true;
}

/* Without a note of the fold before there is none of this one either: whoever has the lock folds anew then. */
static bool fold_on(struct sqlite_warehouse *self, int64_t after, const struct noted *note, bool *has_folded,
                    GError **error)
{
  int64_t until = 0;
  bool follows = note->is_there && note->folded.seq == after;
  struct folded changed = note->folded;
  if (!sql_run_int(&self->db, SQL_EVENTS_LAST, &until, error)) return false;
  *has_folded = until != after;
  if (!*has_folded) return true;
  if (!fold_range(self, after, until, &changed, error)) return false;
  if (!follows) return note_put(self, FOLDED_UNTIL, NULL, until, error);
  return place_count(self, after, until, &changed, error) && folded_put(self, &changed, error);
}

bool sqlite_fold(struct ledger *ledger, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  struct noted note;
  int64_t after = 0;
  bool is_made_anew = false, has_folded = false;
  transaction_scope struct transaction transaction = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!folded_until_get(self, &after, error) || !note_get(self, &note.folded, &note.is_there, error)) return false;
  self->has_totals = false;
  if (!check_once(self, after, &note, &is_made_anew, error)) return false;
  if (!is_made_anew && !fold_on(self, after, &note, &has_folded, error)) return false;
  if ((is_made_anew || has_folded) && !transaction_commit(&transaction, error)) return false;
  self->is_state_checked = self->db.has_lock;
  return true;
}

bool sqlite_refold(struct ledger *ledger, bool *is_whole, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  struct folded note;
  bool has_note = false;
  transaction_scope struct transaction transaction = {0};
  return transaction_begin(&transaction, &self->db, true, error) && note_get(self, &note, &has_note, error) &&
         refold(self, has_note ? &note : NULL, is_whole, error) && transaction_commit(&transaction, error);
}

/* ---- for those who only read ---- */

bool sqlite_overlay_refold(struct sqlite_warehouse *self, GError **error)
{
  struct noted note;
  int64_t after = 0, until = 0;
  bool is_same = true, is_whole = false;
  if (!self->db.is_read_only) return true;
  if (!folded_until_get(self, &after, error) || !note_get(self, &note.folded, &note.is_there, error)) return false;
  if (!note.is_there) return true; /* the next command that writes folds all of them */
  if (!check(self, after, &note, &is_same, error)) return false;
  if (is_same) return true;
  if (!sqlite_overlay_states(self, error) || !sql_run_int(&self->db, SQL_EVENTS_LAST, &until, error)) return false;
  if (!events_are_whole(self, &note.folded, &is_whole, error)) return false;
  return is_whole ? make_anew(self, until, error) : make_up(self, until, error);
}
