/* What an answer means: every status x transport x shape of body, and the counters of a leads/add. */
#include "core/classify.h"

/* A good answer to two leads: one created, one duplicate. */
static void answer_init(struct add_answer *answer)
{
  static const struct created_lead created = {.index = 1, .id = "x", .email_matches = true};
  *answer = (struct add_answer){
      .reply = {.transport = TRANSPORT_ANSWERED, .status = 200, .retry_after_s = -1, .is_json = true},
      .is_success = true,
      .total_sent = 2,
      .uploaded = 1,
      .duplicated = 1,
      .created = g_array_new(FALSE, TRUE, sizeof(struct created_lead)),
  };
  g_array_append_val(answer->created, created);
}

static void answer_clear(struct add_answer *answer)
{
  g_array_unref(answer->created);
}

/* What each status says of an answer that is whole; -1 stands for "explained if the body is". */
static int expected_class(int64_t status)
{
  switch (status) {
  case 200: return -1;
  case 400:
  case 413:
  case 422: return ANSWER_SPLIT;
  case 401:
  case 402:
  case 403: return ANSWER_STOP_RUN;
  case 404: return ANSWER_STOP_CAMPAIGN;
  case 429: return ANSWER_THROTTLED;
  default: return ANSWER_UNKNOWN;
  }
}

/* Shapes of the body: only the first one explains. */
enum shape { SHAPE_GOOD, SHAPE_NOT_JSON, SHAPE_NO_SUCCESS, SHAPE_COUNTERS_OFF, SHAPE_ROWS_OFF, SHAPES_N };

static void apply_shape(struct add_answer *answer, int shape)
{
  if (shape == SHAPE_NOT_JSON) answer->reply.is_json = false;
  if (shape == SHAPE_NO_SUCCESS) answer->is_success = false;
  if (shape == SHAPE_COUNTERS_OFF) answer->skipped = 1;
  if (shape == SHAPE_ROWS_OFF) g_array_set_size(answer->created, 0);
}

static int expected_for(enum transport transport, int64_t status, int shape)
{
  if (transport == TRANSPORT_NOT_SENT || transport == TRANSPORT_CANCELLED) return ANSWER_NOT_SENT;
  if (transport == TRANSPORT_UNKNOWN) return ANSWER_UNKNOWN;
  int expected = expected_class(status);
  if (expected >= 0) return expected;
  return shape == SHAPE_GOOD ? ANSWER_EXPLAINED : ANSWER_UNKNOWN;
}

/* Guarantee 5, 11. Every status with every body: only a whole, good 200 explains. */
static void test_every_answer(void)
{
  int checked_n = 0;
  for (int transport = TRANSPORT_ANSWERED; transport <= TRANSPORT_CANCELLED; transport++) {
    for (int64_t status = 0; status < 600; status++) {
      for (int shape = 0; shape < SHAPES_N; shape++, checked_n++) {
        struct add_answer answer;
        answer_init(&answer);
        answer.reply.transport = (enum transport)transport;
        answer.reply.status = status;
        apply_shape(&answer, shape);
        g_assert_cmpint(classify_add(&answer, 2), ==, expected_for((enum transport)transport, status, shape));
        answer_clear(&answer);
      }
    }
  }
  g_assert_cmpint(checked_n, ==, 4 * 600 * SHAPES_N);
}

/* ---- counters ---- */

struct counters_case {
  const char *name;
  int64_t total, uploaded, blocked, duplicated, skipped, invalid, incomplete, twice;
  enum answer_class answer;
};

static const struct counters_case counters_cases[] = {
    {"one and one", 2, 1, 0, 1, 0, 0, 0, 0, ANSWER_EXPLAINED},
    {"blocked", 2, 1, 1, 0, 0, 0, 0, 0, ANSWER_EXPLAINED},
    {"skipped", 2, 1, 0, 0, 1, 0, 0, 0, ANSWER_EXPLAINED},
    {"invalid", 2, 1, 0, 0, 0, 1, 0, 0, ANSWER_EXPLAINED},
    {"incomplete", 2, 1, 0, 0, 0, 0, 1, 0, ANSWER_EXPLAINED},
    {"twice in the payload", 2, 1, 0, 0, 0, 0, 0, 1, ANSWER_EXPLAINED},
    {"one unexplained", 2, 1, 0, 0, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"one too many", 2, 1, 1, 1, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"another total", 3, 1, 0, 1, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"a total of none", 0, 1, 0, 1, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"uploaded without rows", 2, 2, 0, 0, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"rows without uploaded", 2, 0, 0, 2, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"a negative that makes the sum", 2, 1, 2, -1, 0, 0, 0, 0, ANSWER_UNKNOWN},
    {"numbers that overflow to the sum", 2, 1, G_MAXINT64, 0, G_MAXINT64, 3, 0, 0, ANSWER_UNKNOWN},
};

static void counters_apply(struct add_answer *answer, const struct counters_case *row)
{
  answer->total_sent = row->total;
  answer->uploaded = row->uploaded;
  answer->in_blocklist = row->blocked;
  answer->duplicated = row->duplicated;
  answer->skipped = row->skipped;
  answer->invalid = row->invalid;
  answer->incomplete = row->incomplete;
  answer->duplicate_email = row->twice;
}

/* Guarantee 9. Counters that do not add up explain nothing. */
static void test_counters(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(counters_cases); i++) {
    struct add_answer answer;
    answer_init(&answer);
    counters_apply(&answer, &counters_cases[i]);
    g_test_message("%s", counters_cases[i].name);
    g_assert_cmpint(classify_add(&answer, 2), ==, counters_cases[i].answer);
    answer_clear(&answer);
  }
}

