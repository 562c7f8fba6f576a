#include "cli/brake_effect.h"

#include "base/json.h"
#include "cli/jobs.h"
#include "cli/output.h"

/* What the next job does with a lead of a stopped person, as a word and as the end of a sentence. */
struct next_step {
  const char *word, *sentence;
};

static struct next_step next_of(const struct lead_report_row *row)
{
  static const struct next_step taken = {"taken_out", "the next sync, export, recover or complete takes it out"};
  static const struct next_step asked = {"asked_about",
                                         "its answer is open: the next job asks Instantly and takes its row out"};
  static const struct next_step gone = {"none", "it was taken out already"};
  static const struct next_step over = {"none", "its sequence is over, nothing is mailed any more"};
  static const struct next_step foreign = {
      "reported", "it is not ours: it stays, and `leadferry verify --stops` says whether it is mailed"};
  static const struct next_step free_again = {"none", "it is in no campaign, and no export takes it"};
  switch (row->phase) {
  case PHASE_ADDED:
  case PHASE_IN_SUBSEQUENCE: return taken;
  case PHASE_ADOPTED: return foreign;
  case PHASE_CLAIMED: return asked;
  case PHASE_REMOVED:
  case PHASE_WITHDRAWN: return gone;
  case PHASE_FINISHED: return over;
  default: return free_again;
  }
}

static void say_lead(const struct cli *cli, const struct lead_report_row *row, const char *ref)
{
  const struct lead_state *state = &row->state;
  struct next_step next = next_of(row);
  const char *campaign = state->current_campaign_id ? state->current_campaign_id : state->campaign_id;
  g_autofree char *mailed = state->sent_at_us ? time_format_us(state->sent_at_us) : NULL;
  out_note(cli, "Lead %s%s%s, %s%s: %s", ref, campaign ? " in " : "",
           campaign ? campaign_label(&cli->settings, campaign) : "",
           mailed ? "first mailed " : "not mailed as far as known", mailed ? mailed : "", next.sentence);
}

static void append_lead(GString *out, const struct lead_report_row *row, const char *ref)
{
  const struct lead_state *state = &row->state;
  g_string_append(out, out->str[out->len - 1] == '}' ? ",{" : "{");
  json_append_str(out, "lead", ref);
  json_append_str(out, "phase", phase_name(row->phase));
  json_append_str(out, "campaign_id", state->current_campaign_id ? state->current_campaign_id : state->campaign_id);
  json_append_time(out, "first_mailed_at", state->sent_at_us);
  json_append_str(out, "next", next_of(row).word);
  g_string_append_c(out, '}');
}

/* What the running job claimed is not folded yet. */
static void say_nobody(const struct cli *cli, bool is_job_running)
{
  out_note(cli, is_job_running ? "The ledger knows no lead of it yet; the job that runs may have claimed one"
                               : "No export ever took it, and none will");
}

static void say_all(struct cli *cli, const struct page *leads, bool is_job_running, GString *members)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  int64_t known_n = 0;
  if (members) json_append_key(members, "leads");
  if (members) g_string_append_c(members, '[');
  for (guint i = 0; i < leads->rows->len; i++) {
    const struct lead_report_row *row = page_row(leads, struct lead_report_row, i);
    if (!row->has_state) continue;
    g_autofree char *ref = ledger->ops->lead_ref(ledger, row->state.lead_id);
    known_n++;
    if (members)
      append_lead(members, row, ref);
    else
      say_lead(cli, row, ref);
  }
  if (members) g_string_append_c(members, ']');
  if (!members && known_n == 0) say_nobody(cli, is_job_running);
}

bool brake_person_effect(struct cli *cli, const char *person, const struct brake_report *report, GString *members,
                         GError **error)
{
  if (!person || cli->is_shut) return true;
  struct page leads;
  page_init(&leads, sizeof(struct lead_report_row));
  bool is_ok = report_find(cli->warehouse, person, &leads, error);
  if (is_ok) say_all(cli, &leads, report->was_left, members);
  if (is_ok && !members && report->was_left)
    out_note(cli, "The job that runs sends it nothing any more from its next batch on, and takes rows out at its end");
  page_clear(&leads);
  return is_ok;
}

bool brake_hold_effect(struct cli *cli, const char *campaign_id, GString *members, GError **error)
{
  struct page counts;
  int64_t running_n = 0;
  if (cli->is_shut) return true;
  page_init(&counts, sizeof(struct named_count));
  bool is_ok = report_counts(cli->warehouse, &counts, error);
  for (guint i = 0; is_ok && i < counts.rows->len; i++) {
    const struct named_count *count = page_row(&counts, struct named_count, i);
    bool runs = g_strcmp0(count->group, "phase") == 0 &&
                (g_strcmp0(count->name, "added") == 0 || g_strcmp0(count->name, "in_subsequence") == 0);
    if (runs && (!campaign_id || g_strcmp0(count->campaign_id, campaign_id) == 0)) running_n += count->n;
  }
  if (is_ok && members) json_append_int(members, "running", running_n);
  if (is_ok && !members)
    out_note(cli,
             "%" G_GINT64_FORMAT
             " leads of ours are in Instantly and go on being mailed; the next export adds nobody and "
             "ends with 3, and still takes out who is stopped",
             running_n);
  page_clear(&counts);
  return is_ok;
}
