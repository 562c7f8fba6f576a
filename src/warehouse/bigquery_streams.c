/* What was streamed and may not be seen yet.
 *
 * BigQuery acknowledges a streamed row before every query shows it, and names no bound for the time between. So whoever
 * gives the lease back writes into its row, by DML, which is seen at once, how many events each of its runs streamed;
 * whoever folds later compares that with what the fold saw, and waits. What a run cannot be sure of it does not take
 * for "never sent": it asks Instantly. A run that was killed said nothing; then the same holds for a day. */
#include "base/log.h"
#include "base/text.h"
#include "warehouse/bigquery.h"

#include <string.h>

#define SAID_MAX       100                    /* runs in the row of the lease */
#define IDS_MAX        100000                 /* a run that streamed more facts than these does not say how many */
#define LATE_US        (2 * 3600 * SECOND_US) /* rows later than this do not come any more: "rarely 90 minutes" */
#define PAUSE_FIRST_US (SECOND_US / 4)
#define PAUSE_MAX_US   (15 * SECOND_US)
#define SLICE_US       (SECOND_US / 4)
#define RENEW_US       (30 * SECOND_US)

/* Of this handle, or as an earlier run said it. */
struct run_stream {
  int64_t streamed_n; /* different events but claims, which DML writes */
  int64_t at_us;      /* when the last of them went out, or the run ended */
  int64_t seen_n;     /* by the last fold */
  bool is_own;
  bool is_unsure;     /* an append failed, or there were too many to count */
  GHashTable *ids;    /* the first bytes of the ids of facts */
  GArray *sends;      /* struct sent_range */
  GHashTable *counts; /* name -> int64_t */
};

struct sent_range {
  char campaign_id[64];
  int64_t ord, ord_to;
};

static void run_stream_free(gpointer data)
{
  struct run_stream *stream = data;
  g_clear_pointer(&stream->ids, g_hash_table_unref);
  g_clear_pointer(&stream->sends, g_array_unref);
  g_clear_pointer(&stream->counts, g_hash_table_unref);
  g_free(stream);
}

static void bits_free(gpointer bits)
{
  g_byte_array_unref(bits);
}

void bq_streams_init(struct bq_streams *streams)
{
  *streams = (struct bq_streams){.runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, run_stream_free),
                                 .settled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bits_free)};
}

void bq_streams_clear(struct bq_streams *streams)
{
  g_clear_pointer(&streams->runs, g_hash_table_unref);
  g_clear_pointer(&streams->settled, g_hash_table_unref);
}

static struct run_stream *stream_of(struct bq_streams *streams, const char *run_id, bool is_own)
{
  struct run_stream *stream = g_hash_table_lookup(streams->runs, run_id);
  if (stream) return stream;
  stream = g_new0(struct run_stream, 1);
  stream->is_own = is_own;
  g_hash_table_insert(streams->runs, g_strdup(run_id), stream);
  return stream;
}

/* ---- what this handle streams ---- */

/* Splits a claim_id, which is run_id.ord; false when it is none. Caller frees. */
static bool claim_parts(const char *claim_id, char **run_id, int64_t *ord)
{
  const char *dot = claim_id ? strrchr(claim_id, '.') : NULL;
  if (!dot) return false;
  *run_id = g_strndup(claim_id, (gsize)(dot - claim_id));
  *ord = (int64_t)g_ascii_strtoull(dot + 1, NULL, 10);
  return true;
}

bool bq_is_settled(const struct bq_warehouse *self, const char *run_id, int64_t ord)
{
  const GByteArray *bits = run_id ? g_hash_table_lookup(self->streams.settled, run_id) : NULL;
  return bits && ord >= 0 && ord / 8 < bits->len && (bits->data[ord / 8] & (1U << ord % 8));
}

enum settling { NOT_OF_A_CLAIM, SETTLED_FIRST, SETTLED_AGAIN };

