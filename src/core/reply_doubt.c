#include "core/reply_doubt.h"

#include <string.h>

#include "base/email.h"
#include "base/log.h"
#include "core/sync.h"

#define WORDS "the reply was automatic (sync)"

/* What is known of one person. */
struct doubt {
  bool is_real;        /* somebody says that a person answered, or may have */
  int64_t replies_n;   /* that its rows count */
  GArray *replied_at;  /* int64_t: when, of each of its rows */
  bool needs_row;      /* a row made the stop, and must be there to vouch for its time */
  int64_t evidence_us; /* the newest of all that the stop may be seen from */
};

struct doubts {
  GHashTable *persons; /* address without +tag, owned -> struct doubt, owned */
  struct page stops;   /* struct suppression */
};

static struct doubt *doubt_of(const struct doubts *doubts, const char *address)
{
  g_autofree char *folded = address != NULL ? email_fold_tag(address) : NULL;
  return folded != NULL ? g_hash_table_lookup(doubts->persons, folded) : NULL;
}

static void doubt_free(gpointer data)
{
  struct doubt *doubt = data;
  g_array_unref(doubt->replied_at);
  g_free(doubt);
}

/* ---- who is stopped by a reply that we alone saw ---- */

static bool is_seen_by_us(const struct suppression *stop)
{
  return g_strcmp0(stop->source, "sync") == 0 || g_strcmp0(stop->source, "emails") == 0;
}

static void doubt_add(struct doubts *doubts, const struct suppression *stop, GHashTable *newest)
{
  struct doubt *doubt = doubt_of(doubts, stop->person);
  if (doubt == NULL && g_hash_table_size(doubts->persons) == REPLY_DOUBT_MAX) return;
  if (doubt == NULL) {
    char *folded = email_fold_tag(stop->person);
    const int64_t *at_us = g_hash_table_lookup(newest, folded);
    doubt = g_new0(struct doubt, 1);
    doubt->evidence_us = at_us != NULL ? *at_us : 0;
    doubt->replied_at = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_hash_table_insert(doubts->persons, folded, doubt);
  }
  doubt->is_real = doubt->is_real || !is_seen_by_us(stop);
  doubt->needs_row = doubt->needs_row || g_strcmp0(stop->source, "sync") == 0;
}

static bool find(struct job *job, GHashTable *newest, struct doubts *doubts, GError **error)
{
  guint n = 0;
  g_autofree const char **folded = (const char **)g_hash_table_get_keys_as_array(newest, &n);
  if (!job->ledger->ops->reply_stops(job->ledger, folded, n, &doubts->stops, error)) return false;
  for (guint i = 0; i < doubts->stops.rows->len; i++)
    doubt_add(doubts, page_row(&doubts->stops, struct suppression, i), newest);
  return true;
}

/* ---- what their rows say ---- */

static void take_row(const struct doubts *doubts, const struct remote_lead *row)
{
  struct doubt *doubt = doubt_of(doubts, row->person);
  if (doubt == NULL) return;
  doubt->is_real = doubt->is_real || row->status == REMOTE_UNSUBSCRIBED || (row->has_interest && row->interest != 0);
  doubt->replies_n += row->replies;
  bool has_replied = row->replies > 0 || row->replied_at_us != 0;
  if (has_replied) g_array_append_val(doubt->replied_at, row->replied_at_us);
  doubt->evidence_us = MAX(doubt->evidence_us, MAX(row->replied_at_us, row->created_at_us));
}

static bool read_rows(struct job *job, const struct doubts *doubts, GError **error)
{
  g_autoptr(GPtrArray) contacts = g_ptr_array_new();
  for (guint i = 0; i < doubts->stops.rows->len && contacts->len < 4 * REPLY_DOUBT_MAX; i++) {
    const char *person = page_row(&doubts->stops, struct suppression, i)->person;
    bool is_new =
        doubt_of(doubts, person) != NULL && !g_ptr_array_find_with_equal_func(contacts, person, g_str_equal, NULL);
    if (is_new) g_ptr_array_add(contacts, (gpointer)person);
  }
  struct list_query query = {.contacts = (const char *const *)(void *)contacts->pdata, .contacts_n = contacts->len};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autofree char *after = NULL;
  bool is_ok = true;
  do {
    query.after = after;
    is_ok = job->instantly->ops->list(job->instantly, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++)
      take_row(doubts, page_row(&page, struct remote_lead, i));
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  } while (after != NULL);
  page_clear(&page);
  return is_ok;
}

