/* What a row of Instantly says and by which facts it differs from a lead's state. */
#include "core/fold.h"
#include "core/sync.h"
#include "gen.h"

#include <string.h>

#define PAIRS_N 20000

static const struct stage_rules rules = {.run_id = "run9",
                                         .epoch = 7,
                                         .now_us = 1000 * DAY_US,
                                         .scan_started_at_us = 999 * DAY_US,
                                         .bounce_suppress_us = 180 * DAY_US,
                                         .vanish_after_us = DAY_US};

/* ---- one row ---- */

static void test_real_reply(void)
{
  static const struct {
    struct remote_lead row;
    bool is_real;
  } rows[] = {
      {{.status = 1}, false},
      {{.replies = 1}, true},
      {{.replied_at_us = 5}, true},
      {{.replies = 1, .has_interest = true, .interest = 0}, false}, /* out of office */
      {{.replies = 1, .pause_until_us = 5}, false},
      {{.replies = 1, .pause_until_us = 5, .has_interest = true, .interest = 1}, true},
      {{.replies = 1, .has_interest = true, .interest = -1}, true},
      {{.has_interest = true, .interest = 1}, false}, /* a label alone is no reply */
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    g_assert_cmpint(remote_has_real_reply(&rows[i].row), ==, rows[i].is_real);
}

static void test_outcome(void)
{
  static const struct {
    struct remote_lead row;
    enum outcome outcome;
    const char *stop;
  } rows[] = {
      {{.status = REMOTE_ACTIVE, .contacted_at_us = 1}, OUTCOME_NONE, NULL},
      {{.status = REMOTE_ACTIVE, .replies = 1}, OUTCOME_NONE, "replied"},
      {{.status = REMOTE_PAUSED, .replies = 1}, OUTCOME_NONE, "replied"},
      {{.status = REMOTE_COMPLETED}, OUTCOME_NO_REPLY, NULL},
      {{.status = REMOTE_COMPLETED, .replies = 1}, OUTCOME_REPLIED, "replied"},
      {{.status = REMOTE_COMPLETED, .has_interest = true, .interest = 2}, OUTCOME_INTEREST, NULL},
      {{.status = REMOTE_COMPLETED, .has_interest = true, .interest = -1}, OUTCOME_NO_REPLY, NULL},
      {{.status = REMOTE_COMPLETED, .replies = 1, .has_interest = true, .interest = 1}, OUTCOME_REPLIED, "replied"},
      {{.status = REMOTE_COMPLETED, .replies = 1, .pause_until_us = 1}, OUTCOME_NO_REPLY, NULL},
      {{.status = REMOTE_COMPLETED, .subsequence_id = "s", .replies = 1}, OUTCOME_NONE, "replied"},
      {{.status = REMOTE_BOUNCED}, OUTCOME_BOUNCED, "bounced"},
      {{.status = REMOTE_BOUNCED, .replies = 1}, OUTCOME_BOUNCED, "replied"},
      {{.status = REMOTE_UNSUBSCRIBED, .replies = 1}, OUTCOME_UNSUBSCRIBED, "unsubscribed"},
      {{.status = REMOTE_SKIPPED}, OUTCOME_SKIPPED, NULL},
      {{.status = 42}, OUTCOME_NONE, NULL}, /* unknown numbers are never guessed at */
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_cmpstr(outcome_name(remote_outcome(&rows[i].row)), ==, outcome_name(rows[i].outcome));
    g_assert_cmpstr(remote_stop(&rows[i].row), ==, rows[i].stop);
  }
}

static void test_email_status(void)
{
  static const struct {
    struct remote_lead row;
    enum email_status status;
  } rows[] = {
      {{.status = REMOTE_COMPLETED}, EMAIL_STATUS_NONE}, /* the status alone proves nothing */
      {{.contacted_at_us = 1}, EMAIL_STATUS_SENT},
      {{.last_step_at_us = 1}, EMAIL_STATUS_SENT},
      {{.opens = 1}, EMAIL_STATUS_OPENED},
      {{.opens = 1, .clicked_at_us = 1}, EMAIL_STATUS_CLICKED},
      {{.clicks = 1, .replies = 1}, EMAIL_STATUS_REPLIED},
      {{.status = REMOTE_BOUNCED, .replies = 1}, EMAIL_STATUS_BOUNCED},
      {{.status = REMOTE_UNSUBSCRIBED, .replies = 1}, EMAIL_STATUS_UNSUBSCRIBED},
      {{.status = REMOTE_SKIPPED}, EMAIL_STATUS_NONE},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    g_assert_cmpint(remote_email_status(&rows[i].row), ==, rows[i].status);
}

static void test_ended_at(void)
{
  struct remote_lead row = {.contacted_at_us = 3, .replied_at_us = 5, .updated_at_us = 4};
  g_assert_cmpint(remote_ended_at_us(&row), ==, 5);
  row.last_step_at_us = 2;
  g_assert_cmpint(remote_ended_at_us(&row), ==, 2);
}

static void test_stamp(void)
{
  struct remote_lead row = {.stamp = "2:run1.5"};
  g_assert_true(remote_stamp_matches(&row, 2, "run1.5"));
  g_assert_false(remote_stamp_matches(&row, 1, "run1.5"));
  g_assert_false(remote_stamp_matches(&row, 2, "run1.55"));
  g_assert_false(remote_stamp_matches(&row, 2, NULL));
}

/* A bounce counts from when it happened; everything else has no end; a row without a person stops nobody. */
static void test_stop(void)
{
  struct sync_stop stop;
  struct remote_lead row = {
      .person = "a@x.org", .status = REMOTE_BOUNCED, .last_step_at_us = rules.now_us - 10 * DAY_US};
  g_assert_true(sync_stop(&row, &rules, &stop));
  g_assert_cmpstr(stop.suppression.reason, ==, "bounced");
  g_assert_cmpint(stop.suppression.expires_at_us, ==, rules.now_us + 170 * DAY_US);
  row.last_step_at_us = rules.now_us - 180 * DAY_US;
  g_assert_false(sync_stop(&row, &rules, &stop));
  row = (struct remote_lead){.person = "a@x.org", .replies = 1, .replied_at_us = 9, .created_at_us = 4};
  g_assert_true(sync_stop(&row, &rules, &stop));
  g_assert_cmpint(stop.suppression.expires_at_us, ==, 0);
  g_assert_cmpint(stop.evidence_at_us, ==, 9);
  row.person = NULL;
  g_assert_false(sync_stop(&row, &rules, &stop));
}

/* ---- facts ---- */

static struct lead_state enrolled(void)
{
  return (struct lead_state){.lead_id = "L1",
                             .person = "a@x.org",
                             .generation = 1,
                             .claim_id = "run1.1",
                             .campaign_id = "camp-a",
                             .epoch = 3,
                             .settlement = SETTLEMENT_ADDED,
                             .settlement_epoch = 3,
                             .instantly_id = "id-1",
                             .current_campaign_id = "camp-a",
                             .current_at_us = 5,
                             .added_at_us = 5,
                             .ever_added_at_us = 5};
}

static struct remote_lead row_of_it(void)
{
  return (struct remote_lead){.id = "id-1",
                              .person = "a@x.org",
                              .campaign_id = "camp-a",
                              .status = REMOTE_ACTIVE,
                              .stamp = "1:run1.1",
                              .created_at_us = 4};
}

/* The kinds of the facts, "status/opened" for status events, joined by blanks. */
static char *facts_text(const struct remote_lead *row, const struct lead_state *state)
{
  struct lead_event events[SYNC_FACTS_MAX];
  size_t n = sync_facts(row, state, &rules, events);
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < n; i++) {
    const struct lead_event *event = &events[i];
    g_assert_cmpint(event->occurred_at_us, >, 0);
    g_assert_cmpstr(event->lead_id, ==, state->lead_id);
    const char *word = event->kind == EVENT_STATUS ? status_fact_name(event->fact) : event->reason;
    g_string_append_printf(text, "%s%s%s%s", i ? " " : "", event_kind_name(event->kind), word ? "/" : "",
                           word ? word : "");
  }
  return g_string_free(text, FALSE);
}

static void assert_facts(const struct remote_lead *row, const struct lead_state *state, const char *expected)
{
  g_autofree char *text = facts_text(row, state);
  g_assert_cmpstr(text, ==, expected);
}

static void test_facts_progress(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  assert_facts(&row, &state, "");
  row.contacted_at_us = 10;
  row.opens = 1;
  assert_facts(&row, &state, "status/contacted status/opened");
  state.sent_at_us = 10;
  state.email_status = EMAIL_STATUS_CLICKED;
  assert_facts(&row, &state, ""); /* opened after clicked adds nothing */
  row.status = REMOTE_COMPLETED;
  assert_facts(&row, &state, "finished/no_reply");
  state.outcome = OUTCOME_NO_REPLY;
  state.finished_at_us = 20;
  assert_facts(&row, &state, "");
  row.replies = 1; /* a late reply */
  assert_facts(&row, &state, "status/replied finished/replied");
}

static void test_facts_ends(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  row.status = REMOTE_BOUNCED;
  assert_facts(&row, &state, "status/contacted status/bounced finished/bounced");
  row.status = REMOTE_UNSUBSCRIBED;
  assert_facts(&row, &state, "status/unsubscribed finished/unsubscribed");
  row.status = REMOTE_SKIPPED;
  assert_facts(&row, &state, "finished/skipped");
  row.status = REMOTE_PAUSED;
  assert_facts(&row, &state, "");
  row.status = REMOTE_COMPLETED;
  row.subsequence_id = "sub-1";
  assert_facts(&row, &state, ""); /* not finished until the subsequence ended */
}

static void test_facts_finished_time(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  row.status = REMOTE_COMPLETED;
  row.last_step_at_us = 77;
  row.contacted_at_us = 70;
  struct lead_event events[SYNC_FACTS_MAX];
  g_assert_cmpuint(sync_facts(&row, &state, &rules, events), ==, 2);
  g_assert_cmpint(events[0].occurred_at_us, ==, 70);
  g_assert_cmpint(events[1].occurred_at_us, ==, 77);
  g_assert_cmpint(events[1].epoch, ==, rules.epoch);
}

static void test_facts_place(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  row.campaign_id = "camp-b";
  assert_facts(&row, &state, "moved");
  state.current_at_us = rules.scan_started_at_us; /* what the scan saw before our last word is not news */
  assert_facts(&row, &state, "");
  state = enrolled();
  row = row_of_it();
  row.id = "id-2"; /* put in again with our stamp */
  assert_facts(&row, &state, "moved");
}

static void test_facts_enrolment(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  state.settlement = SETTLEMENT_RELEASED;
  state.instantly_id = state.current_campaign_id = NULL;
  state.current_at_us = state.added_at_us = 0;
  assert_facts(&row, &state, "added"); /* our stamp in the campaign: we did create it */
  struct lead_event events[SYNC_FACTS_MAX];
  g_assert_cmpuint(sync_facts(&row, &state, &rules, events), ==, 1);
  g_assert_cmpint(events[0].epoch, ==, 3); /* of its claim, not of the writer */
  g_assert_cmpint(events[0].generation, ==, 1);
  g_assert_cmpstr(events[0].claim_id, ==, "run1.1");
  row.campaign_id = "camp-b";
  assert_facts(&row, &state, "added moved"); /* created by us, moved by hand since */
  row = row_of_it();
  row.stamp = NULL;
  assert_facts(&row, &state, ""); /* somebody else's row is settled by asking, not by guessing */
  state.settlement = SETTLEMENT_FOUND_ELSEWHERE;
  assert_facts(&row, &state, "adopted"); /* moved into the lead's own campaign */
  row.campaign_id = "camp-c";
  assert_facts(&row, &state, "");
}

static void test_facts_foreign(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  row.status = REMOTE_BOUNCED;
  state.removed_at_us = 50;
  state.removed_id = "id-1";
  g_assert_true(sync_is_foreign(&row, &state));
  assert_facts(&row, &state, "");
  state = enrolled();
  state.withdrawn_at_us = 50;
  g_assert_true(sync_is_foreign(&row, &state));
  assert_facts(&row, &state, "");
}

static void test_facts_relaunched(void)
{
  struct lead_state state = enrolled();
  struct remote_lead row = row_of_it();
  state.finished_at_us = 20;
  state.outcome = OUTCOME_NO_REPLY;
  state.resolved_n = 2;
  assert_facts(&row, &state, "conflict/relaunched held/relaunched");
  struct lead_event events[SYNC_FACTS_MAX];
  sync_facts(&row, &state, &rules, events);
  g_assert_cmpint(events[1].attempt, ==, 3); /* outranks earlier resolutions */
  row.status = REMOTE_PAUSED;
  assert_facts(&row, &state, "");
  row.status = REMOTE_ACTIVE;
  state.held_n = state.resolved_n = 3;
  state.held_reason = "relaunched";
  assert_facts(&row, &state, ""); /* resolved once is resolved */
}

/* ---- the property: applying the facts and asking again yields none ---- */

static void test_property(void)
{
  struct gen gen;
  gen_init(&gen, 4711);
  struct stage_rules some = rules;
  size_t facts_n = 0;
  for (int pair = 0; pair < PAIRS_N; pair++) {
    struct lead_state state = {.lead_id = "L1"};
    for (int64_t i = gen_int(&gen, 8); i >= 0; i--) {
      struct lead_event event = gen_event(&gen, "L1", "a@x.org");
      fold_event(&state, &event);
    }
    some.scan_started_at_us = gen_once_in(&gen, 4) ? 0 : GEN_EPOCH_US + gen_int(&gen, 120) * GEN_HOUR_US;
    some.now_us = GEN_EPOCH_US + 120 * GEN_HOUR_US;
    struct remote_lead row = gen_row(&gen, "L1", "a@x.org");
    struct lead_event events[SYNC_FACTS_MAX], again[SYNC_FACTS_MAX];
    size_t n = sync_facts(&row, &state, &some, events);
    for (size_t i = 0; i < n; i++)
      fold_event(&state, &events[i]);
    g_assert_cmpuint(sync_facts(&row, &state, &some, again), ==, 0);
    facts_n += n;
  }
  g_assert_cmpuint(facts_n, >, PAIRS_N / 2); /* the generator does reach the interesting states */
  gen_clear(&gen);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/remote/real-reply", test_real_reply);
  g_test_add_func("/remote/outcome", test_outcome);
  g_test_add_func("/remote/email-status", test_email_status);
  g_test_add_func("/remote/ended-at", test_ended_at);
  g_test_add_func("/remote/stamp", test_stamp);
  g_test_add_func("/remote/stop", test_stop);
  g_test_add_func("/facts/progress", test_facts_progress);
  g_test_add_func("/facts/ends", test_facts_ends);
  g_test_add_func("/facts/finished-time", test_facts_finished_time);
  g_test_add_func("/facts/place", test_facts_place);
  g_test_add_func("/facts/enrolment", test_facts_enrolment);
  g_test_add_func("/facts/foreign", test_facts_foreign);
  g_test_add_func("/facts/relaunched", test_facts_relaunched);
  g_test_add_func("/facts/property", test_property);
  return g_test_run();
}