/* Notes that this handle settled the claim. */
static enum settling settled_add(struct bq_streams *streams, const char *claim_id)
{
  g_autofree char *run_id = NULL;
  int64_t ord = 0;
  if (!claim_parts(claim_id, &run_id, &ord) || ord > G_MAXINT32) return NOT_OF_A_CLAIM;
  GByteArray *bits = g_hash_table_lookup(streams->settled, run_id);
  if (!bits) {
    bits = g_byte_array_new();
    g_hash_table_insert(streams->settled, g_strdup(run_id), bits);
  }
  guint before = bits->len, wanted = (guint)(ord / 8 + 1);
  if (wanted > before) {
    g_byte_array_set_size(bits, wanted);
    memset(bits->data + before, 0, wanted - before);
  }
  bool is_new = !(bits->data[ord / 8] & (1U << ord % 8));
  bits->data[ord / 8] = (guint8)(bits->data[ord / 8] | 1U << ord % 8);
  return is_new ? SETTLED_FIRST : SETTLED_AGAIN;
}

static bool is_settling(enum event_kind kind)
{
  return kind >= EVENT_ADDED && kind <= EVENT_RELEASED;
}

static bool id_add(struct run_stream *stream, const char *id)
{
  g_autofree char *head = g_strndup(id, 16);
  if (!stream->ids) stream->ids = g_hash_table_new(NULL, NULL);
  if (g_hash_table_size(stream->ids) >= IDS_MAX) {
    stream->is_unsure = true;
    return true;
  }
  return g_hash_table_add(stream->ids, GSIZE_TO_POINTER(g_ascii_strtoull(head, NULL, 16)));
}

static void send_add(struct run_stream *stream, const struct lead_event *event)
{
  struct sent_range range = {.ord = event->ord, .ord_to = event->ord_to};
  g_strlcpy(range.campaign_id, event->campaign_id ? event->campaign_id : "", sizeof range.campaign_id);
  if (!stream->sends) stream->sends = g_array_new(FALSE, FALSE, sizeof(struct sent_range));
  g_array_append_val(stream->sends, range);
}

static void count_add(struct run_stream *stream, const struct lead_event *event)
{
  g_autofree char *name = bq_count_name(event->kind, event->fact, event->reason);
  if (!stream->counts) stream->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  int64_t *n = g_hash_table_lookup(stream->counts, name);
  if (!n) {
    n = g_new0(int64_t, 1);
    g_hash_table_insert(stream->counts, g_steal_pointer(&name), n);
  }
  (*n)++;
}

void bq_streams_note(struct bq_warehouse *self, const struct lead_event *event, const char *id)
{
  if (!event->run_id || !*event->run_id) return;
  bool is_new_run = !g_hash_table_contains(self->streams.runs, event->run_id);
  struct run_stream *stream = stream_of(&self->streams, event->run_id, true);
  bool is_anothers = self->run.run_id && strcmp(self->run.run_id, event->run_id) != 0;
  if (is_new_run && is_anothers) stream->is_unsure = true; /* what else it streamed, nobody knows */
  stream->at_us = event->recorded_at_us;
  if (event->kind == EVENT_SENDING) send_add(stream, event);
  enum settling settling = is_settling(event->kind) ? settled_add(&self->streams, event->claim_id) : NOT_OF_A_CLAIM;
  if (settling == SETTLED_AGAIN) { /* the same event or another: no id was kept that would say so */
    stream->is_unsure = true;
    return;
  }
  if (settling == NOT_OF_A_CLAIM && !id_add(stream, id)) return;
  count_add(stream, event);
  if (event->kind != EVENT_CLAIMED) stream->streamed_n++;
}

void bq_streams_doubt(struct bq_warehouse *self, const char *run_id)
{
  if (run_id && *run_id) stream_of(&self->streams, run_id, true)->is_unsure = true;
}

bool bq_is_sent_by_us(const struct bq_warehouse *self, const struct lead_event *claim)
{
  const struct run_stream *stream = claim->run_id ? g_hash_table_lookup(self->streams.runs, claim->run_id) : NULL;
  for (guint i = 0; stream && stream->sends && i < stream->sends->len; i++) {
    const struct sent_range *range = &g_array_index(stream->sends, struct sent_range, i);
    if (claim->ord >= range->ord && claim->ord <= range->ord_to &&
        g_strcmp0(range->campaign_id, claim->campaign_id) == 0)
      return true;
  }
  return false;
}

int64_t bq_streamed_n(const struct bq_warehouse *self, const char *run_id, const char *name)
{
  const struct run_stream *stream = run_id ? g_hash_table_lookup(self->streams.runs, run_id) : NULL;
  const int64_t *n = stream && stream->counts ? g_hash_table_lookup(stream->counts, name) : NULL;
  return n ? *n : 0;
}

