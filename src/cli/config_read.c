#include "cli/config_read.h"
#include "base/text.h"
#include "core/lead.h"
#include <string.h>

#define CAMPAIGNS_MAX 1000
#define MAP_MAX       200

/* What is read and where, for stories that go down the tree. */
struct place {
  struct config *config;
  const struct yaml_node *node;
  const char *path;
};

static void add_problem(const struct place *at, const char *message)
{
  struct config_problem where = {.place = at->config->path,
                                 .line = at->node->line,
                                 .column = at->node->column,
                                 .path = at->path && *at->path ? (char *)at->path : NULL};
  config_problem_add(at->config, &where, "%s", message);
}

/* A relative path counts from the folder of the file. */
static void resolve_path(const struct config *config, const struct setting *row, void *base)
{
  char **member = setting_member(row, base);
  g_autofree char *folder = g_path_get_dirname(config->path);
  if (!*member || g_path_is_absolute(*member) || strcmp(folder, ".") == 0) return;
  g_autofree char *relative = *member;
  *member = g_build_filename(folder, relative, NULL);
}

/* ---- defaults ---- */

void config_read_defaults(struct config *config)
{
  for (const struct setting *row = settings_table; row->path; row++) {
    if (row->fallback && !setting_store(row, config->settings, row->fallback)) g_assert_not_reached();
    if (row->type == SETTING_PATH) resolve_path(config, row, config->settings);
  }
  /* Outcomes that nobody configures: nothing is left in Instantly, so nothing is ever removed for them. */
  config->settings->complete.outcomes[OUTCOME_NONE].action = REMOVAL_KEEP;
  config->settings->complete.outcomes[OUTCOME_REMOVED_BY_HAND].action = REMOVAL_KEEP;
  config->settings->export.cooldown_days[OUTCOME_NONE] = SETTING_UNLIMITED;
}

void config_set_source(struct config *config, const struct setting *row, struct config_source source)
{
  config->sources[row - settings_table] = source;
}

bool config_is_given(const struct config *config, const struct setting *setting)
{
  return config->sources[setting - settings_table].origin != ORIGIN_DEFAULT;
}

/* ---- names ---- */

/* Keys that may stand under prefix ("" for the top): last words of rows and sections. */
static GPtrArray *known_keys(const char *prefix)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
  size_t skip = *prefix ? strlen(prefix) + 1 : 0;
  for (const struct setting *row = settings_table; row->path; row++) {
    bool is_below = skip == 0 || (g_str_has_prefix(row->path, prefix) && row->path[skip - 1] == '.');
    if (!is_below) continue;
    const char *rest = row->path + skip;
    g_ptr_array_add(keys, g_strndup(rest, strcspn(rest, ".")));
  }
  return keys;
}

/* A row of another section whose last word is this key. */
static const char *path_ending_in(const char *key)
{
  for (const struct setting *row = settings_table; row->path; row++) {
    const char *dot = strrchr(row->path, '.');
    if (dot && strcmp(dot + 1, key) == 0) return row->path;
  }
  return NULL;
}

char *config_unknown_message(const char *prefix, const char *key)
{
  g_autoptr(GPtrArray) keys = known_keys(prefix);
  const char *nearest = text_nearest(key, (const char *const *)keys->pdata, keys->len);
  const char *dot = *prefix ? "." : "";
  if (nearest) return g_strdup_printf("is no setting; did you mean %s%s%s?", prefix, dot, nearest);
  if (path_ending_in(key)) return g_strdup_printf("is no setting; did you mean %s?", path_ending_in(key));
  return g_strdup("is no setting; docs/configuration.md lists them");
}

/* ---- scalars of the file ---- */

