#include "cli/csv_sniff.h"

#include <csv.h>
#include <glib.h>
#include <string.h>

#define RECORDS_MAX 200

bool csv_looks_like_utf16(const char *sample, size_t size)
{
  if (size < 2) return false;
  if (!memcmp(sample, "\xFF\xFE", 2) || !memcmp(sample, "\xFE\xFF", 2)) return true;
  size_t looked_at = MIN(size, 512), even_n = 0, odd_n = 0;
  for (size_t i = 0; i < looked_at; i++) {
    if (sample[i]) continue;
    if (i % 2)
      odd_n++;
    else
      even_n++;
  }
  return MAX(even_n, odd_n) > looked_at / 4;
}

char csv_delimiter_hint(const char *sample, size_t size, size_t *hint_bytes)
{
  *hint_bytes = 0;
  if (size < 6 || g_ascii_strncasecmp(sample, "sep=", 4) != 0) return '\0';
  char delimiter = sample[4];
  if (!strchr(",;\t|", delimiter)) return '\0';
  if (sample[5] == '\n') *hint_bytes = 6;
  if (sample[5] == '\r') *hint_bytes = size > 6 && sample[6] == '\n' ? 7 : 6;
  return *hint_bytes ? delimiter : '\0';
}

/* How a delimiter cuts the sample. */
struct cut {
  size_t first_n; /* fields of the first record */
  size_t current_n;
  size_t records_n, same_n;
};

static void count_field(void *bytes, size_t length, void *context)
{
  (void)bytes, (void)length;
  ((struct cut *)context)->current_n++;
}

static void count_record(int terminator, void *context)
{
  (void)terminator;
  struct cut *cut = context;
  if (cut->records_n == 0) cut->first_n = cut->current_n;
  if (cut->records_n < RECORDS_MAX) {
    cut->records_n++;
    cut->same_n += cut->current_n == cut->first_n;
  }
  cut->current_n = 0;
}

/* Whole records only: the last one is cut off by the sample's end unless it is the only one. */
static struct cut cut_sample(const char *sample, size_t size, char delimiter)
{
  struct cut cut = {0};
  struct csv_parser parser;
  if (csv_init(&parser, 0) != 0) return cut;
  csv_set_delim(&parser, (unsigned char)delimiter);
  if (csv_parse(&parser, sample, size, count_field, count_record, &cut) != size) g_error("libcsv: out of memory");
  if (cut.records_n == 0) csv_fini(&parser, count_field, count_record, &cut);
  csv_free(&parser);
  return cut;
}

static bool is_better(const struct cut *a, const struct cut *b)
{
  if (a->first_n < 2) return false;
  if (b->first_n < 2) return true;
  size_t a_share = a->same_n * 100 / a->records_n, b_share = b->same_n * 100 / b->records_n;
  return a_share != b_share ? a_share > b_share : a->first_n > b->first_n;
}

char csv_sniff_delimiter(const char *sample, size_t size)
{
  static const char candidates[] = {',', ';', '\t', '|'};
  char best_delimiter = ',';
  struct cut best = {0};
  for (size_t i = 0; i < G_N_ELEMENTS(candidates); i++) {
    struct cut cut = cut_sample(sample, size, candidates[i]);
    if (!is_better(&cut, &best)) continue;
    best = cut;
    best_delimiter = candidates[i];
  }
  return best_delimiter;
}
