/* The property that holds SQL against the pure functions: in thousands of small random worlds both backends give every
 * lead the same verdict, make the same claims, fold the same states, draw the same facts from the same staged rows and
 * write the same values back. What a world shows is written down as text; the texts must be equal.
 *
 * A failure names the world; LEADFERRY_WORLD=n runs that one alone, LEADFERRY_WORLDS=n another number of them, from
 * LEADFERRY_WORLDS_FROM on. With an emulator of BigQuery in the environment they are told by that instead. */
#include "gen.h"
#include "stopped_text.h"
#include "subject.h"
#include "subject_cloud.h"

#include "core/sync.h"
#include "warehouse/sqlite.h"

#include <string.h>

#define WORLDS_N   10000
#define LEADS_MAX  6
#define EVENTS_MAX 14
#define ROWS_MAX   5
#define STOPS_MAX  3

struct world {
  struct lead leads[LEADS_MAX];
  struct lead_event events[EVENTS_MAX];
  struct suppression stops[STOPS_MAX];
  struct remote_lead rows[ROWS_MAX];
  size_t leads_n, events_n, stops_n, rows_n;
  bool is_pushed;
  const char *revoked; /* or NULL */
  bool is_brief;       /* a statement costs much: what persons look like is told by the leads alone */
  struct campaign_feed feeds[3];
  struct required_variable required[2];
  struct claim_rules rules;
  struct stage_rules stage;
};

/* ---- making a world ---- */

static const char *some_address(struct gen *gen)
{
  return GEN_PICK(gen, "a@x.org", "A@X.org ", "a+1@x.org", "b@x.org", "\tb@x.org", "c@y.org", "c@y.org", "d@y.org",
                  "e@b\xc3\xbc.org", "\xc3\xa4@x.org", "broken", "", " ");
}

static struct lead some_lead(struct gen *gen, size_t i)
{
  return (struct lead){
      .lead_id = gen_text(gen, "L%zu", i),
      .email = some_address(gen),
      .first_name = GEN_PICK(gen, "Ann", "Ann", "Ann", NULL, "", " \n"),
      .last_name = GEN_PICK(gen, "Lee", NULL),
      .company_name = GEN_PICK(gen, "Acme", NULL),
      .campaign_id = GEN_PICK(gen, "camp-a", "camp-b", "camp-b", "camp-c", "camp-z", "", NULL),
      .added_to_instantly = gen_once_in(gen, 15),
      .sequence_completed = gen_once_in(gen, 15),
      .cold_email_sent = gen_once_in(gen, 15),
      .last_email_status = gen_once_in(gen, 10) ? GEN_PICK(gen, "sent", "replied", "nonsense", "") : NULL,
      .fields = GEN_PICK(gen, NULL, "{}", "{\"city\":\"Ulm\"}", "{\"city\":\" \"}", "{\"city\":0}", "{\"city\":null}",
                         "{\"City\":\"Ulm\"}", "{\"city\":{\"a\":1}}", "{\"city\":false}"),
  };
}

/* The person that the ledger knows a lead by: mostly the row's own, sometimes another (a reused id, an older row). */
static const char *some_person(struct gen *gen, const struct lead *lead)
{
  char *person = NULL;
  if (lead && !gen_once_in(gen, 8)) (void)email_canonical(lead->email, strlen(lead->email), &person);
  const char *kept = person ? gen_text(gen, "%s", person) : GEN_PICK(gen, "a@x.org", "b@x.org", "c@y.org", "d@y.org");
  g_free(person);
  return kept;
}

