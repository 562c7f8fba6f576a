/* What tables.get says of a table. A command that starts asks about the same tables one right after the other: it opens
 * the source, checks the schema, and looks whether the change gate is shut. These share one answer. It holds until this
 * handle runs a job or streams a row; whoever needs to know how things are at that moment forgets it first. */
#include "warehouse/bigquery.h"

#include <string.h>

static void info_free(gpointer data)
{
  bigquery_table_info_clear(data);
  g_free(data);
}

bool bq_table_seen(struct bq_warehouse *self, const struct bigquery_table *table,
                   const struct bigquery_table_info **info, GError **error)
{
  if (!self->tables) self->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, info_free);
  g_autofree char *name = g_strconcat(table->dataset, ".", table->table, NULL);
  *info = g_hash_table_lookup(self->tables, name);
  if (*info) return true;
  struct bigquery_table_info *fresh = g_new0(struct bigquery_table_info, 1);
  if (!bigquery_table_get(self->client, table, fresh, error)) {
    info_free(fresh);
    return false;
  }
  g_hash_table_insert(self->tables, g_steal_pointer(&name), fresh);
  *info = fresh;
  return true;
}

void bq_tables_forget(struct bq_warehouse *self)
{
  g_clear_pointer(&self->tables, g_hash_table_unref);
}

/* Whoever may not ask is told by what comes next. */
static bool dataset_is_there(struct bq_warehouse *self, const char *setting, const char *dataset, GError **error)
{
  const char *project = self->settings->warehouse.project;
  g_autofree char *location = NULL;
  g_autoptr(GError) failure = NULL;
  if (bigquery_dataset_location(self->client, NULL, dataset, &location, &failure)) return true;
  if (bigquery_cause(self->client) != BIGQUERY_CAUSE_NOT_FOUND) return true;
  error_set(error, ERROR_CONFIG,
            "there is no dataset %s in the project %s, or no such project; correct warehouse.project and %s, or make "
            "the dataset: `bq mk --dataset %s:%s`",
            dataset, project, setting, project, dataset);
  return false;
}

bool bq_datasets_are_there(struct bq_warehouse *self, GError **error)
{
  return dataset_is_there(self, "warehouse.dataset", self->source.dataset, error) &&
         (strcmp(self->source.dataset, self->ops_dataset) == 0 ||
          dataset_is_there(self, "warehouse.ops_dataset", self->ops_dataset, error));
}
