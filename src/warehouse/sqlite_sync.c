/* core/sync.h inside SQLite: the facts of a row and its state as a JSON array, and the parts of a stamp. */
#include "base/json.h"
#include "core/settle.h"
#include "core/sync.h"
#include "warehouse/sqlite_functions.h"

#include <string.h>

#define RULES_N 5
#define ROW_N   21

static const char *text_of(sqlite3_value *value)
{
  return (const char *)sqlite3_value_text(value);
}

/* The columns of sync_stage, in the order of stage_facts. */
static struct remote_lead row_of(sqlite3_value **values)
{
  int64_t n[ROW_N];
  for (int i = 0; i < ROW_N; i++)
    n[i] = i < 7 ? 0 : sqlite3_value_int64(values[i]);
  return (struct remote_lead){
      .id = text_of(values[0]),
      .person = text_of(values[1]),
      .campaign_id = text_of(values[2]),
      .subsequence_id = text_of(values[3]),
      .stamp = text_of(values[4]),
      .last_step = text_of(values[5]),
      .mailbox = text_of(values[6]),
      .status = n[7],
      .has_interest = sqlite3_value_type(values[8]) != SQLITE_NULL,
      .interest = n[8],
      .verification = n[9],
      .opens = n[10],
      .clicks = n[11],
      .replies = n[12],
      .created_at_us = n[13],
      .contacted_at_us = n[14],
      .opened_at_us = n[15],
      .clicked_at_us = n[16],
      .replied_at_us = n[17],
      .updated_at_us = n[18],
      .last_step_at_us = n[19],
      .pause_until_us = n[20],
  };
}

static void put_int(GString *out, int64_t value)
{
  g_string_append_printf(out, ",%" G_GINT64_FORMAT, value);
}

static void put_text(GString *out, const char *text)
{
  g_string_append_c(out, ',');
  json_append_string(out, text);
}

/* [kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, attempt, generation, epoch, occurred_at]
 */
static void put_event(GString *out, const struct lead_event *event)
{
  g_string_append_printf(out, "[%d", (int)event->kind);
  put_int(out, event->fact);
  put_text(out, event->reason);
  put_text(out, event->lead_id);
  put_text(out, event->person);
  put_text(out, event->campaign_id);
  put_text(out, event->instantly_id);
  put_text(out, event->claim_id);
  put_int(out, event->attempt);
  put_int(out, event->generation);
  put_int(out, event->epoch);
  put_int(out, event->occurred_at_us);
  g_string_append_c(out, ']');
}

static void facts_of(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct stage_rules rules = {
      .now_us = sqlite3_value_int64(arguments[0]),
      .scan_started_at_us = sqlite3_value_int64(arguments[1]),
      .epoch = sqlite3_value_int64(arguments[2]),
      .bounce_suppress_us = sqlite3_value_int64(arguments[3]),
      .cut_outcomes = (uint32_t)sqlite3_value_int64(arguments[4]),
  };
  struct remote_lead row = row_of(arguments + RULES_N);
  struct lead_state state;
  struct lead_event events[SYNC_FACTS_MAX];
  sqlite_state_of(arguments + RULES_N + ROW_N, &state);
  size_t events_n = sync_facts(&row, &state, &rules, events);
  if (events_n == 0) return;
  GString *out = g_string_new("[");
  for (size_t i = 0; i < events_n; i++) {
    if (i > 0) g_string_append_c(out, ',');
    put_event(out, &events[i]);
  }
  g_string_append_c(out, ']');
  sqlite3_result_text(context, g_string_free(out, FALSE), -1, g_free);
}

static void stamp_run(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct stamp stamp;
  if (stamp_read(text_of(arguments[0]), &stamp)) sqlite3_result_text(context, stamp.run_id, -1, SQLITE_TRANSIENT);
}

static void stamp_ord(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct stamp stamp;
  if (stamp_read(text_of(arguments[0]), &stamp)) sqlite3_result_int64(context, stamp.ord);
}

int sqlite_sync_register(sqlite3 *handle)
{
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  int code = sqlite3_create_function_v2(handle, "sync_facts", RULES_N + ROW_N + STATE_COLUMNS_N, flags, NULL, facts_of,
                                        NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(handle, "stamp_run", 1, flags, NULL, stamp_run, NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(handle, "stamp_ord", 1, flags, NULL, stamp_ord, NULL, NULL, NULL);
  return code;
}
