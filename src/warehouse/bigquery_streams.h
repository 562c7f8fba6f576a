#pragma once
/* What was streamed and may not be seen yet (bigquery_streams.c). Part of bigquery.h. */
#include "core/lead.h"

struct bq_warehouse;

/* How long a claim in no `sending` may be one whose `sending` is not seen yet. Google names no bound; "rarely 90
 * minutes". */
#define BQ_UNSEEN_US ((int64_t)86400 * 1000000)

/* What was streamed, by runs of this handle and by those before it (bigquery_streams.c). */
struct bq_streams {
  GHashTable *runs;     /* run_id -> struct run_stream */
  GHashTable *settled;  /* run_id -> GByteArray: a bit for each claim that this handle settled */
  int64_t patience_us;  /* left for waiting under this lease */
  int64_t pause_us;     /* the next one */
  int64_t opened_at_us; /* when the lease was taken: whoever had it before sends nothing any more */
};

void bq_streams_init(struct bq_streams *streams);  /* nothing was */
void bq_streams_clear(struct bq_streams *streams); /* frees what it holds */
/* An event of ours, of this id, was taken. */
void bq_streams_note(struct bq_warehouse *self, const struct lead_event *event, const char *id);
/* Nobody knows which events of this run were taken. */
void bq_streams_doubt(struct bq_warehouse *self, const char *run_id);
/* Does the claim stand in a `sending` of this handle, or did this handle settle it, whether queries show that or not?
 */
bool bq_is_sent_by_us(const struct bq_warehouse *self, const struct lead_event *claim);
bool bq_is_settled(const struct bq_warehouse *self, const char *run_id, int64_t ord); /* see above */
/* How many events of a run of this handle it streamed under this name, and the names (caller frees the list alone). */
int64_t bq_streamed_n(const struct bq_warehouse *self, const char *run_id, const char *name);
GList *bq_streamed_names(const struct bq_warehouse *self, const char *run_id); /* see above */
/* The lease was taken; text: what its row says about earlier runs, or NULL. */
void bq_streams_open(struct bq_warehouse *self, const char *text);
/* What the row shall say when the lease is given back. Caller frees. */
char *bq_streams_text(const struct bq_warehouse *self);
/* What a fold or a look saw: begins with nothing, then so many events of each run. */
void bq_streams_seen_begin(struct bq_warehouse *self);
void bq_streams_seen(struct bq_warehouse *self, const char *run_id, int64_t n); /* see above */
/* Was all seen that is known to be streamed? Otherwise *run_id is a run that lacks some; borrowed. */
bool bq_streams_are_whole(const struct bq_warehouse *self, const char **run_id);
/* Instantly's lists were read to their end because somebody asked for it, or the ledger lacks what they say: what
 * earlier runs streamed and is not seen after the wait may have gone with tables that were lost or restored. It is
 * waited for no more; an open claim of such a run is asked about, as one of a run that was killed. */
void bq_streams_give_up(struct bq_warehouse *self);
/* Is all seen of this very run, of which the newest event that is seen is of newest_us? A run that was killed did not
 * say how much there is: then only after BQ_UNSEEN_US. */
bool bq_run_is_whole(const struct bq_warehouse *self, const char *run_id, int64_t newest_us);
/* Looks again and again until all is seen (events since since_us), as long as warehouse.stream_wait_s allows. */
bool bq_streams_wait(struct bq_warehouse *self, int64_t since_us, bool *are_whole, GError **error);
/* The pause before the next look; *is_patient is false, and there is none, when this lease has waited enough. */
bool bq_streams_pause(struct bq_warehouse *self, bool *is_patient, GError **error);
/* ERROR_TRANSIENT unless all was seen. */
bool bq_streams_check(struct bq_warehouse *self, GError **error);
