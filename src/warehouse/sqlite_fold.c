/* The fold inside SQLite: an aggregate that lets core/fold.h merge the events of one lead, and the way its struct goes
 * through SQL: as a number that stands for the state made last. */
#include "base/email.h"
#include "base/error.h"
#include "core/fold.h"
#include "warehouse/sqlite_functions.h"

#include <stddef.h>
#include <string.h>

enum field_type { FIELD_TEXT, FIELD_INT, FIELD_TIME, FIELD_ENUM };

#define PERSON_COLUMN 1

/* One column of lead_state and its member; the order is that of the statements. */
static const struct field {
  enum field_type type;
  size_t offset;
} fields[STATE_COLUMNS_N] = {
    {FIELD_TEXT, offsetof(struct lead_state, lead_id)},
    {FIELD_TEXT, offsetof(struct lead_state, person)},
    {FIELD_INT, offsetof(struct lead_state, generation)},
    {FIELD_TIME, offsetof(struct lead_state, reopened_at_us)},
    {FIELD_TEXT, offsetof(struct lead_state, claim_id)},
    {FIELD_TEXT, offsetof(struct lead_state, campaign_id)},
    {FIELD_INT, offsetof(struct lead_state, epoch)},
    {FIELD_INT, offsetof(struct lead_state, attempts)},
    {FIELD_ENUM, offsetof(struct lead_state, settlement)},
    {FIELD_INT, offsetof(struct lead_state, settlement_epoch)},
    {FIELD_TEXT, offsetof(struct lead_state, reason)},
    {FIELD_TEXT, offsetof(struct lead_state, instantly_id)},
    {FIELD_TEXT, offsetof(struct lead_state, current_campaign_id)},
    {FIELD_TIME, offsetof(struct lead_state, current_at_us)},
    {FIELD_TIME, offsetof(struct lead_state, added_at_us)},
    {FIELD_TIME, offsetof(struct lead_state, ever_added_at_us)},
    {FIELD_TIME, offsetof(struct lead_state, sent_at_us)},
    {FIELD_TIME, offsetof(struct lead_state, replied_at_us)},
    {FIELD_ENUM, offsetof(struct lead_state, email_status)},
    {FIELD_TIME, offsetof(struct lead_state, finished_at_us)},
    {FIELD_ENUM, offsetof(struct lead_state, outcome)},
    {FIELD_TIME, offsetof(struct lead_state, removed_at_us)},
    {FIELD_TEXT, offsetof(struct lead_state, removed_id)},
    {FIELD_TIME, offsetof(struct lead_state, withdrawn_at_us)},
    {FIELD_INT, offsetof(struct lead_state, held_n)},
    {FIELD_TEXT, offsetof(struct lead_state, held_reason)},
    {FIELD_INT, offsetof(struct lead_state, resolved_n)},
    {FIELD_TIME, offsetof(struct lead_state, first_recorded_at_us)},
    {FIELD_TIME, offsetof(struct lead_state, last_seen_at_us)},
    {FIELD_TEXT, offsetof(struct lead_state, subsequence_id)},
};

static const char *field_text(const struct lead_state *state, const struct field *field)
{
  return *(const char *const *)((const char *)state + field->offset);
}

static int64_t field_int(const struct lead_state *state, const struct field *field)
{
  const char *member = (const char *)state + field->offset;
  return field->type == FIELD_ENUM ? (int64_t) * (const enum outcome *)member : *(const int64_t *)member;
}

static void field_set(struct lead_state *state, const struct field *field, const char *text, int64_t value)
{
  char *member = (char *)state + field->offset;
  if (field->type == FIELD_TEXT)
    *(const char **)member = text;
  else if (field->type == FIELD_ENUM)
    *(enum outcome *)member = (enum outcome)value;
  else
    *(int64_t *)member = value;
}

/* ---- a state as one value: 30 numbers, texts behind them (their number is an offset, 0 for NULL) ---- */

/* Memory that is kept from state to state, and grows when one needs more. */
struct packed {
  char *bytes;
  size_t size;
};