GList *bq_streamed_names(const struct bq_warehouse *self, const char *run_id)
{
  const struct run_stream *stream = run_id ? g_hash_table_lookup(self->streams.runs, run_id) : NULL;
  return stream && stream->counts ? g_list_sort(g_hash_table_get_keys(stream->counts), (GCompareFunc)strcmp) : NULL;
}

/* ---- what the row of the lease says ---- */

/* "RUN:N:MICROS" */
static void said_add(struct bq_streams *streams, const char *text, int64_t now_us)
{
  g_auto(GStrv) parts = g_strsplit(text, ":", 3);
  if (g_strv_length(parts) != 3 || !*parts[0] || g_hash_table_contains(streams->runs, parts[0])) return;
  int64_t at_us = (int64_t)g_ascii_strtoll(parts[2], NULL, 10);
  if (now_us - at_us >= BQ_UNSEEN_US) return;
  struct run_stream *stream = stream_of(streams, parts[0], false);
  stream->streamed_n = (int64_t)g_ascii_strtoll(parts[1], NULL, 10);
  stream->at_us = at_us;
}

static gboolean is_others(gpointer run_id, gpointer stream, gpointer unused)
{
  (void)run_id, (void)unused;
  return !((struct run_stream *)stream)->is_own;
}

void bq_streams_open(struct bq_warehouse *self, const char *text)
{
  g_auto(GStrv) entries = g_strsplit(text ? text : "", ",", 0);
  int64_t now_us = bq_now_us(self);
  g_hash_table_foreach_remove(self->streams.runs, is_others, NULL);
  for (size_t i = 0; entries[i]; i++)
    said_add(&self->streams, entries[i], now_us);
  self->streams.patience_us = self->settings->warehouse.stream_wait_s * SECOND_US;
  self->streams.pause_us = PAUSE_FIRST_US;
  self->streams.opened_at_us = now_us;
}

/* An entry as it is written, and its time. */
struct said {
  int64_t at_us;
  char *text;
};

static int newest_first(gconstpointer a, gconstpointer b)
{
  int64_t one = ((const struct said *)a)->at_us, other = ((const struct said *)b)->at_us;
  return one < other ? 1 : one > other ? -1 : 0;
}

static void said_clear(gpointer said)
{
  g_free(((struct said *)said)->text);
}

char *bq_streams_text(const struct bq_warehouse *self)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct said));
  g_array_set_clear_func(all, said_clear);
  GHashTableIter iter;
  gpointer run_id = NULL, data = NULL;
  g_hash_table_iter_init(&iter, self->streams.runs);
  while (g_hash_table_iter_next(&iter, &run_id, &data)) {
    const struct run_stream *stream = data;
    struct said said = {.at_us = stream->at_us};
    if (stream->is_unsure || bq_now_us(self) - stream->at_us >= BQ_UNSEEN_US) continue;
    said.text = g_strdup_printf("%s:%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, (const char *)run_id, stream->streamed_n,
                                stream->at_us);
    g_array_append_val(all, said);
  }
  g_array_sort(all, newest_first);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < MIN(all->len, SAID_MAX); i++)
    g_string_append_printf(text, "%s%s", i > 0 ? "," : "", g_array_index(all, struct said, i).text);
  return g_string_free(text, FALSE);
}

/* ---- what was seen ---- */

void bq_streams_seen_begin(struct bq_warehouse *self)
{
  GHashTableIter iter;
  gpointer data = NULL;
  g_hash_table_iter_init(&iter, self->streams.runs);
  while (g_hash_table_iter_next(&iter, NULL, &data))
    ((struct run_stream *)data)->seen_n = 0;
}

void bq_streams_seen(struct bq_warehouse *self, const char *run_id, int64_t n)
{
  struct run_stream *stream = run_id ? g_hash_table_lookup(self->streams.runs, run_id) : NULL;
  if (stream) stream->seen_n = n;
}

bool bq_streams_are_whole(const struct bq_warehouse *self, const char **run_id)
{
  GHashTableIter iter;
  gpointer name = NULL, data = NULL;
  g_hash_table_iter_init(&iter, self->streams.runs);
  while (g_hash_table_iter_next(&iter, &name, &data)) {
    const struct run_stream *stream = data;
    if (stream->seen_n >= stream->streamed_n || bq_now_us(self) - stream->at_us >= LATE_US) continue;
    if (run_id) *run_id = name;
    return false;
  }
  return true;
}

