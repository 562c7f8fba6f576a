#include "warehouse/sqlite_functions.h"

#include "base/clock.h"
#include "base/email.h"
#include "base/error.h"
#include "core/event_id.h"
#include "core/exclusion.h"
#include "core/flag_word.h"

#include <string.h>

static const char *text_of(sqlite3_value *value)
{
  return (const char *)sqlite3_value_text(value);
}

static const enum verdict address_verdicts[] = {
    [EMAIL_MISSING] = VERDICT_ADDRESS_MISSING,
    [EMAIL_INVALID] = VERDICT_ADDRESS_INVALID,
    [EMAIL_NOT_ASCII] = VERDICT_ADDRESS_NOT_ASCII,
};

static void person_of(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  char *person = NULL;
  const char *raw = text_of(arguments[0]);
  enum email_verdict verdict = email_canonical(raw, (size_t)sqlite3_value_bytes(arguments[0]), &person);
  if (verdict == EMAIL_OK)
    sqlite3_result_text(context, person, -1, g_free);
  else
    sqlite3_result_int(context, address_verdicts[verdict]);
}

/* '' for a blank cell, NULL for one that says nothing of use. */
static void exclusion_cell(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  char *value = NULL;
  bool is_text = sqlite3_value_type(arguments[0]) == SQLITE_TEXT || sqlite3_value_type(arguments[0]) == SQLITE_NULL;
  const char *raw = is_text ? text_of(arguments[0]) : "0"; /* a number or a blob is no address */
  size_t length = is_text ? (size_t)sqlite3_value_bytes(arguments[0]) : 1;
  enum exclusion_cell cell = exclusion_cell_read(raw, length, &value);
  if (value)
    sqlite3_result_text(context, value, -1, g_free);
  else if (cell == EXCLUSION_BLANK)
    sqlite3_result_text(context, "", 0, SQLITE_STATIC);
}

static void fold_tag(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *person = sqlite3_value_type(arguments[0]) == SQLITE_TEXT ? text_of(arguments[0]) : NULL;
  if (person && strchr(person, '+'))
    sqlite3_result_text(context, email_fold_tag(person), -1, g_free);
  else if (person)
    sqlite3_result_value(context, arguments[0]); /* nearly all: nothing is copied twice */
}

/* ---- flags of the user's ---- */

static enum flag_word flag_of(sqlite3_value *value)
{
  double number = 0;
  switch (sqlite3_value_type(value)) {
  case SQLITE_NULL: return FLAG_WORD_FALSE;
  case SQLITE_INTEGER:
  case SQLITE_FLOAT: number = sqlite3_value_double(value); break;
  default: return flag_word_of(text_of(value), (size_t)sqlite3_value_bytes(value));
  }
  if (number == 0) return FLAG_WORD_FALSE;
  return number == 1 ? FLAG_WORD_TRUE : FLAG_WORD_OTHER;
}

/* What is not understood counts as TRUE: whoever may have been contacted is not contacted again. */
static void flag(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  if (sqlite3_value_type(arguments[0]) != SQLITE_NULL)
    sqlite3_result_int(context, flag_of(arguments[0]) != FLAG_WORD_FALSE);
}

static void flag_is_odd(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  sqlite3_result_int(context, flag_of(arguments[0]) == FLAG_WORD_OTHER);
}

static void cell(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  size_t length = (size_t)sqlite3_value_bytes(arguments[0]);
  const char *text = cell_trim(text_of(arguments[0]), &length);
  if (text) sqlite3_result_text(context, text, (int)length, SQLITE_TRANSIENT);
}

/* A lead_id that nobody can name is none. */
static void has_name(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *text = text_of(arguments[0]);
  sqlite3_result_int(context, text && text[strspn(text, " \t\n\v\f\r")] != '\0');
}

/* Three flags, and last_email_status. */
static void shows_contact(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  bool shows = false;
  for (int i = 0; i < arguments_n - 1 && !shows; i++)
    shows = flag_of(arguments[i]) != FLAG_WORD_FALSE;
  sqlite3_result_int(context, shows || !cell_is_blank(text_of(arguments[arguments_n - 1])));
}

static void rfc3339(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  int64_t wall_us = sqlite3_value_int64(arguments[0]);
  if (wall_us != 0) sqlite3_result_text(context, time_format_us(wall_us), -1, g_free);
}

static void time_us(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *text = text_of(arguments[0]);
  int64_t wall_us = 0;
  if (text && time_parse_loose_us(text, &wall_us)) sqlite3_result_int64(context, wall_us);
}

/* Arguments in the order of core/event_id.h. */
static void event_id_of(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct lead_event event = {
      .kind = (enum event_kind)sqlite3_value_int(arguments[0]),
      .fact = (enum status_fact)sqlite3_value_int(arguments[1]),
      .reason = text_of(arguments[2]),
      .lead_id = text_of(arguments[3]),
      .person = text_of(arguments[4]),
      .campaign_id = text_of(arguments[5]),
      .instantly_id = text_of(arguments[6]),
      .claim_id = text_of(arguments[7]),
      .batch_id = text_of(arguments[8]),
      .ord = sqlite3_value_int64(arguments[9]),
      .ord_to = sqlite3_value_int64(arguments[10]),
      .body_hash = text_of(arguments[11]),
      .attempt = sqlite3_value_int64(arguments[12]),
      .generation = sqlite3_value_int64(arguments[13]),
      .occurred_at_us = sqlite3_value_int64(arguments[14]),
      .detail = text_of(arguments[15]),
  };
  uint8_t id[SQLITE_EVENT_ID_BYTES];
  sqlite_event_id(&event, id);
  sqlite3_result_blob(context, id, sizeof id, SQLITE_TRANSIENT);
}

void sqlite_event_id(const struct lead_event *event, uint8_t id[SQLITE_EVENT_ID_BYTES])
{
  event_digest(event, id);
}

bool sqlite_functions_register(struct sqlite_db *db, GError **error)
{
  static const struct {
    const char *name;
    int arguments_n;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
  } scalars[] = {
      {"person", 1, person_of},
      {"fold_tag", 1, fold_tag},
      {"rfc3339", 1, rfc3339},
      {"time_us", 1, time_us},
      {"event_id", 16, event_id_of},
      {"flag", 1, flag},
      {"flag_is_odd", 1, flag_is_odd},
      {"cell", 1, cell},
      {"has_name", 1, has_name},
      {"exclusion_cell", 1, exclusion_cell},
      {"shows_contact", 4, shows_contact},
  };
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  int code = sqlite_fold_register(db->handle, &db->folded);
  if (code == SQLITE_OK) code = sqlite_sync_register(db->handle);
  for (size_t i = 0; i < G_N_ELEMENTS(scalars) && code == SQLITE_OK; i++)
    code = sqlite3_create_function_v2(db->handle, scalars[i].name, scalars[i].arguments_n, flags, NULL, scalars[i].call,
                                      NULL, NULL, NULL);
  return code == SQLITE_OK || sqlite_db_fail(db, code, error);
}
