/* What a run reads once: in the script that takes its lease, and in the one that folds. Nobody but the holder changes
 * what is kept here, so it holds until the lease is given back, or until the next fold. */
#include "base/json.h"
#include "base/log.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- counts of a run ---- */

char *bq_count_name(enum event_kind kind, enum status_fact fact, const char *reason)
{
  const char *name = event_kind_name(kind);
  if (!name) name = "unknown";
  if (kind == EVENT_STATUS) return g_strconcat(name, "/", status_fact_name(fact), NULL);
  return reason && *reason ? g_strconcat(name, "/", reason, NULL) : g_strdup(name);
}

void bq_counting_begin(struct bq_counting *counting)
{
  *counting = (struct bq_counting){.json = g_string_new("{")};
}

static void count_put(struct bq_counting *counting)
{
  if (counting->name) json_append_int(counting->json, counting->name, counting->n);
  g_clear_pointer(&counting->name, g_free);
  counting->n = 0;
}

void bq_counting_add(struct bq_counting *counting, const char *const *cells)
{
  g_autofree char *name =
      bq_count_name((enum event_kind)bq_cell_int(cells[0]), (enum status_fact)bq_cell_int(cells[1]), cells[2]);
  if (g_strcmp0(name, counting->name) != 0) count_put(counting);
  if (!counting->name) counting->name = g_steal_pointer(&name);
  counting->n += bq_cell_int(cells[3]);
}

char *bq_counting_end(struct bq_counting *counting)
{
  count_put(counting);
  g_string_append_c(counting->json, '}');
  return g_string_free(g_steal_pointer(&counting->json), FALSE);
}

void bq_counting_clear(struct bq_counting *counting)
{
  g_clear_pointer(&counting->name, g_free);
  if (counting->json) g_string_free(g_steal_pointer(&counting->json), TRUE);
}

/* ---- the opening ---- */

void bq_kept_forget(struct bq_warehouse *self)
{
  struct bq_kept *kept = &self->kept;
  g_clear_pointer(&kept->controls, g_hash_table_unref);
  g_clear_pointer(&kept->newest_id, g_free);
  g_clear_pointer(&kept->counts, g_free);
  g_clear_pointer(&kept->state, g_free);
  g_clear_pointer(&kept->state_folded, g_free);
  g_clear_pointer(&kept->lease, g_free);
  g_clear_pointer(&kept->predecessors, g_free);
  g_clear_pointer(&kept->lease_id, g_free);
  g_clear_pointer(&kept->streams, g_free);
  if (kept->foreigners) g_string_free(g_steal_pointer(&kept->foreigners), TRUE);
  *kept = (struct bq_kept){0};
}

/* "name\nvalue" */
static void control_keep(struct bq_kept *kept, const char *text)
{
  const char *value = text ? strchr(text, '\n') : NULL;
  if (value) g_hash_table_replace(kept->controls, g_strndup(text, (gsize)(value - text)), g_strdup(value + 1));
}

/* The lead_id's bytes are counted, because it may hold anything. */
static void foreigner_keep(struct bq_kept *kept, size_t id_bytes, const char *text)
{
  g_autofree char *lead_id = g_strndup(text, id_bytes);
  const char *pair[] = {lead_id, text + MIN(id_bytes, strlen(text))};
  bq_foreigner_add(pair, kept->foreigners);
}

static void opening_row(const char *const *cells, void *into)
{
  struct bq_kept *kept = into;
  struct ledger_facts *facts = &kept->facts;
  const struct {
    const char *what;
    int64_t *into;
  } numbers[] = {
      {"folded_until", &kept->folded_until_us},
      {"events", &kept->events_n},
      {"now", &kept->now_us},
      {"stops_read_at", &facts->stops_read_at_us},
      {"scan_started_at", &facts->full_scan_started_at_us},
      {"scan_finished_at", &facts->full_scan_finished_at_us},
      {"scan_ended_at", &facts->full_scan_ended_at_us},
      {"last_source_rows", &facts->last_source_rows},
      {"source_rows", &facts->source_rows},
      {"unlisting", &facts->unlisting_n},
      {"stops_lost", &kept->stops_lost_n},
      {"stops_unnoted", &kept->stops_unnoted_n},
  };
  int64_t n = bq_cell_int(cells[1]);
  if (strcmp(cells[0], "lease") == 0) kept->lease = g_strdup(cells[2]);
  if (strcmp(cells[0], "state") == 0) kept->state = g_strdup(cells[2]);
  if (strcmp(cells[0], "folded_state") == 0) kept->state_folded = g_strdup(cells[2]);
  if (strcmp(cells[0], "control") == 0) control_keep(kept, cells[2]);
  if (strcmp(cells[0], "foreigner") == 0 && cells[2]) foreigner_keep(kept, (size_t)MAX(n, 0), cells[2]);
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (strcmp(cells[0], numbers[i].what) == 0) *numbers[i].into = n;
}

bool bq_kept_open(struct bq_warehouse *self, const char *json, GError **error)
{
  bq_kept_forget(self);
  self->kept.controls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  self->kept.foreigners = g_string_new("[");
  if (!bq_each(self, &BQ_SCRIPT(json, BQ_LEASE_TAKE, BQ_OPENING), opening_row, &self->kept, error)) return false;
  bigquery_clock_told(self->client, self->kept.now_us); /* also for who does not get the lease, and records a stop */
  return true;
}