static gboolean is_missed(gpointer run_id, gpointer data, gpointer unused)
{
  (void)unused;
  const struct run_stream *stream = data;
  if (stream->is_own || stream->seen_n >= stream->streamed_n) return FALSE;
  log_event(LOG_WARNING, "events of a run are taken for lost: Instantly's lists say who is there",
            LOG_STR("of_run", run_id), LOG_INT("streamed", stream->streamed_n), LOG_INT("seen", stream->seen_n));
  return TRUE;
}

void bq_streams_give_up(struct bq_warehouse *self)
{
  if (g_hash_table_foreach_remove(self->streams.runs, is_missed, NULL) > 0)
    self->is_dirty = !bq_streams_are_whole(self, NULL);
}

bool bq_run_is_whole(const struct bq_warehouse *self, const char *run_id, int64_t newest_us)
{
  const struct run_stream *stream = run_id ? g_hash_table_lookup(self->streams.runs, run_id) : NULL;
  if (bq_now_us(self) - newest_us >= BQ_UNSEEN_US) return true;
  return stream && !stream->is_unsure && stream->seen_n >= stream->streamed_n;
}

/* ---- waiting ---- */

static bool sleep_for(struct bq_warehouse *self, int64_t duration_us, GError **error)
{
  int64_t until_us = clock_boot_us(self->clock) + duration_us;
  for (int64_t left_us = duration_us; left_us > 0; left_us = until_us - clock_boot_us(self->clock)) {
    if (bigquery_is_cancelled(self->client)) {
      error_set(error, ERROR_CANCELLED, "cancelled while waiting for rows that BigQuery does not show yet");
      return false;
    }
    clock_sleep_us(self->clock, MIN(left_us, SLICE_US));
  }
  return true;
}

bool bq_streams_pause(struct bq_warehouse *self, bool *is_patient, GError **error)
{
  struct bq_streams *streams = &self->streams;
  int64_t pause_us = MIN(streams->pause_us, streams->patience_us), begun_us = clock_boot_us(self->clock);
  *is_patient = pause_us > 0;
  if (!*is_patient) return true;
  streams->pause_us = MIN(2 * streams->pause_us, PAUSE_MAX_US);
  if (!sleep_for(self, pause_us, error)) return false;
  streams->patience_us -= MAX(pause_us, clock_boot_us(self->clock) - begun_us);
  bool is_due = self->epoch && clock_boot_us(self->clock) - self->renewed_at_us >= RENEW_US;
  return !is_due || bq_lease_confirm(self, error);
}

static void seen_row(const char *const *cells, void *into)
{
  bq_streams_seen(into, cells[0], bq_cell_int(cells[1]));
}

bool bq_streams_wait(struct bq_warehouse *self, int64_t since_us, bool *are_whole, GError **error)
{
  struct bq_call call = {
      .ids = {BQ_STREAMS_SEEN}, .ids_n = 1, .parameters = {bq_since("since", since_us)}, .parameters_n = 1};
  const char *run_id = NULL;
  bool is_patient = true;
  *are_whole = bq_streams_are_whole(self, &run_id);
  if (!*are_whole && self->streams.patience_us > 0)
    log_event(LOG_INFO, "waiting for events that BigQuery took and does not show yet", LOG_STR("of_run", run_id));
  while (!*are_whole) {
    if (!bq_streams_pause(self, &is_patient, error)) return false;
    if (!is_patient) break;
    bq_streams_seen_begin(self);
    if (!bq_each(self, &call, seen_row, self, error)) return false;
    *are_whole = bq_streams_are_whole(self, &run_id);
  }
  if (!*are_whole) log_event(LOG_WARNING, "BigQuery does not show all events of a run yet", LOG_STR("of_run", run_id));
  return true;
}

bool bq_streams_check(struct bq_warehouse *self, GError **error)
{
  const char *run_id = NULL;
  if (bq_streams_are_whole(self, &run_id)) return true;
  error_set(error, ERROR_TRANSIENT,
            "BigQuery does not show all events yet that run %s streamed, and nobody is claimed before that; run again "
            "later. If tables were restored or emptied since: `leadferry sync --full` takes what is missing for lost",
            run_id);
  return false;
}
