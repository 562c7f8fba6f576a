/* The user's own table: write-back of its columns, and leads from files. */
#include "base/email.h"
#include "base/json.h"
#include "base/log.h"
#include "warehouse/bigquery_opt_out.h"
#include "warehouse/flag_findings.h"
#include "warehouse/lead_fields.h"

#include <string.h>

/* ---- write-back ---- */

/* The oldest row in the streaming buffer of the user's table, which DML may not touch; 0: there is none. */
static bool buffer_oldest(struct bq_warehouse *self, int64_t *oldest_us, GError **error)
{
  struct bigquery_table_info info = {0};
  bool is_ok = bigquery_table_get(self->client, &self->source, &info, error);
  if (is_ok) *oldest_us = info.streaming_oldest_us;
  bigquery_table_info_clear(&info);
  return is_ok;
}

static bool changes_json(struct bq_warehouse *self, bool is_dry_run, GString *out, GError **error)
{
  int64_t oldest_us = 0;
  if (!is_dry_run && !buffer_oldest(self, &oldest_us, error)) return false;
  g_string_append_c(out, '{');
  bq_json_int(out, "now", bq_now_us(self));
  bq_json_time(out, "before", oldest_us);
  bq_json_policy(self, out);
  if (!bq_json_foreigners(self, false, out, error)) return false;
  g_string_append_c(out, '}');
  return true;
}

bool bq_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  int64_t n = 0;
  if (changed_n) *changed_n = 0;
  if (!self->settings->source.write_back) return true;
  g_autoptr(GString) json = g_string_new(NULL);
  if (!changes_json(self, is_dry_run, json, error)) return false;
  struct bq_call dry = BQ_SCRIPT(json->str, BQ_CHANGES_GATHER, BQ_SCRATCH_COUNT);
  struct bq_call real = BQ_SCRIPT(json->str, BQ_CHANGES_GATHER, BQ_CHANGES_APPLY, BQ_SCRATCH_COUNT);
  g_autoptr(GError) failure = NULL;
  if (bq_run_int(self, is_dry_run ? &dry : &real, &n, &failure)) {
    if (changed_n) *changed_n = n;
    return true;
  }
  if (bigquery_cause(self->client) == BIGQUERY_CAUSE_STREAMING_BUFFER) {
    log_event(LOG_WARNING, "write-back left to the next run",
              LOG_STR("reason", "rows of the table are in BigQuery's streaming buffer, which nobody may change yet"));
    return true;
  }
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* ---- flags ---- */

struct odd_flags {
  const struct bq_warehouse *self;
  GArray *findings;
};

static void odd_flag_add(const char *const *cells, void *into)
{
  struct odd_flags *odd = into;
  g_autofree char *column = sql_names_plain(&odd->self->names, cells[0]);
  flag_finding_add(odd->findings, odd->self->source.table, column, cells[1], bq_cell_int(cells[2]));
}

bool bq_flags_check(struct bq_warehouse *self, GArray *findings, GError **error)
{
  struct odd_flags odd = {.self = self, .findings = findings};
  struct bq_call call = {.ids = {BQ_FLAGS_ODD}, .ids_n = 1};
  return (!self->has_odd_flags || bq_each(self, &call, odd_flag_add, &odd, error)) &&
         bq_opt_out_check(self, findings, error);
}

/* ---- import: what the source has already ---- */

struct known {
  const char *lead_id, *person;
  const char *first_name, *last_name, *company_name, *campaign_id, *fields;
};

struct import {
  struct bq_warehouse *self;
  GHashTable *by_id;     /* lead_id -> struct known */
  GHashTable *by_person; /* person -> lead_id */
  GStringChunk *text;
  GString *changes; /* JSON rows */
  bool has_updates;
};

static const char *kept(struct import *import, const char *text)
{
  return text ? g_string_chunk_insert(import->text, text) : NULL;
}

static void known_add(const char *const *cells, void *into)
{
  struct import *import = into;
  g_autofree char *person = NULL;
  if (!cells[0]) return; /* a row that nobody can name is no lead */
  if (cells[1]) (void)email_canonical(cells[1], strlen(cells[1]), &person);
  struct known *known = g_new(struct known, 1);
  *known = (struct known){.lead_id = kept(import, cells[0]),
                          .person = kept(import, person),
                          .first_name = kept(import, cells[2]),
                          .last_name = kept(import, cells[3]),
                          .company_name = kept(import, cells[4]),
                          .campaign_id = kept(import, cells[5]),
                          .fields = kept(import, cells[6])};
  g_hash_table_replace(import->by_id, (gpointer)known->lead_id, known);
  if (known->person && !g_hash_table_contains(import->by_person, known->person))
    g_hash_table_insert(import->by_person, (gpointer)known->person, (gpointer)known->lead_id);
}