/* What was found, for people; nothing of a secret and nothing that may be an address. */
static char *found_text(const struct yaml_node *node, bool is_secret)
{
  static const char *const kinds[] = {"nothing", "a truth value", "a whole number", "a number", "text"};
  if (node->kind == YAML_MAPPING) return g_strdup("a mapping");
  if (node->kind == YAML_SEQUENCE) return g_strdup("a list");
  if (!*node->text && node->scalar == YAML_TEXT) return g_strdup("empty text");
  const char *kind = kinds[node->scalar];
  bool is_printable = !is_secret && node->scalar != YAML_NULL && !strchr(node->text, '@') && strlen(node->text) <= 60;
  return is_printable ? g_strdup_printf("%s: %s", kind, node->text) : g_strdup(kind);
}

static bool scalar_kind_fits(const struct setting *row, const struct yaml_node *node)
{
  if (node->kind != YAML_SCALAR) return false;
  switch (row->type) {
  case SETTING_INT: return node->scalar == YAML_INT || (row->takes_unlimited && strcmp(node->text, "unlimited") == 0);
  case SETTING_BOOL: return node->scalar == YAML_BOOL;
  default: return node->scalar == YAML_TEXT;
  }
}

/* How to fix a value of the wrong kind, where one can tell. */
static const char *quote_hint(const struct setting *row, const struct yaml_node *node)
{
  if (node->kind != YAML_SCALAR || node->scalar == YAML_NULL) return "";
  bool wants_text = row->type != SETTING_INT && row->type != SETTING_BOOL;
  if (wants_text && node->scalar != YAML_TEXT && !row->words) return "; put it in quotes";
  gint64 number = 0;
  if (row->type == SETTING_INT && node->scalar == YAML_TEXT &&
      g_ascii_string_to_signed(node->text, 10, row->min, row->max, &number, NULL))
    return "; leave out the quotes";
  return "";
}

static const char *nearest_word(const struct setting *row, const struct yaml_node *node)
{
  bool is_word = row->type == SETTING_WORD || row->type == SETTING_ENUM;
  if (!is_word || node->kind != YAML_SCALAR) return NULL;
  return text_nearest(node->text, row->words, g_strv_length((char **)row->words));
}