/* Rows and enrolled ones, and for a note of a run how many events there were. */
struct state_counts {
  int64_t rows_n, enrolled_n, events_n;
};

static struct state_counts counts_of(const char *text)
{
  struct state_counts counts = {0};
  g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);
  guint words_n = g_strv_length(words);
  if (words_n > 1) counts.rows_n = g_ascii_strtoll(words[0], NULL, 10);
  if (words_n > 1) counts.enrolled_n = g_ascii_strtoll(words[1], NULL, 10);
  if (words_n > 3) counts.events_n = g_ascii_strtoll(words[3], NULL, 10);
  return counts;
}

/* Is lead_state what the last run's fold left? If not, all events are folded: without the states that are there, unless
 * events are missing, or the states only grew (a run died after its fold): then what they know stays. Nothing was
 * folded yet: all of them are anyway. */
static int64_t refold_since(const struct bq_kept *kept)
{
  g_autofree char *there = g_strconcat(kept->state ? kept->state : "", " ", NULL);
  if (kept->folded_until_us == 0) return 0;
  if (!kept->state_folded) return BQ_SINCE_EVER;
  if (g_str_has_prefix(kept->state_folded, there)) return 0;
  struct state_counts now = counts_of(kept->state), then = counts_of(kept->state_folded);
  bool has_grown = now.rows_n > then.rows_n && now.enrolled_n >= then.enrolled_n;
  return kept->events_n < then.events_n || has_grown ? BQ_SINCE_EVER : BQ_SINCE_ANEW;
}

static void warn(const struct bq_kept *kept)
{
  struct state_counts now = counts_of(kept->state), then = counts_of(kept->state_folded);
  log_event(LOG_WARNING, "lead_state is not what the last fold left; all events are folded anew",
            LOG_INT("rows", now.rows_n), LOG_INT("rows_folded", then.rows_n), LOG_INT("enrolled", now.enrolled_n),
            LOG_INT("enrolled_folded", then.enrolled_n));
  if (kept->events_n < then.events_n)
    log_event(LOG_WARNING, "events are missing; what lead_state knew beyond those that are left was kept",
              LOG_INT("events", kept->events_n), LOG_INT("events_folded", then.events_n));
}

bool bq_kept_lacks_events(const struct bq_warehouse *self)
{
  return self->kept.events_n < counts_of(self->kept.state_folded).events_n;
}

/* `verify` shows what differs and mends nothing: what it folds onto that is no place to go on from. */
void bq_kept_begin(struct bq_warehouse *self, const char *job)
{
  int64_t refold_since_us = refold_since(&self->kept);
  self->kept.is_open = true;
  self->since_us = MAX(self->kept.folded_until_us - BQ_OVERLAP_US, 1);
  self->is_unfit = refold_since_us != 0 && g_strcmp0(job, "verify") == 0;
  self->refold_since_us = self->is_unfit ? 0 : refold_since_us;
  if (self->refold_since_us != 0 && self->kept.state_folded) warn(&self->kept);
  bq_streams_open(self, self->kept.streams);
  self->is_dirty = true; /* somebody else may have appended, or held the lease, since our last fold */
  g_string_append_c(self->kept.foreigners, ']');
  g_free(self->foreigners);
  self->foreigners = g_strdup(self->kept.foreigners->str);
}

/* ---- the fold's answer ---- */

struct answer {
  struct bq_warehouse *self;
  struct bq_kept *kept;
  struct bq_counting counting;
};

static void answer_row(const char *const *cells, void *into)
{
  struct answer *answer = into;
  struct ledger_facts *facts = &answer->kept->facts;
  const char *count[] = {cells[3], cells[4], cells[2], cells[1]};
  if (strcmp(cells[0], "count") == 0) bq_counting_add(&answer->counting, count);
  if (strcmp(cells[0], "enrolled") == 0) facts->enrolled = bq_cell_int(cells[1]);
  if (strcmp(cells[0], "unsettled") == 0) facts->unsettled = bq_cell_int(cells[1]);
  if (strcmp(cells[0], "claimed") == 0) facts->has_claims = bq_cell_bool(cells[1]);
  if (strcmp(cells[0], "events") == 0) answer->kept->events_n = bq_cell_int(cells[1]);
  if (strcmp(cells[0], "state") == 0) answer->kept->state = g_strdup(cells[2]);
  if (strcmp(cells[0], "seen") == 0) bq_streams_seen(answer->self, cells[2], bq_cell_int(cells[1]));
  if (strcmp(cells[0], "newest_id") == 0) answer->kept->newest_id = g_strdup(cells[2]);
}

bool bq_kept_fold(struct bq_warehouse *self, const struct bq_call *call, GError **error)
{
  struct answer answer = {.self = self, .kept = &self->kept};
  bq_streams_seen_begin(self);
  self->kept.has_answer = false;
  g_clear_pointer(&self->kept.newest_id, g_free);
  g_clear_pointer(&self->kept.counts, g_free);
  g_clear_pointer(&self->kept.state, g_free);
  bq_counting_begin(&answer.counting);
  bool is_ok = bq_each(self, call, answer_row, &answer, error);
  if (is_ok) self->kept.counts = bq_counting_end(&answer.counting);
  bq_counting_clear(&answer.counting);
  self->kept.has_answer = is_ok && self->epoch;
  return is_ok;
}

bool bq_kept_is_whole(const struct bq_warehouse *self)
{
  return self->epoch && self->kept.is_open && self->kept.has_answer;
}
