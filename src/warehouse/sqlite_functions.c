#include "warehouse/sqlite_functions.h"

#include "base/clock.h"
#include "base/email.h"
#include "base/error.h"
#include "core/event_id.h"

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

static void fold_tag(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *person = text_of(arguments[0]);
  if (person) sqlite3_result_text(context, email_fold_tag(person), -1, g_free);
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
  if (text && time_parse_us(text, &wall_us)) sqlite3_result_int64(context, wall_us);
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
      {"person", 1, person_of}, {"fold_tag", 1, fold_tag},     {"rfc3339", 1, rfc3339},
      {"time_us", 1, time_us},  {"event_id", 16, event_id_of},
  };
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  int code = sqlite_fold_register(db->handle);
  if (code == SQLITE_OK) code = sqlite_sync_register(db->handle);
  for (size_t i = 0; i < G_N_ELEMENTS(scalars) && code == SQLITE_OK; i++)
    code = sqlite3_create_function_v2(db->handle, scalars[i].name, scalars[i].arguments_n, flags, NULL, scalars[i].call,
                                      NULL, NULL, NULL);
  return code == SQLITE_OK || sqlite_db_fail(db, code, error);
}
