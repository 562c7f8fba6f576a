/* json-page --page FILE [--rounds N]: what reading one page of leads costs the product: bytes to rows, N times over. */
#include "bench.h"
#include "instantly/parse.h"

#include <stdio.h>

static bool parse_often(const char *path, int rounds, GError **error)
{
  g_autofree char *bytes = NULL;
  gsize size = 0;
  if (!g_file_get_contents(path, &bytes, &size, error)) return false;
  const struct list_query query = {0};
  struct page page;
  struct bench_watch watch;
  guint rows_n = 0;
  bool is_ok = true;
  page_init(&page, sizeof(struct remote_lead));
  bench_start(&watch);
  for (int i = 0; is_ok && i < rounds; i++)
    is_ok = parse_list_page(bytes, size, &query, &page, error);
  bench_stop(&watch);
  rows_n = page.rows->len;
  page_clear(&page);
  g_autofree char *more = g_strdup_printf("\"pages\":%d,\"rows\":%u,\"bytes\":%" G_GSIZE_FORMAT, rounds, rows_n, size);
  if (is_ok) bench_print("json-page", &watch, more);
  return is_ok;
}

int main(int argc, char **argv)
{
  g_autofree char *path = NULL;
  int rounds = 2000;
  const GOptionEntry entries[] = {
      {"page", 0, 0, G_OPTION_ARG_FILENAME, &path, "an answer of POST /api/v2/leads/list", "FILE"},
      {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "how often it is read", "N"},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) options = g_option_context_new("- read one page of leads often");
  g_option_context_add_main_entries(options, entries, NULL);
  bool is_ok = g_option_context_parse(options, &argc, &argv, &error);
  if (is_ok && (path == NULL || rounds < 1)) {
    fprintf(stderr, "json-page: --page is needed\n");
    return 2;
  }
  if (is_ok && parse_often(path, rounds, &error)) return 0;
  fprintf(stderr, "json-page: %s\n", error->message);
  return 1;
}
