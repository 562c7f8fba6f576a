/* The reference warehouse: deciding every source row and claiming those that may go. */
#include "base/error.h"
#include "warehouse/flag_findings.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* One row with its verdict; rows that pass all per-row rules are ranked among each other afterwards. */
struct decided {
  const struct memory_lead *row;
  const struct lead_state *state;
  const char *campaign_id;
  struct verdict_result result;
};

struct decision {
  struct memory *memory;
  const struct claim_rules *rules;
  GHashTable *people;
  GArray *rows;       /* struct decided, in the order of lead_id */
  GArray *candidates; /* struct candidate, in the order of (campaign, lead_id) once ranked */
};

static const struct campaign_feed *feed_of(const struct claim_rules *rules, const char *campaign_id)
{
  for (size_t i = 0; campaign_id && i < rules->feeds_n; i++)
    if (strcmp(rules->feeds[i].id, campaign_id) == 0) return &rules->feeds[i];
  return NULL;
}

static struct decided decide(struct decision *decision, const struct memory_lead *row)
{
  const struct claim_rules *rules = decision->rules;
  const struct lead_state *state = people_state(decision->memory, decision->people, row);
  bool is_same_person = state && g_strcmp0(state->person, row->person) == 0;
  struct decided decided = {
      .row = row,
      .state = state,
      .campaign_id = verdict_campaign(&row->lead, is_same_person ? state : NULL, rules->default_campaign),
  };
  struct person_facts facts = {0};
  if (row->person) facts = people_facts(decision->memory, decision->people, row->person, rules->now_us);
  struct verdict_input input = {
      .lead = &row->lead,
      .address = row->address,
      .person = row->person,
      .state = state,
      .facts = &facts,
      .feed = feed_of(rules, decided.campaign_id),
      .campaign_id = decided.campaign_id,
  };
  decided.result = verdict_of(&input, rules);
  return decided;
}

static void add_candidate(struct decision *decision, const struct decided *decided)
{
  const struct lead_state *state = decided->state;
  g_autofree char *folded = email_fold_tag(decided->row->person);
  struct candidate candidate = {
      .lead_id = decided->row->lead.lead_id,
      .person = memory_keep(decision->memory, folded),
      .campaign_id = decided->campaign_id,
      .was_claimed = state && (state->claim_id || state->generation > 1),
  };
  g_array_append_val(decision->candidates, candidate);
}

static void count(struct claim_report *report, const struct verdict_result *result, const char *campaign_id)
{
  const char *detail = result->verdict == VERDICT_DUPLICATE_OF ? NULL : result->detail;
  for (guint i = 0; i < report->counts->len; i++) {
    struct verdict_count *row = &g_array_index(report->counts, struct verdict_count, i);
    if (row->verdict == result->verdict && g_strcmp0(row->detail, detail) == 0 &&
        g_strcmp0(row->campaign_id, campaign_id) == 0) {
      row->n++;
      return;
    }
  }
  struct verdict_count row = {
      .verdict = result->verdict,
      .detail = g_strdup(detail),
      .campaign_id = g_strdup(campaign_id),
      .n = 1,
  };
  g_array_append_val(report->counts, row);
}

static bool reuse_is_safe(const struct decision *decision, GError **error)
{
  int64_t reused_n = 0;
  for (guint i = 0; i < decision->rows->len; i++)
    reused_n += g_array_index(decision->rows, struct decided, i).result.verdict == VERDICT_LEAD_ID_REUSED;
  if (decision->rules->is_dry_run ||
      (double)reused_n <= decision->rules->reused_stop_share * (double)decision->rows->len)
    return true;
  error_set(error, ERROR_UNSAFE,
            "%" G_GINT64_FORMAT " of %u rows have a lead_id that was another person's before; nothing was claimed. "
            "Give every person a lead_id of its own and keep it when the table is rebuilt",
            reused_n, decision->rows->len);
  return false;
}

/* A try is a claim that ended absent or temporary; `retry` starts counting anew. */
static int64_t next_attempt(const struct lead_state *state)
{
  if (!state || !state->claim_id || state->settlement != SETTLEMENT_RELEASED) return 1;
  bool was_try = g_strcmp0(state->reason, "absent") == 0 || g_strcmp0(state->reason, "temporary") == 0;
  return MAX(state->attempts, 1) + (was_try ? 1 : 0);
}

