/* The user's own table: write-back of its columns, and leads from files. */
#include "base/error.h"
#include "base/json.h"
#include "warehouse/flag_findings.h"
#include "warehouse/sqlite.h"

#include <string.h>

/* ---- write-back ---- */

/* Outcomes whose action is keep, one bit each: nothing has to be confirmed for them. */
static int64_t kept_outcomes(const struct settings *settings)
{
  int64_t kept = 0;
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    if (settings->complete.outcomes[i].action == REMOVAL_KEEP) kept |= (int64_t)1 << i;
  return kept;
}

bool sqlite_policy_fill(struct sqlite_warehouse *self, GError **error)
{
  const struct settings *settings = self->settings;
  query_scope struct query policy = {0}, configured = {0};
  if (!query_open(&policy, &self->db, SQL_POLICY_PUT, error)) return false;
  query_int(&policy, ":kept", kept_outcomes(settings));
  query_int(&policy, ":include_adopted", settings->complete.include_adopted);
  if (!query_run(&policy, error) || !query_open(&configured, &self->db, SQL_CONFIGURED_PUT, error)) return false;
  for (guint i = 0; settings->campaigns && i < settings->campaigns->len; i++) {
    query_again(&configured);
    query_text(&configured, ":campaign_id", g_array_index(settings->campaigns, struct campaign_settings, i).id);
    if (!query_run(&configured, error)) return false;
  }
  return true;
}

static bool changes_apply(struct sqlite_warehouse *self, int64_t *changed_n, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CHANGES_APPLY, error)) return false;
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  if (!query_run(&query, error)) return false;
  *changed_n = sql_changes(&self->db);
  return true;
}

bool sqlite_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  int64_t n = 0;
  if (changed_n) *changed_n = 0;
  if (!self->settings->source.write_back) return true;
  transaction_scope struct transaction transaction = {0};
  if (!transaction_begin(&transaction, &self->db, !is_dry_run, error)) return false;
  if (!sqlite_aliases(self, error)) return false;
  bool is_ok = is_dry_run ? sql_run_int(&self->db, SQL_CHANGES_COUNT, &n, error) : changes_apply(self, &n, error);
  if (!is_ok || !transaction_commit(&transaction, error)) return false;
  if (changed_n) *changed_n = n;
  return true;
}

/* ---- flags ---- */

bool sqlite_flags_check(struct sqlite_warehouse *self, GArray *findings, GError **error)
{
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  query_scope struct query query = {0};
  bool has_row = true;
  if (!query_open(&query, &self->db, SQL_FLAGS_ODD, error)) return false;
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    g_autofree char *column = sql_names_plain(&self->db.names, query_column_text(&query, 0));
    flag_finding_add(findings, table, column, query_column_text(&query, 1), query_column_int(&query, 2));
  }
  return sqlite_opt_out_check(self, findings, error);
}

/* ---- import ---- */

struct import {
  struct sqlite_warehouse *self;
  const struct import_row *row;
  const char *lead_id;
  bool is_dry_run;
};

static void lead_bind(struct query *query, const struct import *import)
{
  query_text(query, ":lead_id", import->lead_id);
  query_text(query, ":first_name", import->row->first_name);
  query_text(query, ":last_name", import->row->last_name);
  query_text(query, ":company_name", import->row->company_name);
  query_text(query, ":campaign_id", import->row->campaign_id);
}

/* A question with one value; its answer is the first column of the first row. */
struct question {
  enum sql_id id;
  const char *name, *value;
};

/* The answer as text, copied; NULL without a row. */
static bool text_of(const struct import *import, const struct question *question, char **text, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  *text = NULL;
  if (!query_open(&query, &import->self->db, question->id, error)) return false;
  query_text(&query, question->name, question->value);
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row) *text = g_strdup(query_column_text(&query, 0));
  return true;
}

static bool person_put(const struct import *import, enum sql_id id, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &import->self->db, id, error)) return false;
  query_text(&query, ":person", import->row->person);
  query_text(&query, ":lead_id", import->lead_id);
  return query_run(&query, error);
}

static bool fields_put(const struct import *import, GError **error)
{
  if (!import->row->fields || import->is_dry_run) return true;
  query_scope struct query query = {0};
  if (!query_open(&query, &import->self->db, SQL_IMPORT_FIELDS_PUT, error)) return false;
  query_text(&query, ":lead_id", import->lead_id);
  query_text(&query, ":fields", import->row->fields);
  return query_run(&query, error);
}

static bool import_new(const struct import *import, GError **error)
{
  if (!person_put(import, SQL_IMPORT_PERSON_PUT, error)) return false;
  if (import->is_dry_run) return person_put(import, SQL_IMPORT_PLANNED_PUT, error);
  query_scope struct query query = {0};
  if (!query_open(&query, &import->self->db, SQL_IMPORT_LEAD_INSERT, error)) return false;
  lead_bind(&query, import);
  query_text(&query, ":email", import->row->email);
  return query_run(&query, error) && fields_put(import, error);
}

static bool lead_differs(const struct import *import, bool *differs, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &import->self->db, SQL_IMPORT_LEAD_DIFFERS, error)) return false;
  lead_bind(&query, import);
  if (!query_next(&query, &has_row, error)) return false;
  *differs = has_row && query_column_int(&query, 0) != 0;
  return true;
}

