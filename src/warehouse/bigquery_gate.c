/* The change gate (core/gate.h): what tables.get says of the tables that a claim reads, which is free, and a note that
 * costs nothing to read either: it stands in the description of pipeline_runs, whose own times nobody compares. */
#include "base/json.h"
#include "core/gate.h"
#include "warehouse/bigquery.h"

static bool table_look(struct bq_warehouse *self, enum gate_table id, struct gate_table_facts *facts, GError **error)
{
  struct bigquery_table table =
      id == GATE_LEADS ? self->source
                       : (struct bigquery_table){.dataset = self->ops_dataset, .table = gate_table_name(id)};
  const struct bigquery_table_info *info = NULL;
  if (!bq_table_seen(self, &table, &info, error)) return false;
  *facts = (struct gate_table_facts){
      .is_base_table = g_strcmp0(info->type, "TABLE") == 0,
      .is_exact = info->etag != NULL, /* the emulator has none, and never moves the time of the last change */
      .has_stream = info->streaming_rows_n > 0 || info->streaming_oldest_us > 0,
      .rows_n = info->rows_n,
      .modified_us = info->modified_us};
  return true;
}

static struct bigquery_table notebook(const struct bq_warehouse *self)
{
  return (struct bigquery_table){.dataset = self->ops_dataset, .table = "pipeline_runs"};
}

static bool look(struct ledger *ledger, struct gate_facts *facts, char **note, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bigquery_table runs = notebook(self);
  const struct bigquery_table_info *info = NULL;
  if (!note) bq_tables_forget(self); /* these facts will be the note's */
  for (enum gate_table i = 0; i < GATE_TABLES_N; i++)
    if (!table_look(self, i, &facts->tables[i], error)) return false;
  if (!note) return true;
  *note = NULL;
  if (!bq_table_seen(self, &runs, &info, error)) return false;
  *note = g_strdup(info->description);
  return true;
}

static bool note_put(struct ledger *ledger, const char *note, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bigquery_table runs = notebook(self);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "description", note);
  g_string_append_c(json, '}');
  bq_tables_forget(self);
  return bigquery_table_patch(self->client, &runs, json->str, NULL, error);
}

static bool skipped(struct ledger *ledger, const struct run_record *run, GError **error)
{
  return bq_run_skipped(bq_of_ledger(ledger), run, error);
}

const struct gate_ops bq_gate = {.look = look, .note_put = note_put, .skipped = skipped};
