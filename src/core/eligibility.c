#include "core/eligibility.h"

#include "base/json.h"
#include "core/fold.h"

#include <string.h>

static const char *const verdict_names[VERDICTS_N] = {
    [VERDICT_ELIGIBLE] = "eligible",
    [VERDICT_ADDRESS_MISSING] = "address_missing",
    [VERDICT_ADDRESS_INVALID] = "address_invalid",
    [VERDICT_ADDRESS_NOT_ASCII] = "address_not_ascii",
    [VERDICT_LEAD_ID_REUSED] = "lead_id_reused",
    [VERDICT_ALREADY_ADDED] = "already_added",
    [VERDICT_CONTACTED_BEFORE_US] = "contacted_before_us",
    [VERDICT_SUPPRESSED] = "suppressed",
    [VERDICT_HELD] = "held",
    [VERDICT_UNSETTLED] = "unsettled",
    [VERDICT_CONTACTED] = "contacted",
    [VERDICT_SETTLED] = "settled",
    [VERDICT_NO_CAMPAIGN] = "no_campaign",
    [VERDICT_UNKNOWN_CAMPAIGN] = "unknown_campaign",
    [VERDICT_CAMPAIGN_NOT_FED] = "campaign_not_fed",
    [VERDICT_MISSING_VARIABLE] = "missing_variable",
    [VERDICT_DUPLICATE_OF] = "duplicate_of",
    [VERDICT_DEFERRED_MAX_PER_RUN] = "deferred_max_per_run",
    [VERDICT_DEFERRED_MAX_PER_DAY] = "deferred_max_per_day",
    [VERDICT_DEFERRED_PLAN_FULL] = "deferred_plan_full",
    [VERDICT_DEFERRED_CANARY] = "deferred_canary",
    [VERDICT_STILL_IN_INSTANTLY] = "still_in_instantly",
    [VERDICT_EXCLUDED] = "excluded",
};

const char *verdict_name(enum verdict verdict)
{
  return (int)verdict >= 0 && verdict < VERDICTS_N ? verdict_names[verdict] : NULL;
}

bool verdict_is_deferral(enum verdict verdict)
{
  return verdict >= VERDICT_DEFERRED_MAX_PER_RUN && verdict <= VERDICT_DEFERRED_CANARY;
}

/* ---- cooldowns ---- */

/* Who answered, said stop or was removed by hand comes back by `release` alone. */
static bool ends_by_itself(enum outcome outcome)
{
  return outcome == OUTCOME_NO_REPLY || outcome == OUTCOME_SKIPPED || outcome == OUTCOME_BOUNCED;
}

static bool cooldown_is_over(const struct person_facts *facts, const struct claim_rules *rules)
{
  if (rules->once == ONCE_EVER || !ends_by_itself(facts->last_outcome)) return false;
  int64_t cooldown_us = rules->cooldown_us[facts->last_outcome];
  return cooldown_us != INT64_MAX && rules->now_us - facts->last_finished_at_us >= cooldown_us;
}

int64_t verdict_generation(const struct lead_state *state)
{
  return state ? MAX(state->generation, 1) + (state_is_enrolled(state) ? 1 : 0) : 1;
}

/* ---- rule 1 to 3: the row itself ---- */

static enum verdict address_verdict(enum email_verdict address)
{
  switch (address) {
  case EMAIL_OK: return VERDICT_ELIGIBLE;
  case EMAIL_MISSING: return VERDICT_ADDRESS_MISSING;
  case EMAIL_NOT_ASCII: return VERDICT_ADDRESS_NOT_ASCII;
  case EMAIL_INVALID: break;
  }
  return VERDICT_ADDRESS_INVALID;
}

static enum verdict row_verdict(const struct verdict_input *input, const struct claim_rules *rules)
{
  const struct lead_state *state = input->state;
  enum verdict address = address_verdict(input->address);
  if (address != VERDICT_ELIGIBLE) return address;
  if (state && state->person && g_strcmp0(state->person, input->person) != 0) return VERDICT_LEAD_ID_REUSED;
  if (state && state_is_enrolled(state) && !cooldown_is_over(input->facts, rules)) return VERDICT_ALREADY_ADDED;
  if (input->facts->was_contacted_before) return VERDICT_CONTACTED_BEFORE_US;
  return VERDICT_ELIGIBLE;
}

