/* The fold: one test per merge rule of the state table, and the property that makes it safe to fold anything in any
 * order, twice, and in parts. */
#include "core/event_id.h"
#include "core/fold.h"
#include "gen.h"

#include <string.h>

#define SETS_N     12000
#define EVENTS_MAX 12

static struct lead_state fold_all(const struct lead_event *events, size_t n)
{
  struct lead_state state = {.lead_id = "L1"};
  for (size_t i = 0; i < n; i++)
    fold_event(&state, &events[i]);
  return state;
}

#define FOLD(...)                                                                                                      \
  fold_all((const struct lead_event[]){__VA_ARGS__},                                                                   \
           sizeof((const struct lead_event[]){__VA_ARGS__}) / sizeof(struct lead_event))
#define CLAIMED(e, claim)                                                                                              \
  {                                                                                                                    \
    .kind = EVENT_CLAIMED, .lead_id = "L1", .person = "a@x.org", .generation = 1, .epoch = (e), .claim_id = (claim),   \
    .campaign_id = "camp-" claim, .attempt = (e), .occurred_at_us = 10, .recorded_at_us = 11                           \
  }
#define SETTLED(k, e, why)                                                                                             \
  {                                                                                                                    \
    .kind = (k), .lead_id = "L1", .person = "a@x.org", .generation = 1, .epoch = (e), .reason = (why),                 \
    .campaign_id = "camp-1", .instantly_id = "id-1", .occurred_at_us = 20, .recorded_at_us = 21                        \
  }
#define FACT(f, at)                                                                                                    \
  {                                                                                                                    \
    .kind = EVENT_STATUS, .fact = (f), .lead_id = "L1", .generation = 1, .occurred_at_us = (at), .recorded_at_us = 1   \
  }

/* ---- claims and settlements ---- */

static void test_claim_highest_epoch(void)
{
  struct lead_state state = FOLD(CLAIMED(2, "2"), CLAIMED(1, "1"));
  g_assert_cmpstr(state.claim_id, ==, "2");
  g_assert_cmpstr(state.campaign_id, ==, "camp-2");
  g_assert_cmpint(state.epoch, ==, 2);
  g_assert_cmpint(state.attempts, ==, 2);
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_CLAIMED);
  g_assert_cmpint(state_phase(&state), ==, PHASE_CLAIMED);
}

static void test_settlement_rank(void)
{
  static const enum event_kind rising[] = {EVENT_CLAIMED,         EVENT_RELEASED, EVENT_SKIPPED, EVENT_REJECTED,
                                           EVENT_FOUND_ELSEWHERE, EVENT_RETRIED,  EVENT_ADOPTED, EVENT_ADDED};
  for (size_t low = 0; low < G_N_ELEMENTS(rising); low++)
    for (size_t high = low; high < G_N_ELEMENTS(rising); high++) {
      struct lead_state state = FOLD(SETTLED(rising[high], 1, "w"), SETTLED(rising[low], 1, "v"));
      struct lead_state alone = FOLD(SETTLED(rising[high], 1, "w"));
      g_assert_cmpint(state.settlement, ==, alone.settlement);
      g_assert_cmpstr(state.reason, ==, "w");
    }
}

/* A later epoch wins over a higher rank; only added and adopted outrank epochs. */
static void test_settlement_epoch(void)
{
  struct lead_state state = FOLD(SETTLED(EVENT_REJECTED, 1, "invalid"), SETTLED(EVENT_RELEASED, 2, "absent"));
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_RELEASED);
  g_assert_cmpstr(state.reason, ==, "absent");
  state =
      FOLD(CLAIMED(1, "1"), SETTLED(EVENT_ADOPTED, 1, NULL), CLAIMED(2, "2"), SETTLED(EVENT_REJECTED, 2, "invalid"));
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_ADOPTED);
  g_assert_true(state_is_enrolled(&state));
  state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), SETTLED(EVENT_ADOPTED, 3, NULL));
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_ADDED);
}

