#include "core/bounce_guard.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "core/sync.h"

/* Two-sided 95 %. */
#define Z 1.959964

double wilson_lower(int64_t hits_n, int64_t n)
{
  if (n <= 0) return 0;
  double total = (double)n, share = (double)hits_n / total;
  double middle = share + Z * Z / (2 * total);
  double half = Z * sqrt(share * (1 - share) / total + Z * Z / (4 * total * total));
  return fmax(0, (middle - half) / (1 + Z * Z / total));
}

enum bounce_verdict bounce_verdict_of(int64_t mailed_n, int64_t bounced_n)
{
  double lower = wilson_lower(bounced_n, mailed_n);
  if (mailed_n < BOUNCE_GUARD_MAILED || lower < BOUNCE_GUARD_STOP) return BOUNCES_FEW;
  return lower < BOUNCE_GUARD_ALARM ? BOUNCES_MANY : BOUNCES_ALARMING;
}

/* ---- the note: "stopped" or "resumed", and when (Instantly's time) ---- */

#define STOPPED "stopped:"
#define RESUMED "resumed:"

static char *note_name(const char *campaign_id)
{
  return g_strdup_printf("bounces:%s", campaign_id);
}

static bool note_read(struct job *job, const char *campaign_id, char **note, GError **error)
{
  g_autofree char *name = note_name(campaign_id);
  return job->ledger->ops->control_get(job->ledger, name, note, error);
}

static bool note_write(struct job *job, const char *campaign_id, const char *word, GError **error)
{
  g_autofree char *name = note_name(campaign_id);
  g_autofree char *note = g_strdup_printf("%s%" G_GINT64_FORMAT, word, job->now_us);
  return job->ledger->ops->control_put(job->ledger, name, note, error);
}

static bool is_stopped(const char *note)
{
  return note && g_str_has_prefix(note, STOPPED);
}

/* ---- counting ---- */

static void count_clear(gpointer data)
{
  g_free(((struct bounce_count *)data)->mailbox);
}

GArray *bounce_counts_new(void)
{
  GArray *counts = g_array_new(FALSE, TRUE, sizeof(struct bounce_count));
  g_array_set_clear_func(counts, count_clear);
  return counts;
}

/* From when mailboxes are counted stands in an entry of its own. */
static bool mailboxes_read(struct job *job, GArray *counts, GError **error)
{
  g_autofree char *since = NULL;
  if (!job->ledger->ops->control_get(job->ledger, SYNCED_AT, &since, error)) return false;
  struct bounce_count first = {.since_us = since ? g_ascii_strtoll(since, NULL, 10) : 0};
  g_array_append_val(counts, first);
  return true;
}

bool bounce_counts_read(struct job *job, GArray *counts, GError **error)
{
  const GArray *campaigns = job->settings->campaigns;
  for (guint i = 0; i < campaigns->len; i++) {
    g_autofree char *note = NULL;
    struct bounce_count count = {.campaign_id = g_array_index(campaigns, struct campaign_settings, i).id,
                                 .since_us = job->now_us - BOUNCE_GUARD_DAYS * DAY_US};
    if (!note_read(job, count.campaign_id, &note, error)) return false;
    count.is_stopped = is_stopped(note);
    if (note && g_str_has_prefix(note, RESUMED))
      count.since_us = MAX(count.since_us, g_ascii_strtoll(note + strlen(RESUMED), NULL, 10));
    g_array_append_val(counts, count);
  }
  return mailboxes_read(job, counts, error);
}

static void count_add(struct bounce_count *count, const struct remote_lead *row)
{
  bool is_mailed = remote_sent_since(row, count->since_us);
  count->mailed_n += is_mailed;
  count->bounced_n += is_mailed && row->status == REMOTE_BOUNCED;
}

static void count_mailbox(GArray *counts, const struct remote_lead *row)
{
  int64_t since_us = 0;
  if (row->mailbox == NULL || row->stamp == NULL) return;
  for (guint i = 0; i < counts->len; i++) {
    struct bounce_count *count = &g_array_index(counts, struct bounce_count, i);
    if (count->campaign_id == NULL && count->mailbox == NULL) since_us = count->since_us;
    if (g_strcmp0(count->mailbox, row->mailbox) != 0) continue;
    count_add(count, row);
    return;
  }
  struct bounce_count count = {.mailbox = g_strdup(row->mailbox), .since_us = since_us};
  count_add(&count, row);
  g_array_append_val(counts, count);
}