/* ---- rule 4 to 7: the person, and what became of earlier claims ---- */

static enum verdict contact_verdict(const struct verdict_input *input, const struct claim_rules *rules)
{
  int64_t reopened_at_us = input->state ? input->state->reopened_at_us : 0;
  bool is_enrolled = input->state && state_is_enrolled(input->state);
  if (!is_enrolled && input->facts->last_enrolled_at_us <= reopened_at_us) return VERDICT_ELIGIBLE;
  if (!cooldown_is_over(input->facts, rules)) return VERDICT_CONTACTED;
  return input->facts->is_in_instantly ? VERDICT_STILL_IN_INSTANTLY : VERDICT_ELIGIBLE;
}

static bool is_refused(const struct lead_state *state)
{
  return state && (state->settlement == SETTLEMENT_SKIPPED || state->settlement == SETTLEMENT_REJECTED ||
                   state->settlement == SETTLEMENT_FOUND_ELSEWHERE);
}

/* Words of our own, few and constant: interned, so that a result needs no owner. */
static const char *settled_detail(const struct lead_state *state)
{
  const char *settlement = settlement_name(state->settlement);
  if (!state->reason || !*state->reason) return settlement;
  g_autofree char *detail = g_strconcat(settlement, "/", state->reason, NULL);
  return g_intern_string(detail);
}

static struct verdict_result person_verdict(const struct verdict_input *input, const struct claim_rules *rules)
{
  if (g_strcmp0(input->facts->suppression, EXCLUSION_REASON) == 0)
    return (struct verdict_result){.verdict = VERDICT_EXCLUDED};
  if (input->facts->suppression) return (struct verdict_result){VERDICT_SUPPRESSED, input->facts->suppression};
  if (input->facts->is_held) return (struct verdict_result){.verdict = VERDICT_HELD};
  if (input->facts->is_unsettled) return (struct verdict_result){.verdict = VERDICT_UNSETTLED};
  enum verdict contact = contact_verdict(input, rules);
  if (contact != VERDICT_ELIGIBLE) return (struct verdict_result){.verdict = contact};
  if (is_refused(input->state)) return (struct verdict_result){VERDICT_SETTLED, settled_detail(input->state)};
  return (struct verdict_result){.verdict = VERDICT_ELIGIBLE};
}

/* ---- rule 8 to 10: the campaign ---- */

static struct verdict_result campaign_verdict(const struct verdict_input *input)
{
  const struct campaign_feed *feed = input->feed;
  if (!input->campaign_id || !*input->campaign_id) return (struct verdict_result){.verdict = VERDICT_NO_CAMPAIGN};
  if (!feed) return (struct verdict_result){.verdict = VERDICT_UNKNOWN_CAMPAIGN};
  if (!feed->is_fed) return (struct verdict_result){VERDICT_CAMPAIGN_NOT_FED, feed->refusal};
  for (size_t i = 0; i < feed->required_n; i++)
    if (!variable_is_filled(&feed->required[i], input->lead))
      return (struct verdict_result){VERDICT_MISSING_VARIABLE, feed->required[i].tag};
  return (struct verdict_result){.verdict = VERDICT_ELIGIBLE};
}

struct verdict_result verdict_of(const struct verdict_input *input, const struct claim_rules *rules)
{
  enum verdict row = row_verdict(input, rules);
  if (row != VERDICT_ELIGIBLE) return (struct verdict_result){.verdict = row};
  struct verdict_result person = person_verdict(input, rules);
  if (person.verdict != VERDICT_ELIGIBLE) return person;
  return campaign_verdict(input);
}

static const char *non_empty(const char *text)
{
  return text && *text ? text : NULL;
}

/* After released(absent) the first transmission may still surface in its campaign: the next claim goes to the same one.
 * A state without a claim in its generation has a campaign only if `release --campaign` gave it one. */
static const char *sticky_campaign(const struct lead_state *state)
{
  if (!state) return NULL;
  bool was_tried = g_strcmp0(state->reason, "absent") == 0 || state->attempts > 1;
  return (state->settlement == SETTLEMENT_RELEASED && was_tried) || state->settlement == SETTLEMENT_NONE
             ? non_empty(state->campaign_id)
             : NULL;
}

