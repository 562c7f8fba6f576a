#include "core/sync_emails.h"

#include "base/email.h"
#include "base/log.h"
#include "core/job.h"
#include "core/reply_doubt.h"

/* What was read, as far as it matters: who wrote, and when. */
struct replies {
  GHashTable *newest;    /* address without +tag, owned -> int64_t, owned: Instantly's time of the newest reply */
  GHashTable *automatic; /* the same of mails that a machine wrote */
  int64_t until_us;      /* all mails before this were read; 0: nothing was */
  int64_t mails_n;
  int64_t last_us;  /* of the mail read last */
  bool is_unsorted; /* they do not come oldest first: only the end of all tells that none was passed over */
  bool is_ended;    /* there is nothing behind what was read */
};

bool email_is_reply(const struct remote_email *mail)
{
  return mail->is_received && mail->automatic != AUTOMATIC_YES;
}

/* ---- where reading begins ---- */

/* The note, else the first enrolment of all: nobody answers before. */
static bool begin_at(struct job *job, int64_t *until_us, bool *has_note, GError **error)
{
  g_autofree char *note = NULL;
  *has_note = false;
  if (!job->ledger->ops->control_get(job->ledger, EMAILS_UNTIL, &note, error)) return false;
  *until_us = note != NULL ? g_ascii_strtoll(note, NULL, 10) : 0;
  *has_note = *until_us > 0;
  return *has_note || job->ledger->ops->first_enrolled(job->ledger, until_us, error);
}

/* ---- reading ---- */

static void note_reply(GHashTable *newest, const char *address, int64_t at_us)
{
  if (address == NULL) return;
  char *key = email_fold_tag(address);
  const int64_t *there = g_hash_table_lookup(newest, key);
  int64_t newest_us = there != NULL ? MAX(*there, at_us) : at_us;
  g_hash_table_replace(newest, key, g_memdup2(&newest_us, sizeof newest_us));
}

/* A reply stands in the thread of its lead and may come from another address of the same person, or from somebody else
 * whom we wrote to: both are heard. */
static void take_page(struct replies *replies, const struct page *page)
{
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_email *mail = page_row(page, struct remote_email, i);
    replies->is_unsorted = replies->is_unsorted || mail->created_at_us < replies->last_us;
    replies->last_us = mail->created_at_us;
    replies->until_us = MAX(replies->until_us, mail->created_at_us);
    bool is_automatic = mail->is_received && mail->automatic == AUTOMATIC_YES;
    if (is_automatic) note_reply(replies->automatic, mail->lead, mail->created_at_us);
    if (!email_is_reply(mail)) continue;
    note_reply(replies->newest, mail->lead, mail->created_at_us);
    note_reply(replies->newest, mail->sender, mail->created_at_us);
  }
  replies->mails_n += page->rows->len;
  replies->is_ended = page->next == NULL;
}

static bool read_pages(struct job *job, int64_t until_us, struct replies *replies, GError **error)
{
  g_autofree char *after = NULL;
  struct email_query query = {.only_received = true, .from_us = until_us - EMAILS_OVERLAP_US};
  struct page page;
  page_init(&page, sizeof(struct remote_email));
  bool is_ok = true;
  for (int n = 0; is_ok && n < EMAILS_PAGES_MAX && !replies->is_ended; n++) {
    bool is_enough = replies->until_us > until_us || replies->is_unsorted;
    if (n >= EMAILS_PAGES && is_enough) break;
    query.after = after;
    (void)job_keep_lease(job, NULL);
    is_ok = !job_is_cancelled(job, error) && job->instantly->ops->emails_read(job->instantly, &query, &page, error);
    if (!is_ok) break;
    take_page(replies, &page);
    g_free(after);
    after = g_strdup(page.next);
  }
  page_clear(&page);
  bool is_circle = is_ok && !replies->is_ended && replies->is_unsorted;
  if (is_circle)
    error_set(error, ERROR_CORRUPT, "the mails do not come oldest first, as asked for, or the list has no end");
  return is_ok && !is_circle;
}

/* ---- what follows from it ---- */

static struct lead_event reply_event(const struct job *job, const struct enrolled *lead, int64_t at_us)
{
  return (struct lead_event){.kind = EVENT_STATUS,
                             .fact = FACT_REPLIED,
                             .lead_id = lead->lead_id,
                             .person = lead->person,
                             .campaign_id = lead->campaign_id,
                             .instantly_id = lead->instantly_id,
                             .claim_id = lead->claim_id,
                             .generation = lead->generation,
                             .epoch = lead->epoch,
                             .run_id = job->run_id,
                             .occurred_at_us = at_us};
}