/* ---- what their mailboxes say ---- */

/* A mail is taken in within moments of when the row says that it came. */
#define SAME_REPLY_US (600 * SECOND_US)

static bool is_at(const struct page *mails, int64_t at_us)
{
  for (guint i = 0; i < mails->rows->len; i++)
    if (ABS(page_row(mails, struct remote_email, i)->created_at_us - at_us) <= SAME_REPLY_US) return true;
  return false;
}

static bool all_are_there(const struct doubt *doubt, const struct page *mails)
{
  for (guint i = 0; i < doubt->replied_at->len; i++)
    if (!is_at(mails, g_array_index(doubt->replied_at, int64_t, i))) return false;
  return doubt->replied_at->len > 0 || !doubt->needs_row;
}

static bool read_mails(struct job *job, const char *person, struct doubt *doubt, GError **error)
{
  struct email_query query = {.only_received = true, .lead = person};
  struct page page;
  int64_t automatic_n = 0;
  page_init(&page, sizeof(struct remote_email));
  (void)job_keep_lease(job, NULL);
  bool is_ok = !job_is_cancelled(job, error) && job->instantly->ops->emails_read(job->instantly, &query, &page, error);
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    const struct remote_email *mail = page_row(&page, struct remote_email, i);
    bool is_automatic = mail->is_received && mail->automatic == AUTOMATIC_YES;
    doubt->is_real = doubt->is_real || (mail->is_received && !is_automatic);
    automatic_n += is_automatic;
  }
  bool is_whole = is_ok && page.next == NULL;
  doubt->is_real =
      doubt->is_real || !is_whole || automatic_n == 0 || automatic_n < doubt->replies_n || !all_are_there(doubt, &page);
  page_clear(&page);
  return is_ok;
}

/* A stop of ann@ and one of ann+x@ are the same person's: of each address the mails are read. */
static bool read_mailboxes(struct job *job, const struct doubts *doubts, GError **error)
{
  for (guint i = 0; i < doubts->stops.rows->len; i++) {
    const char *person = page_row(&doubts->stops, struct suppression, i)->person;
    struct doubt *doubt = doubt_of(doubts, person);
    if (doubt != NULL && !doubt->is_real && !read_mails(job, person, doubt, error)) return false;
  }
  return true;
}

/* ---- the end of their stops ---- */

static bool end_stops(struct job *job, const struct doubts *doubts, int64_t *ended_n, GError **error)
{
  g_autoptr(GArray) ended = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  g_autoptr(GHashTable) persons = g_hash_table_new(g_direct_hash, g_direct_equal);
  for (guint i = 0; i < doubts->stops.rows->len; i++) {
    struct suppression stop = *page_row(&doubts->stops, struct suppression, i);
    struct doubt *doubt = doubt_of(doubts, stop.person);
    if (doubt == NULL || doubt->is_real) continue;
    stop.evidence_at_us = doubt->evidence_us;
    g_array_append_val(ended, stop);
    g_hash_table_add(persons, doubt);
  }
  *ended_n += g_hash_table_size(persons);
  if (ended->len == 0) return true;
  log_event(LOG_INFO, "stops ended: the replies were automatic", LOG_INT("persons", g_hash_table_size(persons)));
  return job->ledger->ops->stops_end(job->ledger, (const struct suppression *)(void *)ended->data, ended->len, WORDS,
                                     error);
}

bool reply_doubt_settle(struct job *job, GHashTable *newest, int64_t *ended_n, GError **error)
{
  if (g_hash_table_size(newest) == 0) return true;
  struct doubts doubts = {.persons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, doubt_free)};
  page_init(&doubts.stops, sizeof(struct suppression));
  bool is_ok = find(job, newest, &doubts, error);
  if (is_ok && g_hash_table_size(doubts.persons) > 0)
    is_ok = read_rows(job, &doubts, error) && read_mailboxes(job, &doubts, error) &&
            end_stops(job, &doubts, ended_n, error);
  page_clear(&doubts.stops);
  g_hash_table_unref(doubts.persons);
  return is_ok;
}
