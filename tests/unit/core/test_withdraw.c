/* Which rows may be withdrawn: ours by the stamp, still active, and nobody was ever mailed. */
#include "core/withdraw.h"

static const struct claim claim = {.run_id = "run-1", .ord = 7, .generation = 2};

static struct remote_lead own_row(void)
{
  return (struct remote_lead){.id = "i", .stamp = "2:run-1.7", .status = REMOTE_ACTIVE};
}

static void test_may_go(void)
{
  struct remote_lead row = own_row();
  g_assert_null(withdraw_refusal(&claim, &row));
  row.status = REMOTE_PAUSED;
  g_assert_null(withdraw_refusal(&claim, &row));
}

static void test_foreign(void)
{
  static const char *const stamps[] = {NULL, "", "2:run-1.8", "1:run-1.7", "2:run-2.7", "2:run-1.7x"};
  for (size_t i = 0; i < G_N_ELEMENTS(stamps); i++) {
    struct remote_lead row = own_row();
    row.stamp = stamps[i];
    g_assert_cmpstr(withdraw_refusal(&claim, &row), ==, "foreign");
  }
}

/* Any trace of a mail keeps the row, whichever of them Instantly shows. */
static void test_contacted(void)
{
  struct remote_lead rows[8];
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    rows[i] = own_row();
  rows[0].contacted_at_us = rows[1].last_step_at_us = rows[2].opened_at_us = rows[3].replied_at_us = 1;
  rows[4].opens = rows[5].clicks = rows[6].replies = 1;
  rows[7].clicked_at_us = 1;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    g_assert_cmpstr(withdraw_refusal(&claim, &rows[i]), ==, "contacted");
}

static void test_not_active(void)
{
  static const int64_t statuses[] = {REMOTE_COMPLETED, REMOTE_BOUNCED, REMOTE_UNSUBSCRIBED, REMOTE_SKIPPED, 0, 77};
  for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
    struct remote_lead row = own_row();
    row.status = statuses[i];
    g_assert_cmpstr(withdraw_refusal(&claim, &row), ==, "not_active");
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/withdraw/may-go", test_may_go);
  g_test_add_func("/core/withdraw/foreign", test_foreign);
  g_test_add_func("/core/withdraw/contacted", test_contacted);
  g_test_add_func("/core/withdraw/not-active", test_not_active);
  return g_test_run();
}
