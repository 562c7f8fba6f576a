#include "validate.h"

#include "ids.h"

#include <math.h>
#include <string.h>

static const char *type_name(unsigned type)
{
  static const struct {
    unsigned bit;
    const char *name;
  } names[] = {{FIELD_STRING, "string"}, {FIELD_UUID, "string"}, {FIELD_NUMBER, "number"}, {FIELD_INTEGER, "integer"},
               {FIELD_BOOL, "boolean"},  {FIELD_TEXTS, "array"}, {FIELD_ARRAY, "array"},   {FIELD_OBJECT, "object"}};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if ((type & names[i].bit) != 0) return names[i].name;
  return "null";
}

static bool refuse(GString *path, const char *problem)
{
  g_string_append_c(path, ' ');
  g_string_append(path, problem);
  return false;
}

static bool refuse_type(GString *path, unsigned type)
{
  g_string_append_printf(path, " must be %s%s", type_name(type), (type & FIELD_NULL) != 0 ? ",null" : "");
  return false;
}

static void become_string(cJSON *item)
{
  char *text = cJSON_IsBool(item) ? g_strdup(cJSON_IsTrue(item) ? "true" : "false")
                                  : g_strdup_printf("%.17g", item->valuedouble);
  item->type = cJSON_String;
  /* cJSON frees it with free(), which is what g_free() is. */
  item->valuestring = text;
}

static bool become_number(cJSON *item)
{
  char *end = NULL;
  double value = g_ascii_strtod(item->valuestring, &end);
  if (end == item->valuestring || *end != '\0') return false;
  g_clear_pointer(&item->valuestring, cJSON_free);
  item->type = cJSON_Number;
  item->valuedouble = value;
  item->valueint = (int)CLAMP(value, -1e9, 1e9);
  return true;
}

static bool coerce(cJSON *item, unsigned type)
{
  if ((item->type & cJSON_IsReference) != 0) return false;
  if ((type & (FIELD_ARRAY | FIELD_TEXTS)) != 0) return false;
  if ((type & (FIELD_STRING | FIELD_UUID)) != 0) {
    if (!cJSON_IsNumber(item) && !cJSON_IsBool(item)) return false;
    become_string(item);
    return true;
  }
  if ((type & (FIELD_NUMBER | FIELD_INTEGER)) != 0) return cJSON_IsString(item) && become_number(item);
  if ((type & FIELD_BOOL) == 0) return false;
  bool is_true = cJSON_IsString(item) ? strcmp(item->valuestring, "true") == 0 : item->valuedouble == 1;
  bool is_false = cJSON_IsString(item) ? strcmp(item->valuestring, "false") == 0 : item->valuedouble == 0;
  if ((!cJSON_IsString(item) && !cJSON_IsNumber(item)) || (!is_true && !is_false)) return false;
  if (cJSON_IsString(item)) g_clear_pointer(&item->valuestring, cJSON_free);
  item->type = is_true ? cJSON_True : cJSON_False;
  return true;
}

static bool has_type(const cJSON *item, unsigned type)
{
  if (cJSON_IsNull(item)) return (type & FIELD_NULL) != 0;
  if (cJSON_IsString(item)) return (type & (FIELD_STRING | FIELD_UUID)) != 0 && (type & FIELD_ARRAY) == 0;
  if (cJSON_IsNumber(item)) return (type & (FIELD_NUMBER | FIELD_INTEGER)) != 0;
  if (cJSON_IsBool(item)) return (type & FIELD_BOOL) != 0;
  if (cJSON_IsArray(item)) return (type & (FIELD_ARRAY | FIELD_TEXTS)) != 0;
  return (type & FIELD_OBJECT) != 0;
}

static bool check_range(const struct field *field, double value, GString *path)
{
  if (field->least == 0 && field->most == 0) return true;
  bool is_low = value < field->least;
  if (!is_low && value <= field->most) return true;
  g_string_append_printf(path, " must be %s %.0f", is_low ? ">=" : "<=", is_low ? field->least : field->most);
  return false;
}

