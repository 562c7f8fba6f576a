#include "cli/since.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

#define UNITS_MAX 100000

static const struct {
  const char *unit;
  int64_t seconds;
} units[] = {{"w", 7 * 86400}, {"d", 86400}, {"h", 3600}, {"min", 60}, {"m", 60}, {"s", 1}};

bool since_parse(const char *text, int64_t now_us, int64_t *since_us, GError **error)
{
  size_t digits_n = strspn(text, "0123456789");
  g_autofree char *digits = g_strndup(text, digits_n);
  guint64 n = 0;
  bool is_number = digits_n > 0 && g_ascii_string_to_unsigned(digits, 10, 0, UNITS_MAX, &n, NULL);
  for (size_t i = 0; is_number && i < G_N_ELEMENTS(units); i++) {
    if (strcmp(text + digits_n, units[i].unit) != 0) continue;
    *since_us = now_us - (int64_t)n * units[i].seconds * SECOND_US;
    return true;
  }
  if (time_parse_us(text, since_us)) return true;
  error_set(error, ERROR_USAGE, "--since: \"%s\" is no time; write 7d, 24h, 30min or a date such as 2026-11-22", text);
  return false;
}
