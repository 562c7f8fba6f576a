#include "google/page.h"

#include "base/json.h"
#include "base/json_pull.h"

#include <string.h>

struct reading {
  struct json_pull pull;
  struct page_reader *page;
  GError **error;
};

typedef bool read_f(struct reading *r, enum pull_token token, char *text, void *target);

/* One member that is looked at; all others are skipped. */
struct member {
  const char *name;
  read_f *read;
  void *target;
  bool is_seen;
};

void page_reader_init(struct page_reader *page)
{
  *page = (struct page_reader){.columns = g_ptr_array_new(), .cells = g_ptr_array_new()};
}

void page_reader_clear(struct page_reader *page)
{
  g_clear_pointer(&page->columns, g_ptr_array_unref);
  g_clear_pointer(&page->cells, g_ptr_array_unref);
}

static bool refuse(struct reading *r, const char *what)
{
  error_set(r->error, ERROR_CORRUPT, "BigQuery's page of results cannot be read: %s", what);
  return false;
}

/* ---- objects ---- */

static struct member *member_named(struct member *members, size_t members_n, const char *name)
{
  for (size_t i = 0; i < members_n; i++) {
    if (strcmp(members[i].name, name) == 0) return &members[i];
  }
  return NULL;
}

/* Reads an object whose opening brace has been read. */
static bool read_members(struct reading *r, struct member *members, size_t members_n)
{
  char *text = NULL;
  while (json_pull_next(&r->pull, &text) == PULL_NAME) {
    struct member *member = member_named(members, members_n, text);
    enum pull_token token = json_pull_next(&r->pull, &text);
    if (!member) {
      json_pull_skip(&r->pull, token);
      continue;
    }
    if (member->is_seen) return refuse(r, "a member stands twice");
    member->is_seen = true;
    if (token != PULL_NULL && !member->read(r, token, text, member->target)) return false;
  }
  return true;
}

/* ---- values ---- */

static bool read_text(struct reading *r, enum pull_token token, char *text, void *target)
{
  if (token != PULL_TEXT) return refuse(r, "a text was expected");
  *(const char **)target = text;
  return true;
}

/* A count comes as a string, from the emulator also as a number. */
static bool read_count(struct reading *r, enum pull_token token, char *text, void *target)
{
  bool is_scalar = token == PULL_TEXT || token == PULL_WORD;
  gint64 count = 0;
  if (!is_scalar || !g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &count, NULL)) {
    return refuse(r, "a count was expected");
  }
  *(int64_t *)target = count;
  return true;
}

static bool read_flag(struct reading *r, enum pull_token token, char *text, void *target)
{
  bool is_flag = token == PULL_WORD && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
  if (!is_flag) return refuse(r, "true or false was expected");
  *(bool *)target = strcmp(text, "true") == 0;
  return true;
}

static bool read_job(struct reading *r, enum pull_token token, char *text, void *target)
{
  (void)text;
  struct page_reader *page = target;
  struct member members[] = {{"jobId", read_text, &page->job_id, false},
                             {"location", read_text, &page->location, false}};
  return token == PULL_OBJECT ? read_members(r, members, G_N_ELEMENTS(members)) : refuse(r, "jobReference");
}

static bool read_dml(struct reading *r, enum pull_token token, char *text, void *target)
{
  (void)text;
  struct page_reader *page = target;
  struct member members[] = {
      {"insertedRowCount", read_count, &page->rows_inserted, false},
      {"updatedRowCount", read_count, &page->rows_updated, false},
      {"deletedRowCount", read_count, &page->rows_deleted, false},
  };
  return token == PULL_OBJECT ? read_members(r, members, G_N_ELEMENTS(members)) : refuse(r, "dmlStats");
}

/* ---- schema ---- */

static bool read_fields(struct reading *r, enum pull_token token, char *text, void *target)
{
  GPtrArray *columns = target;
  if (token != PULL_ARRAY) return refuse(r, "schema.fields");
  for (token = json_pull_next(&r->pull, &text); token == PULL_OBJECT; token = json_pull_next(&r->pull, &text)) {
    const char *name = NULL;
    struct member members[] = {{"name", read_text, &name, false}};
    if (!read_members(r, members, G_N_ELEMENTS(members))) return false;
    if (!name) return refuse(r, "a column without a name");
    g_ptr_array_add(columns, (gpointer)name);
  }
  return token == PULL_ARRAY_END || refuse(r, "a column is no object");
}

static bool read_schema(struct reading *r, enum pull_token token, char *text, void *target)
{
  (void)text;
  struct member members[] = {{"fields", read_fields, target, false}};
  return token == PULL_OBJECT ? read_members(r, members, G_N_ELEMENTS(members)) : refuse(r, "schema");
}

/* ---- rows ---- */

