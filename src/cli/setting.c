/* What one row of the table can do: be found, be stored from text, be written as text. */
#include "base/text.h"
#include "cli/settings_table.h"
#include <inttypes.h>
#include <string.h>

#define NAME_MAX_BYTES 128
#define TEXT_MAX_BYTES 4096

G_STATIC_ASSERT(sizeof(enum on_paused) == sizeof(int));

/* Names that Instantly or leadferry itself fills. */
static const char *const reserved_variables[] = {"leadferry", "firstName", "lastName", "companyName",    "jobTitle",
                                                 "website",   "phone",     "email",    "personalization"};

size_t settings_table_n(void)
{
  size_t n = 0;
  while (settings_table[n].path)
    n++;
  return n;
}

const struct setting *setting_find(const struct setting *table, const char *path)
{
  for (const struct setting *setting = table; setting->path; setting++)
    if (strcmp(setting->path, path) == 0) return setting;
  return NULL;
}

const struct setting_section *section_find(const char *path)
{
  for (const struct setting_section *section = settings_sections; section->path; section++)
    if (strcmp(section->path, path) == 0) return section;
  return NULL;
}

char *setting_env_name(const struct setting *setting)
{
  g_autofree char *upper = g_ascii_strup(setting->path, -1);
  return g_strconcat("LEADFERRY_", g_strdelimit(upper, ".", '_'), NULL);
}

static char *expected_words(const struct setting *setting)
{
  g_autofree char *list = g_strjoinv(", ", (char **)setting->words);
  return setting->words[1] ? g_strdup_printf("one of %s", list) : g_strdup_printf("the word %s", list);
}

static char *expected_int(const struct setting *setting)
{
  const char *unlimited = setting->takes_unlimited ? ", or unlimited" : "";
  if (setting->max >= G_MAXINT64 - 1)
    return g_strdup_printf("a whole number of at least %" PRId64 "%s", setting->min, unlimited);
  return g_strdup_printf("a whole number from %" PRId64 " to %" PRId64 "%s", setting->min, setting->max, unlimited);
}

char *setting_expected(const struct setting *setting)
{
  switch (setting->type) {
  case SETTING_TEXT: return g_strdup("text");
  case SETTING_PATH: return g_strdup("the path of a file");
  case SETTING_UUID: return g_strdup("a UUID like 0190a000-0000-7000-8000-000000000001");
  case SETTING_NAME: return g_strdup("a name of letters, digits, _ and - that begins with a letter or _");
  case SETTING_WORD:
  case SETTING_ENUM: return expected_words(setting);
  case SETTING_INT: return expected_int(setting);
  case SETTING_BOOL: return g_strdup("true or false");
  case SETTING_MAP: return g_strdup("a mapping of names to columns");
  case SETTING_LIST: return g_strdup("a list of values, or one text with commas between them");
  case SETTING_CAMPAIGNS: return g_strdup("a list of campaigns, each with an id");
  }
  return g_strdup("something else");
}

bool setting_is_name(const char *text)
{
  if (!g_ascii_isalpha(text[0]) && text[0] != '_') return false;
  size_t length = 0;
  while (g_ascii_isalnum(text[length]) || text[length] == '_' || text[length] == '-')
    length++;
  return text[length] == '\0' && length <= NAME_MAX_BYTES;
}

static int word_index(const struct setting *setting, const char *text)
{
  for (int i = 0; setting->words[i]; i++)
    if (strcmp(setting->words[i], text) == 0) return i;
  return -1;
}

bool setting_map_takes(const struct setting *setting, const char *target)
{
  if (setting->words) return word_index(setting, target) >= 0;
  for (size_t i = 0; i < G_N_ELEMENTS(reserved_variables); i++)
    if (strcmp(target, reserved_variables[i]) == 0) return false;
  return *target != '\0' && strlen(target) <= NAME_MAX_BYTES && !strpbrk(target, "{}|@");
}

