/* Claiming: fills the working tables of claim.sql one after the other, then appends one event per claim. */
#include "base/error.h"
#include "warehouse/sqlite.h"

/* The numbers that claim.sql and events.sql are written with. */
G_STATIC_ASSERT(VERDICT_LEAD_ID_REUSED == 4 && VERDICT_ALREADY_ADDED == 5 && VERDICT_CONTACTED_BEFORE_US == 6 &&
                VERDICT_SUPPRESSED == 7 && VERDICT_HELD == 8 && VERDICT_UNSETTLED == 9 && VERDICT_CONTACTED == 10 &&
                VERDICT_SETTLED == 11 && VERDICT_NO_CAMPAIGN == 12 && VERDICT_UNKNOWN_CAMPAIGN == 13 &&
                VERDICT_CAMPAIGN_NOT_FED == 14 && VERDICT_MISSING_VARIABLE == 15 && VERDICT_DUPLICATE_OF == 16 &&
                VERDICT_STILL_IN_INSTANTLY == 21 && VERDICT_EXCLUDED == 22 && VERDICTS_N <= 32);
G_STATIC_ASSERT(SETTLEMENT_CLAIMED == 1 && SETTLEMENT_RELEASED == 2 && SETTLEMENT_SKIPPED == 3 &&
                SETTLEMENT_REJECTED == 4 && SETTLEMENT_FOUND_ELSEWHERE == 5 && SETTLEMENT_RETRIED == 6 &&
                SETTLEMENT_ADOPTED == 7 && SETTLEMENT_ADDED == 8);

G_STATIC_ASSERT(EVENT_CLAIMED == 1 && EVENT_SENDING == 2 && EVENT_ADDED == 3 && EVENT_ADOPTED == 4 &&
                EVENT_RELEASED == 8 && EVENT_HELD == 9 && EVENT_RESOLVED == 10 && EVENT_RETRIED == 11 &&
                EVENT_FINISHED == 14 && EVENT_MOVED == 17 && EVENT_VANISHED == 18);

static bool run_all(struct sqlite_db *db, const enum sql_id *steps, size_t steps_n, GError **error)
{
  for (size_t i = 0; i < steps_n; i++)
    if (!sql_run(db, steps[i], error)) return false;
  return true;
}

bool sqlite_aliases(struct sqlite_warehouse *self, GError **error)
{
  static const enum sql_id begin[] = {SQL_ALIASES_CLEAR, SQL_GONE_CLEAR, SQL_GONE_FILL};
  int64_t has_gone = 0;
  if (!run_all(&self->db, begin, G_N_ELEMENTS(begin), error)) return false;
  if (!sql_run_int(&self->db, SQL_GONE_ANY, &has_gone, error)) return false;
  return !has_gone || sql_run(&self->db, SQL_ALIASES_FILL, error);
}

/* ---- what the rules look at ---- */

/* A path into lead_fields for keys that need no escape there; the others are searched for. */
static char *field_path(const char *key)
{
  if (!key || strpbrk(key, "\"\\")) return NULL;
  return g_strdup_printf("$.\"%s\"", key);
}

static bool feed_variables_fill(struct sqlite_warehouse *self, const struct campaign_feed *feed, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_FEED_VARIABLE_PUT, error)) return false;
  for (size_t i = 0; i < feed->required_n; i++) {
    const struct required_variable *variable = &feed->required[i];
    g_autofree char *path = variable->is_column ? NULL : field_path(variable->source);
    query_again(&query);
    query_text(&query, ":campaign_id", feed->id);
    query_int(&query, ":n", (int64_t)i);
    query_text(&query, ":tag", variable->tag);
    query_text(&query, ":source", variable->source);
    query_int(&query, ":is_column", variable->is_column);
    query_text(&query, ":path", path);
    if (!query_run(&query, error)) return false;
    query_again(&query); /* path is borrowed */
  }
  return true;
}

static bool feeds_fill(struct sqlite_warehouse *self, const struct claim_rules *rules, GError **error)
{
  static const enum sql_id clear[] = {SQL_FEEDS_CLEAR, SQL_FEED_VARIABLES_CLEAR};
  if (!run_all(&self->db, clear, G_N_ELEMENTS(clear), error)) return false;
  for (size_t i = 0; i < rules->feeds_n; i++) {
    const struct campaign_feed *feed = &rules->feeds[i];
    query_scope struct query query = {0};
    if (!query_open(&query, &self->db, SQL_FEED_PUT, error)) return false;
    query_text(&query, ":campaign_id", feed->id);
    query_int(&query, ":is_fed", feed->is_fed);
    query_text(&query, ":refusal", feed->refusal);
    query_int(&query, ":room", feed->room);
    query_int(&query, ":room_verdict", feed->room_verdict);
    if (!query_run(&query, error) || !feed_variables_fill(self, feed, error)) return false;
  }
  return sql_run(&self->db, SQL_FEEDS_PLACE, error);
}

