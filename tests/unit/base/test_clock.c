/* Times as text, both ways, and the system's clocks. */
#include "base/clock.h"

#define UNTOUCHED INT64_C(-77)

static const struct {
  const char *text;
  int64_t wall_us;
} readable[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01", 0},
    {"1969-12-31T23:59:59Z", -SECOND_US},
    {"2026-11-22T13:05:09Z", 1795352709 * SECOND_US},
    {"2026-11-22T13:05:09.123456Z", 1795352709 * SECOND_US + 123456},
    {"2026-11-22T13:05:09.1Z", 1795352709 * SECOND_US + 100000},
    {"2026-11-22T13:05:09.123456789Z", 1795352709 * SECOND_US + 123456},
    {"2026-11-22 13:05:09Z", 1795352709 * SECOND_US},
    {"2026-11-22t13:05:09z", 1795352709 * SECOND_US},
    {"2026-11-22T15:05:09+02:00", 1795352709 * SECOND_US},
    {"2026-11-22T15:05:09+0200", 1795352709 * SECOND_US},
    {"2026-11-22 15:05:09+02", 1795352709 * SECOND_US},
    {"2026-11-22T07:35:09-05:30", 1795352709 * SECOND_US},
    {"2026-11-22T13:05:09-00:00", 1795352709 * SECOND_US},
    {"2026-11-22T13:05:09.5+00:00", 1795352709 * SECOND_US + 500000},
    {"2026-11-22", 1795305600 * SECOND_US},
    {"2026-11-22T00:00:00+14:00", (1795305600 - 14 * 3600) * SECOND_US},
    {"2024-02-29T00:00:00Z", 1709164800 * SECOND_US},
    {"2000-02-29", 951782400 * SECOND_US},
    {"2016-12-31T23:59:60Z", 1483228800 * SECOND_US},
    {"9999-12-31T23:59:59Z", 253402300799 * SECOND_US},
    {"0001-01-01T00:00:00Z", -62135596800 * SECOND_US},
};

static void test_parse(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(readable); i++) {
    int64_t wall_us = UNTOUCHED;
    if (!time_parse_us(readable[i].text, &wall_us)) g_test_message("refused: %s", readable[i].text);
    g_assert_cmpint(wall_us, ==, readable[i].wall_us);
  }
}

static const struct {
  const char *text;
  int64_t wall_us;
} loose[] = {
    {"2026-11-22 13:05:09 UTC", 1795352709 * SECOND_US},
    {" 2026-11-22 13:05:09+00\n", 1795352709 * SECOND_US},
    {"2026-11-22 13:05:09", 1795352709 * SECOND_US},
    {"2026-11-22T13:05:09.25", 1795352709 * SECOND_US + 250000},
    {"2026-11-22 13:05:09.250 UTC", 1795352709 * SECOND_US + 250000},
    {"2026-11-22 15:05:09 +0200", 1795352709 * SECOND_US},
    {"2026/11/22 13:05", 1795352700 * SECOND_US},
    {"2026-11-22T13:05Z", 1795352700 * SECOND_US},
    {"2026-11-22", 1795305600 * SECOND_US},
    {"1795352709", 1795352709 * SECOND_US},
    {"1795352709.5", 1795352709 * SECOND_US + 500000},
    {"1795352709250", 1795352709 * SECOND_US + 250000},
    {"1795352709250000", 1795352709 * SECOND_US + 250000},
    {"1795352709250000000", 1795352709 * SECOND_US + 250000},
};

static void test_parse_loose(void)
{
  static const char *const none[] = {
      "", "now", "12", "2026-13-01", "2026-11-22 25:00", "2026-11-22 13:05:09 CET", "20261122", "1795352709x"};
  for (size_t i = 0; i < G_N_ELEMENTS(loose); i++) {
    int64_t wall_us = UNTOUCHED;
    if (!time_parse_loose_us(loose[i].text, &wall_us)) g_test_message("refused: %s", loose[i].text);
    g_assert_cmpint(wall_us, ==, loose[i].wall_us);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
    int64_t wall_us = UNTOUCHED;
    g_assert_false(time_parse_loose_us(none[i], &wall_us));
    g_assert_cmpint(wall_us, ==, UNTOUCHED);
  }
}

static const char *const unreadable[] = {
    "",
    "now",
    "2026",
    "2026-11",
    "2026-11-2",
    "26-11-22",
    "2026/11/22",
    "20261122",
    "20261122T130509Z",
    "2026-W47-7",
    "2026-326",
    "2026-11-22T",
    "2026-11-22T13",
    "2026-11-22T13:05Z",
    "2026-11-22T13:05:09",
    "2026-11-22 13:05:09",
    "2026-11-22 13:05:09 UTC",
    "2026-11-22T13:05:09 Z",
    "2026-11-22T13:05:09Z ",
    " 2026-11-22T13:05:09Z",
    "2026-11-22T13:05:09ZZ",
    "2026-11-22T13:05:09.Z",
    "2026-11-22T13:05:09,5Z",
    "2026-11-22T13:05:09+2",
    "2026-11-22T13:05:09+02:",
    "2026-11-22T13:05:09+02:0",
    "2026-11-22T13:05:09+24:00",
    "2026-11-22T13:05:09+02:60",
    "2026-11-22T13:05:09+02:00:00",
    "2026-11-22T24:00:00Z",
    "2026-11-22T13:60:00Z",
    "2026-11-22T13:05:61Z",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-01-32",
    "2026-04-31",
    "2023-02-29",
    "1900-02-29",
    "0000-01-01",
    "-001-01-01",
    "+2026-11-22",
    "2026-11-22T13:0x:09Z",
    "2026-11-22X13:05:09Z",
    "12026-11-22",
    "\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-11-22",
};

