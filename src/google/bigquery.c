/* Opening, closing, labels. */
#include "google/private.h"

#include "base/random.h"

#include <string.h>

#define HOST             "bigquery.googleapis.com"
#define CALLS_PER_SECOND 90 /* BigQuery allows 100 a second per user and method */
#define IN_FLIGHT        4
#define LABEL_MAX_BYTES  63
#define NAME_MAX_BYTES   1024

#ifndef LEADFERRY_VERSION
#define LEADFERRY_VERSION "0"
#endif

static const struct retry_policy retry_google = {
    .tries_max = 6,
    .base_us = PAUSE_FIRST_US,
    .cap_us = PAUSE_LONGEST_US,
    .retry_after_max_us = 300 * SECOND_US,
    .breaker_max_us = 60 * SECOND_US,
};

/* An emulator says 500 to what it does not understand, and will not understand it later. */
static const struct retry_policy retry_emulator = {
    .tries_max = 3,
    .base_us = SECOND_US / 10,
    .cap_us = SECOND_US,
    .retry_after_max_us = SECOND_US,
    .breaker_max_us = 60 * SECOND_US,
};

/* ---- opening ---- */

static bool name_is_good(const char *name, const char *others)
{
  if (!name || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES) return false;
  for (const char *at = name; *at != '\0'; at++) {
    if (!g_ascii_isalnum(*at) && !strchr(others, *at)) return false;
  }
  return true;
}

const char *bigquery_project_problem(const char *project)
{
  return name_is_good(project, "-.:") ? NULL : "is no project id of Google's: letters, digits and - alone";
}

const char *bigquery_dataset_problem(const char *dataset)
{
  return name_is_good(dataset, "_") ? NULL : "is no name of a dataset: letters, digits and _ alone";
}

const char *bigquery_location_problem(const char *location)
{
  return name_is_good(location, "-") ? NULL : "is no location: write EU, US or a region such as europe-west3";
}

static bool check_names(const struct bigquery_options *options, GError **error)
{
  const char *project = bigquery_project_problem(options->project);
  const char *dataset = options->dataset ? bigquery_dataset_problem(options->dataset) : NULL;
  const char *location = options->location ? bigquery_location_problem(options->location) : NULL;
  const char *name = project ? options->project : dataset ? options->dataset : options->location;
  const char *problem = project ? project : dataset ? dataset : location;
  if (problem) error_set(error, ERROR_CONFIG, "\"%s\" %s", name ? name : "", problem);
  return !problem;
}

/* A token goes to Google, or to a test on this machine; an emulator anywhere gets none. */
static bool check_url(const struct bigquery_options *options, bool has_credentials, GError **error)
{
  if (!options->base_url) {
    if (has_credentials) return true;
    error_set(error, ERROR_CONFIG,
              "BigQuery needs credentials: run `gcloud auth application-default login`, or set "
              "warehouse.credentials_file");
    return false;
  }
  return wire_check_url(options->base_url, HOST, !has_credentials, error);
}

bool bigquery_is_cancelled(const struct bigquery *bigquery)
{
  return !bigquery->is_finishing && bigquery->is_cancelled && bigquery->is_cancelled(bigquery->cancel_context);
}

static bool is_cancelled(void *context)
{
  return bigquery_is_cancelled(context);
}

static struct net *open_net(struct bigquery *bigquery, const struct bigquery_options *options, GError **error)
{
  int64_t request_timeout_s = options->request_timeout_s > 0 ? options->request_timeout_s : 60;
  struct net_options net = {
      .wire = {.base_url = options->base_url ? options->base_url : "https://" HOST,
               .user_agent = "leadferry/" LEADFERRY_VERSION " (gzip)", /* without the word Google compresses nothing */
               .connect_timeout_s = options->connect_timeout_s > 0 ? options->connect_timeout_s : 10,
               .request_timeout_s = request_timeout_s,
               .stall_s = request_timeout_s},
      .clock = bigquery->clock,
      .requests_per_second = CALLS_PER_SECOND,
      .reads_in_flight = IN_FLIGHT,
      .writes_in_flight = 1,
      .seed = random_u64(),
      .retry = bigquery->is_emulator ? &retry_emulator : &retry_google,
      .is_cancelled = is_cancelled,
      .cancel_context = bigquery,
  };
  return net_open(&net, error);
}

static void cost_free(gpointer cost)
{
  g_free(((struct bigquery_cost *)cost)->statement);
  g_free(cost);
}

struct bigquery *bigquery_new(const struct bigquery_options *options, struct credentials *credentials,
                              const struct clock *clock, GError **error)
{
  if (!check_names(options, error) || !check_url(options, credentials != NULL, error)) return NULL;
  struct bigquery *bigquery = g_new0(struct bigquery, 1);
  *bigquery = (struct bigquery){
      .project = g_strdup(options->project),
      .dataset = g_strdup(options->dataset),
      .location = g_strdup(options->location),
      .is_emulator = !credentials,
      .maximum_bytes_billed = options->maximum_bytes_billed,
      .job_timeout_us = (options->job_timeout_s > 0 ? options->job_timeout_s : 600) * SECOND_US,
      .page_rows_max = options->page_rows_max > 0 ? options->page_rows_max : 5000,
      .credentials = credentials,
      .clock = clock,
      .labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
      .is_cancelled = options->is_cancelled,
      .cancel_context = options->cancel_context,
  };
  bigquery->costs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, cost_free);
  rng_init(&bigquery->rng, random_u64());
  bigquery->net = open_net(bigquery, options, error);
  if (bigquery->net) return bigquery;
  bigquery_free(bigquery);
  return NULL;
}

