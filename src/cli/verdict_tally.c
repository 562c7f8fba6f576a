#include "cli/verdict_tally.h"

#include "base/json.h"
#include "base/text.h"
#include "core/eligibility.h"

#include <string.h>

static void line_clear(gpointer line)
{
  g_free(((struct verdict_line *)line)->label);
}

static GArray *lines_new(void)
{
  GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct verdict_line));
  g_array_set_clear_func(lines, line_clear);
  return lines;
}

static char *label_of(const struct verdict_count *count)
{
  const char *name = verdict_name(count->verdict);
  if (g_str_has_prefix(name, "deferred_")) name += strlen("deferred_");
  return count->detail && *count->detail ? g_strdup_printf("%s(%s)", name, count->detail) : g_strdup(name);
}

static void lines_add(GArray *lines, const struct verdict_count *count)
{
  g_autofree char *label = label_of(count);
  for (guint i = 0; i < lines->len; i++) {
    struct verdict_line *line = &g_array_index(lines, struct verdict_line, i);
    if (strcmp(line->label, label) != 0) continue;
    line->n += count->n;
    return;
  }
  struct verdict_line line = {.label = g_steal_pointer(&label), .n = count->n};
  g_array_append_val(lines, line);
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
  const struct verdict_line *left = a, *right = b;
  if (left->n != right->n) return left->n > right->n ? -1 : 1;
  return strcmp(left->label, right->label);
}

static void add_count(struct verdict_tally *tally, const struct verdict_count *count)
{
  if (count->verdict == VERDICT_ELIGIBLE) {
    tally->eligible_n += count->n;
  } else if (count->verdict == VERDICT_ALREADY_ADDED) {
    tally->already_n += count->n;
  } else if (verdict_is_deferral(count->verdict)) {
    tally->deferred_n += count->n;
    lines_add(tally->deferred, count);
  } else {
    tally->left_out_n += count->n;
    lines_add(tally->left_out, count);
  }
}

void verdict_tally_fill(struct verdict_tally *tally, const struct claim_report *report, const char *campaign_id)
{
  *tally = (struct verdict_tally){.left_out = lines_new(), .deferred = lines_new()};
  for (guint i = 0; i < report->counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report->counts, struct verdict_count, i);
    if (!campaign_id || !g_strcmp0(campaign_id, count->campaign_id)) add_count(tally, count);
  }
  g_array_sort(tally->left_out, compare_lines);
  g_array_sort(tally->deferred, compare_lines);
}

void verdict_tally_clear(struct verdict_tally *tally)
{
  g_clear_pointer(&tally->left_out, g_array_unref);
  g_clear_pointer(&tally->deferred, g_array_unref);
}

const char *verdict_tally_hint(const struct verdict_tally *tally, const struct settings *settings)
{
  if (tally->eligible_n > 0 || tally->left_out->len == 0 || settings->export.default_campaign != NULL) return NULL;
  const char *most = g_array_index(tally->left_out, struct verdict_line, 0).label;
  return strcmp(most, verdict_name(VERDICT_NO_CAMPAIGN)) == 0
             ? "their campaign_id is empty and export.default_campaign is not set: fill one of the two"
             : NULL;
}

char *verdict_lines_text(const GArray *lines)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < lines->len; i++) {
    const struct verdict_line *line = &g_array_index(lines, struct verdict_line, i);
    g_autofree char *n = text_thousands(line->n);
    g_string_append_printf(text, "%s%s %s", i ? ", " : "", line->label, n);
  }
  return g_string_free(text, FALSE);
}

void verdict_lines_json(GString *out, const char *name, const GArray *lines)
{
  json_append_key(out, name);
  g_string_append_c(out, '{');
  for (guint i = 0; i < lines->len; i++) {
    const struct verdict_line *line = &g_array_index(lines, struct verdict_line, i);
    json_append_int(out, line->label, line->n);
  }
  g_string_append_c(out, '}');
}
