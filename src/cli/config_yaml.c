#include "cli/config_yaml.h"
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX     16
#define KEY_MAX_BYTES 128

struct reader {
  struct config *config;
  const char *name;
  const char *bytes;
  yaml_parser_t parser;
  bool is_broken; /* a syntax error was reported */
};

void yaml_node_free(struct yaml_node *node)
{
  if (!node) return;
  g_free(node->text);
  g_clear_pointer(&node->keys, g_ptr_array_unref);
  g_clear_pointer(&node->items, g_ptr_array_unref);
  g_free(node);
}

static void free_node(gpointer node)
{
  yaml_node_free(node);
}

static struct yaml_node *node_new(enum yaml_kind kind, yaml_mark_t mark)
{
  struct yaml_node *node = g_new0(struct yaml_node, 1);
  *node = (struct yaml_node){.kind = kind, .line = mark.line + 1, .column = mark.column + 1};
  if (kind == YAML_MAPPING || kind == YAML_SEQUENCE) node->items = g_ptr_array_new_with_free_func(free_node);
  if (kind == YAML_MAPPING) node->keys = g_ptr_array_new_with_free_func(free_node);
  return node;
}

static void problem(struct reader *reader, yaml_mark_t mark, const char *message)
{
  struct config_problem where = {.place = (char *)reader->name, .line = mark.line + 1, .column = mark.column + 1};
  config_problem_add(reader->config, &where, "%s", message);
}

/* Line and column of a byte, all bytes before which are UTF-8. */
static yaml_mark_t mark_at(const char *bytes, size_t offset)
{
  yaml_mark_t mark = {0};
  for (const char *at = bytes; at < bytes + offset; at = g_utf8_next_char(at)) {
    mark.column++;
    if (*at == '\n') mark = (yaml_mark_t){.line = mark.line + 1};
  }
  return mark;
}

/* libyaml's words for it, with a hint where the cause is a tab; it gives an offset alone for bytes that it does not
 * take. */
static void syntax_problem(struct reader *reader)
{
  const yaml_parser_t *parser = &reader->parser;
  bool is_short = parser->error == YAML_MEMORY_ERROR;
  const char *unknown = is_short ? "there is not enough memory to read the file" : "cannot be read as YAML";
  const char *what = parser->problem ? parser->problem : unknown;
  bool is_tab = strstr(what, "cannot start any token") != NULL;
  g_autofree char *message =
      g_strdup_printf("%s%s%s%s", what, parser->context ? ", " : "", parser->context ? parser->context : "",
                      is_tab ? " (a tab? indent with blanks; quote text that begins with one of @`%)" : "");
  bool is_byte = parser->error == YAML_READER_ERROR;
  problem(reader, is_byte ? mark_at(reader->bytes, parser->problem_offset) : parser->problem_mark, message);
  reader->is_broken = true;
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
  if (!reader->is_broken && yaml_parser_parse(&reader->parser, event)) return true;
  if (!reader->is_broken) syntax_problem(reader);
  return false;
}

/* ---- scalars ---- */

static bool is_one_of(const char *text, const char *const *words)
{
  return g_strv_contains(words, text);
}

static bool is_integer(const char *text)
{
  if (*text == '-' || *text == '+') text++;
  bool has_leading_zero = text[0] == '0' && text[1] != '\0';
  return *text != '\0' && !has_leading_zero && strspn(text, "0123456789") == strlen(text);
}

/* YAML's core schema; hexadecimal integers and those with leading zeros (octal in some dialects) count as floats, which
 * no setting takes. */
static enum yaml_scalar scalar_of(const char *text, bool is_plain)
{
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const bools[] = {"true", "false", "True", "False", "TRUE", "FALSE", NULL};
  if (!is_plain) return YAML_TEXT;
  if (is_one_of(text, nulls)) return YAML_NULL;
  if (is_one_of(text, bools)) return YAML_BOOL;
  if (is_integer(text)) return YAML_INT;
  bool is_number = strspn(text, "0123456789+-.eExXoabcdfABCDF_") == strlen(text) && strpbrk(text, "0123456789");
  char *end = NULL;
  if (is_number && (g_ascii_strtod(text, &end), *end == '\0')) return YAML_FLOAT;
  return YAML_TEXT;
}

static bool has_control(const char *text, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (text[i] == 0x7f || (text[i] >= 0 && text[i] < 0x20)) return true;
  return false;
}

static struct yaml_node *scalar_node(struct reader *reader, const yaml_event_t *event)
{
  const char *text = (const char *)event->data.scalar.value;
  bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  if (has_control(text, event->data.scalar.length)) {
    problem(reader, event->start_mark, "this text holds a line break or another control character");
    return node_new(YAML_REFUSED, event->start_mark);
  }
  struct yaml_node *node = node_new(YAML_SCALAR, event->start_mark);
  node->scalar = scalar_of(text, is_plain);
  node->text = node->scalar == YAML_BOOL ? g_ascii_strdown(text, -1) : g_strdup(text);
  return node;
}

/* ---- mappings and sequences ---- */

static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, int depth);

/* The next event as a node; NULL at the end of the collection and after a syntax error. */
static struct yaml_node *read_next(struct reader *reader, int depth)
{
  yaml_event_t event;
  if (!next_event(reader, &event)) return NULL;
  struct yaml_node *node = read_node(reader, &event, depth);
  yaml_event_delete(&event);
  return node;
}