static void fill_events(struct gen *gen, struct world *world)
{
  const char *lead_ids[LEADS_MAX + 2], *persons[LEADS_MAX + 2];
  for (size_t i = 0; i < G_N_ELEMENTS(lead_ids); i++) {
    bool is_row = i < world->leads_n;
    lead_ids[i] = is_row ? world->leads[i].lead_id : gen_text(gen, "O%zu", i + 1);
    persons[i] = some_person(gen, is_row ? &world->leads[i] : NULL);
  }
  world->events_n = (size_t)gen_int(gen, EVENTS_MAX + 1);
  for (size_t i = 0; i < world->events_n; i++) {
    size_t lead = (size_t)gen_int(gen, G_N_ELEMENTS(lead_ids));
    world->events[i] = gen_event(gen, lead_ids[lead], persons[lead]);
  }
  world->rows_n = (size_t)gen_int(gen, ROWS_MAX + 1);
  for (size_t i = 0; i < world->rows_n; i++) {
    size_t lead = (size_t)gen_int(gen, G_N_ELEMENTS(lead_ids));
    world->rows[i] = gen_row(gen, lead_ids[lead], gen_once_in(gen, 9) ? NULL : persons[lead]);
    if (!world->rows[i].person) world->rows[i].email = NULL;
  }
}

static void fill_stops(struct gen *gen, struct world *world)
{
  world->stops_n = gen_once_in(gen, 2) ? 0 : (size_t)gen_int(gen, STOPS_MAX + 1);
  for (size_t i = 0; i < world->stops_n; i++)
    world->stops[i] = (struct suppression){
        .person = GEN_PICK(gen, "a@x.org", "a+1@x.org", "a+2@x.org", "d@y.org"),
        .reason = GEN_PICK(gen, "replied", "bounced", "manual", "unsubscribed", "by phone"),
        .source = "command",
        .created_at_us = T0,
        .expires_at_us = gen_once_in(gen, 3) ? T0 + gen_int(gen, 200) * HOUR_US + 1 : 0,
    };
  if (world->stops_n && gen_once_in(gen, 3)) {
    world->stops[0].person = NULL;
    world->stops[0].domain = GEN_PICK(gen, "x.org", "y.org", "org");
  }
  if (world->stops_n && gen_once_in(gen, 2)) {
    world->stops[world->stops_n - 1].source = EXCLUSION_SOURCE;
    world->stops[world->stops_n - 1].reason = EXCLUSION_REASON;
  }
  world->is_pushed = gen_once_in(gen, 2);
  world->revoked = gen_once_in(gen, 4) ? GEN_PICK(gen, "a@x.org", "d@y.org", "x.org") : NULL;
}

static int64_t some_room(struct gen *gen)
{
  return gen_once_in(gen, 2) ? SETTING_UNLIMITED : gen_int(gen, 4);
}

static void fill_rules(struct gen *gen, struct world *world)
{
  world->required[0] = (struct required_variable){"firstName", "first_name", true};
  world->required[1] = (struct required_variable){"city", "city", false};
  world->feeds[0] = (struct campaign_feed){.id = "camp-a",
                                           .is_fed = true,
                                           .room = some_room(gen),
                                           .room_verdict = VERDICT_DEFERRED_CANARY,
                                           .required = world->required,
                                           .required_n = 1};
  world->feeds[1] = (struct campaign_feed){
      .id = "camp-b", .is_fed = true, .room = some_room(gen), .room_verdict = VERDICT_DEFERRED_MAX_PER_DAY};
  world->feeds[2] = (struct campaign_feed){.id = "camp-c",
                                           .is_fed = gen_once_in(gen, 2),
                                           .refusal = "draft",
                                           .room = some_room(gen),
                                           .room_verdict = VERDICT_DEFERRED_MAX_PER_DAY,
                                           .required = world->required,
                                           .required_n = 2};
  world->rules = (struct claim_rules){.run_id = "world",
                                      .epoch = 4,
                                      .now_us = T0 + 100 * HOUR_US,
                                      .default_campaign = GEN_PICK(gen, NULL, "camp-a", ""),
                                      .feeds = world->feeds,
                                      .feeds_n = 3,
                                      .run_room = some_room(gen),
                                      .run_room_verdict = VERDICT_DEFERRED_PLAN_FULL,
                                      .reused_stop_share = 1.0,
                                      .once = gen_once_in(gen, 2) ? ONCE_EVER : ONCE_COOLDOWN};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    world->rules.cooldown_us[i] = gen_once_in(gen, 3) ? INT64_MAX : gen_int(gen, 96) * HOUR_US;
  static const char *const campaigns[] = {"camp-a", "camp-b"};
  world->stage = (struct stage_rules){.run_id = "sync",
                                      .epoch = 5,
                                      .now_us = T0 + 130 * HOUR_US,
                                      .is_full_scan = gen_once_in(gen, 2),
                                      .campaigns = campaigns,
                                      .campaigns_n = 2,
                                      .scan_started_at_us = T0 + (60 + gen_int(gen, 60)) * HOUR_US,
                                      .bounce_suppress_us = 90 * HOUR_US,
                                      .vanish_after_us = 24 * HOUR_US};
}