/* NULL without memory. */
static char *packed_room(struct packed *packed, size_t size)
{
  if (size <= packed->size) return packed->bytes;
  char *bytes = sqlite3_realloc64(packed->bytes, size + size / 2);
  if (bytes) *packed = (struct packed){.bytes = bytes, .size = size + size / 2};
  return bytes;
}

static bool state_pack(const struct lead_state *state, struct packed *packed)
{
  int64_t head[STATE_COLUMNS_N];
  size_t sizes[STATE_COLUMNS_N] = {0}, size = sizeof head;
  for (size_t i = 0; i < STATE_COLUMNS_N; i++) {
    const char *text = fields[i].type == FIELD_TEXT ? field_text(state, &fields[i]) : NULL;
    if (text) sizes[i] = strlen(text) + 1;
    head[i] = fields[i].type != FIELD_TEXT ? field_int(state, &fields[i]) : text ? (int64_t)size : 0;
    size += sizes[i];
  }
  char *bytes = packed_room(packed, size);
  if (!bytes) return false;
  memcpy(bytes, head, sizeof head);
  for (size_t i = 0; i < STATE_COLUMNS_N; i++)
    if (sizes[i] > 0) memcpy(bytes + head[i], field_text(state, &fields[i]), sizes[i]);
  return true;
}

static int64_t packed_head(const void *packed, size_t i)
{
  int64_t value;
  memcpy(&value, (const char *)packed + i * sizeof value, sizeof value);
  return value;
}

static void packed_read(const void *packed, struct lead_state *state)
{
  for (size_t i = 0; i < STATE_COLUMNS_N; i++) {
    int64_t value = packed_head(packed, i);
    field_set(state, &fields[i], value != 0 ? (const char *)packed + value : NULL, value);
  }
}

static const char *value_text(sqlite3_value *value)
{
  return (const char *)sqlite3_value_text(value);
}

void sqlite_state_of(sqlite3_value **values, struct lead_state *state)
{
  *state = (struct lead_state){0};
  for (size_t i = 0; i < STATE_COLUMNS_N; i++) {
    if (fields[i].type == FIELD_TEXT)
      field_set(state, &fields[i], value_text(values[i]), 0);
    else
      field_set(state, &fields[i], NULL, sqlite3_value_int64(values[i]));
  }
}

/* ---- what all states come to ---- */

/* These come from scans and not from events: they stand for nothing here. */
#define SEEN_COLUMNS_N 2

static uint64_t mixed(uint64_t sum, uint64_t value)
{
  uint64_t product = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return product ^ (product >> 29);
}

static uint64_t mixed_text(uint64_t sum, const char *text)
{
  size_t size = text ? strlen(text) : 0;
  uint64_t word = 0;
  sum = mixed(sum, text ? size + 1 : 0);
  for (; size >= sizeof word; size -= sizeof word, text += sizeof word) {
    memcpy(&word, text, sizeof word);
    sum = mixed(sum, word);
  }
  word = 0;
  if (size > 0) memcpy(&word, text, size);
  return mixed(sum, word);
}

/* Rows are added up, so that their order plays no part and one can be taken away again (sign: -1). */
static void states_count(struct folded_states *states, const struct lead_state *state, int sign)
{
  uint64_t sum = UINT64_C(0x2545f4914f6cdd1d);
  for (size_t i = 0; i < STATE_COLUMNS_N - SEEN_COLUMNS_N; i++)
    sum = fields[i].type == FIELD_TEXT ? mixed_text(sum, field_text(state, &fields[i]))
                                       : mixed(sum, (uint64_t)field_int(state, &fields[i]));
  bool is_enrolled =
      (state->settlement == SETTLEMENT_ADDED || state->settlement == SETTLEMENT_ADOPTED) && state->withdrawn_at_us == 0;
  states->rows_n += sign;
  states->enrolled_n += sign * is_enrolled;
  states->digest += sign > 0 ? sum : -sum;
}

static void fold_digest_step(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct folded_states *states = sqlite3_aggregate_context(context, sizeof *states);
  struct lead_state state;
  if (!states) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite_state_of(arguments, &state);
  states_count(states, &state, 1);
}