static bool stops_fill(struct sqlite_warehouse *self, int64_t now_us, int64_t *has_stops, GError **error)
{
  query_scope struct query query = {0};
  if (!sql_run(&self->db, SQL_STOPS_CLEAR, error) || !query_open(&query, &self->db, SQL_STOPS_FILL, error))
    return false;
  query_int(&query, ":now", now_us);
  return query_run(&query, error) && sql_run_int(&self->db, SQL_STOPS_ANY, has_stops, error);
}

/* ---- rows with one lead_id ---- */

static bool repeated_ids_fill(struct sqlite_warehouse *self, GError **error)
{
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  g_autofree char *column = sql_names_plain(&self->db.names, "lead_id");
  query_scope struct query query = {0};
  bool has_row = false;
  if (!sql_run(&self->db, SQL_REPEATED_IDS_CLEAR, error) || !query_open(&query, &self->db, SQL_LEADS_UNIQUE, error))
    return false;
  query_text(&query, ":table", table);
  query_text(&query, ":column", column);
  if (!query_next(&query, &has_row, error)) return false;
  bool is_unique = query_column_int(&query, 0) != 0;
  query_close(&query);
  return is_unique || sql_run(&self->db, SQL_REPEATED_IDS_FILL, error);
}

/* ---- persons with several rows ---- */

static bool source_narrowed(struct sqlite_warehouse *self, GError **error)
{
  self->repeats.only_repeated = true;
  bool is_ok = sql_run(&self->db, SQL_CLAIM_ROWS_SOURCE, error);
  self->repeats.only_repeated = false;
  return is_ok;
}

/* What is known of persons whose rows have to be looked at together. */
static bool persons_fill(struct sqlite_warehouse *self, GError **error)
{
  static const enum sql_id begin[] = {SQL_CLAIM_ROWS_CLEAR, SQL_PERSON_FACTS_CLEAR, SQL_CLAIM_ROWS_STATES,
                                      SQL_REPEATS_OF_STATES, SQL_REPEATS_OF_SOURCE};
  repeats_begin(&self->repeats);
  return sqlite_aliases(self, error) && run_all(&self->db, begin, G_N_ELEMENTS(begin), error) &&
         source_narrowed(self, error) && sql_run(&self->db, SQL_CLAIM_ROWS_CONTACTS, error) &&
         sql_run(&self->db, SQL_PERSON_FACTS_FILL, error);
}

/* ---- verdicts ---- */

static char *cooldowns_json(const struct claim_rules *rules)
{
  GString *text = g_string_new("[");
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? "," : "", rules->cooldown_us[i]);
  g_string_append_c(text, ']');
  return g_string_free(text, FALSE);
}

static bool queue_fill(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t has_stops,
                       GError **error)
{
  g_autofree char *cooldowns = cooldowns_json(rules);
  int64_t has_fields = 0;
  query_scope struct query query = {0};
  if (!sql_run(&self->db, SQL_QUEUE_CLEAR, error) || !sql_run_int(&self->db, SQL_FEED_FIELDS_ANY, &has_fields, error) ||
      !query_open(&query, &self->db, SQL_QUEUE_FILL, error))
    return false;
  query_text(&query, ":default_campaign", rules->default_campaign);
  query_int(&query, ":once_ever", rules->once == ONCE_EVER);
  query_int(&query, ":now", rules->now_us);
  query_text(&query, ":cooldowns", cooldowns);
  query_int(&query, ":has_stops", has_stops);
  query_int(&query, ":has_fields", has_fields);
  return query_run(&query, error);
}

static bool verdicts_fill(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t has_stops,
                          GError **error)
{
  static const enum sql_id after[] = {SQL_QUEUE_DUPLICATES, SQL_FEEDS_PASS, SQL_FEEDS_NUMBER};
  bool is_ok = repeated_ids_fill(self, error) && persons_fill(self, error) && queue_fill(self, rules, has_stops, error);
  repeats_end(&self->repeats);
  return is_ok && run_all(&self->db, after, G_N_ELEMENTS(after), error);
}

static bool reuse_check(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t *source_n,
                        GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_VERDICTS_REUSED, error) || !query_next(&query, &has_row, error)) return false;
  int64_t reused_n = query_column_int(&query, 0);
  *source_n = query_column_int(&query, 1);
  if (rules->is_dry_run || (double)reused_n <= rules->reused_stop_share * (double)*source_n) return true;
  error_set(error, ERROR_UNSAFE,
            "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
            " rows have a lead_id that was another person's before; nothing "
            "was claimed. Give every person a lead_id of its own and keep it when the table is rebuilt",
            reused_n, *source_n);
  return false;
}

