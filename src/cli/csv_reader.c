#include "cli/csv_reader.h"

#include "base/error.h"
#include "cli/csv_sniff.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How it works: the buffer holds everything from the first byte of the current record on. One physical line after the
 * other goes through libcsv until it reports the record's end. Because the bytes are still there, a record that turns
 * out to be hopeless (a quote that is never closed) can be given up and reading goes on right after its first line. */

#define READ_BYTES ((size_t)64 * 1024)
/* A file with more hopeless records than this is no CSV file; each one costs a megabyte of reading ahead. */
#define GIVEN_UP_MAX 1000

struct csv_reader {
  int fd;           /* -1: everything is in the buffer's source */
  const char *rest; /* bytes in memory that were not taken yet, when fd is -1 */
  size_t rest_n;
  bool is_eof;
  int64_t size_bytes, taken_bytes;

  GString *buffer;
  size_t start;          /* of the current record in the buffer */
  size_t at;             /* next byte to feed */
  size_t first_line_end; /* of the current record; 0: not known yet */
  int64_t line;          /* number of the physical line at `at` */
  int64_t start_line;
  int64_t first_line_next; /* the number after the record's first line */

  struct csv_parser parser;
  bool is_record_done;
  GString *text;     /* fields of the current record, each with its NUL */
  GArray *offsets;   /* size_t into text */
  GArray *lengths;   /* size_t */
  GPtrArray *fields; /* const char *, made when the record is complete */
  int given_up_n;
  char delimiter;
};

/* ---- bytes ---- */

static bool read_more(struct csv_reader *reader, GError **error)
{
  if (reader->start > 0) {
    g_string_erase(reader->buffer, 0, (gssize)reader->start);
    reader->at -= reader->start;
    if (reader->first_line_end) reader->first_line_end -= reader->start;
    reader->start = 0;
  }
  if (reader->fd < 0) {
    size_t n = MIN(reader->rest_n, READ_BYTES);
    g_string_append_len(reader->buffer, reader->rest, (gssize)n);
    reader->rest += n;
    reader->rest_n -= n;
    reader->taken_bytes += (int64_t)n;
    reader->is_eof = n == 0;
    return true;
  }
  size_t had = reader->buffer->len;
  g_string_set_size(reader->buffer, had + READ_BYTES);
  ssize_t n = read(reader->fd, reader->buffer->str + had, READ_BYTES);
  g_string_set_size(reader->buffer, had + (n > 0 ? (size_t)n : 0));
  if (n < 0) {
    error_set(error, ERROR_LOCAL, "The file cannot be read: %s", g_strerror(errno));
    return false;
  }
  reader->taken_bytes += n;
  reader->is_eof = n == 0;
  return true;
}

/* Length of the physical line at reader->at with its end, 0 when the buffer does not hold all of it. */
static size_t line_length(const struct csv_reader *reader, size_t searched)
{
  const char *line = reader->buffer->str + reader->at;
  size_t have = reader->buffer->len - reader->at;
  size_t from = MIN(searched, have);
  const char *lf = memchr(line + from, '\n', have - from);
  size_t until = lf ? (size_t)(lf - line) : have;
  const char *cr = memchr(line + from, '\r', until - from);
  if (!cr) return lf ? until + 1 : 0;
  size_t cr_at = (size_t)(cr - line);
  if (cr_at + 1 == have && !reader->is_eof) return 0; /* is it CRLF? */
  return cr_at + 1 < have && line[cr_at + 1] == '\n' ? cr_at + 2 : cr_at + 1;
}

/* Makes the buffer hold the next physical line: its length, 0 at the end of the file; *is_too_long when it outgrew the
 * limit first. */