const char *verdict_campaign(const struct lead *lead, const struct lead_state *state, const char *default_campaign)
{
  const char *sticky = sticky_campaign(state);
  if (sticky) return sticky;
  return non_empty(lead->campaign_id) ? lead->campaign_id : non_empty(default_campaign);
}

/* ---- merge tags ---- */

static bool is_blank(const char *text)
{
  return !text || text[strspn(text, "\t\n\v\f\r ")] == '\0';
}

static const char *lead_column(const struct lead *lead, const char *column)
{
  const struct {
    const char *name;
    const char *value;
  } columns[] = {
      {"first_name", lead->first_name}, {"last_name", lead->last_name}, {"company_name", lead->company_name},
      {"email", lead->email},           {"lead_id", lead->lead_id},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
    if (strcmp(columns[i].name, column) == 0) return columns[i].value;
  return NULL;
}

static bool field_is_filled(const char *fields, const char *key)
{
  g_autoptr(cJSON) object = fields ? json_parse(fields, strlen(fields), NULL) : NULL;
  const cJSON *value = json_get(object, key);
  if (cJSON_IsString(value)) return !is_blank(value->valuestring);
  return cJSON_IsNumber(value) || cJSON_IsBool(value);
}

bool variable_is_filled(const struct required_variable *variable, const struct lead *lead)
{
  if (!variable->source) return false;
  if (variable->is_column) return !is_blank(lead_column(lead, variable->source));
  return field_is_filled(lead->fields, variable->source);
}

/* ---- ranking: rule 11 and the caps ---- */

static int by_person(gconstpointer a, gconstpointer b)
{
  const struct candidate *x = *(const struct candidate *const *)a, *y = *(const struct candidate *const *)b;
  int order = strcmp(x->person, y->person);
  if (order == 0) order = (int)y->was_claimed - (int)x->was_claimed;
  return order ? order : strcmp(x->lead_id, y->lead_id);
}

static void mark_duplicates(struct candidate *candidates, size_t n)
{
  g_autofree struct candidate **sorted = g_new(struct candidate *, n);
  for (size_t i = 0; i < n; i++)
    sorted[i] = &candidates[i];
  qsort(sorted, n, sizeof *sorted, by_person);
  const struct candidate *winner = NULL;
  for (size_t i = 0; i < n; i++) {
    if (winner && strcmp(winner->person, sorted[i]->person) == 0)
      sorted[i]->result = (struct verdict_result){VERDICT_DUPLICATE_OF, winner->lead_id};
    else
      winner = sorted[i];
  }
}

static int by_campaign(gconstpointer a, gconstpointer b)
{
  const struct candidate *x = a, *y = b;
  int order = strcmp(x->campaign_id, y->campaign_id);
  return order ? order : strcmp(x->lead_id, y->lead_id);
}

static const struct campaign_feed *feed_of(const struct claim_rules *rules, const char *campaign_id)
{
  for (size_t i = 0; i < rules->feeds_n; i++)
    if (strcmp(rules->feeds[i].id, campaign_id) == 0) return &rules->feeds[i];
  return NULL;
}

void eligibility_rank(struct candidate *candidates, size_t n, const struct claim_rules *rules)
{
  if (n == 0) return;
  mark_duplicates(candidates, n);
  qsort(candidates, n, sizeof *candidates, by_campaign);
  int64_t taken_n = 0, in_campaign_n = 0;
  const struct campaign_feed *feed = NULL;
  for (size_t i = 0; i < n; i++) {
    struct candidate *candidate = &candidates[i];
    if (!feed || strcmp(feed->id, candidate->campaign_id) != 0) {
      feed = feed_of(rules, candidate->campaign_id);
      g_assert(feed); /* eligible means fed */
      in_campaign_n = 0;
    }
    if (candidate->result.verdict != VERDICT_ELIGIBLE) continue;
    if (in_campaign_n >= feed->room) {
      candidate->result.verdict = feed->room_verdict;
      continue;
    }
    in_campaign_n++;
    if (taken_n >= rules->run_room)
      candidate->result.verdict = rules->run_room_verdict;
    else
      taken_n++;
  }
}
