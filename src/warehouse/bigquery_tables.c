/* What tables.get says of a table. A command that starts asks about the same tables one right after the other: it opens
 * the source, checks the schema, and looks whether the change gate is shut. These share one answer. It holds until this
 * handle runs a job or streams a row; whoever needs to know how things are at that moment forgets it first. */
#include "warehouse/bigquery.h"

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
