#include "instantly/lead_body.h"

#include "base/json.h"
#include "base/text.h"
#include "core/settle.h"

#include <math.h>
#include <string.h>

#define STAMP_NAME "leadferry"

/* One value of a lead: its name in the body, and where it comes from. */
struct lead_slot {
  const char *name;
  const char *source;
  gssize column; /* offset of a string in struct lead, or -1: a key of lead_fields */
};

/* Columns of `leads` that a mapping may name. */
static const struct {
  const char *name;
  gssize offset;
} columns[] = {
    {"lead_id", offsetof(struct lead, lead_id)},           {"email", offsetof(struct lead, email)},
    {"first_name", offsetof(struct lead, first_name)},     {"last_name", offsetof(struct lead, last_name)},
    {"company_name", offsetof(struct lead, company_name)},
};

/* Instantly's fields of a lead (instantly-api 2.2, 2.3), and the column that fills each unless a mapping says
 * otherwise. lt_interest_status is not among them: setting it stops the sequence. */
static const struct {
  const char *name;
  const char *column;
} known_fields[] = {
    {"first_name", "first_name"},
    {"last_name", "last_name"},
    {"company_name", "company_name"},
    {"personalization", NULL},
    {"website", NULL},
    {"job_title", NULL},
    {"phone", NULL},
    {"pl_value_lead", NULL},
    {"assigned_to", NULL},
};

/* Names of webhook payloads (instantly-api 6.6): a custom variable of the same name overwrites them there (2.11). */
static const char *const reserved_names[] = {
    "timestamp",     "event_type", "workspace",     "campaign_id",     "campaign_name", "campaign",
    "email",         "lead_email", "email_account", "unibox_url",      "step",          "variant",
    "is_first",      "email_id",   "email_subject", "email_text",      "email_html",    "reply_text_snippet",
    "reply_subject", "reply_text", "reply_html",    "firstName",       "lastName",      "companyName",
    "jobTitle",      "website",    "phone",         "personalization", STAMP_NAME,
};

static struct lead_slot slot_of(const char *name, const char *source)
{
  struct lead_slot slot = {.name = name, .source = source, .column = -1};
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    if (strcmp(columns[i].name, source) == 0) slot.column = columns[i].offset;
  }
  return slot;
}

static const char *mapped_source(const GArray *mappings, const char *target)
{
  for (guint i = 0; mappings && i < mappings->len; i++) {
    const struct field_mapping *mapping = &g_array_index(mappings, struct field_mapping, i);
    if (strcmp(mapping->target, target) == 0) return mapping->source;
  }
  return NULL;
}

static void template_add(struct lead_template *template, GArray *slots, const char *name, const char *source)
{
  struct lead_slot slot = slot_of(name, source);
  template->needs_fields = template->needs_fields || slot.column < 0;
  g_array_append_val(slots, slot);
}

static bool check_field(const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS(known_fields)];
  for (size_t i = 0; i < G_N_ELEMENTS(known_fields); i++) {
    names[i] = known_fields[i].name;
    if (strcmp(names[i], name) == 0) return true;
  }
  const char *nearest = text_nearest(name, names, G_N_ELEMENTS(names));
  error_set(error, ERROR_CONFIG,
            "export.fields: Instantly's leads have no field %s%s%s%s; use export.custom_variables for own names", name,
            nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
  return false;
}

static bool check_variable(const char *name, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(reserved_names); i++) {
    if (strcmp(reserved_names[i], name) != 0) continue;
    error_set(
        error, ERROR_CONFIG,
        "export.custom_variables: %s is a name that Instantly's webhooks or leadferry use themselves; choose another",
        name);
    return false;
  }
  if (name[0] != '\0' && !strpbrk(name, "{}|")) return true;
  error_set(error, ERROR_CONFIG, "export.custom_variables: \"%s\" cannot be a merge tag's name", name);
  return false;
}

static bool check_names(const GArray *mappings, bool (*check)(const char *, GError **), GError **error)
{
  for (guint i = 0; mappings && i < mappings->len; i++) {
    if (!check(g_array_index(mappings, struct field_mapping, i).target, error)) return false;
  }
  return true;
}