/* A stop for the person, once for each of its spellings, and the fact for the lead where no reply was known. */
static bool record(struct job *job, const struct replies *replies, const struct page *leads, int64_t *stopped_n,
                   GError **error)
{
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < leads->rows->len; i++) {
    const struct enrolled *lead = page_row(leads, struct enrolled, i);
    g_autofree char *key = email_fold_tag(lead->person);
    int64_t at_us = *(const int64_t *)g_hash_table_lookup(replies->newest, key);
    struct lead_event event = reply_event(job, lead, at_us);
    if (!lead->replied_at_us) g_array_append_val(events, event);
    if (!g_hash_table_add(seen, (gpointer)lead->person)) continue;
    struct suppression stop = {.person = lead->person,
                               .reason = "replied",
                               .source = "emails",
                               .actor = "sync",
                               .run_id = job->run_id,
                               .created_at_us = job->now_us,
                               .evidence_at_us = at_us};
    g_array_append_val(stops, stop);
  }
  const struct ledger_ops *ops = job->ledger->ops;
  return (stops->len == 0 ||
          ops->suppress(job->ledger, (const struct suppression *)(void *)stops->data, stops->len, stopped_n, error)) &&
         (events->len == 0 ||
          (ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error) &&
           ops->fold(job->ledger, error)));
}

static bool stop_who_wrote(struct job *job, const struct replies *replies, struct sync_report *report, GError **error)
{
  guint folded_n = 0;
  if (g_hash_table_size(replies->newest) == 0) return true;
  g_autofree const char **folded = (const char **)g_hash_table_get_keys_as_array(replies->newest, &folded_n);
  struct page leads;
  page_init(&leads, sizeof(struct enrolled));
  bool is_ok = job->ledger->ops->ever_enrolled(job->ledger, folded, folded_n, &leads, error) &&
               record(job, replies, &leads, &report->emails_stopped_n, error);
  page_clear(&leads);
  return is_ok;
}

/* Whose answer, which the list of leads shows as one, was written by a machine. */
static bool doubt_who_did_not(struct job *job, const struct replies *replies, struct sync_report *report,
                              GError **error)
{
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, replies->newest);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    g_hash_table_remove(replies->automatic, key);
  return reply_doubt_settle(job, replies->automatic, &report->automatic_n, error);
}

/* A mail from times to come is heard, and does not hide those that come until then. */
static bool move_note(struct job *job, const struct replies *replies, int64_t until_us, bool has_note, GError **error)
{
  int64_t next_us = MAX(MIN(replies->until_us, job->now_us), until_us);
  if (has_note && next_us == until_us) return true;
  g_autofree char *note = g_strdup_printf("%" G_GINT64_FORMAT, next_us);
  return job->ledger->ops->control_put(job->ledger, EMAILS_UNTIL, note, error);
}

/* ---- refusals ---- */

/* Said, and the sync goes on: statuses and stops of those who are there come home all the same. */
static bool report_refusal(struct job *job, const GError *refusal, struct sync_report *report, GError **error)
{
  bool is_scope = error_is(refusal, ERROR_AUTH);
  report->emails_refused = true;
  log_event(LOG_ERROR, "replies of people who are gone are not read", LOG_STR("error", refusal->message));
  g_autofree char *message = g_strdup_printf(
      "replies of people whose leads were removed are not read: %s%s",
      is_scope ? "the key lacks the scope emails:read; give it that scope in Instantly" : "Instantly said: ",
      is_scope ? "" : refusal->message);
  struct error_row row = {.type = "scope_missing", .message = message, .key = "emails"};
  if (!is_scope) row.type = "request_refused";
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

static bool is_refusal(const GError *error)
{
  return (error_is(error, ERROR_AUTH) && error_status(error) == 403) || error_is(error, ERROR_REJECTED) ||
         error_is(error, ERROR_NOT_FOUND);
}

bool sync_read_emails(struct job *job, struct sync_report *report, GError **error)
{
  int64_t until_us = 0;
  bool has_note;
  if (!begin_at(job, &until_us, &has_note, error)) return false;
  if (until_us == 0) return true; /* nobody was ever enrolled */
  g_autoptr(GError) failure = NULL;
  struct replies replies = {.newest = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                            .automatic = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
  bool is_read = read_pages(job, until_us, &replies, &failure) && job_fix_now(job, &failure);
  bool is_throttled = !is_read && error_is(failure, ERROR_RATE_LIMITED); /* what was read counts, the rest is later */
  bool is_ok = (is_read || is_throttled) && stop_who_wrote(job, &replies, report, error) &&
               doubt_who_did_not(job, &replies, report, error) && move_note(job, &replies, until_us, has_note, error);
  report->emails_read_n = replies.mails_n;
  report->emails_left = (is_read || is_throttled) && !replies.is_ended;
  if (report->emails_left)
    log_event(LOG_WARNING, "more replies wait for the next sync", LOG_INT("read", replies.mails_n));
  g_hash_table_unref(replies.newest);
  g_hash_table_unref(replies.automatic);
  if (is_read || is_throttled) return is_ok;
  if (is_refusal(failure)) return report_refusal(job, failure, report, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}
