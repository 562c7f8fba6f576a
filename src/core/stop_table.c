#include "core/stop_table.h"

#include "base/email.h"
#include "core/sync.h"

#include <string.h>

/* A stop without its address: 32 bytes each. Of so many keys two that differ are the same once in 10^7 tables. */
struct entry {
  uint64_t key;
  struct stop_moments moments;
};

struct stop_table {
  GArray *entries; /* struct entry, by key once it is sorted */
  int64_t first_us;
};

/* FNV-1a. */
static uint64_t key_of(const char *prefix, const char *text)
{
  uint64_t hash = 14695981039346656037U;
  for (; *prefix; prefix++)
    hash = (hash ^ (unsigned char)*prefix) * 1099511628211U;
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * 1099511628211U;
  return hash;
}

/* ---- moments ---- */

struct stop_moments stop_moments_none(void)
{
  return (struct stop_moments){INT64_MAX, INT64_MAX, 0};
}

static bool is_hard(enum stop_kind kind)
{
  return kind != STOP_KIND_REPLIED && kind != STOP_KIND_BOUNCED;
}

void stop_moments_add(struct stop_moments *moments, enum stop_kind kind, int64_t at_us)
{
  moments->kinds |= (unsigned)kind;
  moments->first_us = MIN(moments->first_us, at_us);
  if (is_hard(kind)) moments->hard_us = MIN(moments->hard_us, at_us);
}

bool stop_moments_any(const struct stop_moments *moments)
{
  return moments->kinds != 0;
}

const char *stop_moments_word(const struct stop_moments *moments)
{
  if (moments->kinds & STOP_KIND_UNSUBSCRIBED) return "unsubscribed";
  if (moments->kinds & STOP_KIND_OTHER) return "stopped";
  if (moments->kinds & STOP_KIND_REPLIED) return "replied";
  return moments->kinds & STOP_KIND_BOUNCED ? "bounced" : "blocklisted";
}

bool stop_moments_forbid(const struct stop_moments *moments, int64_t mailed_at_us, bool is_subsequence)
{
  int64_t since_us = is_subsequence ? moments->hard_us : moments->first_us;
  return since_us != INT64_MAX && mailed_at_us > since_us + STOP_GRACE_US;
}

/* ---- rows ---- */

bool stop_proof_is_live(const struct stop_proof_input *input)
{
  const struct remote_lead *row = input->row;
  if (!remote_is_live(row)) return false;
  bool is_listed_alone = input->moments->kinds == STOP_KIND_LISTED;
  if (input->is_listed && (!input->is_ours || is_listed_alone)) return false;
  bool is_answered = remote_has_real_reply(row) || (row->has_interest && row->interest > 0);
  return !is_answered || row->status == REMOTE_ACTIVE || input->moments->hard_us != INT64_MAX;
}

/* Once its subsequence is over, the last step of a row is that of either sequence (core/subsequence.h); and the last
 * contact of one that was answered may be a person's who wrote back. */
int64_t stop_proof_mailed_at_us(const struct remote_lead *row)
{
  bool is_answered = row->replies > 0 || row->replied_at_us != 0;
  bool has_subsequence = row->subsequence_id != NULL || row->subsequence_step_at_us != 0;
  if (row->status == REMOTE_COMPLETED && (is_answered || has_subsequence)) return 0;
  if (row->last_step_at_us != 0) return row->last_step_at_us;
  return is_answered || has_subsequence ? 0 : row->contacted_at_us;
}

/* ---- the table ---- */

struct stop_table *stop_table_new(void)
{
  struct stop_table *table = g_new0(struct stop_table, 1);
  table->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
  table->first_us = INT64_MAX;
  return table;
}

void stop_table_free(struct stop_table *table)
{
  if (!table) return;
  g_array_unref(table->entries);
  g_free(table);
}

static enum stop_kind kind_of(const struct suppression *stop)
{
  if (g_strcmp0(stop->source, "blocklist") == 0) return STOP_KIND_LISTED;
  if (g_strcmp0(stop->reason, "replied") == 0) return STOP_KIND_REPLIED;
  if (g_strcmp0(stop->reason, "bounced") == 0) return STOP_KIND_BOUNCED;
  return g_strcmp0(stop->reason, "unsubscribed") == 0 ? STOP_KIND_UNSUBSCRIBED : STOP_KIND_OTHER;
}

void stop_table_add(struct stop_table *table, const struct suppression *stop, int64_t now_us)
{
  if (stop->expires_at_us != 0 && stop->expires_at_us <= now_us) return;
  g_autofree char *folded = stop->person ? email_fold_tag(stop->person) : NULL;
  struct entry entry = {.key = folded ? key_of("", folded) : key_of("@", stop->domain), .moments = stop_moments_none()};
  stop_moments_add(&entry.moments, kind_of(stop), stop->created_at_us);
  table->first_us = MIN(table->first_us, stop->created_at_us);
  g_array_append_val(table->entries, entry);
}

static int by_key(gconstpointer a, gconstpointer b)
{
  uint64_t x = ((const struct entry *)a)->key, y = ((const struct entry *)b)->key;
  return x < y ? -1 : x > y;
}

void stop_table_sort(struct stop_table *table)
{
  g_array_sort(table->entries, by_key);
}

/* The first entry of a key or behind it. */
static guint lower_bound(const struct stop_table *table, uint64_t key)
{
  guint low = 0, high = table->entries->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(table->entries, struct entry, middle).key < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void add_all(const struct stop_table *table, uint64_t key, struct stop_moments *moments)
{
  for (guint i = lower_bound(table, key); i < table->entries->len; i++) {
    const struct entry *entry = &g_array_index(table->entries, struct entry, i);
    if (entry->key != key) break;
    moments->kinds |= entry->moments.kinds;
    moments->first_us = MIN(moments->first_us, entry->moments.first_us);
    moments->hard_us = MIN(moments->hard_us, entry->moments.hard_us);
  }
}

struct stop_moments stop_table_find(const struct stop_table *table, const char *person)
{
  struct stop_moments moments = stop_moments_none();
  g_autofree char *folded = email_fold_tag(person);
  add_all(table, key_of("", folded), &moments);
  add_all(table, key_of("@", email_domain(person)), &moments);
  return moments;
}

int64_t stop_table_first_us(const struct stop_table *table)
{
  return table->first_us;
}
