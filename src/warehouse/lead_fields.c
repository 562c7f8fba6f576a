#include "warehouse/lead_fields.h"

#include <string.h>

char *lead_fields_merge(const char *old, const char *fresh)
{
  g_autoptr(cJSON) into = old ? json_parse(old, strlen(old), NULL) : NULL;
  g_autoptr(cJSON) from = fresh ? json_parse(fresh, strlen(fresh), NULL) : NULL;
  if (!into || !from) return g_strdup(from ? fresh : old);
  const cJSON *member;
  cJSON_ArrayForEach(member, from)
  {
    cJSON_DeleteItemFromObjectCaseSensitive(into, member->string);
    cJSON_AddItemToObject(into, member->string, cJSON_Duplicate(member, 1));
  }
  char *text = cJSON_PrintUnformatted(into);
  char *copy = g_strdup(text);
  cJSON_free(text);
  return copy;
}

bool lead_fields_equal(const char *a, const char *b)
{
  if (!a || !b) return a == b;
  g_autoptr(cJSON) x = json_parse(a, strlen(a), NULL);
  g_autoptr(cJSON) y = json_parse(b, strlen(b), NULL);
  return x && y ? cJSON_Compare(x, y, 1) : strcmp(a, b) == 0;
}

bool lead_value_differs(const char *old, const char *fresh)
{
  return fresh && *fresh && g_strcmp0(old, fresh) != 0;
}

const char *lead_value_better(const char *old, const char *fresh)
{
  return lead_value_differs(old, fresh) ? fresh : old;
}