bool lead_template_init(struct lead_template *template, const struct export_settings *settings, GError **error)
{
  *template = (struct lead_template){
      .fields = g_array_new(FALSE, FALSE, sizeof(struct lead_slot)),
      .variables = g_array_new(FALSE, FALSE, sizeof(struct lead_slot)),
  };
  if (!check_names(settings->fields, check_field, error)) return false;
  if (!check_names(settings->custom_variables, check_variable, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(known_fields); i++) {
    const char *mapped = mapped_source(settings->fields, known_fields[i].name);
    const char *source = mapped ? mapped : known_fields[i].column;
    if (source) template_add(template, template->fields, known_fields[i].name, source);
  }
  for (guint i = 0; settings->custom_variables && i < settings->custom_variables->len; i++) {
    const struct field_mapping *mapping = &g_array_index(settings->custom_variables, struct field_mapping, i);
    template_add(template, template->variables, mapping->target, mapping->source);
  }
  return true;
}

void lead_template_clear(struct lead_template *template)
{
  g_clear_pointer(&template->fields, g_array_unref);
  g_clear_pointer(&template->variables, g_array_unref);
}

/* ---- values ---- */

static void append_number(GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  bool is_integral = fabs(value) <= 9007199254740992.0 && value == floor(value);
  if (is_integral)
    g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)value);
  else
    g_string_append(out, g_ascii_dtostr(text, sizeof text, value));
}

/* The text of a value for one of Instantly's string fields; NULL when it has none. Caller frees. */
static char *text_of(const struct lead_slot *slot, const struct claim *claim, const cJSON *fields)
{
  if (slot->column >= 0) return g_strdup(G_STRUCT_MEMBER(const char *, &claim->lead, slot->column));
  const cJSON *value = json_get(fields, slot->source);
  if (cJSON_IsString(value)) return g_strdup(value->valuestring);
  if (cJSON_IsBool(value)) return g_strdup(cJSON_IsTrue(value) ? "true" : "false");
  if (!cJSON_IsNumber(value)) return NULL;
  GString *number = g_string_new(NULL);
  append_number(number, value->valuedouble);
  return g_string_free(number, FALSE);
}

/* A custom variable keeps its type; objects, arrays, null and absent ones are left out. */
static void append_variable(GString *out, const struct lead_slot *slot, const struct claim *claim, const cJSON *fields)
{
  const cJSON *value = slot->column >= 0 ? NULL : json_get(fields, slot->source);
  if (cJSON_IsNumber(value)) {
    json_append_key(out, slot->name);
    append_number(out, value->valuedouble);
  } else if (cJSON_IsBool(value)) {
    json_append_bool(out, slot->name, cJSON_IsTrue(value));
  } else {
    g_autofree char *text = text_of(slot, claim, fields);
    if (text) json_append_str(out, slot->name, text);
  }
}

/* The address as the row has it, so that merge tags and people see their own spelling. */
static char *address_of(const struct claim *claim)
{
  const char *email = claim->lead.email;
  if (!email || !g_str_is_ascii(email)) return g_strdup(claim->person);
  while (*email == ' ' || (*email >= '\t' && *email <= '\r')) {
    email++;
  }
  size_t length = strlen(email);
  while (length > 0 && (email[length - 1] == ' ' || (email[length - 1] >= '\t' && email[length - 1] <= '\r'))) {
    length--;
  }
  return g_strndup(email, length);
}

static void append_variables(GString *out, const struct lead_template *template, const struct claim *claim,
                             const cJSON *fields)
{
  g_autofree char *stamp = claim_stamp(claim);
  json_append_key(out, "custom_variables");
  g_string_append_c(out, '{');
  for (guint i = 0; i < template->variables->len; i++) {
    append_variable(out, &g_array_index(template->variables, struct lead_slot, i), claim, fields);
  }
  json_append_str(out, STAMP_NAME, stamp);
  g_string_append_c(out, '}');
}

void lead_body_append(GString *out, const struct lead_template *template, const struct claim *claim)
{
  g_autoptr(cJSON) fields = NULL;
  const char *json = template->needs_fields ? claim->lead.fields : NULL;
  if (json) fields = json_parse(json, strlen(json), NULL);
  g_autofree char *email = address_of(claim);
  json_append_str(out, "email", email);
  for (guint i = 0; i < template->fields->len; i++) {
    const struct lead_slot *slot = &g_array_index(template->fields, struct lead_slot, i);
    g_autofree char *text = text_of(slot, claim, fields);
    if (text && text[0] != '\0') json_append_str(out, slot->name, text);
  }
  append_variables(out, template, claim, fields);
}