static void test_generation_resets(void)
{
  struct lead_event reopened = {
      .kind = EVENT_REOPENED, .lead_id = "L1", .generation = 2, .occurred_at_us = 99, .campaign_id = "camp-9"};
  struct lead_event finished = {
      .kind = EVENT_FINISHED, .lead_id = "L1", .generation = 1, .reason = "no_reply", .occurred_at_us = 50};
  struct lead_state state =
      FOLD(CLAIMED(1, "1"), SETTLED(EVENT_ADDED, 1, NULL), FACT(FACT_CONTACTED, 30), finished, reopened);
  g_assert_cmpint(state.generation, ==, 2);
  g_assert_cmpint(state.reopened_at_us, ==, 99);
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_NONE);
  g_assert_null(state.claim_id);
  g_assert_null(state.instantly_id);
  g_assert_cmpint(state.finished_at_us, ==, 0);
  g_assert_cmpint(state.outcome, ==, OUTCOME_NONE);
  g_assert_cmpstr(state.campaign_id, ==, "camp-9"); /* `release --campaign` */
  g_assert_cmpint(state.added_at_us, ==, 0);
  g_assert_cmpint(state.ever_added_at_us, ==, 20);            /* for ever */
  g_assert_cmpint(state.sent_at_us, ==, 30);                  /* for ever */
  g_assert_cmpint(state.email_status, ==, EMAIL_STATUS_SENT); /* for ever */
}

/* ---- where it is, and since when ---- */

static void test_current_latest(void)
{
  struct lead_event moved = {.kind = EVENT_MOVED,
                             .lead_id = "L1",
                             .generation = 1,
                             .campaign_id = "camp-7",
                             .instantly_id = "id-7",
                             .occurred_at_us = 40};
  struct lead_state state = FOLD(moved, SETTLED(EVENT_ADDED, 1, NULL));
  g_assert_cmpstr(state.current_campaign_id, ==, "camp-7");
  g_assert_cmpstr(state.instantly_id, ==, "id-7");
  g_assert_cmpint(state.added_at_us, ==, 20);
  state = FOLD(SETTLED(EVENT_FOUND_ELSEWHERE, 1, NULL));
  g_assert_null(state.current_campaign_id);
  g_assert_null(state.instantly_id);
}

static void test_removed_counts_for_its_row(void)
{
  struct lead_event removed = {
      .kind = EVENT_REMOVED, .lead_id = "L1", .generation = 1, .instantly_id = "id-1", .occurred_at_us = 60};
  struct lead_event again = {.kind = EVENT_MOVED,
                             .lead_id = "L1",
                             .generation = 1,
                             .campaign_id = "camp-1",
                             .instantly_id = "id-2",
                             .occurred_at_us = 70};
  struct lead_state state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), removed);
  g_assert_true(state_is_removed(&state));
  g_assert_cmpint(state_phase(&state), ==, PHASE_REMOVED);
  g_assert_true(state_is_enrolled(&state)); /* added_to_instantly stays TRUE */
  state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), removed, again);
  g_assert_false(state_is_removed(&state));
}

static void test_withdrawn(void)
{
  struct lead_event withdrawn = {.kind = EVENT_WITHDRAWN, .lead_id = "L1", .generation = 1, .occurred_at_us = 60};
  struct lead_state state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), withdrawn);
  g_assert_false(state_is_enrolled(&state));
  g_assert_cmpint(state_phase(&state), ==, PHASE_WITHDRAWN);
}

/* ---- what was mailed ---- */

