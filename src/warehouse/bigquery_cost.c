/* What a run would bill: each statement of an export, a sync and a complete, asked for as a dry run, which is free.
 *
 * A statement that makes a temporary table is asked without making it. One that reads what the statement before it made
 * cannot be asked: of a MERGE the greatest part is known all the same, since it bills its whole target, whose size
 * tables.get tells; the others read a temporary table alone, so the least that BigQuery bills is taken. */
#include "warehouse/bigquery.h"

#include <string.h>

#define MIB               ((int64_t)1 << 20)
#define BILLED_LEAST      (10 * MIB)
#define SCRATCH           "${scratch"
#define STATEMENTS_MAX    5
#define DAYS_READ_BY_FOLD 3

/* The jobs of a run with something to do, in their order, and how often each is run. What comes with one campaign or
 * one page more stands here once. */
static const struct cost_job {
  const char *job;
  int64_t times_n;
  enum bq_id ids[STATEMENTS_MAX];
  size_t ids_n;
} cost_jobs[] = {
#define COST(job, times_n, ...)                                                                                        \
  {                                                                                                                    \
    (job), (times_n), {__VA_ARGS__}, sizeof((enum bq_id[]){__VA_ARGS__}) / sizeof(enum bq_id)                          \
  }
    COST("export", 1, BQ_LEASE_TAKE, BQ_OPENING),
    COST("export", 2, BQ_FOLD_GATHER, BQ_FOLD_WRITE, BQ_FOLD_ANSWER),
    COST("export", 1, BQ_UNSETTLED_CLAIMS),
    COST("export", 1, BQ_STAGED_STOPS),
    COST("export", 1, BQ_STOPS_GATHER, BQ_STOPS_INSERT, BQ_EVIDENCE_GATHER, BQ_EVIDENCE_APPLY, BQ_SCRATCH_COUNT),
    COST("export", 1, BQ_CAMPAIGN_COUNTS),
    COST("export", 1, BQ_EXCLUSION_FOREIGN),
    COST("export", 1, BQ_EXCLUSION_GATHER, BQ_STANDING_COUNTS),
    COST("export", 1, BQ_DEPARTED_GATHER, BQ_STANDING_COUNTS),
    COST("export", 1, BQ_LEASE_RENEW, BQ_WATCH),
    COST("export", 1, BQ_CLAIM_VERDICTS, BQ_CLAIM_APPEND, BQ_CLAIM_COUNTS),
    COST("export", 1, BQ_CLAIMS_READ),
    COST("export", 1, BQ_STOPPED_LIVE),
    COST("export", 1, BQ_CHANGES_GATHER, BQ_CHANGES_APPLY, BQ_SCRATCH_COUNT),
    COST("export", 1, BQ_STOPS_NOTE_GATHER, BQ_STOPS_NOTE_APPLY), /* where there were new stops */
    COST("export", 1, BQ_LEASE_GIVE_BACK),

    COST("sync", 1, BQ_LEASE_TAKE, BQ_OPENING),
    COST("sync", 2, BQ_FOLD_GATHER, BQ_FOLD_WRITE, BQ_FOLD_ANSWER),
    COST("sync", 1, BQ_WATCHED),
    COST("sync", 2, BQ_STAGED_STOPS), /* again after a push to the block list */
    COST("sync", 2, BQ_STOPS_GATHER, BQ_STOPS_INSERT, BQ_EVIDENCE_GATHER, BQ_EVIDENCE_APPLY, BQ_SCRATCH_COUNT),
    COST("sync", 1, BQ_EXCLUSION_FOREIGN),
    COST("sync", 1, BQ_EXCLUSION_GATHER, BQ_STANDING_COUNTS),
    COST("sync", 1, BQ_DEPARTED_GATHER, BQ_STANDING_COUNTS),
    COST("sync", 1, BQ_STOP_HITS),
    COST("sync", 2, BQ_UNPUSHED),
    COST("sync", 1, BQ_STOPS_NOTE_GATHER, BQ_STOPS_NOTE_APPLY), /* where there were new stops */
    COST("sync", 1, BQ_LISTING_GATHER, BQ_LISTING_APPLY),
    COST("sync", 1, BQ_PUSHED_GATHER, BQ_PUSHED_APPLY),
    COST("sync", 1, BQ_MATCHES_GATHER, BQ_SEEN_GATHER, BQ_SEEN_APPLY, BQ_MATCHES_READ),
    COST("sync", 1, BQ_MISSING),
    COST("sync", 1, BQ_EVER_ENROLLED),
    COST("sync", 1, BQ_STOPPED_LIVE),
    COST("sync", 1, BQ_CONTROL_UPDATE, BQ_CONTROL_INSERT),
    COST("sync", 1, BQ_CHANGES_GATHER, BQ_CHANGES_APPLY, BQ_SCRATCH_COUNT),
    COST("sync", 1, BQ_METRICS_GATHER, BQ_METRICS_APPLY, BQ_STATUS_GATHER, BQ_STATUS_APPLY),
    COST("sync", 1, BQ_LEASE_RENEW, BQ_WATCH),
    COST("sync", 1, BQ_LEASE_GIVE_BACK),

    COST("complete", 1, BQ_LEASE_TAKE, BQ_OPENING),
    COST("complete", 2, BQ_FOLD_GATHER, BQ_FOLD_WRITE, BQ_FOLD_ANSWER),
    COST("complete", 1, BQ_REMOVAL_COUNTS),
    COST("complete", 1, BQ_REMOVALS),
    COST("complete", 1, BQ_LEASE_RENEW, BQ_WATCH),
    COST("complete", 1, BQ_STOPPED_LIVE),
    COST("complete", 1, BQ_CHANGES_GATHER, BQ_CHANGES_APPLY, BQ_SCRATCH_COUNT),
    COST("complete", 1, BQ_LEASE_GIVE_BACK),
#undef COST
};

