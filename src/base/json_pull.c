#include "base/json_pull.h"

#include "base/json_text.h"

#include <glib.h>
#include <string.h>

void json_pull_init(struct json_pull *pull, char *bytes, size_t length)
{
  *pull = (struct json_pull){.at = bytes, .end = bytes + length};
}

/* The byte to read next; '\0' at the end, which valid JSON holds nowhere else. */
static char peek(const struct json_pull *pull)
{
  if (pull->at >= pull->end) return '\0';
  return pull->held != '\0' ? pull->held : *pull->at;
}

static void advance(struct json_pull *pull)
{
  pull->at++;
  pull->held = '\0';
}

static void skip_between(struct json_pull *pull)
{
  for (char c = peek(pull); c == ' ' || c == ',' || c == '\n' || c == '\r' || c == '\t'; c = peek(pull)) {
    advance(pull);
  }
}

/* Moves to the next quote or backslash, of which there is one. */
static char *plain_end(char *at, const char *end)
{
  uint64_t eight = 0;
  while (end - at >= (ptrdiff_t)sizeof eight) {
    memcpy(&eight, at, sizeof eight);
    uint64_t marked = json_marked_bytes(GUINT64_FROM_LE(eight));
    if (marked != 0) return at + __builtin_ctzll(marked) / 8;
    at += sizeof eight;
  }
  while (*at != '"' && *at != '\\') {
    at++;
  }
  return at;
}

/* Reads the string whose opening quote is the next byte. Up to the first escape nothing has to move. */
static char *take_string(struct json_pull *pull)
{
  char *start = pull->at + 1;
  char *to = plain_end(start, pull->end);
  const char *from = to;
  while (*from != '"') {
    if (*from == '\\') {
      from++;
      json_take_escape(&from, &to);
    } else {
      *to++ = *from++;
    }
  }
  pull->at = start + (from - start) + 1;
  *to = '\0';
  return start;
}

/* A number or a literal. Its terminator takes the place of the byte behind it, which is kept for the next read. */
static char *take_word(struct json_pull *pull)
{
  char *word = pull->at;
  while (pull->at < pull->end && !strchr(" ,]}\n\r\t", *pull->at)) {
    pull->at++;
  }
  pull->held = pull->at < pull->end ? *pull->at : '\0';
  *pull->at = '\0';
  return word;
}

/* A string is a name when a colon follows. */
static enum pull_token name_or_text(struct json_pull *pull)
{
  const char *at = pull->at;
  while (at < pull->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
    at++;
  }
  if (at >= pull->end || *at != ':') return PULL_TEXT;
  pull->at += at - pull->at + 1;
  return PULL_NAME;
}

enum pull_token json_pull_next(struct json_pull *pull, char **text)
{
  skip_between(pull);
  switch (peek(pull)) {
  case '\0': return PULL_END;
  case '{': advance(pull); return PULL_OBJECT;
  case '}': advance(pull); return PULL_OBJECT_END;
  case '[': advance(pull); return PULL_ARRAY;
  case ']': advance(pull); return PULL_ARRAY_END;
  case '"': *text = take_string(pull); return name_or_text(pull);
  default: *text = take_word(pull); break;
  }
  return strcmp(*text, "null") == 0 ? PULL_NULL : PULL_WORD;
}

void json_pull_skip(struct json_pull *pull, enum pull_token token)
{
  char *text = NULL;
  int depth = token == PULL_OBJECT || token == PULL_ARRAY;
  while (depth > 0) {
    token = json_pull_next(pull, &text);
    depth += token == PULL_OBJECT || token == PULL_ARRAY;
    depth -= token == PULL_OBJECT_END || token == PULL_ARRAY_END;
  }
}