static bool next_line(struct csv_reader *reader, size_t *length, bool *is_too_long, GError **error)
{
  *is_too_long = false;
  size_t searched = 0;
  for (;;) {
    *length = line_length(reader, searched);
    size_t have = reader->buffer->len - reader->at;
    if (*length == 0 && reader->is_eof) *length = have;
    size_t record_bytes = reader->at - reader->start + (*length ? *length : have);
    *is_too_long = record_bytes > CSV_RECORD_MAX_BYTES;
    if (*is_too_long || *length > 0 || reader->is_eof) return true;
    searched = have > 0 ? have - 1 : 0; /* the last byte may be half of a CRLF */
    if (!read_more(reader, error)) return false;
  }
}

/* ---- libcsv's callbacks ---- */

static void on_field(void *bytes, size_t length, void *context)
{
  struct csv_reader *reader = context;
  size_t offset = reader->text->len;
  if (length > 0) g_string_append_len(reader->text, bytes, (gssize)length);
  g_string_append_c(reader->text, '\0');
  g_array_append_val(reader->offsets, offset);
  g_array_append_val(reader->lengths, length);
}

static void on_record(int terminator, void *context)
{
  (void)terminator;
  ((struct csv_reader *)context)->is_record_done = true;
}

static void parser_reset(struct csv_reader *reader)
{
  csv_free(&reader->parser);
  if (csv_init(&reader->parser, 0) != 0) g_error("libcsv cannot be initialised");
  csv_set_delim(&reader->parser, (unsigned char)reader->delimiter);
}

/* ---- records ---- */

static void begin_record(struct csv_reader *reader)
{
  reader->start = reader->at;
  reader->start_line = reader->line;
  reader->first_line_end = 0;
  reader->is_record_done = false;
  g_string_truncate(reader->text, 0);
  g_array_set_size(reader->offsets, 0);
  g_array_set_size(reader->lengths, 0);
  g_ptr_array_set_size(reader->fields, 0);
}

static bool is_blank(const char *line, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n') return false;
  }
  return true;
}

static void feed_line(struct csv_reader *reader, size_t length)
{
  const char *line = reader->buffer->str + reader->at;
  bool is_first = reader->at == reader->start;
  /* A failure here means out of memory (GLib would abort as well) or a size of 2^64. */
  if (csv_parse(&reader->parser, line, length, on_field, on_record, reader) != length) g_error("libcsv: out of memory");
  reader->at += length;
  reader->line++;
  if (!is_first) return;
  reader->first_line_end = reader->at;
  reader->first_line_next = reader->line;
}

static bool has_nul(const struct csv_reader *reader)
{
  for (guint i = 0; i < reader->lengths->len; i++) {
    size_t offset = g_array_index(reader->offsets, size_t, i), length = g_array_index(reader->lengths, size_t, i);
    if (memchr(reader->text->str + offset, '\0', length)) return true;
  }
  return false;
}

/* All fields at once: the NULs between them are valid UTF-8 to nobody but skipping them one by one is. */
static bool is_utf8(const struct csv_reader *reader)
{
  for (guint i = 0; i < reader->lengths->len; i++) {
    size_t offset = g_array_index(reader->offsets, size_t, i), length = g_array_index(reader->lengths, size_t, i);
    if (!g_utf8_validate_len(reader->text->str + offset, length, NULL)) return false;
  }
  return true;
}

static enum csv_fault content_fault(const struct csv_reader *reader)
{
  if (has_nul(reader)) return CSV_FAULT_NUL_BYTE;
  return is_utf8(reader) ? CSV_FAULT_NONE : CSV_FAULT_BAD_UTF8;
}

static void finish_record(struct csv_reader *reader, struct csv_record *record)
{
  for (guint i = 0; i < reader->offsets->len; i++) {
    g_ptr_array_add(reader->fields, reader->text->str + g_array_index(reader->offsets, size_t, i));
  }
  *record = (struct csv_record){
      .line = reader->start_line,
      .fault = content_fault(reader),
      .fields = (const char *const *)reader->fields->pdata,
      .lengths = (const size_t *)(void *)reader->lengths->data,
      .fields_n = reader->fields->len,
  };
  reader->start = reader->at;
}