static void wrong_value(const struct place *at, const struct setting *row)
{
  g_autofree char *expected = setting_expected(row);
  g_autofree char *found = found_text(at->node, row->is_secret);
  const char *nearest = nearest_word(row, at->node);
  g_autofree char *message =
      g_strdup_printf("expected %s, found %s%s%s%s%s", expected, found, quote_hint(row, at->node),
                      nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
  add_problem(at, message);
}

/* Stores a scalar; an empty value leaves a setting without default as it is. */
static bool read_scalar(const struct place *at, const struct setting *row, void *base)
{
  const struct yaml_node *node = at->node;
  if (node->kind == YAML_REFUSED) return false;
  bool is_null = node->kind == YAML_SCALAR && node->scalar == YAML_NULL;
  if (is_null && !row->fallback && !row->is_required) return false;
  if (!scalar_kind_fits(row, node) || !setting_store(row, base, node->text)) {
    wrong_value(at, row);
    return false;
  }
  if (row->type == SETTING_PATH) resolve_path(at->config, row, base);
  return true;
}

/* ---- lists ---- */

/* true and 1 are values like any other: it is the text that counts. */
static bool read_list(const struct place *at, const struct setting *row)
{
  const struct yaml_node *node = at->node;
  void *base = at->config->settings;
  if (node->kind == YAML_SCALAR && node->scalar != YAML_NULL && setting_store(row, base, node->text)) return true;
  if (node->kind == YAML_SCALAR && node->scalar == YAML_NULL) return false;
  bool is_good = node->kind == YAML_SEQUENCE && node->items->len <= MAP_MAX;
  for (guint i = 0; is_good && i < node->items->len; i++) {
    const struct yaml_node *item = g_ptr_array_index(node->items, i);
    is_good = item->kind == YAML_SCALAR && item->scalar != YAML_NULL;
    if (is_good) setting_list_add(row, base, item->text);
  }
  if (!is_good) wrong_value(at, row);
  return is_good;
}

/* ---- maps ---- */

void config_map_set(GArray *map, const char *target, const char *source)
{
  for (size_t i = 0; i < map->len; i++) {
    struct field_mapping *mapping = &g_array_index(map, struct field_mapping, i);
    if (strcmp(mapping->target, target) != 0) continue;
    g_free(mapping->source);
    mapping->source = g_strdup(source);
    return;
  }
  struct field_mapping mapping = {.target = g_strdup(target), .source = g_strdup(source)};
  g_array_append_val(map, mapping);
}

char *config_target_message(const struct setting *row, const char *target)
{
  if (!row->words) return g_strdup("cannot be set: Instantly or leadferry fills it, or the name holds one of {}|@");
  g_autofree char *list = g_strjoinv(", ", (char **)row->words);
  const char *nearest = text_nearest(target, row->words, g_strv_length((char **)row->words));
  return nearest ? g_strdup_printf("is no field; did you mean %s?", nearest)
                 : g_strdup_printf("is no field; expected one of %s", list);
}

bool config_source_fits(const struct setting *row, const char *source)
{
  bool is_column = strcmp(row->path, "source.columns") == 0;
  return is_column ? setting_is_name(source) : *source != '\0' && strlen(source) <= 128;
}

static void read_mapping_entry(const struct place *at, const struct setting *row, const struct yaml_node *key)
{
  g_autofree char *path = g_strdup_printf("%s.%s", row->path, key->text);
  struct place here = {at->config, at->node, path};
  if (at->node->kind == YAML_REFUSED) return;
  if (!setting_map_takes(row, key->text)) {
    g_autofree char *message = config_target_message(row, key->text);
    add_problem(&(struct place){at->config, key, path}, message);
  } else if (at->node->kind != YAML_SCALAR || at->node->scalar != YAML_TEXT ||
             !config_source_fits(row, at->node->text)) {
    g_autofree char *found = found_text(at->node, false);
    g_autofree char *message = g_strdup_printf("expected the name of a column, found %s", found);
    add_problem(&here, message);
  } else {
    config_map_set(*(GArray **)setting_member(row, at->config->settings), key->text, at->node->text);
  }
}

static void read_map(const struct place *at, const struct setting *row)
{
  const struct yaml_node *node = at->node;
  if (node->kind == YAML_SCALAR && node->scalar == YAML_NULL) return;
  if (node->kind != YAML_MAPPING || node->keys->len > MAP_MAX) {
    wrong_value(at, row);
    return;
  }
  for (size_t i = 0; i < node->keys->len; i++)
    read_mapping_entry(&(struct place){at->config, g_ptr_array_index(node->items, i), NULL}, row,
                       g_ptr_array_index(node->keys, i));
}

/* ---- campaigns ---- */

static void campaign_free(struct campaign_settings *campaign)
{
  g_clear_pointer(&campaign->id, g_free);
  g_clear_pointer(&campaign->name, g_free);
}

static void campaign_key(const struct place *at, const struct yaml_node *key, struct campaign_settings *campaign)
{
  g_autofree char *path = g_strdup_printf("%s.%s", at->path, key->text);
  const struct setting *row = setting_find(campaign_table, key->text);
  if (row) {
    read_scalar(&(struct place){at->config, at->node, path}, row, campaign);
    return;
  }
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  for (const struct setting *known = campaign_table; known->path; known++)
    g_ptr_array_add(keys, (gpointer)known->path);
  const char *nearest = text_nearest(key->text, (const char *const *)keys->pdata, keys->len);
  g_autofree char *message = nearest ? g_strdup_printf("is no setting; did you mean %s?", nearest)
                                     : g_strdup("is no setting; a campaign has id, name, on_draft, on_paused, "
                                                "on_completed, on_bounces, escrow");
  add_problem(&(struct place){at->config, key, path}, message);
}

static const struct yaml_node *campaign_id_node(const struct yaml_node *node)
{
  for (size_t i = 0; i < node->keys->len; i++) {
    const struct yaml_node *key = g_ptr_array_index(node->keys, i);
    if (strcmp(key->text, "id") == 0) return g_ptr_array_index(node->items, i);
  }
  return NULL;
}

static bool campaign_is_new(const struct place *at, const struct campaign_settings *campaign)
{
  const GArray *campaigns = at->config->settings->campaigns;
  for (size_t i = 0; i < campaigns->len; i++) {
    if (strcmp(g_array_index(campaigns, struct campaign_settings, i).id, campaign->id) != 0) continue;
    g_autofree char *message = g_strdup_printf("is the id of campaigns[%zu] too; each campaign may stand once", i);
    g_autofree char *path = g_strdup_printf("%s.id", at->path);
    add_problem(&(struct place){at->config, campaign_id_node(at->node), path}, message);
    return false;
  }
  return true;
}

static void read_campaign(const struct place *at)
{
  const struct yaml_node *node = at->node;
  if (node->kind != YAML_MAPPING) {
    if (node->kind != YAML_REFUSED) add_problem(at, "expected a campaign: `- id: UUID` with its settings below");
    return;
  }
  struct campaign_settings campaign = {0};
  for (const struct setting *row = campaign_table; row->path; row++)
    if (row->fallback && !setting_store(row, &campaign, row->fallback)) g_assert_not_reached();
  for (size_t i = 0; i < node->keys->len; i++)
    campaign_key(&(struct place){at->config, g_ptr_array_index(node->items, i), at->path},
                 g_ptr_array_index(node->keys, i), &campaign);
  if (!campaign_id_node(node)) add_problem(at, "has no id");
  if (campaign.id && campaign_is_new(at, &campaign))
    g_array_append_val(at->config->settings->campaigns, campaign);
  else
    campaign_free(&campaign);
}

static void read_campaigns(const struct place *at, const struct setting *row)
{
  const struct yaml_node *node = at->node;
  if (node->kind == YAML_SCALAR && node->scalar == YAML_NULL) return;
  if (node->kind != YAML_SEQUENCE || node->items->len > CAMPAIGNS_MAX) {
    wrong_value(at, row);
    return;
  }
  for (size_t i = 0; i < node->items->len; i++) {
    g_autofree char *path = g_strdup_printf("campaigns[%zu]", i);
    read_campaign(&(struct place){at->config, g_ptr_array_index(node->items, i), path});
  }
}

/* ---- the tree ---- */

static void read_setting(const struct place *at, const struct setting *row)
{
  struct config_source source = {ORIGIN_FILE, at->node->line, at->node->column};
  if (at->node->kind == YAML_REFUSED) return;
  if (row->type == SETTING_MAP) {
    read_map(at, row);
    config_set_source(at->config, row, source);
  } else if (row->type == SETTING_CAMPAIGNS) {
    read_campaigns(at, row);
    config_set_source(at->config, row, source);
  } else if (row->type == SETTING_LIST ? read_list(at, row) : read_scalar(at, row, at->config->settings)) {
    config_set_source(at->config, row, source);
  }
}

static void read_section(const struct place *at)
{
  const struct yaml_node *node = at->node;
  if (node->kind == YAML_REFUSED || (node->kind == YAML_SCALAR && node->scalar == YAML_NULL)) return;
  if (node->kind != YAML_MAPPING) {
    add_problem(at, *at->path ? "expected settings below it, indented" : "expected sections like `export:` at the top");
    return;
  }
  for (size_t i = 0; i < node->keys->len; i++) {
    const struct yaml_node *key = g_ptr_array_index(node->keys, i);
    g_autofree char *path = g_strconcat(at->path, *at->path ? "." : "", key->text, NULL);
    struct place here = {at->config, g_ptr_array_index(node->items, i), path};
    const struct setting *row = setting_find(settings_table, path);
    if (row) {
      read_setting(&here, row);
    } else if (section_find(path)) {
      read_section(&here);
    } else {
      g_autofree char *message = config_unknown_message(at->path, key->text);
      add_problem(&(struct place){at->config, key, path}, message);
    }
  }
}

void config_read_tree(struct config *config, const struct yaml_node *root)
{
  read_section(&(struct place){config, root, ""});
}
