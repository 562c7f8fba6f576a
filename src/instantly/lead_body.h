#pragma once
/* The members of one lead in a body: leads/add's items and POST /leads share them. Which JSON field is filled from
 * which column or key of lead_fields is compiled once from the settings and checked there (fields that Instantly does
 * not know, custom variables that would overwrite a field of its webhooks), so that writing a lead is a walk over a
 * table. */
#include "core/ports.h"

struct lead_template {
  GArray *fields;    /* struct lead_slot: Instantly's own fields */
  GArray *variables; /* struct lead_slot: custom variables, without the stamp */
  bool needs_fields; /* some slot reads lead_fields */
};

/* Compiles the mappings. ERROR_CONFIG for a name that cannot be used. Strings are borrowed from the settings. */
bool lead_template_init(struct lead_template *template, const struct export_settings *settings, GError **error);
/* Frees it; may be called twice. */
void lead_template_clear(struct lead_template *template);

/* Appends the members (no braces): email, fields, custom_variables with the stamp. Empty and null values of Instantly's
 * own fields are left out; custom variables may be strings, numbers, booleans. The address goes out as the row has it,
 * trimmed, or canonically when it is not ASCII. */
void lead_body_append(GString *out, const struct lead_template *template, const struct claim *claim);