void *setting_member(const struct setting *setting, void *base)
{
  return (char *)base + setting->offset;
}

static bool text_fits(const struct setting *setting, const char *text)
{
  switch (setting->type) {
  case SETTING_UUID: return text_is_uuid(text);
  case SETTING_NAME: return setting_is_name(text);
  case SETTING_WORD: return word_index(setting, text) >= 0;
  default: return *text != '\0' && strlen(text) <= TEXT_MAX_BYTES;
  }
}

static bool store_int(const struct setting *setting, int64_t *member, const char *text)
{
  if (setting->takes_unlimited && strcmp(text, "unlimited") == 0) {
    *member = SETTING_UNLIMITED;
    return true;
  }
  gint64 number = 0;
  if (!g_ascii_string_to_signed(text, 10, setting->min, setting->max, &number, NULL)) return false;
  *member = number;
  return true;
}

static bool store_bool(bool *member, const char *text)
{
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return false;
  *member = text[0] == 't';
  return true;
}

static bool store_enum(const struct setting *setting, void *member, const char *text)
{
  int index = word_index(setting, text);
  if (index < 0) return false;
  if (setting->offset != SETTING_NOT_STORED) memcpy(member, &index, sizeof index);
  return true;
}

void setting_list_add(const struct setting *setting, void *base, const char *value)
{
  char ***member = setting_member(setting, base);
  g_autofree char *trimmed = g_strstrip(g_strdup(value));
  guint n = *member ? g_strv_length(*member) : 0;
  if (!*trimmed) return; /* an empty cell says nothing anyway */
  *member = g_renew(char *, *member, n + 2);
  (*member)[n] = g_steal_pointer(&trimmed);
  (*member)[n + 1] = NULL;
}

void setting_list_clear(const struct setting *setting, void *base)
{
  char ***member = setting_member(setting, base);
  g_clear_pointer(member, g_strfreev);
}

static bool store_list(const struct setting *setting, void *base, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  if (strlen(text) > TEXT_MAX_BYTES) return false;
  setting_list_clear(setting, base);
  for (char **part = parts; *part; part++)
    setting_list_add(setting, base, *part);
  return true;
}

bool setting_store(const struct setting *setting, void *base, const char *text)
{
  void *member = setting->offset == SETTING_NOT_STORED ? NULL : setting_member(setting, base);
  switch (setting->type) {
  case SETTING_INT: return store_int(setting, member, text);
  case SETTING_BOOL: return store_bool(member, text);
  case SETTING_ENUM: return store_enum(setting, member, text);
  case SETTING_LIST: return store_list(setting, base, text);
  case SETTING_MAP:
  case SETTING_CAMPAIGNS: return false;
  default: break;
  }
  if (!text_fits(setting, text)) return false;
  char **string = member;
  g_free(*string);
  *string = setting->type == SETTING_UUID ? g_ascii_strdown(text, -1) : g_strdup(text);
  return true;
}

char *setting_text(const struct setting *setting, const void *base)
{
  if (setting->offset == SETTING_NOT_STORED) return g_strdup(setting->fallback);
  const char *member = (const char *)base + setting->offset;
  int64_t number = 0;
  int index = 0;
  switch (setting->type) {
  case SETTING_INT:
    memcpy(&number, member, sizeof number);
    return number == SETTING_UNLIMITED ? g_strdup("unlimited") : g_strdup_printf("%" PRId64, number);
  case SETTING_BOOL: return g_strdup(*(const bool *)member ? "true" : "false");
  case SETTING_ENUM: memcpy(&index, member, sizeof index); return g_strdup(setting->words[index]);
  case SETTING_LIST: return *(char **const *)member ? g_strjoinv(", ", *(char **const *)member) : NULL;
  case SETTING_MAP:
  case SETTING_CAMPAIGNS: return NULL;
  default: return g_strdup(*(char *const *)member);
  }
}
