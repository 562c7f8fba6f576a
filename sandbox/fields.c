#include "fields.h"

#include "text_out.h"

#include <string.h>

#define IS_NULL UINT32_MAX

char *texts_pack(struct arena *arena, const char *const texts[TEXTS_N])
{
  uint32_t lengths[TEXTS_N];
  size_t size = sizeof lengths;
  bool is_empty = true;
  for (size_t i = 0; i < TEXTS_N; i++) {
    lengths[i] = texts[i] == NULL ? IS_NULL : (uint32_t)strlen(texts[i]);
    if (texts[i] == NULL) continue;
    size += lengths[i] + 1;
    is_empty = false;
  }
  if (is_empty) return NULL;
  char *packed = arena_take(arena, size);
  memcpy(packed, lengths, sizeof lengths);
  char *at = packed + sizeof lengths;
  for (size_t i = 0; i < TEXTS_N; i++) {
    if (texts[i] == NULL) continue;
    memcpy(at, texts[i], lengths[i] + 1);
    at += lengths[i] + 1;
  }
  return packed;
}

void texts_unpack(const char *packed, const char *texts[TEXTS_N])
{
  uint32_t lengths[TEXTS_N];
  if (packed != NULL) memcpy(lengths, packed, sizeof lengths);
  const char *at = packed == NULL ? NULL : packed + sizeof lengths;
  for (size_t i = 0; i < TEXTS_N; i++) {
    texts[i] = NULL;
    if (packed == NULL || lengths[i] == IS_NULL) continue;
    texts[i] = at;
    at += lengths[i] + 1;
  }
}

const char *texts_get(const char *packed, enum lead_text which)
{
  const char *texts[TEXTS_N];
  texts_unpack(packed, texts);
  return texts[which];
}

static void scalar_append(GString *out, const cJSON *item)
{
  if (out->len > 0) g_string_append_c(out, ',');
  out_text(out, item->string);
  g_string_append_c(out, ':');
  if (cJSON_IsString(item)) {
    out_text(out, item->valuestring);
  } else {
    char *text = cJSON_PrintUnformatted(item);
    g_string_append(out, text);
    cJSON_free(text);
  }
}

char *variables_pack(const cJSON *object)
{
  if (!cJSON_IsObject(object) || object->child == NULL) return NULL;
  g_autoptr(GString) out = g_string_sized_new(256);
  const cJSON *item;
  cJSON_ArrayForEach(item, object)
  {
    if (cJSON_IsArray(item) || cJSON_IsObject(item)) continue;
    scalar_append(out, item);
  }
  return out->len == 0 ? NULL : g_string_free(g_steal_pointer(&out), FALSE);
}
