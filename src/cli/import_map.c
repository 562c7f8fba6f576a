#include "cli/import_map.h"

#include "base/email.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/import_words.h"

#include <string.h>

#define HEADERS_SHOWN 40

static const char *const target_names[IMPORT_TARGETS_N] = {
    [TARGET_LEAD_ID] = "lead_id",           [TARGET_EMAIL] = "email",
    [TARGET_FIRST_NAME] = "first_name",     [TARGET_LAST_NAME] = "last_name",
    [TARGET_COMPANY_NAME] = "company_name", [TARGET_CAMPAIGN_ID] = "campaign_id",
};

const char *import_target_name(enum import_target target)
{
  return target_names[target];
}

/* ---- the sample ---- */

GPtrArray *import_headers(const char *const *fields, size_t fields_n)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < fields_n; i++) {
    g_autofree char *name = g_strstrip(g_strdup(fields[i]));
    if (!*name) {
      g_free(name);
      name = g_strdup_printf("column %zu", i + 1);
    }
    char *unique = g_strdup(name);
    for (int n = 2; g_hash_table_contains(seen, unique); n++) {
      g_free(unique);
      unique = g_strdup_printf("%s (%d)", name, n);
    }
    g_hash_table_add(seen, unique);
    g_ptr_array_add(headers, unique);
  }
  return headers;
}

void import_sample_init_take(struct import_sample *sample, GPtrArray *headers)
{
  sample->headers = headers;
  sample->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
}

void import_sample_add(struct import_sample *sample, const char *const *fields, size_t fields_n)
{
  guint columns_n = sample->headers->len;
  char **row = g_new0(char *, columns_n + 1);
  for (guint i = 0; i < columns_n; i++) {
    row[i] = g_strstrip(g_strdup(i < fields_n ? fields[i] : ""));
  }
  g_ptr_array_add(sample->rows, row);
}

void import_sample_clear(struct import_sample *sample)
{
  g_clear_pointer(&sample->headers, g_ptr_array_unref);
  g_clear_pointer(&sample->rows, g_ptr_array_unref);
}

static const char *header_at(const struct import_sample *sample, size_t column)
{
  return g_ptr_array_index(sample->headers, column);
}

static const char *value_at(const struct import_sample *sample, guint row, size_t column)
{
  return ((char **)g_ptr_array_index(sample->rows, row))[column];
}

/* ---- what the values of a column look like ---- */

struct column_look {
  guint filled_n, distinct_n, addresses_n, uuids_n;
};

static struct column_look column_look(const struct import_sample *sample, size_t column)
{
  struct column_look look = {0};
  g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint row = 0; row < sample->rows->len; row++) {
    const char *value = value_at(sample, row, column);
    if (!*value) continue;
    g_autofree char *person = NULL;
    look.filled_n++;
    look.distinct_n += g_hash_table_add(values, (gpointer)value);
    look.addresses_n += strchr(value, '@') && email_canonical(value, strlen(value), &person) == EMAIL_OK;
    look.uuids_n += text_is_uuid(value);
  }
  return look;
}

static bool holds_addresses(const struct import_sample *sample, size_t column, double least_filled)
{
  if (sample->rows->len == 0) return true;
  struct column_look look = column_look(sample, column);
  return look.addresses_n > 0 && look.addresses_n * 2 >= look.filled_n &&
         (double)look.filled_n >= least_filled * sample->rows->len;
}

static bool holds_ids(const struct import_sample *sample, size_t column)
{
  struct column_look look = column_look(sample, column);
  return look.filled_n == sample->rows->len && look.distinct_n == look.filled_n;
}

static bool holds_uuids(const struct import_sample *sample, size_t column)
{
  struct column_look look = column_look(sample, column);
  return look.uuids_n == look.filled_n;
}

/* ---- guessing ---- */

static bool is_free(const struct import_map *map, size_t column)
{
  return !import_map_has(map, column);
}

