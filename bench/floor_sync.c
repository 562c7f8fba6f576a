/* The floor of a sync without its SQL: reads the same pages of 100 leads as the product and parses them.
 *
 *   floor-sync --base-url URL --key KEY [--campaign ID ...] [--filter FILTER_VAL_... ...] [--ids FILE] [--in-flight 16]
 *
 * Each campaign and each filter is one chain of pages by cursor, from the first to the last; the ids of a file (one a
 * line) are asked for 100 at a time. Chains run side by side, as many as are in flight. */
#include "base/json.h"
#include "bench.h"
#include "loop.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX 100

/* One chain of pages: the question without its cursor, and where it stands. */
struct chain {
  char *question; /* members of the body, without braces */
  GString *body;
  bool is_ended;
};

struct reading {
  GPtrArray *chains; /* struct chain */
  guint next;        /* the first that nobody has begun */
  struct chain **slots;
  int64_t rows_n, facts_n;
};

static void chain_free(gpointer data)
{
  struct chain *chain = data;
  g_free(chain->question);
  g_string_free(chain->body, TRUE);
  g_free(chain);
}

static void chain_add(GPtrArray *chains, char *question)
{
  struct chain *chain = g_new0(struct chain, 1);
  chain->question = question;
  chain->body = g_string_new(NULL);
  g_string_printf(chain->body, "{%s}", question);
  g_ptr_array_add(chains, chain);
}

static bool next_page(void *context, int slot, struct loop_body *body)
{
  struct reading *reading = context;
  struct chain *chain = reading->slots[slot];
  if (chain == NULL || chain->is_ended) {
    if (reading->next == reading->chains->len) return false;
    chain = reading->slots[slot] = g_ptr_array_index(reading->chains, reading->next++);
  }
  *body = (struct loop_body){chain->body->str, chain->body->len};
  return true;
}

/* What every reader of statuses must look at, in each row. */
static bool read_row(const cJSON *row, struct reading *reading)
{
  static const char *const texts[] = {"email", "campaign", "subsequence_id", "last_step_from"};
  static const char *const numbers[] = {"email_open_count", "email_click_count", "email_reply_count",
                                        "verification_status", "lt_interest_status"};
  static const char *const times[] = {"timestamp_created",   "timestamp_updated",    "timestamp_last_contact",
                                      "timestamp_last_open", "timestamp_last_click", "timestamp_last_reply"};
  int64_t value = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    reading->facts_n += json_string(row, texts[i]) != NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    reading->facts_n += json_int(row, numbers[i], &value);
  for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
    reading->facts_n += json_time_us(row, times[i], &value);
  reading->facts_n += json_string(json_get(row, "payload"), "leadferry") != NULL;
  reading->rows_n++;
  return json_string(row, "id") != NULL && json_int(row, "status", &value);
}

static bool read_page(void *context, int slot, const GString *answer)
{
  struct reading *reading = context;
  struct chain *chain = reading->slots[slot];
  g_autoptr(cJSON) tree = json_parse_flat(answer->str, answer->len, NULL);
  const cJSON *items = json_array(tree, "items");
  const cJSON *row = NULL;
  if (items == NULL) return false;
  cJSON_ArrayForEach(row, items) if (!read_row(row, reading)) return false;
  const char *cursor = json_string(tree, "next_starting_after");
  chain->is_ended = cursor == NULL || cursor[0] == '\0' || cJSON_GetArraySize(items) == 0;
  if (!chain->is_ended) g_string_printf(chain->body, "{%s,\"starting_after\":\"%s\"}", chain->question, cursor);
  return true;
}

static bool ids_add(GPtrArray *chains, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, error)) return false;
  g_auto(GStrv) ids = g_strsplit(g_strstrip(text), "\n", -1);
  guint ids_n = g_strv_length(ids);
  for (guint at = 0; at < ids_n; at += PAGE_MAX) {
    GString *question = g_string_new("\"ids\":[");
    for (guint i = at; i < MIN(at + PAGE_MAX, ids_n); i++)
      g_string_append_printf(question, "%s\"%s\"", i > at ? "," : "", ids[i]);
    g_string_append(question, "],\"limit\":100");
    chain_add(chains, g_string_free(question, FALSE));
  }
  return true;
}

static bool read_all(const struct loop_options *asked, GPtrArray *chains, GError **error)
{
  g_autofree struct chain **slots = g_new0(struct chain *, asked->in_flight);
  struct reading reading = {.chains = chains, .slots = slots};
  struct loop_options options = *asked;
  struct loop_counts counts;
  struct bench_watch watch;
  options.next = next_page;
  options.answered = read_page;
  options.context = &reading;
  bench_start(&watch);
  bool is_ok = loop_run(&options, &counts, error);
  bench_stop(&watch);
  g_autofree char *more = g_strdup_printf("\"calls\":%" G_GINT64_FORMAT ",\"rows\":%" G_GINT64_FORMAT
                                          ",\"facts\":%" G_GINT64_FORMAT ",\"read_bytes\":%" G_GINT64_FORMAT,
                                          counts.calls_n, reading.rows_n, reading.facts_n, counts.read_bytes);
  bench_print("floor-sync", &watch, more);
  return is_ok;
}

static void questions_add(GPtrArray *chains, char *const *values, const char *format)
{
  for (guint i = 0; values != NULL && values[i] != NULL; i++) {
    GString *question = g_string_new(format);
    g_string_replace(question, "?", values[i], 1);
    chain_add(chains, g_string_free(question, FALSE));
  }
}

int main(int argc, char **argv)
{
  g_autofree char *base_url = NULL, *key = NULL, *ids = NULL;
  g_auto(GStrv) campaigns = NULL, filters = NULL;
  int in_flight = 16;
  const GOptionEntry entries[] = {
      {"base-url", 0, 0, G_OPTION_ARG_STRING, &base_url, "of the sandbox", "URL"},
      {"key", 0, 0, G_OPTION_ARG_STRING, &key, "of the sandbox", "KEY"},
      {"campaign", 0, 0, G_OPTION_ARG_STRING_ARRAY, &campaigns, "read all its leads", "ID"},
      {"filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &filters, "read all of the workspace that it lets through", "NAME"},
      {"ids", 0, 0, G_OPTION_ARG_FILENAME, &ids, "read these leads, one id a line", "FILE"},
      {"in-flight", 0, 0, G_OPTION_ARG_INT, &in_flight, "calls under way at once", "N"},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) context = g_option_context_new("- read pages of leads in a bare loop");
  g_option_context_add_main_entries(context, entries, NULL);
  bool is_ok = g_option_context_parse(context, &argc, &argv, &error);
  if (is_ok && (base_url == NULL || key == NULL || in_flight < 1)) {
    fprintf(stderr, "floor-sync: --base-url and --key are needed\n");
    return 2;
  }
  g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func(chain_free);
  g_autofree char *url = g_strconcat(base_url, "/api/v2/leads/list", NULL);
  struct loop_options options = {.url = url, .key = key, .in_flight = in_flight};
  questions_add(chains, campaigns, "\"campaign\":\"?\",\"limit\":100");
  questions_add(chains, filters, "\"filter\":\"?\",\"limit\":100");
  is_ok = is_ok && (ids == NULL || ids_add(chains, ids, &error)) && read_all(&options, chains, &error);
  if (is_ok) return 0;
  fprintf(stderr, "floor-sync: %s\n", error->message);
  return 1;
}