static void count_row(GArray *counts, const struct remote_lead *row)
{
  for (guint i = 0; i < counts->len && row->campaign_id != NULL; i++) {
    struct bounce_count *count = &g_array_index(counts, struct bounce_count, i);
    if (g_strcmp0(row->campaign_id, count->campaign_id) != 0) continue;
    count_add(count, row);
    break;
  }
  count_mailbox(counts, row);
}

void bounce_counts_page(GArray *counts, const struct page *page)
{
  for (guint i = 0; i < page->rows->len; i++)
    count_row(counts, page_row(page, struct remote_lead, i));
}

/* ---- judging ---- */

static bool pauses(const struct job *job, const char *campaign_id)
{
  const GArray *campaigns = job->settings->campaigns;
  for (guint i = 0; i < campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(campaigns, struct campaign_settings, i);
    if (strcmp(campaign->id, campaign_id) == 0) return campaign->on_bounces == ON_BOUNCES_PAUSE;
  }
  return false;
}

static bool report_stopped(struct job *job, const struct bounce_count *count, GError **error)
{
  bool is_alarming = bounce_verdict_of(count->mailed_n, count->bounced_n) == BOUNCES_ALARMING;
  g_autofree char *key = note_name(count->campaign_id);
  g_autofree char *message = g_strdup_printf(
      "campaign %s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " mails of the last %d days bounced%s; it is not fed "
      "until `leadferry campaigns resume %s --reason WHY`",
      count->campaign_id, count->bounced_n, count->mailed_n, BOUNCE_GUARD_DAYS,
      is_alarming ? ", enough to cost the sending domains their reputation" : "", count->campaign_id);
  log_event(LOG_ERROR, "a campaign bounces too often", LOG_STR("campaign", count->campaign_id),
            LOG_INT("mailed", count->mailed_n), LOG_INT("bounced", count->bounced_n));
  struct error_row row = {.type = "bounce_guard", .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

/* The pause first: a run that dies between the two pauses again, and says so. */
static bool stop(struct job *job, const struct bounce_count *count, GError **error)
{
  if (pauses(job, count->campaign_id) &&
      !job->instantly->ops->campaign_pause(job->instantly, count->campaign_id, error))
    return false;
  return note_write(job, count->campaign_id, STOPPED, error) && report_stopped(job, count, error);
}

bool bounce_guard_judge(struct job *job, const GArray *counts, int64_t *stopped_n, GError **error)
{
  for (guint i = 0; i < counts->len; i++) {
    const struct bounce_count *count = &g_array_index(counts, struct bounce_count, i);
    if (count->campaign_id == NULL || count->is_stopped ||
        bounce_verdict_of(count->mailed_n, count->bounced_n) == BOUNCES_FEW)
      continue;
    if (!stop(job, count, error)) return false;
    ++*stopped_n;
  }
  return true;
}

char *bounce_mailboxes(struct job *job, const GArray *counts, bool by_address)
{
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < counts->len; i++) {
    const struct bounce_count *count = &g_array_index(counts, struct bounce_count, i);
    if (count->mailbox == NULL || !sync_is_bounce_spike(count->mailed_n, count->bounced_n)) continue;
    g_autofree char *ref = by_address ? NULL : job->ledger->ops->lead_ref(job->ledger, count->mailbox);
    g_string_append_printf(out, "%s%s (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ")", out->len > 0 ? ", " : "",
                           by_address ? count->mailbox : ref, count->bounced_n, count->mailed_n);
  }
  return g_string_free(out, FALSE);
}

bool bounce_guard_is_on(struct job *job, const char *campaign_id, bool *is_on, GError **error)
{
  g_autofree char *note = NULL;
  if (!note_read(job, campaign_id, &note, error)) return false;
  *is_on = is_stopped(note);
  return true;
}

bool bounce_guard_resume(struct job *job, const char *campaign_id, bool *was_on, GError **error)
{
  if (!bounce_guard_is_on(job, campaign_id, was_on, error)) return false;
  return !*was_on || job->is_dry_run || note_write(job, campaign_id, RESUMED, error);
}