static bool key_is_good(struct reader *reader, const struct yaml_node *mapping, const struct yaml_node *key)
{
  struct config_problem where = {.place = (char *)reader->name, .line = key->line, .column = key->column};
  if (key->kind == YAML_REFUSED) return false;
  if (key->kind != YAML_SCALAR) {
    config_problem_add(reader->config, &where, "a key must be text");
    return false;
  }
  if (strchr(key->text, '@') || strlen(key->text) > KEY_MAX_BYTES) {
    config_problem_add(reader->config, &where, "this key can be no name of a setting");
    return false;
  }
  if (strcmp(key->text, "<<") == 0) {
    config_problem_add(reader->config, &where, "merge keys are not supported: write the values out");
    return false;
  }
  for (size_t i = 0; i < mapping->keys->len; i++) {
    const struct yaml_node *other = g_ptr_array_index(mapping->keys, i);
    if (strcmp(other->text, key->text) == 0) {
      config_problem_add(reader->config, &where, "%s is given twice; the first is in line %zu", key->text, other->line);
      return false;
    }
  }
  return true;
}

static struct yaml_node *read_mapping(struct reader *reader, yaml_mark_t mark, int depth)
{
  struct yaml_node *mapping = node_new(YAML_MAPPING, mark);
  struct yaml_node *key = NULL;
  while ((key = read_next(reader, depth + 1)) != NULL) {
    struct yaml_node *value = read_next(reader, depth + 1);
    if (value && key_is_good(reader, mapping, key)) {
      g_ptr_array_add(mapping->keys, key);
      g_ptr_array_add(mapping->items, value);
    } else {
      yaml_node_free(key);
      yaml_node_free(value);
    }
  }
  return mapping;
}

static struct yaml_node *read_sequence(struct reader *reader, yaml_mark_t mark, int depth)
{
  struct yaml_node *sequence = node_new(YAML_SEQUENCE, mark);
  struct yaml_node *item = NULL;
  while ((item = read_next(reader, depth + 1)) != NULL)
    g_ptr_array_add(sequence->items, item);
  return sequence;
}

/* What is refused of a node's properties; the node itself is read all the same. */
static void check_properties(struct reader *reader, yaml_mark_t mark, const yaml_char_t *anchor, const yaml_char_t *tag)
{
  if (anchor) problem(reader, mark, "anchors (&name) are not supported: write the value out where it is needed");
  if (tag) problem(reader, mark, "tags (!name) are not supported: leave it out");
}

static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, int depth)
{
  if (depth > DEPTH_MAX) {
    problem(reader, event->start_mark, "nested too deep");
    reader->is_broken = true;
    return NULL;
  }
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    check_properties(reader, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
    return scalar_node(reader, event);
  case YAML_MAPPING_START_EVENT:
    check_properties(reader, event->start_mark, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    return read_mapping(reader, event->start_mark, depth);
  case YAML_SEQUENCE_START_EVENT:
    check_properties(reader, event->start_mark, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    return read_sequence(reader, event->start_mark, depth);
  case YAML_ALIAS_EVENT:
    problem(reader, event->start_mark, "aliases (*name) are not supported: write the value out");
    return node_new(YAML_REFUSED, event->start_mark);
  default: return NULL;
  }
}

/* ---- the document ---- */

/* The root: what follows stream start and document start. */
static struct yaml_node *read_root(struct reader *reader)
{
  struct yaml_node *root = NULL;
  bool is_over = false;
  while (!is_over) {
    yaml_event_t event;
    if (!next_event(reader, &event)) break;
    is_over = event.type == YAML_STREAM_END_EVENT;
    if (event.type == YAML_DOCUMENT_START_EVENT && root) {
      problem(reader, event.start_mark, "a second document begins here; the file must hold one");
      is_over = true;
    } else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT && !root) {
      root = read_node(reader, &event, 0);
    }
    yaml_event_delete(&event);
  }
  return root;
}

/* Is it UTF-8? If not, *offset is that of the first byte that is not. */
static bool is_utf8(const char *bytes, size_t size, size_t *offset)
{
  const char *end = bytes;
  bool is_valid = g_utf8_validate_len(bytes, size, &end);
  *offset = (size_t)(end - bytes);
  return is_valid;
}

struct yaml_node *yaml_read(struct config *config, const char *name, const char *bytes, size_t size)
{
  struct reader reader = {.config = config, .name = name, .bytes = bytes};
  size_t offset = 0;
  if (size > YAML_FILE_MAX_BYTES) {
    problem(&reader, (yaml_mark_t){0}, "the file is larger than 1 MiB");
    return NULL;
  }
  if (!is_utf8(bytes, size, &offset)) {
    problem(&reader, mark_at(bytes, offset), "this byte is not UTF-8; save the file as UTF-8");
    return NULL;
  }
  if (!yaml_parser_initialize(&reader.parser)) {
    syntax_problem(&reader);
    return NULL;
  }
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, size);
  struct yaml_node *root = read_root(&reader);
  yaml_parser_delete(&reader.parser);
  if (reader.is_broken) {
    g_clear_pointer(&root, yaml_node_free); /* what is left of it would only mislead */
    return NULL;
  }
  if (!root || (root->kind == YAML_SCALAR && root->scalar == YAML_NULL))
    problem(&reader, (yaml_mark_t){0}, "the file is empty; `leadferry init` writes a commented one");
  return root;
}
