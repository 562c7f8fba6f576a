#include "instantly/body.h"

#include "base/json.h"

static void append_texts(GString *out, const char *name, const struct text_list *list)
{
  json_append_key(out, name);
  json_append_strings(out, list->items, list->items_n);
}

static void append_text(GString *out, const char *name, const char *text)
{
  if (text) json_append_str(out, name, text);
}

static void append_count(GString *out, const char *name, int64_t count)
{
  if (count != 0) json_append_int(out, name, count);
}

static void append_writer(GString *out, const struct body_field *field, const struct field_writer *writer)
{
  if (!writer->write) return;
  if (field->type == FIELD_WRITER) json_append_key(out, field->name);
  writer->write(out, writer->context);
}

static void append_field(GString *out, const struct body_field *field, const void *value)
{
  switch (field->type) {
  case FIELD_TEXT: append_text(out, field->name, *(const char *const *)value); break;
  case FIELD_COUNT: append_count(out, field->name, *(const int64_t *)value); break;
  case FIELD_FLAG:
    if (*(const bool *)value) json_append_bool(out, field->name, true);
    break;
  case FIELD_SWITCH: json_append_bool(out, field->name, *(const bool *)value); break;
  case FIELD_TEXTS:
    if (((const struct text_list *)value)->items_n > 0) append_texts(out, field->name, value);
    break;
  case FIELD_WRITER:
  case FIELD_MEMBERS: append_writer(out, field, value); break;
  }
}

void body_append(GString *out, const struct body_field *fields, size_t fields_n, const void *source)
{
  g_string_append_c(out, '{');
  for (size_t i = 0; i < fields_n; i++) {
    append_field(out, &fields[i], (const char *)source + fields[i].offset);
  }
  g_string_append_c(out, '}');
}
