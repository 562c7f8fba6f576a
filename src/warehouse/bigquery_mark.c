/* Whose leads these are. Two installations, each with tables of its own, would each have a lease of its own, and mail
 * the same people from one table of leads. So the first one marks that table with labels, which costs nothing to read,
 * and another one stops. Who may only read the table cannot mark it: then nothing is known here. */
#include "base/json.h"
#include "base/log.h"
#include "warehouse/bigquery.h"

#include <string.h>

#define LABEL_INSTALLATION "leadferry_installation"
#define LABEL_TABLES       "leadferry_tables"
#define LABEL_MAX_BYTES    63

/* What a label may hold. Caller frees. */
static char *label_of(const char *text)
{
  g_autofree char *low = g_ascii_strdown(text, -1);
  g_strcanon(low, "abcdefghijklmnopqrstuvwxyz0123456789_-", '-');
  return g_strndup(low, LABEL_MAX_BYTES);
}

static const char *label(const struct bigquery_table_info *info, const char *name)
{
  return info->labels ? g_hash_table_lookup(info->labels, name) : NULL;
}

char *bq_mark_of_another(const struct bq_warehouse *self, const struct bigquery_table_info *info,
                         const char *installation)
{
  const char *theirs = label(info, LABEL_INSTALLATION), *where = label(info, LABEL_TABLES);
  g_autofree char *ours = label_of(self->ops_dataset);
  bool is_other = theirs && installation && strcmp(theirs, installation) != 0;
  if (!is_other && (!where || strcmp(where, ours) == 0)) return NULL;
  return g_strdup_printf(
      "the table %s.%s is exported from by another installation of leadferry, whose tables are in the "
      "dataset %s; two of them would mail everybody twice. If that one is gone for good: `bq update "
      "--clear_label " LABEL_INSTALLATION " --clear_label " LABEL_TABLES " %s:%s.%s`",
      self->source.dataset, self->source.table, where ? where : "(not named)", self->settings->warehouse.project,
      self->source.dataset, self->source.table);
}

/* Who may not is no worse off than before. */
static bool mark_put(struct bq_warehouse *self, const char *installation, const char *etag, GError **error)
{
  g_autofree char *where = label_of(self->ops_dataset);
  g_autoptr(GString) json = g_string_new("{\"labels\":{");
  g_autoptr(GError) refusal = NULL;
  json_append_str(json, LABEL_INSTALLATION, installation);
  json_append_str(json, LABEL_TABLES, where);
  g_string_append(json, "}}");
  bool is_ok = bigquery_table_patch(self->client, &self->source, json->str, etag, &refusal);
  bq_tables_forget(self);
  if (is_ok) return true;
  if (bigquery_cause(self->client) != BIGQUERY_CAUSE_ACCESS) {
    g_propagate_error(error, g_steal_pointer(&refusal));
    return false;
  }
  log_event(LOG_INFO, "leads may not be marked: a second installation would not be noticed",
            LOG_STR("error", refusal->message));
  return true;
}

bool bq_mark_check(struct bq_warehouse *self, GError **error)
{
  g_autofree char *installation = NULL;
  const struct bigquery_table_info *info = NULL;
  if (!bq_control_get(&self->ledger, "installation_id", &installation, error)) return false;
  bq_tables_forget(self);
  if (!installation || !bq_table_seen(self, &self->source, &info, error)) return !installation;
  g_autofree char *refusal = bq_mark_of_another(self, info, installation);
  if (refusal) error_set(error, ERROR_UNSAFE, "%s", refusal);
  if (refusal) return false;
  if (label(info, LABEL_INSTALLATION) && label(info, LABEL_TABLES)) return true;
  g_autofree char *etag = g_strdup(info->etag);
  return mark_put(self, installation, etag, error);
}