/* Skips what is left of a physical line without an end in sight. */
static bool skip_line(struct csv_reader *reader, GError **error)
{
  for (;;) {
    size_t length = line_length(reader, 0);
    if (length == 0 && reader->is_eof) length = reader->buffer->len - reader->at;
    reader->at += length ? length : reader->buffer->len - reader->at;
    reader->start = reader->at;
    if (length > 0 || reader->is_eof) break;
    if (!read_more(reader, error)) return false;
  }
  reader->line++;
  return true;
}

/* Gives the current record up and goes on right after its first line. */
static bool give_up(struct csv_reader *reader, enum csv_fault fault, struct csv_record *record, GError **error)
{
  *record = (struct csv_record){.line = reader->start_line, .fault = fault};
  parser_reset(reader);
  if (++reader->given_up_n > GIVEN_UP_MAX) {
    error_set(error, ERROR_REJECTED,
              "More than %d rows are over-long or have a quote that is never closed (the last begins in line "
              "%" G_GINT64_FORMAT "): this is not a CSV file that can be imported; export it again",
              GIVEN_UP_MAX, reader->start_line);
    return false;
  }
  if (reader->first_line_end == 0) return skip_line(reader, error);
  reader->at = reader->first_line_end;
  reader->start = reader->at;
  reader->line = reader->first_line_next;
  return true;
}

static bool finish_file(struct csv_reader *reader, struct csv_record *record, GError **error)
{
  if (reader->at == reader->start) return false;
  /* Strict at the very end only: before, quotes in odd places are taken as they are. */
  csv_set_opts(&reader->parser, CSV_STRICT | CSV_STRICT_FINI);
  int failed = csv_fini(&reader->parser, on_field, on_record, reader);
  csv_set_opts(&reader->parser, 0);
  if (failed) {
    return give_up(reader, CSV_FAULT_UNCLOSED_QUOTE, record, error);
  }
  if (!reader->is_record_done) return false;
  finish_record(reader, record);
  return true;
}

bool csv_reader_next(struct csv_reader *reader, struct csv_record *record, GError **error)
{
  begin_record(reader);
  while (!reader->is_record_done) {
    size_t length = 0;
    bool is_too_long = false;
    if (!next_line(reader, &length, &is_too_long, error)) return false;
    if (is_too_long) {
      bool is_quoted = reader->at > reader->start; /* it went on beyond its first line */
      return give_up(reader, is_quoted ? CSV_FAULT_UNCLOSED_QUOTE : CSV_FAULT_TOO_LONG, record, error);
    }
    if (length == 0) return finish_file(reader, record, error);
    bool is_first = reader->at == reader->start;
    bool is_skipped = is_first && is_blank(reader->buffer->str + reader->at, length);
    feed_line(reader, length);
    if (is_skipped) begin_record(reader);
  }
  finish_record(reader, record);
  return true;
}

/* ---- opening ---- */

static const struct {
  const char *magic;
  size_t size;
  const char *what;
} not_text[] = {
    {"PK\x03\x04", 4, "a spreadsheet (.xlsx) or an archive"},
    {"\xD0\xCF\x11\xE0", 4, "an old spreadsheet (.xls)"},
    {"\x1F\x8B", 2, "compressed (gzip); unpack it first"},
    {"%PDF", 4, "a PDF"},
    {"SQLite format 3", 15, "a SQLite database"},
};

static bool check_is_text(const GString *head, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(not_text); i++) {
    if (head->len < not_text[i].size || memcmp(head->str, not_text[i].magic, not_text[i].size) != 0) continue;
    error_set(error, ERROR_REJECTED, "This is no CSV file but %s: save it as \"CSV UTF-8\"", not_text[i].what);
    return false;
  }
  if (!csv_looks_like_utf16(head->str, head->len)) return true;
  error_set(error, ERROR_REJECTED,
            "The file is UTF-16, which is no CSV that can be imported: save it as \"CSV UTF-8\", or convert it with "
            "iconv -f UTF-16 -t UTF-8");
  return false;
}

