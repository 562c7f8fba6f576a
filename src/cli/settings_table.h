#pragma once
/* The one table of settings: path, type, range, default, place in struct settings, and a sentence. Parser, `config
 * show`, JSON Schema, reference page and the file that `init` writes are made from it; to add a setting, add a member
 * to struct settings and a row here.
 *
 * Rows with a path like `export.max_per_run` are stored in struct settings; the rows of campaign_table in one struct
 * campaign_settings each. Order of rows = order of all documents. */
#include "core/settings.h"

enum setting_type {
  SETTING_TEXT,
  SETTING_PATH,      /* text; a relative one counts from the folder of the file that has it */
  SETTING_UUID,      /* text */
  SETTING_NAME,      /* text; an SQL name [A-Za-z_][A-Za-z0-9_-]* */
  SETTING_WORD,      /* text; one of words */
  SETTING_ENUM,      /* enum; the index of the word in words */
  SETTING_INT,       /* int64_t in [min, max], or `unlimited` */
  SETTING_BOOL,      /* bool */
  SETTING_MAP,       /* GArray of struct field_mapping; targets are words, or free without words */
  SETTING_LIST,      /* char **, or NULL: values in a sequence, or as one text with commas between them */
  SETTING_CAMPAIGNS, /* GArray of struct campaign_settings */
};

#define SETTING_NOT_STORED G_MAXSIZE

struct setting {
  const char *path;
  enum setting_type type;
  size_t offset;        /* of its member, or SETTING_NOT_STORED */
  const char *fallback; /* the default as text; NULL: none */
  int64_t min, max;
  bool takes_unlimited;
  bool is_secret;
  bool is_required;         /* of campaign_table: must be given */
  const char *const *words; /* ends with a NULL */
  const char *example;      /* for the written file, where there is no default */
  const char *doc;          /* a sentence without its full stop */
};

/* A part of the file with its heading. */
struct setting_section {
  const char *path;
  const char *doc;
};

/* All settings; ends with a NULL path. */
extern const struct setting settings_table[];
/* The settings of one entry of `campaigns`; ends with a NULL path. */
extern const struct setting campaign_table[];
/* All sections, parents first; ends with a NULL path. */
extern const struct setting_section settings_sections[];

/* Number of rows of settings_table. */
size_t settings_table_n(void);

/* The row of this path in a table, or NULL. */
const struct setting *setting_find(const struct setting *table, const char *path);

/* One more value of a SETTING_LIST, trimmed; an empty one is none. */
void setting_list_add(const struct setting *setting, void *base, const char *value);
/* Empties a SETTING_LIST. */
void setting_list_clear(const struct setting *setting, void *base);

/* The section of this path, or NULL. */
const struct setting_section *section_find(const char *path);

/* LEADFERRY_EXPORT_MAX_PER_RUN for export.max_per_run. Caller frees. */
char *setting_env_name(const struct setting *setting);

/* What may be written there: "a whole number from 1 to 1000, or unlimited". Caller frees. */
char *setting_expected(const struct setting *setting);

/* Reads text into the member of base (struct settings or campaign_settings); false when it does not fit, and then
 * nothing is changed. Not for maps and lists. */
bool setting_store(const struct setting *setting, void *base, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* The value in base as text, NULL when it has none; unlimited as the word. Not for maps and lists. Caller frees. */
char *setting_text(const struct setting *setting, const void *base);

/* May text be the target of this map? */
bool setting_map_takes(const struct setting *setting, const char *target);

/* The member itself: char *, GArray *, ... */
void *setting_member(const struct setting *setting, void *base);

/* Is it [A-Za-z_][A-Za-z0-9_-]*, at most 128 bytes? */
bool setting_is_name(const char *text);