/* {"v": TEXT}, whose brace has been read. This and the next run for each cell, so they know the one name there is. */
static bool read_cell(struct reading *r)
{
  char *text = NULL;
  if (json_pull_next(&r->pull, &text) != PULL_NAME || strcmp(text, "v") != 0) return refuse(r, "a cell is no {v}");
  enum pull_token token = json_pull_next(&r->pull, &text);
  if (token == PULL_OBJECT || token == PULL_ARRAY) {
    error_set(r->error, ERROR_CONFIG, "a column is an array or a struct: write TO_JSON_STRING around it");
    return false;
  }
  g_ptr_array_add(r->page->cells, token == PULL_NULL ? NULL : text);
  return json_pull_next(&r->pull, &text) == PULL_OBJECT_END || refuse(r, "a cell is no {v}");
}

/* {"f": [CELL, ...]}, whose brace has been read. */
static bool read_row(struct reading *r)
{
  char *text = NULL;
  struct page_reader *page = r->page;
  size_t cells_before_n = page->cells->len;
  if (json_pull_next(&r->pull, &text) != PULL_NAME || strcmp(text, "f") != 0) return refuse(r, "a row is no {f}");
  if (json_pull_next(&r->pull, &text) != PULL_ARRAY) return refuse(r, "a row's cells are no array");
  enum pull_token token = json_pull_next(&r->pull, &text);
  for (; token == PULL_OBJECT; token = json_pull_next(&r->pull, &text)) {
    if (!read_cell(r)) return false;
  }
  bool is_closed = token == PULL_ARRAY_END && json_pull_next(&r->pull, &text) == PULL_OBJECT_END;
  if (!is_closed) return refuse(r, "a row is no {f}");
  size_t cells_n = page->cells->len - cells_before_n;
  if (page->rows_n == 0) page->cells_per_row = cells_n;
  page->rows_n++;
  return (cells_n > 0 && cells_n == page->cells_per_row) || refuse(r, "rows of different widths");
}

static bool read_rows(struct reading *r, enum pull_token token, char *text, void *target)
{
  (void)target;
  if (token != PULL_ARRAY) return refuse(r, "rows are no array");
  r->page->has_rows = true;
  for (token = json_pull_next(&r->pull, &text); token == PULL_OBJECT; token = json_pull_next(&r->pull, &text)) {
    if (!read_row(r)) return false;
  }
  return token == PULL_ARRAY_END || refuse(r, "a row is no object");
}

/* ---- the page ---- */

static void page_reset(struct page_reader *page)
{
  GPtrArray *columns = page->columns, *cells = page->cells;
  g_ptr_array_set_size(columns, 0);
  g_ptr_array_set_size(cells, 0);
  *page = (struct page_reader){
      .columns = columns,
      .cells = cells,
      .total_rows = -1,
      .bytes_billed = -1,
      .bytes_processed = -1,
      .rows_changed = -1,
      .rows_inserted = -1,
      .rows_updated = -1,
      .rows_deleted = -1,
  };
}

/* A cell of the user's may hold U+0000, which no text of ours can: U+FFFD stands for it, so that one value does not
 * keep all others from being read. */
static void nul_replace(char *bytes, size_t length)
{
  const char escape[] = "\\u0000", *end = bytes + length;
  const size_t escape_n = sizeof escape - 1;
  for (char *at = bytes; (at = memchr(at, '\\', (size_t)(end - at))) != NULL;) {
    size_t left_n = (size_t)(end - at);
    if (left_n >= escape_n && memcmp(at, escape, escape_n) == 0) memcpy(at, "\\ufffd", escape_n);
    at += MIN(left_n, 2); /* what follows a backslash belongs to it */
  }
}

bool page_reader_read(struct page_reader *page, char *bytes, size_t length, GError **error)
{
  page_reset(page);
  struct reading r = {.page = page, .error = error};
  struct member members[] = {
      {"jobComplete", read_flag, &page->is_complete, false},
      {"jobReference", read_job, page, false},
      {"schema", read_schema, page->columns, false},
      {"rows", read_rows, NULL, false},
      {"totalRows", read_count, &page->total_rows, false},
      {"pageToken", read_text, &page->page_token, false},
      {"totalBytesBilled", read_count, &page->bytes_billed, false},
      {"totalBytesProcessed", read_count, &page->bytes_processed, false},
      {"numDmlAffectedRows", read_count, &page->rows_changed, false},
      {"dmlStats", read_dml, page, false},
  };
  size_t values_n = 0;
  nul_replace(bytes, length);
  if (!json_check(bytes, length, &values_n, error)) return false;
  char *text = NULL;
  json_pull_init(&r.pull, bytes, length);
  if (json_pull_next(&r.pull, &text) != PULL_OBJECT) return refuse(&r, "it is no object");
  if (!read_members(&r, members, G_N_ELEMENTS(members))) return false;
  bool has_other_width = page->columns->len > 0 && page->rows_n > 0 && page->columns->len != page->cells_per_row;
  return !has_other_width || refuse(&r, "rows and schema have different widths");
}