static void test_email_status_never_falls(void)
{
  struct lead_state state = FOLD(FACT(FACT_BOUNCED, 9), FACT(FACT_OPENED, 5), FACT(FACT_CONTACTED, 7));
  g_assert_cmpint(state.email_status, ==, EMAIL_STATUS_BOUNCED);
  g_assert_cmpint(state.sent_at_us, ==, 5); /* the first evidence */
  state = FOLD(FACT(FACT_AUTO_REPLIED, 5));
  g_assert_cmpint(state.email_status, ==, EMAIL_STATUS_SENT);
  g_assert_cmpint(state.replied_at_us, ==, 0);
  state = FOLD(FACT(FACT_REPLIED, 8), FACT(FACT_REPLIED, 6));
  g_assert_cmpint(state.replied_at_us, ==, 6);
  g_assert_cmpint(state.email_status, ==, EMAIL_STATUS_REPLIED);
}

static void test_sent_evidence(void)
{
  static const struct {
    enum status_fact fact;
    bool is_evidence;
  } cases[] = {{FACT_CONTACTED, true},    {FACT_OPENED, true},    {FACT_CLICKED, true},   {FACT_REPLIED, true},
               {FACT_AUTO_REPLIED, true}, {FACT_BOUNCED, true},   {FACT_INTEREST, false}, {FACT_UNSUBSCRIBED, false},
               {FACT_SKIPPED, false},     {FACT_COMPLETED, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct lead_state state = FOLD(FACT(cases[i].fact, 5));
    g_assert_cmpint(state.sent_at_us != 0, ==, cases[i].is_evidence);
  }
}

static void test_outcome_rank(void)
{
  for (int low = 1; low <= OUTCOME_UNSUBSCRIBED; low++)
    for (int high = low; high <= OUTCOME_UNSUBSCRIBED; high++) {
      struct lead_event a = {.kind = EVENT_FINISHED,
                             .lead_id = "L1",
                             .generation = 1,
                             .occurred_at_us = 50,
                             .reason = outcome_name((enum outcome)high)};
      struct lead_event b = a;
      b.reason = outcome_name((enum outcome)low);
      b.occurred_at_us = 40;
      struct lead_state state = FOLD(a, b);
      g_assert_cmpint(state.outcome, ==, high);
      g_assert_cmpint(state.finished_at_us, ==, 40);
    }
}

static void test_held_until_resolved(void)
{
  struct lead_event held = {.kind = EVENT_HELD, .lead_id = "L1", .generation = 1, .attempt = 2, .reason = "relaunched"};
  struct lead_event resolved = {.kind = EVENT_RESOLVED, .lead_id = "L1", .generation = 1, .attempt = 1};
  struct lead_state state = FOLD(resolved, held);
  g_assert_true(state_is_held(&state));
  g_assert_cmpstr(state.held_reason, ==, "relaunched");
  resolved.attempt = 2;
  state = FOLD(resolved, held);
  g_assert_false(state_is_held(&state));
}

static void test_in_subsequence(void)
{
  struct lead_state state = FOLD(SETTLED(EVENT_ADDED, 1, NULL));
  state.subsequence_id = "sub-1"; /* as a scan saw it before this row came */
  g_assert_cmpint(state_phase(&state), ==, PHASE_ADDED);
  state.last_seen_at_us = state.current_at_us;
  g_assert_cmpint(state_phase(&state), ==, PHASE_IN_SUBSEQUENCE);
}

/* ---- the user's columns ---- */

static void test_columns(void)
{
  struct lead_event finished = {
      .kind = EVENT_FINISHED, .lead_id = "L1", .generation = 1, .reason = "no_reply", .occurred_at_us = 50};
  struct lead_event removed = {
      .kind = EVENT_REMOVED, .lead_id = "L1", .generation = 1, .instantly_id = "id-1", .occurred_at_us = 60};
  struct completion_policy policy = {.is_kept[OUTCOME_REPLIED] = true};
  struct lead_state state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), finished);
  struct user_columns columns = state_columns(&state, &policy, true);
  g_assert_true(columns.added_to_instantly);
  g_assert_cmpint(columns.added_at_us, ==, 20);
  g_assert_false(columns.sequence_completed); /* the action is not confirmed yet */
  g_assert_false(columns.cold_email_sent);
  g_assert_true(state_columns(&state, &policy, false).sequence_completed); /* moved where nothing is configured */
  state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), finished, removed);
  columns = state_columns(&state, &policy, true);
  g_assert_true(columns.sequence_completed);
  g_assert_cmpint(columns.sequence_completed_at_us, ==, 50); /* when it ended, not when it was removed */
}