/* ---- parameters ---- */

/* Every name that is no text. */
static const struct {
  const char *name;
  enum bigquery_type type;
} typed[] = {
    {"since", BIGQUERY_TIMESTAMP},
    {"day_start", BIGQUERY_TIMESTAMP},
    {"now", BIGQUERY_TIMESTAMP},
    {"finished_after", BIGQUERY_TIMESTAMP},
    {"scan_started", BIGQUERY_TIMESTAMP},
    {"contested_since", BIGQUERY_TIMESTAMP},
    {"hidden_since", BIGQUERY_TIMESTAMP},
    {"sent_since", BIGQUERY_TIMESTAMP},
    {"after_ord", BIGQUERY_INT64},
    {"to_ord", BIGQUERY_INT64},
    {"limit", BIGQUERY_INT64},
    {"sends", BIGQUERY_INT64},
    {"percent", BIGQUERY_INT64},
    {"is_guarded", BIGQUERY_BOOL},
    {"only_unsettled", BIGQUERY_BOOL},
    {"judges", BIGQUERY_BOOL},
    {"bulk_waits", BIGQUERY_BOOL},
    {"is_open", BIGQUERY_BOOL},
    {"include_adopted", BIGQUERY_BOOL},
    {"lead_ids", BIGQUERY_STRINGS},
    {"persons", BIGQUERY_STRINGS},
};

/* A value of the right type, such as a run would give: bytes depend on times alone, by which partitions are chosen. */
static struct bigquery_parameter parameter_of(const struct bq_warehouse *self, const char *name)
{
  enum bigquery_type type = BIGQUERY_STRING;
  for (size_t i = 0; i < G_N_ELEMENTS(typed); i++)
    if (strcmp(typed[i].name, name) == 0) type = typed[i].type;
  switch (type) {
  case BIGQUERY_TIMESTAMP: return bigquery_time(name, bq_now_us(self) - DAYS_READ_BY_FOLD * DAY_US);
  case BIGQUERY_INT64: return bigquery_int(name, 1);
  case BIGQUERY_BOOL: return bigquery_bool(name, true);
  case BIGQUERY_STRINGS: return bigquery_texts(name, NULL, 0);
  default: return bigquery_text(name, strcmp(name, "p") == 0 ? "{}" : "");
  }
}