void bigquery_free(struct bigquery *bigquery)
{
  if (!bigquery) return;
  net_close(bigquery->net);
  g_hash_table_unref(bigquery->labels);
  g_hash_table_unref(bigquery->costs);
  g_free(bigquery->project);
  g_free(bigquery->dataset);
  g_free(bigquery->location);
  g_free(bigquery);
}

char *bigquery_emulator_url(const char *value, GError **error)
{
  bool is_url = strstr(value, "://") != NULL;
  g_autofree char *url = is_url ? g_strdup(value) : g_strconcat("http://", value, NULL);
  size_t length = strlen(url);
  while (length > 0 && url[length - 1] == '/') {
    url[--length] = '\0';
  }
  if (!wire_check_url(url, HOST, true, error)) {
    g_prefix_error(error, "BIGQUERY_EMULATOR_HOST: ");
    return NULL;
  }
  return g_steal_pointer(&url);
}

/* ---- what can be set later ---- */

static char *label_of(const char *text)
{
  char *label = g_ascii_strdown(text, -1);
  if (strlen(label) > LABEL_MAX_BYTES) label[LABEL_MAX_BYTES] = '\0';
  for (char *at = label; *at != '\0'; at++) {
    if (!g_ascii_isalnum(*at) && *at != '_') *at = '-';
  }
  return label;
}

void bigquery_set_label(struct bigquery *bigquery, const char *key, const char *value)
{
  if (value)
    g_hash_table_replace(bigquery->labels, label_of(key), label_of(value));
  else
    g_hash_table_remove(bigquery->labels, key);
}

void bigquery_set_location(struct bigquery *bigquery, const char *location_name)
{
  g_free(bigquery->location);
  bigquery->location = g_strdup(location_name);
}

void location_learn(struct bigquery *bigquery, const char *location)
{
  bool is_news = location && location[0] != '\0' && !bigquery->location && !bigquery->is_emulator;
  if (is_news) bigquery_set_location(bigquery, location);
}

int64_t bigquery_clock_offset_us(const struct bigquery *bigquery)
{
  return bigquery->clock_offset_us;
}

struct bigquery_totals bigquery_totals(const struct bigquery *bigquery)
{
  return bigquery->totals;
}

void totals_note(struct bigquery *bigquery, const char *name, int64_t bytes_billed)
{
  struct bigquery_cost *cost = g_hash_table_lookup(bigquery->costs, name);
  if (!cost) {
    cost = g_new0(struct bigquery_cost, 1);
    cost->statement = g_strdup(name);
    g_hash_table_insert(bigquery->costs, cost->statement, cost);
  }
  bytes_billed = MAX(0, bytes_billed);
  cost->jobs_n++;
  cost->bytes_billed += bytes_billed;
  bigquery->totals.jobs_n++;
  bigquery->totals.bytes_billed += bytes_billed;
}

void bigquery_totals_reset(struct bigquery *bigquery)
{
  bigquery->totals = (struct bigquery_totals){0};
  g_hash_table_remove_all(bigquery->costs);
}

static void cost_clear(gpointer cost)
{
  g_free(((struct bigquery_cost *)cost)->statement);
}

static int by_statement(gconstpointer a, gconstpointer b)
{
  return strcmp(((const struct bigquery_cost *)a)->statement, ((const struct bigquery_cost *)b)->statement);
}

GArray *bigquery_costs(const struct bigquery *bigquery)
{
  GArray *costs = g_array_new(FALSE, TRUE, sizeof(struct bigquery_cost));
  g_array_set_clear_func(costs, cost_clear);
  GHashTableIter iter;
  gpointer cost = NULL;
  g_hash_table_iter_init(&iter, bigquery->costs);
  while (g_hash_table_iter_next(&iter, NULL, &cost)) {
    struct bigquery_cost copy = *(struct bigquery_cost *)cost;
    copy.statement = g_strdup(copy.statement);
    g_array_append_val(costs, copy);
  }
  g_array_sort(costs, by_statement);
  return costs;
}

enum bigquery_cause bigquery_cause(const struct bigquery *bigquery)
{
  return bigquery->last.cause;
}

void labels_append(GString *out, const struct bigquery *bigquery, const char *name)
{
  g_autofree char *statement = name ? label_of(name) : NULL;
  json_append_key(out, "labels");
  g_string_append_c(out, '{');
  GHashTableIter iter;
  gpointer key = NULL, value = NULL;
  g_hash_table_iter_init(&iter, bigquery->labels);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    json_append_str(out, key, value);
  }
  if (statement) json_append_str(out, "leadferry_statement", statement);
  g_string_append_c(out, '}');
}