static void world_fill(struct gen *gen, struct world *world)
{
  memset(world, 0, sizeof *world);
  world->leads_n = 1 + (size_t)gen_int(gen, LEADS_MAX);
  for (size_t i = 0; i < world->leads_n; i++)
    world->leads[i] = some_lead(gen, i + 1);
  fill_events(gen, world);
  fill_stops(gen, world);
  fill_rules(gen, world);
}

/* ---- writing down what a backend makes of it ---- */

static void put_text(GString *out, const char *name, const char *text)
{
  if (text) g_string_append_printf(out, " %s=%s", name, text);
}

static void put_int(GString *out, const char *name, int64_t value)
{
  if (value) g_string_append_printf(out, " %s=%" G_GINT64_FORMAT, name, value >= T0 - DAY_US ? value - T0 : value);
}

static void put_state(GString *out, const struct lead_state *state)
{
  put_text(out, "state", state->lead_id);
  put_text(out, "person", state->person);
  put_int(out, "generation", state->generation);
  put_int(out, "reopened_at", state->reopened_at_us);
  put_text(out, "claim_id", state->claim_id);
  put_text(out, "campaign_id", state->campaign_id);
  put_int(out, "epoch", state->epoch);
  put_int(out, "attempts", state->attempts);
  put_text(out, "settlement", settlement_name(state->settlement));
  put_int(out, "settlement_epoch", state->settlement_epoch);
  put_text(out, "reason", state->reason);
  put_text(out, "instantly_id", state->instantly_id);
  put_text(out, "current", state->current_campaign_id);
  put_int(out, "current_at", state->current_at_us);
  put_int(out, "added_at", state->added_at_us);
  put_int(out, "ever_added_at", state->ever_added_at_us);
  put_int(out, "sent_at", state->sent_at_us);
  put_int(out, "replied_at", state->replied_at_us);
  put_text(out, "email_status", email_status_name(state->email_status));
  put_int(out, "finished_at", state->finished_at_us);
  put_text(out, "outcome", outcome_name(state->outcome));
  put_int(out, "removed_at", state->removed_at_us);
  put_text(out, "removed_id", state->removed_id);
  put_int(out, "withdrawn_at", state->withdrawn_at_us);
  put_int(out, "held_n", state->held_n);
  put_text(out, "held_reason", state->held_reason);
  put_int(out, "resolved_n", state->resolved_n);
  put_int(out, "first_recorded_at", state->first_recorded_at_us);
  put_int(out, "last_seen_at", state->last_seen_at_us);
  put_text(out, "subsequence_id", state->subsequence_id);
}

static void put_lead(GString *out, const struct lead_report_row *row)
{
  g_string_append_printf(out, "lead %s phase=%s", row->lead.lead_id, phase_name(row->phase));
  put_int(out, "added", row->lead.added_to_instantly);
  put_int(out, "added_date", row->added_at_us);
  put_int(out, "completed", row->lead.sequence_completed);
  put_int(out, "completed_date", row->sequence_completed_at_us);
  put_int(out, "sent", row->lead.cold_email_sent);
  put_text(out, "status", row->lead.last_email_status);
  put_int(out, "updated", row->updated_at_us);
  if (row->has_state) put_state(out, &row->state);
  g_string_append_c(out, '\n');
}

