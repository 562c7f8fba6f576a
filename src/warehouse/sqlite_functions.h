#pragma once
/* The functions of ours that statements may call: the pure twins of core/ and base/, so that SQL and C cannot differ.
 *
 *   person(email)            canonical address, or the number of the verdict that the address fails with
 *   fold_tag(person)         the form that suppressions are matched by
 *   rfc3339(us)              time as text; NULL for NULL and 0
 *   time_us(text)            text as time; NULL when it is none
 *   flag(cell)               1 or 0 for a flag of the user's, whatever stands for it (core/flag_word.h); NULL for NULL
 *   flag_is_odd(cell)        does it say neither? Such a flag counts as 1
 *   shows_contact(added, sent, completed, last_email_status)  does a row of the user's say that it was contacted?
 *   has_name(lead_id)        is it one: neither NULL nor nothing but blanks?
 *   cell(text)               the text without outer blanks; NULL for none and for the word NULL
 *   event_id(16 columns)     core/event_id.h as a blob of 32 bytes
 *   fold_events(13 columns)  aggregate: the state that a lead's events add up to, as a number for fold_column
 *   fold_merge(30 columns)   the stored state of the lead that fold_events made last, merged with it: another number
 *   fold_column(n, i)        column i of the state that the number stands for, which must be the last one
 *   fold_domain(n)           the domain of its person
 *   fold_digest(30 columns)  aggregate: what all states come to, as text
 *   sync_facts(4 rules, 21 columns of sync_stage, 30 of lead_state)  the facts as JSON, NULL for none
 *   stamp_run(stamp), stamp_ord(stamp)  the parts of generation:run_id.ord
 *
 * They exist on our connections only and may not be used in the schema (SQLITE_DIRECTONLY): other tools go on reading
 * and writing the file. */
#include "core/event_id.h"
#include "warehouse/sqlite_db.h"

/* The columns of lead_state that make a struct lead_state, in this order in every statement; domain is not among them.
 */
#define STATE_COLUMNS_N 30

/* Registers all of them on the connection. */
bool sqlite_functions_register(struct sqlite_db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The aggregate and its helpers; called by the above. Returns a result code of SQLite. */
int sqlite_fold_register(sqlite3 *handle, struct folded_states *changed);

/* What stands in controls of all states. */
#define SQLITE_FOLDED_STATES_CHARS 64
void sqlite_folded_states_text(const struct folded_states *states,
                               char text[SQLITE_FOLDED_STATES_CHARS]); /* see above */

/* The facts of a sync; called by the above. Returns a result code of SQLite. */
int sqlite_sync_register(sqlite3 *handle);

/* Fills a state from 30 arguments of a function, borrowing their texts. */
void sqlite_state_of(sqlite3_value **values, struct lead_state *state);
/* Fills a state from 30 columns of a row, beginning with `first`; strings go into the page. */
void sqlite_state_read(const struct query *query, int first, struct page *page, struct lead_state *state);

/* The id of an event as the bytes that the table stores. */
#define SQLITE_EVENT_ID_BYTES EVENT_DIGEST_BYTES
void sqlite_event_id(const struct lead_event *event, uint8_t id[SQLITE_EVENT_ID_BYTES]); /* see above */