static void test_columns_confirmed_at_once(void)
{
  struct lead_event finished = {
      .kind = EVENT_FINISHED, .lead_id = "L1", .generation = 1, .reason = "replied", .occurred_at_us = 50};
  struct completion_policy policy = {.is_kept[OUTCOME_REPLIED] = true};
  struct lead_state state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), finished);
  g_assert_true(state_columns(&state, &policy, true).sequence_completed); /* keep */
  finished.reason = "no_reply";
  state = FOLD(SETTLED(EVENT_ADOPTED, 1, NULL), finished);
  g_assert_true(state_columns(&state, &policy, true).sequence_completed); /* adopted */
  policy.include_adopted = true;
  g_assert_false(state_columns(&state, &policy, true).sequence_completed);
  finished.reason = "removed_by_hand";
  state = FOLD(SETTLED(EVENT_ADDED, 1, NULL), finished);
  g_assert_true(state_columns(&state, &policy, true).sequence_completed); /* nothing left to do */
  state = FOLD(SETTLED(EVENT_FOUND_ELSEWHERE, 1, NULL));
  g_assert_false(state_columns(&state, &policy, true).added_to_instantly);
}

static void test_sending_changes_nothing(void)
{
  struct lead_event sending = {.kind = EVENT_SENDING, .ord = 1, .ord_to = 9, .generation = 3};
  struct lead_state state = FOLD(sending), empty = {.lead_id = "L1"};
  g_assert_cmpmem(&state, sizeof state, &empty, sizeof empty);
}

/* ---- the property ---- */

static void assert_same_text(const char *a, const char *b)
{
  g_assert_cmpstr(a, ==, b);
}

static void assert_same(const struct lead_state *a, const struct lead_state *b)
{
  assert_same_text(a->lead_id, b->lead_id);
  assert_same_text(a->person, b->person);
  assert_same_text(a->claim_id, b->claim_id);
  assert_same_text(a->campaign_id, b->campaign_id);
  assert_same_text(a->reason, b->reason);
  assert_same_text(a->instantly_id, b->instantly_id);
  assert_same_text(a->current_campaign_id, b->current_campaign_id);
  assert_same_text(a->removed_id, b->removed_id);
  assert_same_text(a->held_reason, b->held_reason);
  struct lead_state x = *a, y = *b;
  struct lead_state *both[] = {&x, &y};
  for (size_t i = 0; i < 2; i++)
    both[i]->lead_id = both[i]->person = both[i]->claim_id = both[i]->campaign_id = both[i]->reason =
        both[i]->instantly_id = both[i]->current_campaign_id = both[i]->removed_id = both[i]->held_reason = NULL;
  g_assert_cmpmem(&x, sizeof x, &y, sizeof y);
}

static void shuffle(struct gen *gen, struct lead_event *events, size_t n)
{
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)gen_int(gen, (int64_t)i);
    struct lead_event event = events[i - 1];
    events[i - 1] = events[j];
    events[j] = event;
  }
}