static bool counts_read(struct sqlite_warehouse *self, const struct claim_rules *rules, struct claim_report *report,
                        GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  g_array_set_size(report->counts, 0);
  report->claimed_n = 0;
  if (!query_open(&query, &self->db, SQL_VERDICT_COUNTS, error)) return false;
  query_int(&query, ":run_room", MAX(rules->run_room, 0));
  query_int(&query, ":run_room_verdict", rules->run_room_verdict);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct verdict_count count = {
        .verdict = (enum verdict)query_column_int(&query, 0),
        .detail = g_strdup(query_column_text(&query, 1)),
        .campaign_id = g_strdup(query_column_text(&query, 2)),
        .n = query_column_int(&query, 3),
    };
    if (count.verdict == VERDICT_ELIGIBLE) report->claimed_n += count.n;
    g_array_append_val(report->counts, count);
  }
  return true;
}

/* ---- claims ---- */

static bool range_put(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t claims_n, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CLAIM_RANGE_PUT, error)) return false;
  query_text(&query, ":run_id", rules->run_id);
  query_int(&query, ":first_ord", 1);
  query_int(&query, ":first_seq", sqlite3_last_insert_rowid(self->db.handle) - claims_n + 1);
  query_int(&query, ":claims_n", claims_n);
  query_int(&query, ":claimed_at", rules->now_us);
  return query_run(&query, error);
}

/* Reads the claims that were just written once more, where a cooldown may have let some through. */
static bool claims_reopen(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t first_seq,
                          GError **error)
{
  query_scope struct query query = {0};
  if (rules->once == ONCE_EVER) return true;
  if (!query_open(&query, &self->db, SQL_CLAIMS_REOPEN, error)) return false;
  query_int(&query, ":first_seq", first_seq);
  return query_run(&query, error);
}

static bool claims_append(struct sqlite_warehouse *self, const struct claim_rules *rules, int64_t claimed_n,
                          GError **error)
{
  if (claimed_n == 0) return true;
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CLAIMS_APPEND, error)) return false;
  query_text(&query, ":run_id", rules->run_id);
  query_int(&query, ":now", rules->now_us);
  query_int(&query, ":recorded_at", clock_wall_us(self->db.clock));
  query_int(&query, ":epoch", rules->epoch);
  query_int(&query, ":run_room", MAX(rules->run_room, 0));
  query_int(&query, ":count", count_new(&self->count));
  if (!query_run(&query, error)) return false;
  g_assert(sql_changes(&self->db) == claimed_n);
  int64_t first_seq = sqlite3_last_insert_rowid(self->db.handle) - claimed_n + 1;
  return range_put(self, rules, claimed_n, error) && claims_reopen(self, rules, first_seq, error);
}

/* Gives the pages of the working tables back. */
static bool tables_clear(struct sqlite_warehouse *self, GError **error)
{
  static const enum sql_id clear[] = {SQL_CLAIM_ROWS_CLEAR, SQL_PERSON_FACTS_CLEAR, SQL_QUEUE_CLEAR};
  return run_all(&self->db, clear, G_N_ELEMENTS(clear), error);
}

/* Nobody is decided upon while a flag may say that a person was contacted. */
static bool flags_are_clear(struct sqlite_warehouse *self, GError **error)
{
  g_autoptr(GArray) findings = schema_findings_new();
  return sqlite_flags_check(self, findings, error) && schema_findings_allow(findings, error);
}

bool sqlite_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  int64_t has_stops = 0;
  struct stops_mark mark = {0};
  if (!rules->is_dry_run && !sqlite_fold(ledger, error)) return false;
  if (!transaction_begin(&transaction, &self->db, !rules->is_dry_run, error)) return false;
  if (!flags_are_clear(self, error)) return false;
  if (!feeds_fill(self, rules, error) || !stops_fill(self, rules->now_us, &has_stops, error)) return false;
  if (!verdicts_fill(self, rules, has_stops, error)) return false;
  if (!reuse_check(self, rules, &report->source_n, error) || !counts_read(self, rules, report, error)) return false;
  if (!rules->is_dry_run && !claims_append(self, rules, report->claimed_n, error)) return false;
  if (!tables_clear(self, error)) return false;
  if (rules->is_dry_run) return transaction_commit(&transaction, error);
  if (!sqlite_stops_mark(self, &mark, error) || !transaction_commit(&transaction, error)) return false;
  self->claim_mark = mark;
  g_free(self->claim_run_id);
  self->claim_run_id = g_strdup(rules->run_id);
  return true;
}
