#include "cli/status_stops.h"

#include "base/json.h"
#include "cli/jobs.h"
#include "cli/output.h"
#include "core/job.h"
#include "core/stop_claims.h"
#include "core/stop_proof_note.h"

#include <string.h>

#define PAGE_ROWS 1000

/* Those that the next job takes out, or that wait for --allow-hit. */
static bool count_live(struct cli *cli, int64_t *n, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  struct job job;
  struct removal_query query;
  struct page page;
  g_autofree char *after = NULL;
  bool is_ok = true, has_more = true;
  cli_job_init(cli, &job);
  stop_query_init(&query, &job, PAGE_ROWS);
  page_init(&page, sizeof(struct removal));
  while (is_ok && has_more) {
    query.after_lead_id = after;
    is_ok = ledger->ops->removals(ledger, &query, &page, error);
    has_more = is_ok && page.rows->len == PAGE_ROWS;
    if (is_ok) *n += page.rows->len;
    g_free(after);
    after = has_more ? g_strdup(page_row(&page, struct removal, PAGE_ROWS - 1)->lead_id) : NULL;
  }
  page_clear(&page);
  job_clear(&job);
  return is_ok;
}

static void note_read(const char *text, struct status_stops *stops)
{
  g_autoptr(cJSON) note = json_parse(text, strlen(text), NULL);
  int64_t live = 0, mailed = 0;
  if (!note || !json_int(note, "at", &stops->proof_at_us)) return;
  json_int(note, "live", &live);
  json_int(note, "live_ours", &stops->live_ours_n);
  json_int(note, "mailed", &mailed);
  json_int(note, "mailed_ours", &stops->mailed_ours_n);
  stops->live_foreign_n = live - stops->live_ours_n;
  stops->mailed_foreign_n = mailed - stops->mailed_ours_n;
  stops->is_deep = cJSON_IsTrue(json_get(note, "is_deep"));
  stops->foreign = cJSON_DetachItemFromObjectCaseSensitive(note, "foreign");
}

bool status_stops_read(struct cli *cli, struct status_stops *stops, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autofree char *note = NULL;
  *stops = (struct status_stops){0};
  if (!count_live(cli, &stops->live_n, error) || !ledger->ops->control_get(ledger, STOP_PROOF_NOTE, &note, error))
    return false;
  if (note) note_read(note, stops);
  return true;
}

void status_stops_clear(struct status_stops *stops)
{
  g_clear_pointer(&stops->foreign, cJSON_Delete);
}

/* Other people's rows, by Instantly's id: whoever put them there can find them. */
static void print_foreign(const struct cli *cli, const cJSON *foreign)
{
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, foreign)
  {
    const char *id = json_string(row, "id"), *instantly_id = json_string(row, "instantly_id");
    const char *campaign_id = json_string(row, "campaign_id");
    if (id && instantly_id)
      out_print("  %s: foreign row %s in %s\n", id, instantly_id,
                campaign_id ? campaign_label(&cli->settings, campaign_id) : "no campaign");
  }
}

void status_stops_print(const struct cli *cli, const struct status_stops *stops)
{
  out_print("stopped persons with a row of ours that may be mailed, by the ledger: %" G_GINT64_FORMAT "\n",
            stops->live_n);
  if (stops->proof_at_us == 0) {
    out_line("stop proof: never made; `leadferry verify --stops` looks at every row of the workspace");
    return;
  }
  g_autofree char *at = time_format_us(stops->proof_at_us);
  out_print("stop proof of %s%s: live rows of stopped persons %" G_GINT64_FORMAT " of ours and %" G_GINT64_FORMAT
            " foreign, mailed after the stop %" G_GINT64_FORMAT " of ours and %" G_GINT64_FORMAT " foreign\n",
            at, stops->is_deep ? ", every mail read" : "", stops->live_ours_n, stops->live_foreign_n,
            stops->mailed_ours_n, stops->mailed_foreign_n);
  print_foreign(cli, stops->foreign);
}

void status_stops_json(const struct status_stops *stops, GString *out)
{
  json_append_int(out, "stopped_live_ours", stops->live_n);
  json_append_key(out, "stop_proof");
  if (stops->proof_at_us == 0) {
    g_string_append(out, "null");
    return;
  }
  g_string_append_c(out, '{');
  json_append_time(out, "at", stops->proof_at_us);
  json_append_int(out, "live_ours", stops->live_ours_n);
  json_append_int(out, "live_foreign", stops->live_foreign_n);
  json_append_int(out, "mailed_ours", stops->mailed_ours_n);
  json_append_int(out, "mailed_foreign", stops->mailed_foreign_n);
  json_append_bool(out, "is_deep", stops->is_deep);
  char *foreign = stops->foreign ? cJSON_PrintUnformatted(stops->foreign) : NULL;
  json_append_key(out, "foreign");
  g_string_append(out, foreign ? foreign : "[]");
  cJSON_free(foreign);
  g_string_append_c(out, '}');
}