static bool is_known(const struct world *world, const char *lead_id)
{
  for (size_t i = 0; i < world->events_n; i++)
    if (g_strcmp0(world->events[i].lead_id, lead_id) == 0) return true;
  return false;
}

/* Rows of the source with their states, and the states of leads that are not in it. */
static void put_leads(GString *out, struct subject *subject, const struct world *world)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  OK(report_leads(subject->warehouse, NULL, 100, &page, &error));
  for (guint i = 0; i < page.rows->len; i++)
    put_lead(out, page_row(&page, struct lead_report_row, i));
  for (int i = 1; i <= LEADS_MAX + 2; i++) {
    g_autofree char *lead_id = g_strdup_printf("O%d", i);
    if (!is_known(world, lead_id)) continue;
    OK(report_find(subject->warehouse, lead_id, &page, &error));
    for (guint j = 0; j < page.rows->len; j++)
      put_lead(out, page_row(&page, struct lead_report_row, j));
  }
  page_clear(&page);
}

static int by_count(gconstpointer a, gconstpointer b)
{
  const struct verdict_count *x = a, *y = b;
  if (x->verdict != y->verdict) return (int)x->verdict - (int)y->verdict;
  int order = g_strcmp0(x->detail, y->detail);
  return order ? order : g_strcmp0(x->campaign_id, y->campaign_id);
}

static void put_claim_report(GString *out, struct subject *subject, const struct claim_rules *rules)
{
  struct claim_report report;
  subject_claim(subject, rules, &report);
  g_string_append_printf(out, "%s: claimed %d of %d\n", rules->is_dry_run ? "plan" : "claim", (int)report.claimed_n,
                         (int)report.source_n);
  g_array_sort(report.counts, by_count);
  for (guint i = 0; i < report.counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report.counts, struct verdict_count, i);
    g_string_append_printf(out, "  %s(%s) in %s: %d\n", verdict_name(count->verdict),
                           count->detail ? count->detail : "", count->campaign_id ? count->campaign_id : "none",
                           (int)count->n);
  }
  claim_report_clear(&report);
}

static void put_claims(GString *out, struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = "world", .to_ord = INT64_MAX, .limit = 100};
  OK(subject->ops->claims_read(subject->ledger, &query, &page, &error));
  for (guint i = 0; i < page.rows->len; i++) {
    const struct claim *claim = page_row(&page, struct claim, i);
    g_string_append_printf(out, "claim %d %s %s in %s generation %d attempt %d\n", (int)claim->ord, claim->lead.lead_id,
                           claim->person, claim->campaign_id, (int)claim->generation, (int)claim->attempt);
  }
  page_clear(&page);
}

static void put_stage_report(GString *out, const struct stage_report *report)
{
  g_string_append_printf(out,
                         "staged %d facts %d finished %d suppressed %d moved %d vanished %d adopted %d conflicts %d "
                         "foreign %d\n",
                         (int)report->staged_n, (int)report->facts_n, (int)report->finished_n,
                         (int)report->suppressed_n, (int)report->moved_n, (int)report->vanished_n,
                         (int)report->adopted_n, (int)report->conflicts_n, (int)report->foreign_n);
}