static bool check_count(const struct field *field, int count, GString *path)
{
  if (field->least == 0 && field->most == 0) return true;
  bool is_few = count < field->least;
  if (!is_few && count <= field->most) return true;
  g_string_append_printf(path, " must NOT have %s than %.0f items", is_few ? "fewer" : "more",
                         is_few ? field->least : field->most);
  return false;
}

static bool check_fields(cJSON *object, const struct field *fields, bool is_strict, GString *path);

static bool check_element(cJSON *item, const struct field *field, bool is_strict, GString *path)
{
  struct uuid id;
  if (field->items != NULL)
    return cJSON_IsObject(item) ? check_fields(item, field->items, is_strict, path) : refuse_type(path, FIELD_OBJECT);
  if ((field->type & (FIELD_UUID | FIELD_TEXTS)) == 0) return true;
  if (!cJSON_IsString(item)) return refuse_type(path, FIELD_STRING);
  if ((field->type & FIELD_UUID) == 0 || uuid_parse(item->valuestring, &id)) return true;
  return refuse(path, "must match format \"uuid\"");
}

static bool check_array(cJSON *array, const struct field *field, bool is_strict, GString *path)
{
  int i = 0;
  cJSON *item;
  if (!check_count(field, cJSON_GetArraySize(array), path)) return false;
  cJSON_ArrayForEach(item, array)
  {
    gsize length = path->len;
    g_string_append_printf(path, "/%d", i++);
    if (!check_element(item, field, is_strict, path)) return false;
    g_string_truncate(path, length);
  }
  return true;
}

static bool check_value(cJSON *item, const struct field *field, bool is_strict, GString *path)
{
  struct uuid id;
  if (!has_type(item, field->type) && !coerce(item, field->type)) return refuse_type(path, field->type);
  if (cJSON_IsNumber(item)) {
    if ((field->type & FIELD_INTEGER) != 0 && item->valuedouble != floor(item->valuedouble))
      return refuse_type(path, FIELD_INTEGER);
    return check_range(field, item->valuedouble, path);
  }
  if (cJSON_IsString(item) && (field->type & FIELD_UUID) != 0 && !uuid_parse(item->valuestring, &id))
    return refuse(path, "must match format \"uuid\"");
  return !cJSON_IsArray(item) || check_array(item, field, is_strict, path);
}

static const struct field *field_find(const struct field *fields, const char *name)
{
  for (const struct field *field = fields; field->name != NULL; field++)
    if (strcmp(field->name, name) == 0) return field;
  return NULL;
}

static bool check_required(const cJSON *object, const struct field *fields, GString *path)
{
  for (const struct field *field = fields; field->name != NULL; field++) {
    if ((field->type & FIELD_REQUIRED) == 0 || json_get(object, field->name) != NULL) continue;
    g_string_append_printf(path, " must have required property '%s'", field->name);
    return false;
  }
  return true;
}

static bool check_fields(cJSON *object, const struct field *fields, bool is_strict, GString *path)
{
  cJSON *item;
  if (!check_required(object, fields, path)) return false;
  cJSON_ArrayForEach(item, object)
  {
    const struct field *field = field_find(fields, item->string);
    if (field == NULL) {
      if (is_strict) return refuse(path, "must NOT have additional properties");
      continue;
    }
    gsize length = path->len;
    g_string_append_c(path, '/');
    g_string_append(path, item->string);
    if (!check_value(item, field, is_strict, path)) return false;
    g_string_truncate(path, length);
  }
  return true;
}

bool validate_body(cJSON *body, const struct field *fields, bool is_strict, GString *message)
{
  g_string_assign(message, "body");
  if (!cJSON_IsObject(body)) return refuse_type(message, FIELD_OBJECT);
  return check_fields(body, fields, is_strict, message);
}