/* Each name behind an @ in the statement, once; names live in text. */
static GArray *parameters_of(const struct bq_warehouse *self, const char *sql, GStringChunk *text)
{
  GArray *parameters = g_array_new(FALSE, TRUE, sizeof(struct bigquery_parameter));
  for (const char *at = strchr(sql, '@'); at; at = strchr(at + 1, '@')) {
    size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
    bool is_known = length == 0;
    const char *name = g_string_chunk_insert_len(text, at + 1, (gssize)length);
    for (guint i = 0; i < parameters->len; i++)
      is_known = is_known || strcmp(g_array_index(parameters, struct bigquery_parameter, i).name, name) == 0;
    struct bigquery_parameter parameter = parameter_of(self, name);
    if (!is_known) g_array_append_val(parameters, parameter);
  }
  return parameters;
}

/* ---- one statement ---- */

static const char *without_table(const char *text)
{
  const char *query = g_str_has_prefix(text, "CREATE ") ? strstr(text, " AS\n") : NULL;
  return query ? query + strlen(" AS\n") : text;
}

static bool estimate(struct bq_warehouse *self, enum bq_id id, int64_t *bytes, GError **error)
{
  g_autofree char *sql = sql_names_fill(&self->names, without_table(bq_statements[id].text));
  g_autoptr(GStringChunk) text = g_string_chunk_new(256);
  g_autoptr(GArray) parameters = parameters_of(self, sql, text);
  struct bigquery_statement statement = {.name = bq_statements[id].name,
                                         .sql = sql,
                                         .parameters = (const struct bigquery_parameter *)(void *)parameters->data,
                                         .parameters_n = parameters->len};
  return bigquery_estimate(self->client, &statement, bytes, error);
}

/* The size of the table that a MERGE changes. */
static bool target_bytes(struct bq_warehouse *self, const char *text, int64_t *bytes, GError **error)
{
  const char *name = strstr(text, "${") + strlen("${"); /* of its target */
  g_autofree char *table_name = g_strndup(name, strcspn(name, "}"));
  struct bigquery_table table = {.dataset = self->ops_dataset, .table = table_name};
  struct bigquery_table_info info = {0};
  if (strcmp(table_name, "leads_table") == 0) table = self->source;
  if (!bigquery_table_get(self->client, &table, &info, error)) return false;
  *bytes = info.bytes_n;
  bigquery_table_info_clear(&info);
  return true;
}

static bool statement_cost(struct bq_warehouse *self, enum bq_id id, int64_t *bytes, GError **error)
{
  const char *text = bq_statements[id].text;
  *bytes = -1;
  if (!strstr(without_table(text), SCRATCH)) return estimate(self, id, bytes, error);
  return !g_str_has_prefix(text, "MERGE ") || target_bytes(self, text, bytes, error);
}

static int64_t billed(int64_t bytes)
{
  return MAX(BILLED_LEAST, (bytes + MIB - 1) / MIB * MIB);
}

/* Some are run by settings alone. */
static bool is_run(const struct source_settings *source, enum bq_id id)
{
  switch (id) {
  case BQ_CHANGES_GATHER: return source->write_back;
  case BQ_EXCLUSION_FOREIGN:
  case BQ_EXCLUSION_GATHER: return source->exclude.table != NULL;
  case BQ_DEPARTED_GATHER: return source->gone == GONE_STOP;
  default: return true;
  }
}

bool bq_report_costs(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  int64_t known[BQ_N];
  bool is_known[BQ_N] = {false}, is_new = false;
  page_reset(page);
  if (!bq_schema_ready(warehouse, &is_new, error)) return false; /* nothing stands in for what is written to */
  for (size_t i = 0; i < G_N_ELEMENTS(cost_jobs); i++) {
    if (!is_run(&self->settings->source, cost_jobs[i].ids[0])) continue;
    for (size_t j = 0; j < cost_jobs[i].ids_n; j++) {
      enum bq_id id = cost_jobs[i].ids[j];
      if (!is_known[id] && !statement_cost(self, id, &known[id], error)) return false;
      is_known[id] = true;
      struct cost_row row = {.job = cost_jobs[i].job,
                             .statement = bq_statements[id].name,
                             .times_n = cost_jobs[i].times_n,
                             .bytes = known[id],
                             .billed_bytes = cost_jobs[i].times_n * billed(known[id])};
      g_array_append_val(page->rows, row);
    }
  }
  return true;
}