static void put_persons(GString *out, struct subject *subject, const struct world *world)
{
  static const char *const persons[] = {"a@x.org", "a+1@x.org", "b@x.org", "c@y.org", "d@y.org", "e@xn--b-xga.org"};
  struct page text;
  page_init(&text, 1);
  for (size_t i = 0; !world->is_brief && i < G_N_ELEMENTS(persons); i++) {
    struct person_facts facts;
    struct person_query query = {persons[i], T0 + 100 * HOUR_US};
    OK(report_person_facts(subject->warehouse, &query, &text, &facts, &error));
    g_string_append_printf(out, "person %s: %d %d %d %d %d", persons[i], facts.has_events, facts.is_held,
                           facts.is_unsettled, facts.was_contacted_before, facts.is_in_instantly);
    put_int(out, "enrolled", facts.last_enrolled_at_us);
    put_text(out, "outcome", outcome_name(facts.last_outcome));
    put_int(out, "finished", facts.last_finished_at_us);
    put_text(out, "stop", facts.suppression);
    g_string_append_c(out, '\n');
  }
  page_clear(&text);
}

/* ---- the same story on every backend ---- */

static void begin(struct subject *subject, const struct world *world)
{
  subject_reset(subject);
  subject->now_us = T0;
  subject_put_all(subject, world->leads, world->leads_n);
  subject_append(subject, world->events, world->events_n);
  OK(subject->ops->suppress(subject->ledger, world->stops, world->stops_n, NULL, &error));
  if (world->is_pushed) OK(subject->ops->pushed(subject->ledger, world->stops, world->stops_n, T0 + 1, &error));
  if (world->revoked) subject_revoke(subject, world->revoked, T0 + 50 * HOUR_US);
  subject_fold(subject);
}

static void put_sync(GString *out, struct subject *subject, const struct world *world)
{
  struct stage_report report = {0};
  subject->now_us = T0 + 100 * HOUR_US;
  OK(subject->ops->stage_begin(subject->ledger, "sync", &error));
  OK(subject->ops->stage(subject->ledger, "sync", world->rows, world->rows_n, &error));
  OK(subject->ops->stage_stops(subject->ledger, &world->stage, &report, &error));
  OK(subject->ops->stage_facts(subject->ledger, &world->stage, &report, &error));
  subject_fold(subject);
  put_stage_report(out, &report);
  struct stage_report again = {0};
  OK(subject->ops->stage_facts(subject->ledger, &world->stage, &again, &error));
  put_stage_report(out, &again); /* the conflict's hold apart, nothing is said twice */
  subject_fold(subject);
}

/* A stop is removed; the same rows come again, then half of them with newer replies. */
static void put_removed_stops(GString *out, struct subject *subject, const struct world *world)
{
  subject_revoke(subject, "a@x.org", T0 + 101 * HOUR_US);
  for (int round = 0; round < 2; round++) {
    struct stage_report report = {0};
    for (size_t i = 0; i < world->rows_n; i++) {
      struct remote_lead row = world->rows[i];
      if (round > 0 && i % 2 == 0 && row.replied_at_us) row.replied_at_us += 200 * HOUR_US;
      OK(subject->ops->stage(subject->ledger, "sync", &row, 1, &error));
    }
    OK(subject->ops->stage_stops(subject->ledger, &world->stage, &report, &error));
    put_stage_report(out, &report);
    put_persons(out, subject, world);
  }
}

static char *tell(struct subject *subject, const struct world *world)
{
  GString *out = g_string_new(NULL);
  begin(subject, world);
  put_leads(out, subject, world);
  put_persons(out, subject, world);
  struct claim_rules dry = world->rules;
  dry.is_dry_run = true;
  put_claim_report(out, subject, &dry);
  put_claim_report(out, subject, &world->rules);
  subject_fold(subject);
  put_claims(out, subject);
  put_sync(out, subject, world);
  int64_t changed_n = 0;
  OK(subject->ops->write_back(subject->ledger, false, &changed_n, &error));
  g_string_append_printf(out, "written back %d\n", (int)changed_n);
  put_leads(out, subject, world);
  put_persons(out, subject, world);
  put_stopped(out, subject, world->stage.now_us);
  put_removed_stops(out, subject, world);
  put_stopped(out, subject, world->stage.now_us);
  return g_string_free(out, FALSE);
}