/* The surest header for the target, the first among equals, whose values fit; -1 without one. */
static int find_column(const struct import_sample *sample, const struct import_map *map, enum import_target target,
                       bool (*fits)(const struct import_sample *, size_t))
{
  int best = -1, best_rank = 0;
  for (size_t column = 0; column < sample->headers->len; column++) {
    int rank = import_header_rank(header_at(sample, column), target);
    if (rank <= best_rank || !is_free(map, column)) continue;
    if (fits && !fits(sample, column)) continue;
    best = (int)column;
    best_rank = rank;
  }
  return best;
}

static bool is_mostly_addresses(const struct import_sample *sample, size_t column)
{
  return holds_addresses(sample, column, 0.5);
}

static bool is_sometimes_an_address(const struct import_sample *sample, size_t column)
{
  return holds_addresses(sample, column, 0);
}

/* No header says so: a column that is full of addresses, nearly all different, and not somebody else's by its name. */
static int find_addresses(const struct import_sample *sample)
{
  for (size_t column = 0; column < sample->headers->len; column++) {
    struct column_look look = column_look(sample, column);
    bool is_full = look.filled_n > 0 && look.filled_n * 2 >= sample->rows->len;
    if (is_full && look.addresses_n * 10 >= look.filled_n * 8 && look.distinct_n * 2 >= look.filled_n)
      return (int)column;
  }
  return -1;
}

void import_map_guess(const struct import_sample *sample, struct import_map *map)
{
  for (size_t i = 0; i < IMPORT_TARGETS_N; i++) {
    map->column[i] = -1;
  }
  map->column[TARGET_EMAIL] = find_column(sample, map, TARGET_EMAIL, is_mostly_addresses);
  if (map->column[TARGET_EMAIL] < 0) {
    map->column[TARGET_EMAIL] = find_column(sample, map, TARGET_EMAIL, is_sometimes_an_address);
  }
  if (map->column[TARGET_EMAIL] < 0) map->column[TARGET_EMAIL] = find_addresses(sample);
  map->column[TARGET_LEAD_ID] = find_column(sample, map, TARGET_LEAD_ID, holds_ids);
  map->column[TARGET_CAMPAIGN_ID] = find_column(sample, map, TARGET_CAMPAIGN_ID, holds_uuids);
  map->column[TARGET_FIRST_NAME] = find_column(sample, map, TARGET_FIRST_NAME, NULL);
  map->column[TARGET_LAST_NAME] = find_column(sample, map, TARGET_LAST_NAME, NULL);
  map->column[TARGET_COMPANY_NAME] = find_column(sample, map, TARGET_COMPANY_NAME, NULL);
}

/* ---- --map ---- */

/* Does the first line name columns, as far as we know such names? */
static bool has_known_header(const struct import_sample *sample)
{
  for (guint i = 0; i < sample->headers->len; i++)
    for (int target = 0; target < IMPORT_TARGETS_N; target++)
      if (import_header_rank(header_at(sample, i), (enum import_target)target) > 0) return true;
  return false;
}

/* The wrong file may be the one with the API key: what is no line of names for sure is not shown. */
static char *headers_text(const struct import_sample *sample)
{
  if (!has_known_header(sample))
    return g_strdup("not shown here, because its first line does not look like names of columns and may be a secret");
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < sample->headers->len && i < HEADERS_SHOWN; i++) {
    g_string_append_printf(text, "%s\"%s\"", i ? ", " : "", header_at(sample, i));
  }
  if (sample->headers->len > HEADERS_SHOWN) g_string_append(text, ", ...");
  return g_string_free(text, FALSE);
}

int import_header_find(const struct import_sample *sample, const char *name, const char *option, GError **error)
{
  for (guint i = 0; i < sample->headers->len; i++) {
    if (!strcmp(header_at(sample, i), name)) return (int)i;
  }
  for (guint i = 0; i < sample->headers->len; i++) {
    if (!g_ascii_strcasecmp(header_at(sample, i), name)) return (int)i;
  }
  if (!option) return -1;
  const char *nearest = text_nearest(name, (const char *const *)sample->headers->pdata, sample->headers->len);
  g_autofree char *all = headers_text(sample);
  error_set(error, ERROR_USAGE, "%s: the file has no column \"%s\"%s%s%s; its columns are %s", option, name,
            nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "", all);
  return -1;
}

