/* The readers of times: what they accept is the same moment after it was written and read again. */
#include "fuzz.h"

#include "base/clock.h"

#define YEAR_1_US     (-62135596800 * SECOND_US)
#define YEAR_10000_US (253402300800 * SECOND_US)

static void check_round_trip(int64_t wall_us)
{
  if (wall_us < YEAR_1_US || wall_us >= YEAR_10000_US) return;
  g_autofree char *text = time_format_us(wall_us);
  int64_t again_us = 0;
  g_assert_true(time_parse_us(text, &again_us));
  g_assert_cmpint(again_us, ==, wall_us);
  int64_t day_us = time_day_start_us(wall_us);
  g_assert_true(day_us % DAY_US == 0 && day_us <= wall_us && wall_us - day_us < DAY_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup((const char *)data, size);
  int64_t wall_us = 0;
  if (time_parse_us(text, &wall_us)) check_round_trip(wall_us);
  if (time_parse_http_us(text, &wall_us)) check_round_trip(wall_us);
  return 0;
}
