/* What `${name}` in a statement stands for: identifiers from the configuration, each checked and quoted. */
#include "warehouse/sql_names.h"

#include <string.h>

static const char *const columns[] = {
    "lead_id",
    "email",
    "first_name",
    "last_name",
    "company_name",
    "campaign_id",
    "added_to_instantly",
    "added_date",
    "sequence_completed",
    "sequence_completed_date",
    "last_email_status",
    "cold_email_sent",
    "updated_at",
};

bool sql_name_is_valid(const char *name)
{
  if (!g_ascii_isalpha(name[0]) && name[0] != '_') return false;
  for (const char *c = name; *c; c++)
    if (!g_ascii_isalnum(*c) && *c != '_' && *c != '-') return false;
  return true;
}

static bool name_put(struct sql_names *names, const char *name, const char *identifier, GError **error)
{
  if (!sql_name_is_valid(identifier)) {
    error_set(error, ERROR_CONFIG,
              "source: '%s' for %s is no name of a table or column; letters, digits, _ and - are allowed, a digit or - "
              "not in front",
              identifier, name);
    return false;
  }
  g_hash_table_replace(names->quoted, g_strdup(name),
                       g_strdup_printf("%c%s%c", names->quote, identifier, names->quote));
  return true;
}

/* Without a table nothing reads it; the statements about one are sound all the same. */
static bool exclude_put(struct sql_names *names, const struct exclude_settings *exclude, GError **error)
{
  if (exclude->table)
    return name_put(names, "exclude_table", exclude->table, error) &&
           name_put(names, "exclude_column", exclude->column ? exclude->column : "email", error);
  sql_names_put(names, "exclude_table", g_hash_table_lookup(names->quoted, "leads"));
  sql_names_put(names, "exclude_column", g_hash_table_lookup(names->quoted, "email"));
  return true;
}

bool sql_names_init(struct sql_names *names, char quote, const struct source_settings *source, GError **error)
{
  names->quote = quote;
  names->quoted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!name_put(names, "leads", source->table ? source->table : "leads", error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
    if (!name_put(names, columns[i], columns[i], error)) return false;
  for (guint i = 0; source->columns && i < source->columns->len; i++) {
    const struct field_mapping *mapping = &g_array_index(source->columns, struct field_mapping, i);
    if (!g_hash_table_contains(names->quoted, mapping->target)) {
      error_set(error, ERROR_CONFIG, "source.columns: '%s' is no column of leads", mapping->target);
      return false;
    }
    if (!name_put(names, mapping->target, mapping->source, error)) return false;
  }
  return exclude_put(names, &source->exclude, error);
}

static bool is_own(const char *table, const char *own, const char *setting, const char *what, GError **error)
{
  if (!table || g_ascii_strcasecmp(table, own) != 0) return false;
  error_set(error, ERROR_CONFIG, "%s: %s is a table of leadferry's own; name the one that %s, or rename it", setting,
            own, what);
  return true;
}

bool sql_names_spare_own(const struct source_settings *source, const char *own, GError **error)
{
  return !is_own(source->table, own, "source.table", "your leads are in", error) &&
         !is_own(source->exclude.table, own, "source.exclude.table", "your customers are in", error);
}

bool sql_names_differ(const struct source_settings *source, GError **error)
{
  const char *leads = source->table ? source->table : "leads";
  if (!source->exclude.table || g_ascii_strcasecmp(source->exclude.table, leads) != 0) return true;
  error_set(error, ERROR_CONFIG,
            "source.exclude.table: %s is the table of leads itself, so nobody could be mailed; name another, such as "
            "the one of your customers",
            leads);
  return false;
}

void sql_names_clear(struct sql_names *names)
{
  g_clear_pointer(&names->quoted, g_hash_table_unref);
}

char *sql_names_plain(const struct sql_names *names, const char *name)
{
  const char *quoted = g_hash_table_lookup(names->quoted, name);
  return g_strndup(quoted + 1, strlen(quoted) - 2);
}

void sql_names_put(struct sql_names *names, const char *name, const char *text)
{
  g_hash_table_replace(names->quoted, g_strdup(name), g_strdup(text));
}

char *sql_names_fill(const struct sql_names *names, const char *text)
{
  GString *out = g_string_sized_new(strlen(text) + 64);
  for (const char *rest = text; *rest;) {
    const char *start = strstr(rest, "${");
    if (!start) {
      g_string_append(out, rest);
      break;
    }
    const char *end = strchr(start, '}');
    g_assert(end);
    g_autofree char *name = g_strndup(start + 2, (gsize)(end - start - 2));
    const char *quoted = g_hash_table_lookup(names->quoted, name);
    g_assert(quoted);
    g_string_append_len(out, rest, start - rest);
    g_string_append(out, quoted);
    rest = end + 1;
  }
  return g_string_free(out, FALSE);
}
