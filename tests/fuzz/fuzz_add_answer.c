/* The answer of leads/add and of POST /leads: whatever the bytes, an answer that counts as explained accounts for each
 * lead, and no lead twice. */
#include "fuzz.h"

#include "core/classify.h"
#include "instantly/parse.h"

#define CAMPAIGN "019ffad2-9c4c-7079-b87c-ef3272fbbda1"
#define CLAIMS_N 3

static const struct claim claims[CLAIMS_N] = {
    {.ord = 1, .generation = 1, .run_id = "r", .person = "a@example.com"},
    {.ord = 2, .generation = 1, .run_id = "r", .person = "b@example.com"},
    {.ord = 3, .generation = 2, .run_id = "r", .person = "c@example.com"},
};

static void check_explained(const struct add_answer *answer, size_t sent_n)
{
  int64_t refused = answer->in_blocklist + answer->duplicated + answer->skipped + answer->invalid + answer->incomplete +
                    answer->duplicate_email;
  g_assert_cmpint(answer->uploaded + refused, ==, (int64_t)sent_n);
  g_assert_cmpuint(answer->created->len, ==, (guint)answer->uploaded);
  bool is_seen[CLAIMS_N] = {false};
  for (guint i = 0; i < answer->created->len; i++) {
    const struct created_lead *row = &g_array_index(answer->created, struct created_lead, i);
    g_assert_true(row->index >= 0 && row->index < (int64_t)sent_n && !is_seen[row->index] && row->id[0] != '\0');
    is_seen[row->index] = true;
  }
}

static void check_batch(const char *text, size_t size, size_t claims_n, bool is_single)
{
  struct add_batch batch;
  add_batch_init(&batch, CAMPAIGN);
  for (size_t i = 0; i < claims_n; i++) {
    g_ptr_array_add(batch.claims, (gpointer)&claims[i]);
  }
  batch.answer.reply = (struct reply){.transport = TRANSPORT_ANSWERED, .status = 200, .retry_after_s = -1};
  if (is_single)
    parse_create_answer(text, size, &batch, &batch.answer);
  else
    parse_add_answer(text, size, &batch, &batch.answer);
  enum answer_class answer = classify_add(&batch.answer, claims_n);
  g_assert_true(answer == ANSWER_EXPLAINED || answer == ANSWER_UNKNOWN);
  if (answer == ANSWER_EXPLAINED) check_explained(&batch.answer, claims_n);
  add_batch_clear(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  for (size_t claims_n = 1; claims_n <= CLAIMS_N; claims_n++) {
    check_batch((const char *)data, size, claims_n, false);
  }
  check_batch((const char *)data, size, 1, true);
  return 0;
}
