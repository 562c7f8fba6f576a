#include "instantly/parse.h"

#include "base/email.h"

#include <string.h>

#define VALUE_MAX_BYTES 2048

/* A walk over the CSV of the block list (RFC 4180): fields with or without quotes, CRLF or LF, a BOM before all. */
struct csv {
  const char *at;
  const char *end;
  bool is_broken; /* a quote without its partner */
};

static void take_quoted(struct csv *csv, GString *field)
{
  for (csv->at++; csv->at < csv->end; csv->at++) {
    if (*csv->at != '"') {
      g_string_append_c(field, *csv->at);
      continue;
    }
    bool is_doubled = csv->at + 1 < csv->end && csv->at[1] == '"';
    if (!is_doubled) {
      csv->at++;
      return;
    }
    g_string_append_c(field, '"');
    csv->at++;
  }
  csv->is_broken = true;
}

/* One field into field; true when the record goes on behind it. */
static bool take_field(struct csv *csv, GString *field)
{
  g_string_truncate(field, 0);
  if (csv->at < csv->end && *csv->at == '"') take_quoted(csv, field);
  while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n') {
    g_string_append_c(field, *csv->at++);
  }
  if (field->len > 0 && field->str[field->len - 1] == '\r') g_string_truncate(field, field->len - 1);
  bool has_more = csv->at < csv->end && *csv->at == ',';
  if (csv->at < csv->end) csv->at++;
  return has_more;
}

/* The first two fields of a record; others are skipped. */
static void take_record(struct csv *csv, GString *value, GString *date)
{
  g_string_truncate(date, 0);
  bool has_more = take_field(csv, value);
  if (has_more) has_more = take_field(csv, date);
  g_autoptr(GString) rest = g_string_new(NULL);
  while (has_more) {
    has_more = take_field(csv, rest);
  }
}

/* An entry is an address or a domain ("example.com", "@example.com"); an address that is none as we see it is kept in
 * lower case, for it stops nobody. */
static void add_entry(struct page *page, const char *value, const char *date)
{
  g_autofree char *lower = g_strstrip(g_ascii_strdown(value, -1));
  const char *domain = lower[0] == '@' ? lower + 1 : lower;
  g_autofree char *person = NULL;
  struct suppression row = {.reason = page_text(page, "blocklist"), .source = page_text(page, "blocklist")};
  if (!strchr(domain, '@'))
    row.domain = page_text(page, domain);
  else if (email_canonical(lower, strlen(lower), &person) == EMAIL_OK)
    row.person = page_text(page, person);
  else
    row.person = page_text(page, lower);
  time_parse_us(date, &row.created_at_us);
  g_array_append_val(page->rows, row);
}

static bool entry_is_usable(const GString *value)
{
  return value->len > 0 && value->len <= VALUE_MAX_BYTES && !memchr(value->str, '\0', value->len) &&
         g_utf8_validate(value->str, (gssize)value->len, NULL);
}

bool parse_blocklist_csv(const char *bytes, size_t length, struct page *page, GError **error)
{
  page_reset(page);
  struct csv csv = {.at = bytes, .end = bytes + length};
  if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) csv.at += 3;
  g_autoptr(GString) value = g_string_new(NULL);
  g_autoptr(GString) date = g_string_new(NULL);
  take_record(&csv, value, date);
  g_autofree char *header = g_ascii_strdown(value->str, -1);
  if (!strstr(header, "blocked")) {
    error_set(error, ERROR_CORRUPT, "the block list does not begin with the header \"Blocked Email,Date\"");
    return false;
  }
  while (csv.at < csv.end) {
    take_record(&csv, value, date);
    if (entry_is_usable(value)) add_entry(page, value->str, date->str);
  }
  if (csv.is_broken) error_set(error, ERROR_CORRUPT, "the block list ends inside a quoted field");
  return !csv.is_broken;
}