static void test_refuse(void)
{
  int64_t wall_us = UNTOUCHED;
  for (size_t i = 0; i < G_N_ELEMENTS(unreadable); i++) {
    bool is_read = time_parse_us(unreadable[i], &wall_us);
    if (is_read) g_test_message("accepted: %s", unreadable[i]);
    g_assert_false(is_read);
    g_assert_cmpint(wall_us, ==, UNTOUCHED);
  }
  g_assert_false(time_parse_us(NULL, &wall_us));
}

static const struct {
  int64_t wall_us;
  const char *text;
} formatted[] = {
    {0, "1970-01-01T00:00:00Z"},
    {1, "1970-01-01T00:00:00.000001Z"},
    {-1, "1969-12-31T23:59:59.999999Z"},
    {1795352709 * SECOND_US, "2026-11-22T13:05:09Z"},
    {1795352709 * SECOND_US + 123456, "2026-11-22T13:05:09.123456Z"},
    {1795352709 * SECOND_US + 100000, "2026-11-22T13:05:09.100000Z"},
    {1709251199 * SECOND_US, "2024-02-29T23:59:59Z"},
    {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    {INT64_MIN, "0001-01-01T00:00:00Z"},
};

static void test_format(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(formatted); i++) {
    g_autofree char *text = time_format_us(formatted[i].wall_us);
    g_assert_cmpstr(text, ==, formatted[i].text);
  }
}

/* Each day of four centuries comes back, at an odd time of day, and is the day after the one before. */
static void test_round_trip(void)
{
  int64_t first_us = -11676096000 * SECOND_US; /* 1600-01-01 */
  for (int64_t day = 0; day < 146097 + 400; day++) {
    int64_t wall_us = first_us + day * DAY_US + (day * 7919) % DAY_US;
    g_autofree char *text = time_format_us(wall_us);
    int64_t back_us = UNTOUCHED;
    g_assert_true(time_parse_us(text, &back_us));
    g_assert_cmpint(back_us, ==, wall_us);
    g_assert_cmpint(time_day_start_us(wall_us), ==, first_us + day * DAY_US);
  }
}

static void test_http(void)
{
  int64_t wall_us = UNTOUCHED;
  g_assert_true(time_parse_http_us("Sun, 06 Nov 1994 08:49:37 GMT", &wall_us));
  g_assert_cmpint(wall_us, ==, 784111777 * SECOND_US);
  g_assert_true(time_parse_http_us("Thu, 29 Feb 2024 00:00:00 GMT", &wall_us));
  g_assert_cmpint(wall_us, ==, 1709164800 * SECOND_US);
  g_assert_true(time_parse_http_us("Sat, 31 Dec 2016 23:59:60 GMT", &wall_us));
  g_assert_cmpint(wall_us, ==, 1483228800 * SECOND_US);
}

static void test_http_refuses(void)
{
  static const char *const texts[] = {
      "",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 +0000",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Xyz, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Xyz 1994 08:49:37 GMT",
      "Thu, 29 Feb 2023 00:00:00 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994",
      "Sun,",
      "MonTue",
  };
  int64_t wall_us = UNTOUCHED;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    bool is_read = time_parse_http_us(texts[i], &wall_us);
    if (is_read) g_test_message("accepted: %s", texts[i]);
    g_assert_false(is_read);
    g_assert_cmpint(wall_us, ==, UNTOUCHED);
  }
  g_assert_false(time_parse_http_us(NULL, &wall_us));
}

static void test_day_start(void)
{
  g_assert_cmpint(time_day_start_us(0), ==, 0);
  g_assert_cmpint(time_day_start_us(DAY_US - 1), ==, 0);
  g_assert_cmpint(time_day_start_us(DAY_US), ==, DAY_US);
  g_assert_cmpint(time_day_start_us(-1), ==, -DAY_US);
  g_assert_cmpint(time_day_start_us(-DAY_US), ==, -DAY_US);
}

static void test_system_clock(void)
{
  const struct clock *c = clock_system();
  int64_t before_us = clock_mono_us(c);
  clock_sleep_us(c, 20000);
  int64_t slept_us = clock_mono_us(c) - before_us;
  g_assert_cmpint(slept_us, >=, 20000);
  g_assert_cmpint(clock_boot_us(c), >=, before_us);
  g_assert_cmpint(ABS(clock_wall_us(c) - g_get_real_time()), <, 5 * SECOND_US);
  clock_sleep_us(c, 0);
  clock_sleep_us(c, -5 * SECOND_US);
  g_assert_cmpint(clock_mono_us(c) - before_us, <, 4 * SECOND_US);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/clock/parse", test_parse);
  g_test_add_func("/clock/parse-loose", test_parse_loose);
  g_test_add_func("/clock/refuse", test_refuse);
  g_test_add_func("/clock/format", test_format);
  g_test_add_func("/clock/round-trip", test_round_trip);
  g_test_add_func("/clock/http", test_http);
  g_test_add_func("/clock/http-refuses", test_http_refuses);
  g_test_add_func("/clock/day-start", test_day_start);
  g_test_add_func("/clock/system", test_system_clock);
  return g_test_run();
}