/* ---- created rows ---- */

/* Guarantee 10. Index and address must both be those that were sent. */
static void test_rows(void)
{
  static const struct {
    const char *name;
    struct created_lead row;
    enum answer_class answer;
  } rows[] = {
      {"the other index", {.index = 0, .id = "x", .email_matches = true}, ANSWER_EXPLAINED},
      {"beyond the end", {.index = 2, .id = "x", .email_matches = true}, ANSWER_UNKNOWN},
      {"before the beginning", {.index = -1, .id = "x", .email_matches = true}, ANSWER_UNKNOWN},
      {"another address", {.index = 1, .id = "x"}, ANSWER_UNKNOWN},
      {"no id", {.index = 1, .email_matches = true}, ANSWER_UNKNOWN},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct add_answer answer;
    answer_init(&answer);
    g_array_index(answer.created, struct created_lead, 0) = rows[i].row;
    g_test_message("%s", rows[i].name);
    g_assert_cmpint(classify_add(&answer, 2), ==, rows[i].answer);
    answer_clear(&answer);
  }
  struct add_answer answer;
  answer_init(&answer);
  answer.uploaded = 2;
  answer.duplicated = 0;
  struct created_lead again = g_array_index(answer.created, struct created_lead, 0);
  g_array_append_val(answer.created, again);
  g_assert_cmpint(classify_add(&answer, 2), ==, ANSWER_UNKNOWN); /* the same index twice */
  answer_clear(&answer);
  g_assert_cmpint(classify_add(&(struct add_answer){.reply = {.status = 200, .is_json = true}, .is_success = true}, 0),
                  ==, ANSWER_EXPLAINED); /* nothing sent, nothing created, created never filled */
}

static void test_missing(void)
{
  static const struct {
    struct add_answer answer;
    enum attribution attribution;
  } rows[] = {
      {{.in_blocklist = 3}, ATTRIBUTE_BLOCKLIST},
      {{.skipped = 1}, ATTRIBUTE_SKIPPED},
      {{.invalid = 1}, ATTRIBUTE_INVALID},
      {{.incomplete = 2}, ATTRIBUTE_INCOMPLETE},
      {{.duplicated = 1}, ATTRIBUTE_ASK},
      {{.duplicate_email = 1}, ATTRIBUTE_ASK},
      {{.in_blocklist = 1, .skipped = 1}, ATTRIBUTE_ASK},
      {{.skipped = 1, .duplicated = 1}, ATTRIBUTE_ASK},
      {{.uploaded = 5}, ATTRIBUTE_ASK},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_cmpint(classify_missing(&rows[i].answer), ==, rows[i].attribution);
  }
}

/* ---- all other calls ---- */

static void test_errors(void)
{
  static const struct {
    struct reply reply;
    enum error_kind kind;
    bool is_retryable;
  } rows[] = {
      {{.transport = TRANSPORT_NOT_SENT}, ERROR_TRANSIENT, true},
      {{.transport = TRANSPORT_UNKNOWN}, ERROR_TRANSIENT, true},
      {{.transport = TRANSPORT_CANCELLED}, ERROR_CANCELLED, false},
      {{.status = 200}, ERROR_CORRUPT, false},
      {{.status = 302}, ERROR_REJECTED, false},
      {{.status = 400}, ERROR_REJECTED, false},
      {{.status = 401}, ERROR_AUTH, false},
      {{.status = 402}, ERROR_AUTH, false},
      {{.status = 403}, ERROR_AUTH, false},
      {{.status = 404}, ERROR_NOT_FOUND, false},
      {{.status = 408}, ERROR_TRANSIENT, true},
      {{.status = 409}, ERROR_REJECTED, false},
      {{.status = 413}, ERROR_REJECTED, false},
      {{.status = 422}, ERROR_REJECTED, false},
      {{.status = 425}, ERROR_TRANSIENT, true},
      {{.status = 429}, ERROR_RATE_LIMITED, true},
      {{.status = 500}, ERROR_TRANSIENT, true},
      {{.status = 501}, ERROR_TRANSIENT, false},
      {{.status = 502}, ERROR_TRANSIENT, true},
      {{.status = 503}, ERROR_TRANSIENT, true},
      {{.status = 504}, ERROR_TRANSIENT, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_test_message("%d", (int)rows[i].reply.status);
    g_assert_cmpint(classify_error(&rows[i].reply), ==, rows[i].kind);
    g_assert_cmpint(classify_is_retryable(&rows[i].reply), ==, rows[i].is_retryable);
  }
}

static void test_names(void)
{
  for (int i = ANSWER_EXPLAINED; i <= ANSWER_UNKNOWN; i++) {
    const char *name = answer_class_name((enum answer_class)i);
    g_assert_nonnull(name);
    for (int k = i + 1; k <= ANSWER_UNKNOWN; k++) {
      g_assert_cmpstr(name, !=, answer_class_name((enum answer_class)k));
    }
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/classify/every_answer", test_every_answer);
  g_test_add_func("/core/classify/counters", test_counters);
  g_test_add_func("/core/classify/rows", test_rows);
  g_test_add_func("/core/classify/missing", test_missing);
  g_test_add_func("/core/classify/errors", test_errors);
  g_test_add_func("/core/classify/names", test_names);
  return g_test_run();
}
