#include "base/json.h"

#include "base/clock.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

/* Reading goes over the bytes twice: first the scanner below, which accepts exactly RFC 8259 within our limits and
 * allocates nothing, then cJSON, which builds the tree and is laxer than the RFC in a dozen places (numbers such as
 * 01, byte order marks, control bytes in strings, trailing text, any bytes as UTF-8), or json_flat.c, which may take
 * for granted what the scanner has seen. Where a name stands twice in an object the getters find the first. */

#define DEPTH_MAX 64
/* cJSON copies a number into a fixed buffer of 64 and would cut a longer one in two. */
#define NUMBER_MAX_BYTES 63
#define INTEGER_MAX      9007199254740992.0

struct scan {
  const unsigned char *at;
  const unsigned char *end;
  const char *problem; /* set once, by whoever refuses */
  size_t values_n;
  int depth;
};

static bool scan_value(struct scan *s);

static bool refuse(struct scan *s, const char *problem)
{
  s->problem = problem;
  return false;
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *s)
{
  return s->at < s->end ? *s->at : -1;
}

static void skip_blanks(struct scan *s)
{
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) {
    s->at++;
  }
}

static bool is_continuation(const struct scan *s, size_t index)
{
  return (s->at[index] & 0xc0) == 0x80;
}

/* One UTF-8 sequence of two to four bytes: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool scan_utf8(struct scan *s)
{
  unsigned char lead = *s->at;
  size_t left_bytes = (size_t)(s->end - s->at);
  size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || length > left_bytes) return refuse(s, "invalid UTF-8");
  unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (s->at[1] < lowest || s->at[1] > highest) return refuse(s, "invalid UTF-8");
  for (size_t i = 2; i < length; i++) {
    if (!is_continuation(s, i)) return refuse(s, "invalid UTF-8");
  }
  s->at += length;
  return true;
}

/* The four hexadecimal digits after "\u", or -1. */
static int scan_hex4(struct scan *s)
{
  if (s->end - s->at < 4) return -1;
  int code = 0;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value((char)s->at[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  s->at += 4;
  return code;
}

static bool scan_unicode_escape(struct scan *s)
{
  int code = scan_hex4(s);
  if (code < 0) return refuse(s, "\\u without four hexadecimal digits");
  if (code == 0) return refuse(s, "\\u0000 inside a string");
  if (code < 0xd800 || code > 0xdfff) return true;
  bool is_pair = code <= 0xdbff && s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u';
  if (!is_pair) return refuse(s, "half of a surrogate pair");
  s->at += 2;
  int low = scan_hex4(s);
  return (low >= 0xdc00 && low <= 0xdfff) || refuse(s, "half of a surrogate pair");
}

/* After the backslash. */
static bool scan_escape(struct scan *s)
{
  int c = peek(s);
  if (c <= 0 || !strchr("\"\\/bfnrtu", c)) return refuse(s, "unknown escape");
  s->at++;
  return c != 'u' || scan_unicode_escape(s);
}

/* The bytes of these eight that have a meaning inside a string (a quote, a backslash, a control byte, one beyond ASCII)
 * by their highest bit. Above the first one there may be bits too many. Pages are mostly strings, and a byte at a time
 * is four times as slow. */
static uint64_t special_bytes(uint64_t eight)
{
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
  uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
  return ((eight - ones * 0x20) | (quote - ones) | (backslash - ones) | eight) & highs;
}

/* Moves over bytes without meaning. */
static void skip_plain(struct scan *s)
{
  uint64_t eight = 0;
  while (s->end - s->at >= (ptrdiff_t)sizeof eight) {
    memcpy(&eight, s->at, sizeof eight);
    uint64_t special = special_bytes(GUINT64_FROM_LE(eight));
    if (special != 0) {
      s->at += __builtin_ctzll(special) / 8;
      return;
    }
    s->at += sizeof eight;
  }
  while (s->at < s->end && *s->at >= 0x20 && *s->at < 0x80 && *s->at != '"' && *s->at != '\\') {
    s->at++;
  }
}

static bool scan_string(struct scan *s)
{
  s->at++;
  for (;;) {
    skip_plain(s);
    int c = peek(s);
    if (c < 0) return refuse(s, "string without an end");
    if (c < 0x20) return refuse(s, "control byte inside a string");
    if (c >= 0x80) {
      if (!scan_utf8(s)) return false;
      continue;
    }
    s->at++;
    if (c == '"') return true;
    if (!scan_escape(s)) return false;
  }
}

/* Moves over decimal digits; false when there is none. */
static bool scan_digits(struct scan *s)
{
  const unsigned char *start = s->at;
  while (s->at < s->end && g_ascii_isdigit(*s->at)) {
    s->at++;
  }
  return s->at > start;
}

/* Only an exponent can lead out of the range of a double, numbers being as short as they are. */
static bool is_finite(const unsigned char *number, size_t length)
{
  char copy[NUMBER_MAX_BYTES + 1] = {0};
  memcpy(copy, number, length);
  return isfinite(g_ascii_strtod(copy, NULL));
}

static bool scan_number(struct scan *s)
{
  const unsigned char *start = s->at;
  if (peek(s) == '-') s->at++;
  bool has_zero = peek(s) == '0';
  if (has_zero) s->at++;
  if (has_zero && g_ascii_isdigit(peek(s))) return refuse(s, "number with a leading zero");
  if (!has_zero && !scan_digits(s)) return refuse(s, "no valid value");
  if (peek(s) == '.') {
    s->at++;
    if (!scan_digits(s)) return refuse(s, "number without digits after the point");
  }
  bool has_exponent = peek(s) == 'e' || peek(s) == 'E';
  if (has_exponent) {
    s->at++;
    if (peek(s) == '+' || peek(s) == '-') s->at++;
    if (!scan_digits(s)) return refuse(s, "number without digits in the exponent");
  }
  size_t length = (size_t)(s->at - start);
  if (length > NUMBER_MAX_BYTES) return refuse(s, "number of more than 63 characters");
  return !has_exponent || is_finite(start, length) || refuse(s, "number out of range");
}

static bool scan_word(struct scan *s, const char *word)
{
  size_t length = strlen(word);
  if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) return refuse(s, "no valid value");
  s->at += length;
  return true;
}

/* A name and its colon. */
static bool scan_name(struct scan *s)
{
  skip_blanks(s);
  if (peek(s) != '"') return refuse(s, "no name where one must be");
  if (!scan_string(s)) return false;
  skip_blanks(s);
  if (peek(s) != ':') return refuse(s, "no colon after a name");
  s->at++;
  return true;
}

/* The members of an array or, with names, of an object; the opening bracket is the next byte. */
static bool scan_members(struct scan *s, char closing)
{
  if (s->depth == DEPTH_MAX) return refuse(s, "nesting deeper than 64");
  s->depth++;
  s->at++;
  skip_blanks(s);
  bool is_empty = peek(s) == closing;
  while (!is_empty) {
    if (closing == '}' && !scan_name(s)) return false;
    if (!scan_value(s)) return false;
    skip_blanks(s);
    if (peek(s) == closing) break;
    if (peek(s) != ',') return refuse(s, "no comma between two values");
    s->at++;
  }
  s->at++;
  s->depth--;
  return true;
}

static bool scan_value(struct scan *s)
{
  s->values_n++;
  skip_blanks(s);
  switch (peek(s)) {
  case '{': return scan_members(s, '}');
  case '[': return scan_members(s, ']');
  case '"': return scan_string(s);
  case 't': return scan_word(s, "true");
  case 'f': return scan_word(s, "false");
  case 'n': return scan_word(s, "null");
  case -1: return refuse(s, "end of text where a value must be");
  default: return scan_number(s);
  }
}

static bool scan_document(struct scan *s)
{
  if (!scan_value(s)) return false;
  skip_blanks(s);
  return s->at == s->end || refuse(s, "text after the end");
}

bool json_check(const char *text, size_t length, size_t *values_n, GError **error)
{
  const unsigned char *start = (const unsigned char *)(text ? text : "");
  struct scan scan = {.at = start, .end = start + (text ? length : 0)};
  bool is_valid = scan_document(&scan);
  *values_n = scan.values_n;
  if (is_valid) return true;
  error_set(error, ERROR_CORRUPT, "not valid JSON at byte %zu of %zu: %s", (size_t)(scan.at - start),
            (size_t)(scan.end - start), scan.problem);
  return false;
}

cJSON *json_parse(const char *text, size_t length, GError **error)
{
  size_t values_n = 0;
  if (!json_check(text, length, &values_n, error)) return NULL;
  cJSON *tree = cJSON_ParseWithLength(text, length);
  if (!tree) error_set(error, ERROR_CORRUPT, "JSON of %zu bytes was refused by cJSON %s", length, cJSON_Version());
  return tree;
}

const cJSON *json_get(const cJSON *object, const char *name)
{
  return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_string(const cJSON *object, const char *name)
{
  return cJSON_GetStringValue(json_get(object, name));
}

bool json_real(const cJSON *object, const char *name, double *value)
{
  const cJSON *item = json_get(object, name);
  if (!cJSON_IsNumber(item)) return false;
  *value = item->valuedouble;
  return true;
}

bool json_int(const cJSON *object, const char *name, int64_t *value)
{
  double real = 0;
  if (!json_real(object, name, &real)) return false;
  if (!(fabs(real) <= INTEGER_MAX) || real != floor(real)) return false;
  *value = (int64_t)real;
  return true;
}

bool json_bool(const cJSON *object, const char *name, bool *value)
{
  const cJSON *item = json_get(object, name);
  if (!cJSON_IsBool(item)) return false;
  *value = cJSON_IsTrue(item);
  return true;
}

bool json_time_us(const cJSON *object, const char *name, int64_t *wall_us)
{
  return time_parse_us(json_string(object, name), wall_us);
}

const cJSON *json_array(const cJSON *object, const char *name)
{
  const cJSON *item = json_get(object, name);
  return cJSON_IsArray(item) ? item : NULL;
}

/* The letter that stands for a byte after a backslash; NUL when the byte has none. */
static char short_escape(char c)
{
  switch (c) {
  case '"':
  case '\\': return c;
  case '\b': return 'b';
  case '\f': return 'f';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return '\0';
  }
}

void json_append_string(GString *out, const char *text)
{
  if (!text) {
    g_string_append(out, "null");
    return;
  }
  g_autofree char *repaired = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
  g_string_append_c(out, '"');
  for (const char *at = repaired ? repaired : text; *at != '\0'; at++) {
    char letter = short_escape(*at);
    if (letter != '\0') {
      g_string_append_c(out, '\\');
      g_string_append_c(out, letter);
    } else if ((unsigned char)*at < 0x20) {
      g_string_append_printf(out, "\\u%04x", (unsigned)*at);
    } else {
      g_string_append_c(out, *at);
    }
  }
  g_string_append_c(out, '"');
}

void json_append_strings(GString *out, const char *const *texts, size_t n)
{
  g_string_append_c(out, '[');
  for (size_t i = 0; i < n; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, texts[i]);
  }
  g_string_append_c(out, ']');
}

void json_append_key(GString *out, const char *name)
{
  char last = out->len > 0 ? out->str[out->len - 1] : '{';
  if (last != '{' && last != '[') g_string_append_c(out, ',');
  json_append_string(out, name);
  g_string_append_c(out, ':');
}

void json_append_str(GString *out, const char *name, const char *text)
{
  json_append_key(out, name);
  json_append_string(out, text);
}

void json_append_int(GString *out, const char *name, int64_t value)
{
  json_append_key(out, name);
  g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

void json_append_bool(GString *out, const char *name, bool value)
{
  json_append_key(out, name);
  g_string_append(out, value ? "true" : "false");
}

void json_append_time(GString *out, const char *name, int64_t wall_us)
{
  g_autofree char *text = wall_us == 0 ? NULL : time_format_us(wall_us);
  json_append_str(out, name, text);
}