static void fold_digest_final(sqlite3_context *context)
{
  const struct folded_states none = {0}, *states = sqlite3_aggregate_context(context, 0);
  char text[SQLITE_FOLDED_STATES_CHARS];
  sqlite_folded_states_text(states ? states : &none, text);
  sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

void sqlite_folded_states_text(const struct folded_states *states, char text[SQLITE_FOLDED_STATES_CHARS])
{
  g_snprintf(text, SQLITE_FOLDED_STATES_CHARS, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %016" G_GINT64_MODIFIER "x",
             states->rows_n, states->enrolled_n, states->digest);
}

/* ---- the state at hand ---- */

/* The states that fold_events and fold_merge made last, of this connection. SQL hands a number around instead of the
 * bytes, which SQLite would copy once for each of the columns; the texts of a column stay where they are, so the state
 * before the last is kept too: its values may stand in registers while the last one is made. */
struct at_hand {
  int64_t number; /* of the last one; its place is the number's remainder */
  struct packed packed[2];
  struct folded_states *changed; /* by what the statement writes of them; the caller's */
};

static void at_hand_free(void *data)
{
  struct at_hand *at_hand = data;
  for (size_t i = 0; i < G_N_ELEMENTS(at_hand->packed); i++)
    sqlite3_free(at_hand->packed[i].bytes);
  g_free(at_hand);
}

/* The last one; NULL when there is none. */
static const char *at_hand_last(const struct at_hand *at_hand)
{
  return at_hand->number > 0 ? at_hand->packed[at_hand->number % 2].bytes : NULL;
}

static void at_hand_put(sqlite3_context *context, const struct lead_state *state)
{
  struct at_hand *at_hand = sqlite3_user_data(context);
  if (!state_pack(state, &at_hand->packed[(at_hand->number + 1) % 2])) {
    sqlite3_result_error_nomem(context);
    return;
  }
  at_hand->number++;
  sqlite3_result_int64(context, at_hand->number);
}

/* Arguments: the columns of the stored state of the same lead. */
static void fold_merge_stored(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *packed = at_hand_last(sqlite3_user_data(context));
  struct lead_state fresh = {0}, stored;
  if (packed) packed_read(packed, &fresh);
  sqlite_state_of(arguments, &stored);
  if (!packed || g_strcmp0(fresh.lead_id, stored.lead_id) != 0) {
    sqlite3_result_error(context, "fold_merge with another lead's state at hand", -1);
    return;
  }
  struct folded_states *changed = ((struct at_hand *)sqlite3_user_data(context))->changed;
  states_count(changed, &fresh, -1); /* it is no row of its own */
  states_count(changed, &stored, -1);
  fold_merge(&stored, &fresh);
  states_count(changed, &stored, 1);
  at_hand_put(context, &stored);
}

static void fold_column(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const struct at_hand *at_hand = sqlite3_user_data(context);
  const char *packed = at_hand_last(at_hand);
  if (!packed || sqlite3_value_int64(arguments[0]) != at_hand->number) {
    sqlite3_result_error(context, "fold_column of another row's state", -1);
    return;
  }
  int column = sqlite3_value_int(arguments[1]);
  if (column < 0 || column >= STATE_COLUMNS_N) return;
  int64_t value = packed_head(packed, (size_t)column);
  enum field_type type = fields[column].type;
  if (type == FIELD_TEXT && value != 0)
    sqlite3_result_text(context, packed + value, -1, SQLITE_STATIC);
  else if (type == FIELD_INT || type == FIELD_ENUM || (type == FIELD_TIME && value != 0))
    sqlite3_result_int64(context, value);
}

/* The part of the state's person behind the '@'. */
static void fold_domain(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const struct at_hand *at_hand = sqlite3_user_data(context);
  const char *packed = at_hand_last(at_hand);
  if (!packed || sqlite3_value_int64(arguments[0]) != at_hand->number) {
    sqlite3_result_error(context, "fold_domain of another row's state", -1);
    return;
  }
  int64_t person = packed_head(packed, PERSON_COLUMN);
  if (person != 0) sqlite3_result_text(context, email_domain(packed + person), -1, SQLITE_STATIC);
}

/* ---- the aggregate ---- */

/* Enough for the texts of two events, which is what nearly every group has. */
#define NEAR_BYTES 768

struct fold_group {
  struct lead_state state;
  bool has_event;
  size_t near_n;
  char near[NEAR_BYTES]; /* strings of the events that the state borrows from */
  GStringChunk *more;    /* those that are not near */
};

/* Copied by length: asked for a terminated text SQLite would make a copy of its own first. */
static const char *kept(struct fold_group *group, sqlite3_value *value)
{
  if (sqlite3_value_type(value) != SQLITE_TEXT) return NULL;
  const char *bytes = sqlite3_value_blob(value);
  size_t size = bytes ? (size_t)sqlite3_value_bytes(value) : 0;
  if (size >= NEAR_BYTES - group->near_n) {
    if (!group->more) group->more = g_string_chunk_new(NEAR_BYTES);
    return g_string_chunk_insert_len(group->more, size > 0 ? bytes : "", (gssize)size);
  }
  char *copy = group->near + group->near_n;
  if (size > 0) memcpy(copy, bytes, size);
  copy[size] = '\0';
  group->near_n += size + 1;
  return copy;
}

/* Arguments: kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, attempt, generation, epoch,
 * occurred_at, recorded_at. */
static void fold_events_step(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct fold_group *group = sqlite3_aggregate_context(context, sizeof *group);
  if (!group) {
    sqlite3_result_error_nomem(context);
    return;
  }
  group->has_event = true;
  struct lead_event event = {
      .kind = (enum event_kind)sqlite3_value_int(arguments[0]),
      .fact = (enum status_fact)sqlite3_value_int(arguments[1]),
      .reason = kept(group, arguments[2]),
      .lead_id = kept(group, arguments[3]),
      .person = kept(group, arguments[4]),
      .campaign_id = kept(group, arguments[5]),
      .instantly_id = kept(group, arguments[6]),
      .claim_id = kept(group, arguments[7]),
      .attempt = sqlite3_value_int64(arguments[8]),
      .generation = sqlite3_value_int64(arguments[9]),
      .epoch = sqlite3_value_int64(arguments[10]),
      .occurred_at_us = sqlite3_value_int64(arguments[11]),
      .recorded_at_us = sqlite3_value_int64(arguments[12]),
  };
  fold_event(&group->state, &event);
}

static void fold_events_final(sqlite3_context *context)
{
  struct fold_group *group = sqlite3_aggregate_context(context, 0);
  if (!group || !group->has_event) return;
  states_count(((struct at_hand *)sqlite3_user_data(context))->changed, &group->state, 1);
  at_hand_put(context, &group->state);
  g_clear_pointer(&group->more, g_string_chunk_free);
}

int sqlite_fold_register(sqlite3 *handle, struct folded_states *changed)
{
  const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY; /* not deterministic: they go by what was made last */
  struct at_hand *at_hand = g_new0(struct at_hand, 1);
  at_hand->changed = changed;
  int code = sqlite3_create_function_v2(handle, "fold_events", 13, flags, at_hand, NULL, fold_events_step,
                                        fold_events_final, at_hand_free); /* frees it also when it fails */
  if (code != SQLITE_OK) return code;
  code = sqlite3_create_function_v2(handle, "fold_merge", STATE_COLUMNS_N, flags, at_hand, fold_merge_stored, NULL,
                                    NULL, NULL);
  if (code != SQLITE_OK) return code;
  code = sqlite3_create_function_v2(handle, "fold_digest", STATE_COLUMNS_N, flags, NULL, NULL, fold_digest_step,
                                    fold_digest_final, NULL);
  if (code != SQLITE_OK) return code;
  code = sqlite3_create_function_v2(handle, "fold_domain", 1, flags, at_hand, fold_domain, NULL, NULL, NULL);
  if (code != SQLITE_OK) return code;
  return sqlite3_create_function_v2(handle, "fold_column", 2, flags, at_hand, fold_column, NULL, NULL, NULL);
}

void sqlite_state_read(const struct query *query, int first, struct page *page, struct lead_state *state)
{
  for (int i = 0; i < STATE_COLUMNS_N; i++) {
    const struct field *field = &fields[i];
    if (field->type == FIELD_TEXT)
      field_set(state, field, query_page_text(query, first + i, page), 0);
    else
      field_set(state, field, NULL, query_column_int(query, first + i));
  }
}