static bool fields_differ(const struct import *import, bool *differs, GError **error)
{
  *differs = false;
  if (!import->row->fields) return true;
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &import->self->db, SQL_IMPORT_FIELDS_DIFFER, error)) return false;
  query_text(&query, ":lead_id", import->lead_id);
  query_text(&query, ":fields", import->row->fields);
  if (!query_next(&query, &has_row, error)) return false;
  *differs = has_row && query_column_int(&query, 0) != 0;
  return true;
}

static bool import_known(const struct import *import, enum import_result *result, GError **error)
{
  bool differs = false, has_new_fields = false;
  if (!lead_differs(import, &differs, error) || !fields_differ(import, &has_new_fields, error)) return false;
  *result = differs || has_new_fields ? IMPORT_UPDATED : IMPORT_UNCHANGED;
  if (import->is_dry_run || *result == IMPORT_UNCHANGED) return true;
  if (has_new_fields && !fields_put(import, error)) return false;
  query_scope struct query query = {0};
  if (!query_open(&query, &import->self->db, SQL_IMPORT_LEAD_UPDATE, error)) return false;
  lead_bind(&query, import);
  return query_run(&query, error);
}

static bool import_one(const struct import *import, enum import_result *result, GError **error)
{
  const char *person = import->row->person;
  const struct question owner_of = {SQL_IMPORT_LEAD_FIND, ":lead_id", import->lead_id};
  const struct question planned_for = {SQL_IMPORT_PLANNED_FIND, ":lead_id", import->lead_id};
  const struct question known_as = {SQL_IMPORT_PERSON_FIND, ":person", person};
  g_autofree char *owner = NULL;
  g_autofree char *planned = NULL;
  g_autofree char *other_id = NULL;
  if (!text_of(import, &owner_of, &owner, error)) return false;
  *result = IMPORT_ID_TAKEN;
  if (owner) return strcmp(owner, person) != 0 || import_known(import, result, error);
  if (import->is_dry_run && !text_of(import, &planned_for, &planned, error)) return false;
  if (planned && strcmp(planned, person) == 0) *result = IMPORT_UNCHANGED;
  if (planned) return true;
  if (!text_of(import, &known_as, &other_id, error)) return false;
  *result = other_id ? IMPORT_DUPLICATE_PERSON : IMPORT_NEW;
  return other_id || import_new(import, error);
}

/* Once, and again when another program wrote to the file meanwhile. */
bool sqlite_persons_fill(struct sqlite_warehouse *self, GError **error)
{
  int64_t version = 0;
  if (!sql_run_int(&self->db, SQL_DATA_VERSION, &version, error)) return false;
  if (version == self->persons_version) return true;
  self->persons_version = version;
  return sql_run(&self->db, SQL_IMPORT_PERSONS_CLEAR, error) && sql_run(&self->db, SQL_IMPORT_PERSONS_FILL, error);
}

bool sqlite_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                        GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  if (!sqlite_key(self, error) || !sqlite_persons_fill(self, error)) return false;
  transaction_scope struct transaction transaction = {0};
  if (!transaction_begin(&transaction, &self->db, !is_dry_run, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    g_autofree char *derived = rows[i].lead_id ? NULL : sqlite_keyed_ref(self, "l_", rows[i].person, 10);
    struct import import = {.self = self,
                            .row = &rows[i],
                            .lead_id = rows[i].lead_id ? rows[i].lead_id : derived,
                            .is_dry_run = is_dry_run};
    if (!import_one(&import, &rows[i].result, error)) return false;
  }
  return is_dry_run || transaction_commit(&transaction, error);
}

/* ---- contacted before ---- */

bool sqlite_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  bool is_first = after == NULL;
  if (is_first && (!sql_run(&self->db, SQL_CONTACTED_FORGET, error) || !sql_run(&self->db, SQL_CONTACTED_FIND, error)))
    return false;
  if (!query_open(&query, &self->db, SQL_CONTACTED_BEFORE, error)) return false;
  query_text(&query, ":after", after ? after : "");
  query_int(&query, ":limit", (int64_t)MIN(limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct contacted row = {.lead_id = query_page_text(&query, 0, page),
                            .person = query_page_text(&query, 1, page),
                            .campaign_id = query_page_text(&query, 2, page)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

/* ---- who was ever enrolled ---- */

bool sqlite_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                          GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  g_autoptr(GString) json = g_string_new(NULL);
  page_reset(page);
  json_append_strings(json, folded, folded_n);
  if (!query_open(&query, &sqlite_of_ledger(ledger)->db, SQL_EVER_ENROLLED, error)) return false;
  query_text(&query, ":folded", json->str);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct enrolled row = {.lead_id = query_page_text(&query, 0, page),
                           .person = query_page_text(&query, 1, page),
                           .campaign_id = query_page_text(&query, 2, page),
                           .instantly_id = query_page_text(&query, 3, page),
                           .claim_id = query_page_text(&query, 4, page),
                           .generation = query_column_int(&query, 5),
                           .epoch = query_column_int(&query, 6),
                           .replied_at_us = query_column_int(&query, 7)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &sqlite_of_ledger(ledger)->db, SQL_FIRST_ENROLLED, error)) return false;
  if (!query_next(&query, &has_row, error)) return false;
  *at_us = query_column_int(&query, 0);
  return true;
}