static int64_t number_from(const char *name, int64_t otherwise)
{
  const char *text = g_getenv(name);
  return text ? g_ascii_strtoll(text, NULL, 10) : otherwise;
}

/* Prints the first line that differs, with the line of both; the whole of both goes to the log of the test. */
static void assert_same_story(int64_t number, const char *reference, const char *type, const char *story)
{
  if (strcmp(reference, story) == 0) return;
  g_auto(GStrv) a = g_strsplit(reference, "\n", -1);
  g_auto(GStrv) b = g_strsplit(story, "\n", -1);
  for (size_t i = 0; a[i] && b[i]; i++)
    if (strcmp(a[i], b[i]) != 0)
      g_printerr("world %d, line %zu\n  memory: %s\n  %s: %s\n", (int)number, i, a[i], type, b[i]);
  g_test_message("memory:\n%s\n%s:\n%s", reference, type, story);
  g_error("world %d differs; run it alone with LEADFERRY_WORLD=%d", (int)number, (int)number);
}

static void run_world(struct subject *memory, struct subject *other, int64_t number)
{
  struct gen gen;
  struct world world;
  gen_init(&gen, (uint64_t)number);
  world_fill(&gen, &world);
  world.is_brief = other->cloud != NULL;
  g_autofree char *reference = tell(memory, &world);
  g_autofree char *story = tell(other, &world);
  assert_same_story(number, reference, other->type, story);
  gen_clear(&gen);
}

/* Persons that share a counter are taken for repeated: with one counter all are, with four some, otherwise only those
 * that are. None of it may show. */
static void use_counters(struct subject *sqlite, int64_t number)
{
  static const size_t counters_n[] = {1, 4, REPEATS_COUNTERS_N};
  sqlite_of(sqlite->warehouse)->repeats.counters_n = counters_n[(size_t)number % G_N_ELEMENTS(counters_n)];
}

static void test_worlds(gconstpointer type)
{
  struct subject memory, other;
  g_assert_true(subject_open(&memory, "memory") && subject_open(&other, type));
  int64_t only = number_from("LEADFERRY_WORLD", -1), n = number_from("LEADFERRY_WORLDS", WORLDS_N);
  int64_t first = only >= 0 ? only : number_from("LEADFERRY_WORLDS_FROM", 0);
  for (int64_t i = first; i < (only >= 0 ? only + 1 : first + n); i++) {
    if (!other.cloud) use_counters(&other, i);
    run_world(&memory, &other, i);
  }
  subject_close(&memory);
  subject_close(&other);
}

/* The generator must reach every verdict and kind of fact, or the property says less than it seems to. */
static void test_coverage(void)
{
  struct subject memory;
  g_assert_true(subject_open(&memory, "memory"));
  g_autoptr(GString) all = g_string_new(NULL);
  for (int64_t i = 0; i < 1500; i++) {
    struct gen gen;
    struct world world;
    gen_init(&gen, (uint64_t)i);
    world_fill(&gen, &world);
    g_autofree char *story = tell(&memory, &world);
    g_string_append(all, story);
    gen_clear(&gen);
  }
  for (int i = 0; i < VERDICTS_N; i++) {
    g_autofree char *wanted = g_strdup_printf("  %s(", verdict_name((enum verdict)i));
    if (i != VERDICT_DEFERRED_MAX_PER_RUN && !strstr(all->str, wanted)) g_error("never reached: %s", wanted);
  }
  static const char *const facts[] = {"moved 1",   "vanished 1", "adopted 1",   "conflicts 1",
                                      "foreign 1", "finished 1", "suppressed 1"};
  for (size_t i = 0; i < G_N_ELEMENTS(facts); i++)
    g_assert_nonnull(strstr(all->str, facts[i]));
  subject_close(&memory);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (!cloud_emulator()) g_test_add_func("/worlds/coverage", test_coverage);
  g_test_add_data_func("/worlds/same", cloud_emulator() ? "bigquery" : "sqlite", test_worlds);
  return g_test_run();
}
