/* A tree of cJSON nodes in one block: the nodes, then the texts of names and strings. json_check() has counted the
 * values and seen that every byte is as it must be, so the walk below asks no questions: it only tells apart what can
 * stand where it is. A node costs no allocation, and neither does freeing it. */
#include "base/json.h"
#include "base/json_text.h"

#include <string.h>

struct flat {
  const char *at;
  const char *end;
  cJSON *node; /* the next free one */
  char *text;  /* where the next text begins; texts are never longer than what they were read from */
};

static cJSON *flat_value(struct flat *flat);

static void skip_blanks(struct flat *flat)
{
  while (*flat->at == ' ' || *flat->at == '\n' || *flat->at == '\r' || *flat->at == '\t')
    flat->at++;
}

/* Copies up to the next quote or backslash. Eight bytes at a time: what is copied too much is written over, and there
 * is room for it, because the text so far is no longer than what was read. */
static void copy_plain(struct flat *flat)
{
  uint64_t eight = 0;
  while (flat->end - flat->at >= (ptrdiff_t)sizeof eight) {
    memcpy(&eight, flat->at, sizeof eight);
    memcpy(flat->text, &eight, sizeof eight);
    uint64_t marked = json_marked_bytes(GUINT64_FROM_LE(eight));
    int plain_n = marked == 0 ? (int)sizeof eight : __builtin_ctzll(marked) / 8;
    flat->at += plain_n;
    flat->text += plain_n;
    if (marked != 0) return;
  }
  while (*flat->at != '"' && *flat->at != '\\')
    *flat->text++ = *flat->at++;
}

/* A string at its opening quote: its text, with a NUL. */
static char *flat_string(struct flat *flat)
{
  char *start = flat->text;
  flat->at++;
  copy_plain(flat);
  while (*flat->at == '\\') {
    flat->at++;
    json_take_escape(&flat->at, &flat->text);
    copy_plain(flat);
  }
  flat->at++;
  *flat->text++ = '\0';
  return start;
}

static bool is_of_number(char c)
{
  return g_ascii_isdigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* As cJSON reads it: the double, and beside it an int that stops at its limits. Most numbers are short and whole. */
static void flat_number(struct flat *flat, cJSON *node)
{
  char copy[64] = {0};
  size_t length = 0;
  int64_t whole = 0;
  bool is_whole = true;
  for (; flat->at < flat->end && is_of_number(*flat->at); flat->at++) {
    is_whole = is_whole && length < 15 && g_ascii_isdigit(*flat->at);
    if (is_whole) whole = whole * 10 + (*flat->at - '0');
    copy[length++] = *flat->at;
  }
  node->type = cJSON_Number;
  node->valuedouble = is_whole ? (double)whole : g_ascii_strtod(copy, NULL);
  node->valueint = (int)CLAMP(node->valuedouble, (double)G_MININT, (double)G_MAXINT);
}

static void flat_word(struct flat *flat, cJSON *node, int type, size_t length)
{
  node->type = type;
  node->valueint = type == cJSON_True;
  flat->at += length;
}

/* The members of an array or, with names, of an object. */
static void flat_members(struct flat *flat, cJSON *parent, char closing)
{
  cJSON *last = NULL;
  flat->at++;
  skip_blanks(flat);
  while (*flat->at != closing) {
    char *name = NULL;
    if (*flat->at == ',') flat->at++;
    skip_blanks(flat);
    if (closing == '}') {
      name = flat_string(flat);
      skip_blanks(flat);
      flat->at++; /* the colon */
    }
    cJSON *member = flat_value(flat);
    member->string = name;
    member->prev = last;
    if (last) last->next = member;
    if (!last) parent->child = member;
    last = member;
    skip_blanks(flat);
  }
  flat->at++;
  /* cJSON keeps the last member where the first one's predecessor would be. */
  if (last) parent->child->prev = last;
}

static cJSON *flat_value(struct flat *flat)
{
  cJSON *node = flat->node++;
  skip_blanks(flat);
  *node = (cJSON){0};
  switch (*flat->at) {
  case '{':
    node->type = cJSON_Object;
    flat_members(flat, node, '}');
    break;
  case '[':
    node->type = cJSON_Array;
    flat_members(flat, node, ']');
    break;
  case '"':
    node->type = cJSON_String;
    node->valuestring = flat_string(flat);
    break;
  case 't': flat_word(flat, node, cJSON_True, strlen("true")); break;
  case 'f': flat_word(flat, node, cJSON_False, strlen("false")); break;
  case 'n': flat_word(flat, node, cJSON_NULL, strlen("null")); break;
  default: flat_number(flat, node); break;
  }
  node->type |= cJSON_IsReference;
  return node;
}

cJSON *json_parse_flat(const char *text, size_t length, GError **error)
{
  size_t values_n = 0;
  if (!json_check(text, length, &values_n, error)) return NULL;
  cJSON *nodes = g_malloc(values_n * sizeof *nodes + length);
  struct flat flat = {.at = text, .end = text + length, .node = nodes, .text = (char *)(nodes + values_n)};
  return flat_value(&flat);
}
