#include "incoming.h"

#include "blocklist.h"
#include "fields.h"
#include "validate.h"

#include <string.h>

const struct field incoming_fields[] = {
    {"email", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"first_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"last_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"company_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"job_title", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"website", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"phone", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"personalization", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"pl_value_lead", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"lt_interest_status", FIELD_NUMBER, -4, 4, NULL},
    {"assigned_to", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"custom_variables", FIELD_OBJECT, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static const struct {
  const char *name;
  enum lead_text text;
} text_names[] = {
    {"first_name", TEXT_FIRST_NAME},
    {"last_name", TEXT_LAST_NAME},
    {"company_name", TEXT_COMPANY_NAME},
    {"job_title", TEXT_JOB_TITLE},
    {"website", TEXT_WEBSITE},
    {"phone", TEXT_PHONE},
    {"personalization", TEXT_PERSONALIZATION},
    {"pl_value_lead", TEXT_PL_VALUE},
};

static bool text_read(struct incoming *incoming, const cJSON *property)
{
  for (size_t i = 0; i < G_N_ELEMENTS(text_names); i++) {
    if (strcmp(property->string, text_names[i].name) != 0) continue;
    if (!cJSON_IsString(property) && !cJSON_IsNull(property)) return false;
    incoming->texts[text_names[i].text] = property->valuestring;
    return true;
  }
  /* Anything else is for the validator to look at: assigned_to, unknown names. */
  return false;
}

static bool property_read(struct incoming *incoming, const cJSON *property)
{
  if (strcmp(property->string, "email") == 0) {
    incoming->email = property->valuestring;
    return cJSON_IsString(property) || cJSON_IsNull(property);
  }
  if (strcmp(property->string, "custom_variables") == 0) {
    incoming->variables = property;
    return cJSON_IsObject(property);
  }
  if (strcmp(property->string, "lt_interest_status") == 0) {
    incoming->has_interest = true;
    incoming->interest = (int16_t)property->valueint;
    return cJSON_IsNumber(property) && property->valueint >= -4 && property->valueint <= 4;
  }
  return text_read(incoming, property);
}

bool incoming_read(struct incoming *incoming, const cJSON *item)
{
  *incoming = (struct incoming){0};
  bool is_plain = true;
  const cJSON *property;
  if (!cJSON_IsObject(item)) return false;
  cJSON_ArrayForEach(property, item)
  {
    is_plain = property_read(incoming, property) && is_plain;
  }
  return is_plain;
}

bool incoming_email(const char *raw, char out[EMAIL_BYTES])
{
  size_t n = 0;
  while (g_ascii_isspace(*raw))
    raw++;
  for (; *raw != '\0' && n < EMAIL_BYTES - 1; raw++)
    out[n++] = g_ascii_tolower(*raw);
  while (n > 0 && g_ascii_isspace(out[n - 1]))
    n--;
  out[n] = '\0';
  return *raw == '\0' && address_is_valid(out);
}

char *incoming_pack(struct arena *arena, const struct incoming *incoming)
{
  const char *texts[TEXTS_N];
  g_autofree char *variables = variables_pack(incoming->variables);
  memcpy(texts, incoming->texts, sizeof texts);
  texts[TEXT_VARIABLES] = variables;
  return texts_pack(arena, texts);
}

void incoming_register(const struct incoming *incoming, struct campaign *campaign)
{
  const cJSON *variable;
  if (campaign == NULL || incoming->variables == NULL) return;
  cJSON_ArrayForEach(variable, incoming->variables)
  {
    if (!g_hash_table_contains(campaign->variables, variable->string))
      g_hash_table_add(campaign->variables, g_strdup(variable->string));
  }
}
