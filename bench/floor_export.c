/* The floor of an export without its SQL: posts the bodies of a file (one a line, as make_leads.py writes them) to
 * /api/v2/leads/add and reads each answer to its end, parsed as the product parses it.
 *
 *   floor-export --base-url http://127.0.0.1:PORT --key KEY --bodies FILE [--in-flight 8]
 *
 * The bodies are in memory before the watch starts: making them is the product's work, not the floor's. */
#include "base/json.h"
#include "bench.h"
#include "loop.h"

#include <stdio.h>
#include <string.h>

struct posting {
  GPtrArray *lines; /* starts of the bodies, and the end of the last as one more */
  guint next;
  int64_t created_n;
};

static bool next_body(void *context, int slot, struct loop_body *body)
{
  struct posting *posting = context;
  (void)slot;
  if (posting->next + 1 >= posting->lines->len) return false;
  const char *start = g_ptr_array_index(posting->lines, posting->next);
  const char *end = g_ptr_array_index(posting->lines, posting->next + 1);
  posting->next++;
  *body = (struct loop_body){start, (size_t)(end - start) - 1};
  return true;
}

/* Index, id and address of every created lead are looked at: no client that attributes its leads can do with less. */
static bool read_answer(void *context, int slot, const GString *answer)
{
  struct posting *posting = context;
  (void)slot;
  g_autoptr(cJSON) tree = json_parse_flat(answer->str, answer->len, NULL);
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, json_array(tree, "created_leads"))
  {
    int64_t index = -1;
    if (json_int(row, "index", &index) && json_string(row, "id") != NULL && json_string(row, "email") != NULL)
      posting->created_n++;
  }
  return tree != NULL;
}

static GPtrArray *lines_of(const char *bytes, size_t size)
{
  GPtrArray *lines = g_ptr_array_new();
  const char *end = bytes + size;
  for (const char *at = bytes; at < end;) {
    g_ptr_array_add(lines, (gpointer)at);
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    at = line_end != NULL ? line_end + 1 : end;
  }
  g_ptr_array_add(lines, (gpointer)end);
  return lines;
}

static bool post_all(const char *base_url, const char *key, const char *path, int in_flight, GError **error)
{
  g_autofree char *bytes = NULL;
  gsize size = 0;
  if (!g_file_get_contents(path, &bytes, &size, error)) return false;
  g_autoptr(GPtrArray) lines = lines_of(bytes, size);
  g_autofree char *url = g_strconcat(base_url, "/api/v2/leads/add", NULL);
  struct posting posting = {.lines = lines};
  struct loop_counts counts;
  struct loop_options options = {
      .url = url, .key = key, .in_flight = in_flight, .next = next_body, .answered = read_answer, .context = &posting};
  struct bench_watch watch;
  bench_start(&watch);
  bool is_ok = loop_run(&options, &counts, error);
  bench_stop(&watch);
  g_autofree char *more = g_strdup_printf("\"calls\":%" G_GINT64_FORMAT ",\"created\":%" G_GINT64_FORMAT
                                          ",\"sent_bytes\":%" G_GINT64_FORMAT ",\"read_bytes\":%" G_GINT64_FORMAT,
                                          counts.calls_n, posting.created_n, counts.sent_bytes, counts.read_bytes);
  bench_print("floor-export", &watch, more);
  return is_ok;
}

int main(int argc, char **argv)
{
  g_autofree char *base_url = NULL, *key = NULL, *bodies = NULL;
  int in_flight = 8;
  const GOptionEntry entries[] = {
      {"base-url", 0, 0, G_OPTION_ARG_STRING, &base_url, "of the sandbox", "URL"},
      {"key", 0, 0, G_OPTION_ARG_STRING, &key, "of the sandbox", "KEY"},
      {"bodies", 0, 0, G_OPTION_ARG_FILENAME, &bodies, "one body a line", "FILE"},
      {"in-flight", 0, 0, G_OPTION_ARG_INT, &in_flight, "calls under way at once", "N"},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) options = g_option_context_new("- post bodies in a bare loop");
  g_option_context_add_main_entries(options, entries, NULL);
  bool is_ok = g_option_context_parse(options, &argc, &argv, &error);
  if (is_ok && (base_url == NULL || key == NULL || bodies == NULL || in_flight < 1)) {
    fprintf(stderr, "floor-export: --base-url, --key and --bodies are needed\n");
    return 2;
  }
  if (is_ok && post_all(base_url, key, bodies, in_flight, &error)) return 0;
  fprintf(stderr, "floor-export: %s\n", error->message);
  return 1;
}