/* Guarantee 34. Any order, repeated, in pieces: the same state. */
static void test_property(void)
{
  struct gen gen;
  gen_init(&gen, 20261122);
  for (int set = 0; set < SETS_N; set++) {
    struct lead_event events[2 * EVENTS_MAX];
    size_t n = 1 + (size_t)gen_int(&gen, EVENTS_MAX);
    for (size_t i = 0; i < n; i++)
      events[i] = gen_event(&gen, "L1", gen_once_in(&gen, 9) ? "b@x.org" : "a@x.org");
    struct lead_state expected = fold_all(events, n);

    size_t more = (size_t)gen_int(&gen, (int64_t)n + 1); /* duplicate some */
    for (size_t i = 0; i < more; i++)
      events[n + i] = events[gen_int(&gen, (int64_t)n)];
    shuffle(&gen, events, n + more); /* permute */
    struct lead_state state = fold_all(events, n + more);
    assert_same(&state, &expected);

    size_t cut = (size_t)gen_int(&gen, (int64_t)(n + more) + 1); /* split, and merge the halves either way */
    struct lead_state left = fold_all(events, cut), right = fold_all(events + cut, n + more - cut), other = right;
    fold_merge(&other, &left);
    fold_merge(&left, &right);
    assert_same(&left, &expected);
    assert_same(&other, &expected);
  }
  gen_clear(&gen);
}

/* ---- event ids ---- */

static void test_event_id(void)
{
  struct lead_event event = {.kind = EVENT_ADDED,
                             .lead_id = "L1",
                             .person = "a@x.org",
                             .epoch = 1,
                             .run_id = "r1",
                             .recorded_at_us = 5,
                             .occurred_at_us = 7};
  struct lead_event same = event, other = event;
  same.epoch = 2;
  same.run_id = "r2";
  same.recorded_at_us = 6;
  other.reason = "";
  char a[EVENT_ID_CHARS + 1], b[EVENT_ID_CHARS + 1], c[EVENT_ID_CHARS + 1];
  event_id(&event, a);
  event_id(&same, b);
  event_id(&other, c);
  g_assert_cmpuint(strlen(a), ==, EVENT_ID_CHARS);
  g_assert_cmpstr(a, ==, b);
  g_assert_cmpstr(a, !=, c); /* empty is not NULL */
}

/* The byte layout is stored for ever: SHA-256 of "i3,i0,n,s2:L1,s7:a@x.org,n,n,n,n,i0,i0,n,i0,i0,i7,n,". */
static void test_event_id_layout(void)
{
  struct lead_event event = {.kind = EVENT_ADDED, .lead_id = "L1", .person = "a@x.org", .occurred_at_us = 7};
  g_autofree char *expected =
      g_compute_checksum_for_string(G_CHECKSUM_SHA256, "i3,i0,n,s2:L1,s7:a@x.org,n,n,n,n,i0,i0,n,i0,i0,i7,n,", -1);
  char id[EVENT_ID_CHARS + 1];
  event_id(&event, id);
  g_assert_cmpstr(id, ==, expected);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/fold/claim/highest-epoch", test_claim_highest_epoch);
  g_test_add_func("/fold/settlement/rank", test_settlement_rank);
  g_test_add_func("/fold/settlement/epoch", test_settlement_epoch);
  g_test_add_func("/fold/generation", test_generation_resets);
  g_test_add_func("/fold/current", test_current_latest);
  g_test_add_func("/fold/removed", test_removed_counts_for_its_row);
  g_test_add_func("/fold/withdrawn", test_withdrawn);
  g_test_add_func("/fold/email-status", test_email_status_never_falls);
  g_test_add_func("/fold/sent-evidence", test_sent_evidence);
  g_test_add_func("/fold/outcome", test_outcome_rank);
  g_test_add_func("/fold/held", test_held_until_resolved);
  g_test_add_func("/fold/in-subsequence", test_in_subsequence);
  g_test_add_func("/fold/columns", test_columns);
  g_test_add_func("/fold/columns/at-once", test_columns_confirmed_at_once);
  g_test_add_func("/fold/sending", test_sending_changes_nothing);
  g_test_add_func("/fold/property", test_property);
  g_test_add_func("/event-id/same", test_event_id);
  g_test_add_func("/event-id/layout", test_event_id_layout);
  return g_test_run();
}