static int find_target(const char *name, GError **error)
{
  for (int i = 0; i < IMPORT_TARGETS_N; i++) {
    if (!strcmp(target_names[i], name)) return i;
  }
  const char *nearest = text_nearest(name, target_names, IMPORT_TARGETS_N);
  error_set(
      error, ERROR_USAGE,
      "--map: \"%s\" is no column that can be filled%s%s%s; use lead_id, email, first_name, last_name, company_name, "
      "campaign_id or opt_out (all other columns are kept under their own names)",
      name, nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
  return -1;
}

static bool apply_one(const struct import_sample *sample, const char *part, struct import_map *map, GError **error)
{
  const char *equals = strchr(part, '=');
  g_autofree char *target_name = g_strstrip(g_strndup(part, (size_t)(equals - part)));
  g_autofree char *header = g_strstrip(g_strdup(equals + 1));
  int target = find_target(target_name, error);
  if (target < 0) return false;
  int column = *header ? import_header_find(sample, header, "--map", error) : -1;
  if (*header && column < 0) return false;
  for (size_t i = 0; i < IMPORT_TARGETS_N; i++) {
    if (column >= 0 && map->column[i] == column) map->column[i] = -1; /* one column, one use: the guess gives way */
  }
  map->column[target] = column;
  return true;
}

/* Header names may hold commas: a part without '=' belongs to the one before. */
static GPtrArray *split_spec(const char *spec)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) pieces = g_strsplit(spec, ",", -1);
  for (char **piece = pieces; *piece; piece++) {
    if (strchr(*piece, '=') || parts->len == 0) {
      g_ptr_array_add(parts, g_strdup(*piece));
      continue;
    }
    char **last = (char **)&g_ptr_array_index(parts, parts->len - 1);
    char *joined = g_strconcat(*last, ",", *piece, NULL);
    g_free(*last);
    *last = joined;
  }
  return parts;
}

/* What stands behind "opt_out="; NULL for another target. */
static const char *opt_out_of(const char *part)
{
  const char *equals = strchr(part, '=');
  g_autofree char *target = g_strstrip(g_strndup(part, (size_t)(equals - part)));
  return strcmp(target, "opt_out") == 0 ? equals + 1 : NULL;
}

bool import_map_apply(const struct import_sample *sample, const char *spec, struct import_map *map, GPtrArray *opt_outs,
                      GError **error)
{
  g_autoptr(GPtrArray) parts = split_spec(spec);
  for (guint i = 0; i < parts->len; i++) {
    const char *part = g_ptr_array_index(parts, i);
    if (!strchr(part, '=')) {
      error_set(error, ERROR_USAGE,
                "--map: \"%s\" has no '='; write it like --map lead_id=\"Account Id\",email=\"Email 2\"", part);
      return false;
    }
    const char *opt_out = opt_out_of(part);
    if (opt_out)
      g_ptr_array_add(opt_outs, g_strdup(opt_out));
    else if (!apply_one(sample, part, map, error))
      return false;
  }
  return true;
}

bool import_headers_check(const GPtrArray *headers, GError **error)
{
  for (guint i = 0; i < headers->len; i++) {
    g_autofree char *person = NULL;
    const char *header = g_ptr_array_index(headers, i);
    if (email_canonical(header, strlen(header), &person) != EMAIL_OK) continue;
    error_set(error, ERROR_USAGE,
              "The file has no header line: its first row holds an e-mail address in column %u. Add a first line that "
              "names the columns, such as: email,first_name,last_name",
              i + 1);
    return false;
  }
  return true;
}

bool import_map_check(const struct import_sample *sample, const struct import_map *map, GError **error)
{
  if (map->column[TARGET_EMAIL] >= 0) return true;
  g_autofree char *all = headers_text(sample);
  error_set(error, ERROR_USAGE,
            "No column of the file looks like e-mail addresses: is it a CSV file with a header line? If it is, name "
            "the column "
            "with --map email=\"Header\". Its columns are %s",
            all);
  return false;
}

bool import_map_has(const struct import_map *map, size_t column)
{
  for (size_t i = 0; i < IMPORT_TARGETS_N; i++) {
    if (map->column[i] == (int)column) return true;
  }
  return false;
}
