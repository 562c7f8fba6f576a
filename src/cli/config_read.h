#pragma once
/* The three sources over the defaults: tree, environment, flags. Steps of config_load(), in this order; problems go to
 * the config, nothing stops at the first. */
#include "cli/config.h"
#include "cli/config_yaml.h"
#include "cli/settings_table.h"

/* Every setting to its default. */
void config_read_defaults(struct config *config);

/* The file's tree (of file config->path). */
void config_read_tree(struct config *config, const struct yaml_node *root);

/* LEADFERRY_<SECTION>_<KEY>; a name that begins like a section and is no setting is a problem. */
void config_read_environment(struct config *config, const char *const *environment);

/* SETTING=VALUE of each --set; maps take export.custom_variables.NAME=COLUMN. */
void config_read_overrides(struct config *config, const char *const *overrides);

/* What no single value shows: the key's three forms, the base URL, campaigns, outcomes. */
void config_check(struct config *config, bool requires_key);

/* Has the row of settings_table a value that is not its default? */
bool config_is_given(const struct config *config, const struct setting *setting);

/* Notes where the value of a row came from. */
void config_set_source(struct config *config, const struct setting *row, struct config_source source);

/* Sets target <- source in a GArray of struct field_mapping. */
void config_map_set(GArray *map, const char *target, const char *source);

/* Why this target cannot be mapped. Caller frees. */
char *config_target_message(const struct setting *row, const char *target);

/* May this be the source of a mapping of that row? */
bool config_source_fits(const struct setting *row, const char *source);

/* Says that key is unknown below prefix ("" for the top), with the nearest that is known. Caller frees. */
char *config_unknown_message(const char *prefix, const char *key);
