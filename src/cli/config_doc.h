#pragma once
/* Documents made from the table of settings: JSON Schema, reference page, the commented file of `init`. */
#include "cli/settings_table.h"

/* JSON Schema (draft 2020-12) of the file. Caller frees. */
char *config_schema_json(void);

/* docs/configuration.md. Caller frees. */
char *config_reference_markdown(void);

/* One value that the written file shall hold, instead of its default as a comment. */
struct template_value {
  const char *path;
  const char *value;
};

/* The commented file: sections and settings as comments with their defaults, but for the values given and the campaign
 * ids. Strings are quoted where YAML needs it. Caller frees. */
char *config_template(const struct template_value *values, size_t values_n, const char *const *campaign_ids);