static bool known_read(struct import *import, const char *const *lead_ids, const struct import_row *rows, size_t rows_n,
                       GError **error)
{
  g_autofree const char **persons = g_new0(const char *, rows_n + 1);
  for (size_t i = 0; i < rows_n; i++)
    persons[i] = rows[i].person;
  struct bq_call call = {
      .ids = {BQ_IMPORT_KNOWN},
      .ids_n = 1,
      .parameters = {bigquery_texts("lead_ids", lead_ids, rows_n), bigquery_texts("persons", persons, rows_n)},
      .parameters_n = 2};
  return bq_each(import->self, &call, known_add, import, error);
}

/* ---- import: one row ---- */

static void change_add(struct import *import, const struct known *known, const char *email, bool is_new)
{
  GString *out = import->changes;
  g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
  json_append_str(out, "lead_id", known->lead_id);
  bq_json_flag(out, "is_new", is_new);
  json_append_str(out, "email", email);
  json_append_str(out, "first_name", known->first_name);
  json_append_str(out, "last_name", known->last_name);
  json_append_str(out, "company_name", known->company_name);
  json_append_str(out, "campaign_id", known->campaign_id);
  json_append_str(out, "fields", known->fields);
  g_string_append_c(out, '}');
}

static enum import_result row_update(struct import *import, struct known *known, const struct import_row *row)
{
  g_autofree char *fields = lead_fields_merge(known->fields, row->fields);
  bool is_same = !lead_value_differs(known->first_name, row->first_name) &&
                 !lead_value_differs(known->last_name, row->last_name) &&
                 !lead_value_differs(known->company_name, row->company_name) &&
                 !lead_value_differs(known->campaign_id, row->campaign_id) && lead_fields_equal(known->fields, fields);
  if (is_same) return IMPORT_UNCHANGED;
  known->first_name = lead_value_better(known->first_name, row->first_name);
  known->last_name = lead_value_better(known->last_name, row->last_name);
  known->company_name = lead_value_better(known->company_name, row->company_name);
  known->campaign_id = lead_value_better(known->campaign_id, row->campaign_id);
  known->fields = kept(import, fields);
  change_add(import, known, NULL, false);
  import->has_updates = true;
  return IMPORT_UPDATED;
}

static enum import_result row_import(struct import *import, const struct import_row *row, const char *lead_id)
{
  struct known *known = g_hash_table_lookup(import->by_id, lead_id);
  if (known) return g_strcmp0(known->person, row->person) == 0 ? row_update(import, known, row) : IMPORT_ID_TAKEN;
  if (g_hash_table_contains(import->by_person, row->person)) return IMPORT_DUPLICATE_PERSON;
  known = g_new(struct known, 1);
  *known = (struct known){.lead_id = lead_id,
                          .person = row->person,
                          .first_name = row->first_name,
                          .last_name = row->last_name,
                          .company_name = row->company_name,
                          .campaign_id = row->campaign_id,
                          .fields = row->fields};
  g_hash_table_insert(import->by_id, (gpointer)lead_id, known);
  g_hash_table_insert(import->by_person, (gpointer)row->person, (gpointer)lead_id);
  change_add(import, known, row->email, true);
  return IMPORT_NEW;
}

/* ---- import: the batch ---- */

/* New rows by INSERT, which bills nothing of the table and waits for nobody; only a batch that changes rows needs more.
 */
static bool changes_write(struct import *import, GError **error)
{
  g_autofree char *json = g_strdup_printf("{\"rows\":%s]}", import->changes->str);
  struct bq_call fresh = BQ_SCRIPT(json, BQ_IMPORT_GATHER, BQ_IMPORT_INSERT, BQ_IMPORT_INSERT_FIELDS);
  struct bq_call mixed = BQ_SCRIPT(json, BQ_IMPORT_GATHER, BQ_IMPORT_INSERT, BQ_IMPORT_INSERT_FIELDS, BQ_IMPORT_UPDATE,
                                   BQ_IMPORT_UPDATE_FIELDS);
  return import->changes->len <= 1 || bq_run(import->self, import->has_updates ? &mixed : &fresh, error);
}

bool bq_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                    GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  if (rows_n == 0) return true;
  if (!bq_source_takes_rows(self, error) || !bq_key(self, error)) return false;
  struct import import = {.self = self,
                          .by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
                          .by_person = g_hash_table_new(g_str_hash, g_str_equal),
                          .text = g_string_chunk_new(65536),
                          .changes = g_string_new("[")};
  g_autofree const char **lead_ids = g_new0(const char *, rows_n + 1);
  for (size_t i = 0; i < rows_n; i++) {
    g_autofree char *derived = rows[i].lead_id ? NULL : bq_keyed_ref(self, "l_", rows[i].person, 10);
    lead_ids[i] = kept(&import, rows[i].lead_id ? rows[i].lead_id : derived);
  }
  bool is_ok = known_read(&import, lead_ids, rows, rows_n, error);
  for (size_t i = 0; is_ok && i < rows_n; i++)
    rows[i].result = row_import(&import, &rows[i], lead_ids[i]);
  is_ok = is_ok && (is_dry_run || changes_write(&import, error));
  g_hash_table_unref(import.by_id);
  g_hash_table_unref(import.by_person);
  g_string_chunk_free(import.text);
  g_string_free(import.changes, TRUE);
  return is_ok;
}
