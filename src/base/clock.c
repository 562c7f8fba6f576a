#include "base/clock.h"

#include <string.h>
#include <time.h>

/* Day 1 of GDate is 0001-01-01; this is the number of 1970-01-01. */
#define JULIAN_OF_1970 719163
#define YEAR_1_US      (-62135596800 * SECOND_US)
#define YEAR_9999_US   (253402300800 * SECOND_US - 1)

static int64_t read_clock_us(clockid_t id)
{
  struct timespec now = {0};
  if (clock_gettime(id, &now) != 0) g_error("clock_gettime(%d) failed", (int)id);
  return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static int64_t system_wall_us(G_GNUC_UNUSED void *context)
{
  return read_clock_us(CLOCK_REALTIME);
}

static int64_t system_mono_us(G_GNUC_UNUSED void *context)
{
  return read_clock_us(CLOCK_MONOTONIC);
}

static int64_t system_boot_us(G_GNUC_UNUSED void *context)
{
  return read_clock_us(CLOCK_BOOTTIME);
}

static void system_sleep_us(G_GNUC_UNUSED void *context, int64_t duration_us)
{
  if (duration_us <= 0) return;
  struct timespec duration = {.tv_sec = duration_us / SECOND_US, .tv_nsec = (long)(duration_us % SECOND_US) * 1000};
  (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, NULL);
}

const struct clock *clock_system(void)
{
  static const struct clock system_clock = {
      .wall_us = system_wall_us,
      .mono_us = system_mono_us,
      .boot_us = system_boot_us,
      .sleep_us = system_sleep_us,
  };
  return &system_clock;
}

int64_t time_day_start_us(int64_t wall_us)
{
  int64_t rest = wall_us % DAY_US;
  return wall_us - (rest < 0 ? rest + DAY_US : rest);
}

/* Writes value with so many digits, then what follows them; returns the next place. Not printf: write-back formats one
 * time per lead. */
static char *put_digits(char *at, int value, int width, char next)
{
  for (int i = width - 1; i >= 0; i--, value /= 10)
    at[i] = (char)('0' + value % 10);
  at[width] = next;
  return at + width + 1;
}

char *time_format_us(int64_t wall_us)
{
  wall_us = CLAMP(wall_us, YEAR_1_US, YEAR_9999_US);
  int64_t day_us = time_day_start_us(wall_us);
  int second = (int)((wall_us - day_us) / SECOND_US);
  int fraction = (int)((wall_us - day_us) % SECOND_US);
  GDate date;
  g_date_clear(&date, 1);
  g_date_set_julian(&date, (guint32)(day_us / DAY_US + JULIAN_OF_1970));

  char *text = g_malloc(sizeof "2026-11-22T13:05:09.123456Z");
  char *at = put_digits(text, g_date_get_year(&date), 4, '-');
  at = put_digits(at, (int)g_date_get_month(&date), 2, '-');
  at = put_digits(at, g_date_get_day(&date), 2, 'T');
  at = put_digits(at, second / 3600, 2, ':');
  at = put_digits(at, second / 60 % 60, 2, ':');
  at = put_digits(at, second % 60, 2, fraction != 0 ? '.' : 'Z');
  if (fraction != 0) at = put_digits(at, fraction, 6, 'Z');
  *at = '\0';
  return text;
}

/* What the readers below find in a text, before it is checked against the calendar. */
struct civil {
  int year, month, day, hour, minute, second;
  int64_t fraction_us;
  int64_t offset_s;
};

/* Reads exactly width digits and moves on. */
static bool take_digits(const char **at, int width, int *value)
{
  int sum = 0;
  for (int i = 0; i < width; i++) {
    if (!g_ascii_isdigit((*at)[i])) return false;
    sum = sum * 10 + g_ascii_digit_value((*at)[i]);
  }
  *at += width;
  *value = sum;
  return true;
}

static bool take_char(const char **at, char wanted)
{
  if (**at != wanted) return false;
  (*at)++;
  return true;
}

static bool take_time_of_day(const char **at, struct civil *civil)
{
  return take_digits(at, 2, &civil->hour) && take_char(at, ':') && take_digits(at, 2, &civil->minute) &&
         take_char(at, ':') && take_digits(at, 2, &civil->second);
}

/* An optional fraction of any length; what is finer than a microsecond is cut off. */
static bool take_fraction(const char **at, struct civil *civil)
{
  if (!take_char(at, '.')) return true;
  if (!g_ascii_isdigit(**at)) return false;
  int64_t unit_us = SECOND_US / 10;
  for (; g_ascii_isdigit(**at); (*at)++, unit_us /= 10) {
    civil->fraction_us += unit_us * g_ascii_digit_value(**at);
  }
  return true;
}

/* 'Z', +hh:mm, +hhmm or +hh. */
static bool take_offset(const char **at, struct civil *civil)
{
  if (take_char(at, 'Z') || take_char(at, 'z')) return true;
  bool is_west = **at == '-';
  if (!take_char(at, '+') && !take_char(at, '-')) return false;
  int hours = 0, minutes = 0;
  if (!take_digits(at, 2, &hours)) return false;
  bool has_colon = take_char(at, ':');
  if ((has_colon || **at != '\0') && !take_digits(at, 2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  civil->offset_s = (hours * 60 + minutes) * (is_west ? -60 : 60);
  return true;
}

/* A leap second (:60) is taken as the first moment of the next minute. */
static bool civil_to_us(const struct civil *civil, int64_t *wall_us)
{
  if (civil->month < 1 || civil->month > 12) return false;
  if (!g_date_valid_dmy((GDateDay)civil->day, (GDateMonth)civil->month, (GDateYear)civil->year)) return false;
  if (civil->hour > 23 || civil->minute > 59 || civil->second > 60) return false;
  GDate date;
  g_date_clear(&date, 1);
  g_date_set_dmy(&date, (GDateDay)civil->day, (GDateMonth)civil->month, (GDateYear)civil->year);
  int64_t days = (int64_t)g_date_get_julian(&date) - JULIAN_OF_1970;
  int64_t seconds = civil->hour * 3600 + civil->minute * 60 + civil->second - civil->offset_s;
  *wall_us = days * DAY_US + seconds * SECOND_US + civil->fraction_us;
  return true;
}

bool time_parse_us(const char *text, int64_t *wall_us)
{
  struct civil civil = {0};
  const char *at = text;
  if (!text) return false;
  if (!take_digits(&at, 4, &civil.year) || !take_char(&at, '-') || !take_digits(&at, 2, &civil.month) ||
      !take_char(&at, '-') || !take_digits(&at, 2, &civil.day))
    return false;
  if (*at == '\0') return civil_to_us(&civil, wall_us);
  if (!take_char(&at, 'T') && !take_char(&at, 't') && !take_char(&at, ' ')) return false;
  if (!take_time_of_day(&at, &civil) || !take_fraction(&at, &civil) || !take_offset(&at, &civil)) return false;
  return *at == '\0' && civil_to_us(&civil, wall_us);
}

static bool take_word(const char **at, const char *word)
{
  size_t length = strlen(word);
  if (g_ascii_strncasecmp(*at, word, length) != 0) return false;
  *at += length;
  return true;
}

/* Unix time: ten digits are seconds, three more each milli-, micro- and nanoseconds; a fraction may follow seconds. */
static bool parse_unix(const char *text, int64_t *wall_us)
{
  size_t digits_n = strspn(text, "0123456789");
  struct civil civil = {0};
  const char *at = text + digits_n;
  int64_t number = g_ascii_strtoll(text, NULL, 10);
  if (digits_n < 9 || digits_n > 19 || !take_fraction(&at, &civil) || *at != '\0') return false;
  if (digits_n > 16)
    *wall_us = number / 1000;
  else if (digits_n > 13)
    *wall_us = number;
  else if (digits_n > 11)
    *wall_us = number * 1000;
  else
    *wall_us = number * SECOND_US + civil.fraction_us;
  return true;
}

/* " UTC", " +0200", "Z" or nothing, which is UTC. */
static bool take_loose_offset(const char **at, struct civil *civil)
{
  while (take_char(at, ' ')) {
  }
  if (**at == '\0' || take_word(at, "UTC") || take_word(at, "GMT")) return true;
  return take_offset(at, civil);
}

/* "03:04" is as good as "03:04:00". */
static bool take_loose_time(const char **at, struct civil *civil)
{
  if (!take_digits(at, 2, &civil->hour) || !take_char(at, ':') || !take_digits(at, 2, &civil->minute)) return false;
  if (take_char(at, ':') && !(take_digits(at, 2, &civil->second) && take_fraction(at, civil))) return false;
  return take_loose_offset(at, civil);
}

bool time_parse_loose_us(const char *text, int64_t *wall_us)
{
  struct civil civil = {0};
  if (!text) return false;
  g_autofree char *trimmed = g_strstrip(g_strdup(text));
  const char *at = trimmed;
  if (parse_unix(trimmed, wall_us)) return true;
  if (!take_digits(&at, 4, &civil.year) || !(take_char(&at, '-') || take_char(&at, '/')) ||
      !take_digits(&at, 2, &civil.month) || !(take_char(&at, '-') || take_char(&at, '/')) ||
      !take_digits(&at, 2, &civil.day))
    return false;
  bool has_time = take_char(&at, 'T') || take_char(&at, 't') || take_char(&at, ' ');
  if (has_time && !take_loose_time(&at, &civil)) return false;
  return *at == '\0' && civil_to_us(&civil, wall_us);
}

/* Reads one of n three-letter names that stand one after the other; its number counts from 1. */
static bool take_name(const char **at, const char *names, int *number)
{
  for (int i = 0; names[i * 3] != '\0'; i++) {
    if (strncmp(*at, names + i * 3, 3) != 0) continue;
    *at += 3;
    *number = i + 1;
    return true;
  }
  return false;
}

bool time_parse_http_us(const char *text, int64_t *wall_us)
{
  struct civil civil = {0};
  int weekday = 0;
  const char *at = text;
  if (!text) return false;
  if (!take_name(&at, "MonTueWedThuFriSatSun", &weekday) || !take_char(&at, ',') || !take_char(&at, ' ')) return false;
  if (!take_digits(&at, 2, &civil.day) || !take_char(&at, ' ')) return false;
  if (!take_name(&at, "JanFebMarAprMayJunJulAugSepOctNovDec", &civil.month) || !take_char(&at, ' ')) return false;
  if (!take_digits(&at, 4, &civil.year) || !take_char(&at, ' ')) return false;
  if (!take_time_of_day(&at, &civil) || strcmp(at, " GMT") != 0) return false;
  return civil_to_us(&civil, wall_us);
}
