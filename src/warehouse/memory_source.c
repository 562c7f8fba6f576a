/* The reference warehouse: the user's own table, written back and imported. */
#include "base/json.h"
#include "base/text.h"
#include "warehouse/lead_fields.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- references ---- */

static char *keyed_hex(const struct memory *memory, const char *text, size_t bytes)
{
  uint8_t digest[SHA256_BYTES];
  hmac_sha256(memory->key, sizeof memory->key, text, strlen(text), digest);
  return hex_encode(digest, bytes);
}

char *memory_reference(const struct memory *memory, const char *lead_id)
{
  g_autofree char *hex = keyed_hex(memory, lead_id, 8);
  return g_strconcat("ref-", hex, NULL);
}

char *memory_lead_ref(struct ledger *ledger, const char *lead_id)
{
  return strchr(lead_id, '@') ? memory_reference(memory_of(ledger), lead_id) : g_strdup(lead_id);
}

/* ---- write-back ---- */

struct user_columns memory_columns(const struct memory *memory, const struct lead_state *state)
{
  const struct settings *settings = memory->settings;
  struct completion_policy policy = {.include_adopted = settings->complete.include_adopted};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    policy.is_kept[i] = settings->complete.outcomes[i].action == REMOVAL_KEEP;
  return state_columns(state, &policy, settings_campaign(settings, state->current_campaign_id) != NULL);
}

/* Only `withdraw` and `release` take something back; else what stands stays. */
static void merge_columns(struct memory_lead *row, const struct user_columns *columns, bool may_reset)
{
  struct lead *lead = &row->lead;
  if (columns->added_to_instantly || may_reset) {
    lead->added_to_instantly = columns->added_to_instantly;
    row->added_at_us = columns->added_at_us;
  }
  if (columns->sequence_completed || may_reset) {
    lead->sequence_completed = columns->sequence_completed;
    row->completed_at_us = columns->sequence_completed_at_us;
  }
  if (columns->last_email_status > email_status_from_name(lead->last_email_status))
    lead->last_email_status = email_status_name(columns->last_email_status);
  lead->cold_email_sent |= columns->cold_email_sent;
}

static bool is_same_row(const struct memory_lead *a, const struct memory_lead *b)
{
  return a->lead.added_to_instantly == b->lead.added_to_instantly && a->added_at_us == b->added_at_us &&
         a->lead.sequence_completed == b->lead.sequence_completed && a->completed_at_us == b->completed_at_us &&
         a->lead.cold_email_sent == b->lead.cold_email_sent &&
         g_strcmp0(a->lead.last_email_status, b->lead.last_email_status) == 0;
}

static bool write_back_row(struct memory *memory, GHashTable *people, struct memory_lead *row, bool is_dry_run)
{
  const struct lead_state *state = people_state(memory, people, row);
  if (!state || g_strcmp0(state->person, row->person) != 0) return false;
  struct user_columns columns = memory_columns(memory, state);
  struct memory_lead changed = *row;
  merge_columns(&changed, &columns, state_may_reset(state));
  if (is_same_row(row, &changed)) return false;
  changed.updated_at_us = memory_now_us(memory);
  if (!is_dry_run) *row = changed;
  return true;
}

bool memory_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  int64_t n = 0;
  g_autoptr(GHashTable) people = people_new(memory);
  for (guint i = 0; memory->settings->source.write_back && i < memory->leads->len; i++)
    n += write_back_row(memory, people, g_ptr_array_index(memory->leads, i), is_dry_run);
  if (changed_n) *changed_n = n;
  return true;
}

/* ---- import ---- */

static enum import_result update_row(struct memory *memory, const struct memory_lead *old, const struct import_row *row,
                                     bool is_dry_run)
{
  g_autofree char *fields = lead_fields_merge(old->lead.fields, row->fields);
  struct lead lead = old->lead;
  lead.first_name = lead_value_better(lead.first_name, row->first_name);
  lead.last_name = lead_value_better(lead.last_name, row->last_name);
  lead.company_name = lead_value_better(lead.company_name, row->company_name);
  lead.campaign_id = lead_value_better(lead.campaign_id, row->campaign_id);
  bool is_same = !lead_value_differs(old->lead.first_name, row->first_name) &&
                 !lead_value_differs(old->lead.last_name, row->last_name) &&
                 !lead_value_differs(old->lead.company_name, row->company_name) &&
                 !lead_value_differs(old->lead.campaign_id, row->campaign_id) &&
                 lead_fields_equal(old->lead.fields, fields);
  if (is_same) return IMPORT_UNCHANGED;
  lead.fields = fields;
  if (!is_dry_run) memory_put_lead(&memory->warehouse, &lead);
  return IMPORT_UPDATED;
}

static bool person_is_imported(struct memory *memory, const char *person)
{
  for (guint i = 0; i < memory->leads->len; i++)
    if (g_strcmp0(((struct memory_lead *)g_ptr_array_index(memory->leads, i))->person, person) == 0) return true;
  return false;
}

static enum import_result import_row(struct memory *memory, const struct import_row *row, bool is_dry_run)
{
  g_autofree char *derived = keyed_hex(memory, row->person, 12);
  const char *lead_id = row->lead_id ? row->lead_id : derived;
  const struct memory_lead *old = memory_lead_find(memory, lead_id);
  if (old) return g_strcmp0(old->person, row->person) == 0 ? update_row(memory, old, row, is_dry_run) : IMPORT_ID_TAKEN;
  if (person_is_imported(memory, row->person)) return IMPORT_DUPLICATE_PERSON;
  struct lead lead = {
      .lead_id = lead_id,
      .email = row->email,
      .first_name = row->first_name,
      .last_name = row->last_name,
      .company_name = row->company_name,
      .campaign_id = row->campaign_id,
      .fields = row->fields,
  };
  memory_put_lead(&memory->warehouse, &lead);
  return IMPORT_NEW;
}

/* A dry run imports for real and takes the new rows out again: rows of one batch see each other either way. */
bool memory_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                        GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  for (size_t i = 0; i < rows_n; i++)
    rows[i].result = import_row(memory, &rows[i], is_dry_run);
  for (size_t i = 0; is_dry_run && i < rows_n; i++) {
    if (rows[i].result != IMPORT_NEW) continue;
    g_autofree char *derived = keyed_hex(memory, rows[i].person, 12);
    memory_drop_lead(warehouse, rows[i].lead_id ? rows[i].lead_id : derived);
  }
  return true;
}