static const struct decided *decided_find(const struct decision *decision, const char *lead_id)
{
  guint low = 0, high = decision->rows->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const struct decided *row = &g_array_index(decision->rows, struct decided, middle);
    int order = strcmp(row->row->lead.lead_id, lead_id);
    if (order == 0) return row;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  g_assert_not_reached();
}

/* A cooldown is over: the claim opens the next generation. */
static void append_reopened(struct decision *decision, const struct decided *decided)
{
  const struct claim_rules *rules = decision->rules;
  struct lead_event event = {
      .kind = EVENT_REOPENED,
      .reason = "cooldown",
      .lead_id = decided->row->lead.lead_id,
      .person = decided->row->person,
      .generation = verdict_generation(decided->state),
      .epoch = rules->epoch,
      .run_id = rules->run_id,
      .occurred_at_us = rules->now_us,
  };
  memory_append(decision->memory, &event);
}

static void append_claim(struct decision *decision, const struct candidate *candidate, int64_t ord)
{
  const struct claim_rules *rules = decision->rules;
  const struct decided *decided = decided_find(decision, candidate->lead_id);
  const struct lead_state *state = decided->state;
  if (state && state_is_enrolled(state)) append_reopened(decision, decided);
  g_autofree char *claim_id = g_strdup_printf("%s.%" G_GINT64_FORMAT, rules->run_id, ord);
  struct lead_event event = {
      .kind = EVENT_CLAIMED,
      .lead_id = candidate->lead_id,
      .person = decided->row->person,
      .campaign_id = candidate->campaign_id,
      .claim_id = claim_id,
      .ord = ord,
      .attempt = next_attempt(state),
      .generation = verdict_generation(state),
      .epoch = rules->epoch,
      .run_id = rules->run_id,
      .occurred_at_us = rules->now_us,
  };
  memory_append(decision->memory, &event);
}

static void decide_all(struct decision *decision)
{
  for (guint i = 0; i < decision->memory->leads->len; i++) {
    if (!memory_is_lead(g_ptr_array_index(decision->memory->leads, i))) continue;
    struct decided decided = decide(decision, g_ptr_array_index(decision->memory->leads, i));
    g_array_append_val(decision->rows, decided);
    if (decided.result.verdict == VERDICT_ELIGIBLE) add_candidate(decision, &decided);
  }
  eligibility_rank((struct candidate *)(void *)decision->candidates->data, decision->candidates->len, decision->rules);
}

static void claim_candidates(struct decision *decision, struct claim_report *report)
{
  for (guint i = 0; i < decision->candidates->len; i++) {
    const struct candidate *candidate = &g_array_index(decision->candidates, struct candidate, i);
    count(report, &candidate->result, candidate->campaign_id);
    if (candidate->result.verdict != VERDICT_ELIGIBLE) continue;
    report->claimed_n++;
    if (!decision->rules->is_dry_run) append_claim(decision, candidate, report->claimed_n);
  }
}

static bool opt_outs_are_clear(struct memory *memory, GError **error)
{
  int64_t rows_n;
  const char *odd = memory_opt_out_odd(memory, &rows_n);
  g_autoptr(GArray) findings = schema_findings_new();
  if (odd) opt_out_finding_add(findings, "leads", memory->settings->source.opt_out.column, odd, rows_n);
  return schema_findings_allow(findings, error);
}

bool memory_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report, GError **error)
{
  struct memory *memory = memory_of(ledger);
  memory_fold(memory); /* a claim made since the last fold is one all the same */
  g_autoptr(GHashTable) people = people_new(memory);
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct decided));
  g_autoptr(GArray) candidates = g_array_new(FALSE, TRUE, sizeof(struct candidate));
  struct decision decision = {memory, rules, people, rows, candidates};
  decide_all(&decision);
  if (!reuse_is_safe(&decision, error) || !opt_outs_are_clear(memory, error)) return false;

  g_array_set_size(report->counts, 0);
  report->claimed_n = 0;
  report->source_n = rows->len;
  for (guint i = 0; i < rows->len; i++) {
    const struct decided *row = &g_array_index(rows, struct decided, i);
    if (row->result.verdict != VERDICT_ELIGIBLE) count(report, &row->result, row->campaign_id);
  }
  claim_candidates(&decision, report);
  return true;
}
