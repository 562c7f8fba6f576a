/* Claims: made by one script, read back page after page from one job. */
#include "base/email.h"
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

G_STATIC_ASSERT(VERDICT_DUPLICATE_OF == 16 && VERDICT_DEFERRED_MAX_PER_RUN == 17 && VERDICT_DEFERRED_CANARY == 20);

/* ---- what the script is told ---- */

static void item_begin(GString *out)
{
  g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
}

static void feeds_append(GString *out, const struct claim_rules *rules)
{
  json_append_key(out, "feeds");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < rules->feeds_n; i++) {
    const struct campaign_feed *feed = &rules->feeds[i];
    item_begin(out);
    json_append_str(out, "id", feed->id);
    bq_json_flag(out, "is_fed", feed->is_fed);
    json_append_str(out, "refusal", feed->refusal);
    bq_json_int(out, "room", feed->room);
    bq_json_int(out, "room_verdict", feed->room_verdict);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void tags_append(GString *out, const struct claim_rules *rules)
{
  json_append_key(out, "tags");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < rules->feeds_n; i++)
    for (size_t j = 0; j < rules->feeds[i].required_n; j++) {
      const struct required_variable *variable = &rules->feeds[i].required[j];
      item_begin(out);
      json_append_str(out, "campaign_id", rules->feeds[i].id);
      bq_json_int(out, "n", (int64_t)j);
      json_append_str(out, "tag", variable->tag);
      json_append_str(out, "source", variable->source);
      bq_json_flag(out, "is_column", variable->is_column);
      g_string_append_c(out, '}');
    }
  g_string_append_c(out, ']');
}