static bool reader_start(struct csv_reader *reader, GError **error)
{
  while (!reader->is_eof && reader->buffer->len < CSV_SNIFF_BYTES) {
    if (!read_more(reader, error)) return false;
  }
  if (!check_is_text(reader->buffer, error)) return false;
  if (reader->buffer->len >= 3 && memcmp(reader->buffer->str, "\xEF\xBB\xBF", 3) == 0) reader->at = reader->start = 3;
  size_t hint_bytes = 0;
  const char *sample = reader->buffer->str + reader->at;
  size_t sample_bytes = reader->buffer->len - reader->at;
  reader->delimiter = csv_delimiter_hint(sample, sample_bytes, &hint_bytes);
  if (!reader->delimiter) reader->delimiter = csv_sniff_delimiter(sample, sample_bytes);
  reader->at += hint_bytes;
  reader->start = reader->at;
  reader->line = hint_bytes ? 2 : 1;
  parser_reset(reader);
  return true;
}

static struct csv_reader *reader_new(void)
{
  struct csv_reader *reader = g_new0(struct csv_reader, 1);
  reader->fd = -1;
  reader->buffer = g_string_new(NULL);
  reader->text = g_string_new(NULL);
  reader->offsets = g_array_new(FALSE, FALSE, sizeof(size_t));
  reader->lengths = g_array_new(FALSE, FALSE, sizeof(size_t));
  reader->fields = g_ptr_array_new();
  if (csv_init(&reader->parser, 0) != 0) g_error("libcsv cannot be initialised");
  return reader;
}

static bool open_file(struct csv_reader *reader, const char *path, GError **error)
{
  struct stat status;
  reader->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (reader->fd < 0 || fstat(reader->fd, &status) != 0) {
    error_set(error, ERROR_LOCAL, "cannot be opened: %s", g_strerror(errno));
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    error_set(error, ERROR_LOCAL, "is no regular file; write the rows into one first, they are read twice");
    return false;
  }
  reader->size_bytes = status.st_size;
  return reader_start(reader, error);
}

struct csv_reader *csv_reader_open(const char *path, GError **error)
{
  struct csv_reader *reader = reader_new();
  if (open_file(reader, path, error)) return reader;
  g_prefix_error(error, "%s: ", path);
  csv_reader_free(reader);
  return NULL;
}

struct csv_reader *csv_reader_on_bytes(const void *bytes, size_t size, GError **error)
{
  struct csv_reader *reader = reader_new();
  reader->rest = bytes;
  reader->rest_n = size;
  reader->size_bytes = (int64_t)size;
  if (reader_start(reader, error)) return reader;
  csv_reader_free(reader);
  return NULL;
}

char csv_reader_delimiter(const struct csv_reader *reader)
{
  return reader->delimiter;
}

int64_t csv_reader_done_bytes(const struct csv_reader *reader)
{
  return reader->taken_bytes - (int64_t)(reader->buffer->len - reader->at);
}

int64_t csv_reader_size_bytes(const struct csv_reader *reader)
{
  return reader->size_bytes;
}

void csv_reader_free(struct csv_reader *reader)
{
  if (!reader) return;
  if (reader->fd >= 0) close(reader->fd);
  csv_free(&reader->parser);
  g_string_free(reader->buffer, TRUE);
  g_string_free(reader->text, TRUE);
  g_array_unref(reader->offsets);
  g_array_unref(reader->lengths);
  g_ptr_array_unref(reader->fields);
  g_free(reader);
}

const char *csv_fault_name(enum csv_fault fault)
{
  static const char *const names[] = {"", "row_too_long", "unclosed_quote", "bad_utf8", "nul_byte"};
  return (size_t)fault < G_N_ELEMENTS(names) ? names[fault] : "";
}