static void cooldowns_append(GString *out, const struct claim_rules *rules)
{
  json_append_key(out, "cooldowns");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++) {
    item_begin(out);
    bq_json_int(out, "outcome", (int64_t)i);
    bq_json_int(out, "us", rules->cooldown_us[i]);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

/* Stops that a handle which only reads has learnt: they count, and are written nowhere. */
static void kept_stops_append(const struct bq_warehouse *self, GString *out)
{
  json_append_key(out, "stops");
  g_string_append_c(out, '[');
  for (guint i = 0; i < self->kept_stops->len; i++) {
    const struct bq_stop_row *row = &g_array_index(self->kept_stops, struct bq_stop_row, i);
    g_autofree char *match_key = bq_match_key(&row->stop);
    item_begin(out);
    json_append_str(out, "match_key", match_key);
    json_append_str(out, "person", row->stop.person);
    json_append_str(out, "domain", row->stop.domain);
    json_append_str(out, "source", row->stop.source);
    json_append_str(out, "reason", row->stop.reason);
    bq_json_time(out, "evidence_at", row->evidence_at_us);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static bool rules_json(struct bq_warehouse *self, const struct claim_rules *rules, GString *out, GError **error)
{
  char share[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_c(out, '{');
  json_append_str(out, "run_id", rules->run_id ? rules->run_id : "");
  bq_json_int(out, "epoch", rules->epoch);
  bq_json_int(out, "now", rules->now_us);
  bq_json_int(out, "recorded_at", bq_now_us(self));
  bq_json_flag(out, "once_ever", rules->once == ONCE_EVER);
  bq_json_int(out, "run_room", MAX(rules->run_room, 0));
  bq_json_int(out, "run_room_verdict", rules->run_room_verdict);
  json_append_str(out, "reused_share", g_ascii_dtostr(share, sizeof share, rules->reused_stop_share));
  json_append_str(out, "default_campaign", rules->default_campaign);
  feeds_append(out, rules);
  tags_append(out, rules);
  cooldowns_append(out, rules);
  kept_stops_append(self, out);
  if (!bq_json_foreigners(self, true, out, error)) return false;
  g_string_append_c(out, '}');
  return true;
}

/* ---- what it says ---- */

static void count_add(const char *const *cells, void *into)
{
  struct claim_report *report = into;
  if (bq_cell_int(cells[0]) < 0) { /* no row of the source */
    report->due_at_us = bq_cell_int(cells[1]);
    return;
  }
  struct verdict_count count = {.verdict = (enum verdict)bq_cell_int(cells[0]),
                                .detail = g_strdup(cells[1]),
                                .campaign_id = g_strdup(cells[2]),
                                .n = bq_cell_int(cells[3])};
  report->source_n += count.n;
  if (count.verdict == VERDICT_ELIGIBLE) report->claimed_n += count.n;
  g_array_append_val(report->counts, count);
}

static int64_t count_of(const struct claim_report *report, enum verdict verdict)
{
  int64_t n = 0;
  for (guint i = 0; i < report->counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report->counts, struct verdict_count, i);
    if (count->verdict == verdict) n += count->n;
  }
  return n;
}

static bool reuse_check(const struct claim_rules *rules, const struct claim_report *report, GError **error)
{
  int64_t reused_n = count_of(report, VERDICT_LEAD_ID_REUSED);
  if (rules->is_dry_run || (double)reused_n <= rules->reused_stop_share * (double)report->source_n) return true;
  error_set(error, ERROR_UNSAFE,
            "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
            " rows have a lead_id that was another person's before; nothing "
            "was claimed. Give every person a lead_id of its own and keep it when the table is rebuilt",
            reused_n, report->source_n);
  return false;
}

/* Nobody is decided upon while a flag may say that a person was contacted. */
static bool flags_are_clear(struct bq_warehouse *self, GError **error)
{
  g_autoptr(GArray) findings = schema_findings_new();
  return bq_flags_check(self, findings, error) && schema_findings_allow(findings, error);
}

bool bq_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autoptr(GString) json = g_string_new(NULL);
  if (!rules->is_dry_run && (!bq_fold(ledger, error) || !bq_streams_check(self, error))) return false;
  if (!flags_are_clear(self, error) || !rules_json(self, rules, json, error)) return false;
  struct bq_call dry = BQ_SCRIPT(json->str, BQ_CLAIM_VERDICTS, BQ_CLAIM_COUNTS);
  struct bq_call real = BQ_SCRIPT(json->str, BQ_CLAIM_VERDICTS, BQ_CLAIM_APPEND, BQ_CLAIM_COUNTS);
  g_autofree char *job_id = rules->is_dry_run ? NULL : bq_claim_job_id(self);
  real.job_id = job_id;
  g_array_set_size(report->counts, 0);
  report->source_n = report->claimed_n = report->due_at_us = 0;
  if (!bq_each(self, rules->is_dry_run ? &dry : &real, count_add, report, error)) return false;
  if (!reuse_check(rules, report, error)) return false;
  if (rules->is_dry_run) return true;
  g_free(self->claimed_run_id);
  self->claimed_run_id = g_strdup(rules->run_id);
  self->is_dirty = self->is_dirty || report->claimed_n > 0;
  bq_forget(self);
  return true;
}

/* ---- reading them back ---- */

/* The row lends its values to the claim only if it is still that person's. */
static struct lead lead_of(const char *const *cells, const char *person, struct page *page)
{
  struct lead lead = {.lead_id = page_text(page, cells[8])};
  g_autofree char *own = NULL;
  const char *email = cells[9];
  if (!email || email_canonical(email, strlen(email), &own) != EMAIL_OK || g_strcmp0(own, person) != 0) return lead;
  lead.email = page_text(page, email);
  lead.first_name = page_text(page, cells[10]);
  lead.last_name = page_text(page, cells[11]);
  lead.company_name = page_text(page, cells[12]);
  lead.campaign_id = page_text(page, cells[13]);
  lead.added_to_instantly = bq_cell_bool(cells[14]);
  lead.sequence_completed = bq_cell_bool(cells[15]);
  lead.cold_email_sent = bq_cell_bool(cells[16]);
  lead.last_email_status = page_text(page, cells[17]);
  lead.fields = page_text(page, cells[18]);
  return lead;
}

static void claim_add(const char *const *cells, struct page *page)
{
  struct claim claim = {.ord = bq_cell_int(cells[0]),
                        .generation = bq_cell_int(cells[1]),
                        .epoch = bq_cell_int(cells[2]),
                        .attempt = bq_cell_int(cells[3]),
                        .run_id = page_text(page, cells[4]),
                        .campaign_id = page_text(page, cells[5]),
                        .person = page_text(page, cells[6]),
                        .is_held = bq_cell_bool(cells[7])};
  claim.lead = lead_of(cells, claim.person, page);
  g_array_append_val(page->rows, claim);
}

static char *question_of(const struct claim_query *query, int64_t after_ord)
{
  return g_strdup_printf("%s|%s|%d|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, query->run_id,
                         query->campaign_id ? query->campaign_id : "", query->only_unsettled, query->to_ord, after_ord);
}

static bool claims_ask(struct bq_warehouse *self, const struct claim_query *query, GError **error)
{
  bool is_own = g_strcmp0(query->run_id, self->claimed_run_id) == 0 && self->run.started_at_us;
  self->watch.rows_read_us = clock_boot_us(self->clock);
  g_clear_pointer(&self->watch.gone, g_hash_table_unref);
  struct bq_call call = {
      .ids = {BQ_CLAIMS_READ},
      .ids_n = 1,
      .parameters = {bigquery_text("run_id", query->run_id),
                     bigquery_text("campaign_id", query->campaign_id ? query->campaign_id : ""),
                     bigquery_int("after_ord", query->after_ord), bigquery_int("to_ord", query->to_ord),
                     bigquery_bool("only_unsettled", query->only_unsettled), bigquery_bool("is_guarded", is_own),
                     bq_since("since", is_own ? self->run.started_at_us - BQ_OVERLAP_US : 1),
                     bq_since("contested_since", bq_now_us(self) - DAY_US)},
      .parameters_n = 8,
  };
  return bq_query(self, &call, &self->claims.rows, error);
}

bool bq_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(page);
  g_autofree char *question = question_of(query, query->after_ord);
  if (!bq_stream_goes_on(&self->claims, question) && !claims_ask(self, query, error)) return false;
  int64_t last_ord = query->after_ord;
  while (self->claims.rows && page->rows->len < query->limit) {
    const char *const *cells = NULL;
    if (!bq_next(&self->claims.rows, &cells, error)) {
      bq_stream_close(&self->claims);
      return false;
    }
    self->claims.is_over = !cells;
    if (!cells) break;
    last_ord = bq_cell_int(cells[0]);
    bool is_ended = query->only_unsettled && bq_is_settled(self, query->run_id, last_ord);
    if (!bq_cell_bool(cells[19]) && !is_ended) claim_add(cells, page);
  }
  bq_stream_expect(&self->claims, question_of(query, last_ord));
  return true;
}
