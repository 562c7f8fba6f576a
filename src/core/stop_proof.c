#include "core/stop_proof.h"

#include <string.h>

#include "base/email.h"
#include "core/job.h"
#include "core/stop_proof_note.h"
#include "core/sync_home.h"
#include "core/sync_read.h"

#define STOPS_PAGE 10000
#define NAMES_MAX  1000 /* persons of one question to the ledger */

/* ---- what is gathered ---- */

/* A row of a stopped person, or one that is gone and that a mail tells of. */
struct seen_row {
  char *instantly_id, *campaign_id; /* owned, or NULL */
  bool is_ours, is_gone;
  int64_t row_mailed_us, row_subsequence_us; /* as the row shows it */
  const char *live_word;                     /* why it is live, or NULL */
  int64_t late_n, last_late_us;
};

struct seen_mail {
  guint row; /* of the person */
  int64_t at_us;
  bool is_subsequence;
};

struct person {
  struct stop_moments moments;
  GArray *rows;  /* struct seen_row */
  GArray *mails; /* struct seen_mail */
};

struct proof {
  struct job *job;
  const struct verify_options *options;
  struct verify_report *report;
  struct stop_table *stops;
  struct page listed;     /* Instantly's block list */
  GHashTable *listed_set; /* its values */
  GHashTable *persons;    /* address without its +tag, owned -> struct person, owned */
  GString *foreign;       /* JSON objects of the first foreign rows, for the note */
  int foreign_n;
};

static void seen_row_clear(gpointer data)
{
  struct seen_row *row = data;
  g_free(row->instantly_id);
  g_free(row->campaign_id);
}

static void person_free(gpointer data)
{
  struct person *person = data;
  g_array_unref(person->rows);
  g_array_unref(person->mails);
  g_free(person);
}

static void proof_init(struct proof *proof)
{
  proof->stops = stop_table_new();
  page_init(&proof->listed, sizeof(struct suppression));
  proof->listed_set = g_hash_table_new(g_str_hash, g_str_equal);
  proof->persons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, person_free);
  proof->foreign = g_string_new("[");
}

static void proof_clear(struct proof *proof)
{
  stop_table_free(proof->stops);
  g_hash_table_unref(proof->listed_set);
  page_clear(&proof->listed);
  g_hash_table_unref(proof->persons);
  g_string_free(proof->foreign, TRUE);
}

/* The record of a person, made when it is the first of a stopped one; NULL: not stopped. */
static struct person *person_of(struct proof *proof, const char *address)
{
  if (address == NULL) return NULL;
  struct stop_moments moments = stop_table_find(proof->stops, address);
  if (!stop_moments_any(&moments)) return NULL;
  g_autofree char *folded = email_fold_tag(address);
  struct person *person = g_hash_table_lookup(proof->persons, folded);
  if (person != NULL) return person;
  person = g_new0(struct person, 1);
  person->moments = moments;
  person->rows = g_array_new(FALSE, TRUE, sizeof(struct seen_row));
  g_array_set_clear_func(person->rows, seen_row_clear);
  person->mails = g_array_new(FALSE, TRUE, sizeof(struct seen_mail));
  g_hash_table_insert(proof->persons, g_steal_pointer(&folded), person);
  return person;
}

/* ---- step 1 ---- */

static bool read_stops(struct proof *proof, GError **error)
{
  struct stop_query query = {.only_in_force = true, .limit = STOPS_PAGE};
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  bool is_ok = true, has_more = true;
  while (is_ok && has_more) {
    is_ok = !job_is_cancelled(proof->job, error) &&
            proof->job->ledger->ops->stops_read(proof->job->ledger, &query, &page, error);
    has_more = is_ok && page.rows->len == STOPS_PAGE;
    for (guint i = 0; is_ok && i < page.rows->len; i++) {
      const struct stop_row *row = page_row(&page, struct stop_row, i);
      stop_table_add(proof->stops, &row->stop, proof->job->now_us);
      query.after_id = row->id;
      proof->report->stops_n++;
    }
  }
  page_clear(&page);
  stop_table_sort(proof->stops);
  return is_ok;
}

static bool read_block_list(struct proof *proof, GError **error)
{
  struct job *job = proof->job;
  if (!job->instantly->ops->blocklist_read(job->instantly, &proof->listed, error)) return false;
  for (guint i = 0; i < proof->listed.rows->len; i++) {
    const struct suppression *entry = page_row(&proof->listed, struct suppression, i);
    g_hash_table_add(proof->listed_set, (gpointer)(entry->person ? entry->person : entry->domain));
  }
  return job_fix_now(job, error);
}

/* ---- step 2 ---- */

static const char *live_word(const struct remote_lead *row)
{
  if (remote_has_real_reply(row) && row->status == REMOTE_ACTIVE) return "active in spite of an answer";
  if (row->status == REMOTE_COMPLETED) return "in a subsequence";
  return row->status == REMOTE_PAUSED ? "paused" : "active";
}

/* A row may know better than the ledger since when its person is stopped. */
static void learn_from_row(struct person *person, const struct remote_lead *row)
{
  if (row->status == REMOTE_UNSUBSCRIBED && row->updated_at_us != 0)
    stop_moments_add(&person->moments, STOP_KIND_UNSUBSCRIBED, row->updated_at_us);
  if (remote_has_real_reply(row) && row->replied_at_us != 0)
    stop_moments_add(&person->moments, STOP_KIND_REPLIED, row->replied_at_us);
}

static void take_row(struct proof *proof, const struct remote_lead *row)
{
  struct person *person = person_of(proof, row->person);
  if (person == NULL) return;
  learn_from_row(person, row);
  bool is_listed = g_hash_table_contains(proof->listed_set, row->person) ||
                   g_hash_table_contains(proof->listed_set, email_domain(row->person));
  struct seen_row seen = {.instantly_id = g_strdup(row->id),
                          .campaign_id = g_strdup(row->campaign_id),
                          .is_ours = home_is_stamped(row),
                          .row_mailed_us = stop_proof_mailed_at_us(row),
                          .row_subsequence_us = row->subsequence_step_at_us};
  struct stop_proof_input input = {row, &person->moments, is_listed, seen.is_ours};
  if (stop_proof_is_live(&input)) seen.live_word = live_word(row);
  g_array_append_val(person->rows, seen);
}

static bool take_page(struct job *job, struct page *page, void *context, GError **error)
{
  (void)error;
  struct proof *proof = context;
  for (guint i = 0; i < page->rows->len; i++)
    take_row(proof, page_row(page, struct remote_lead, i));
  proof->report->staged_n += page->rows->len;
  job_progress(job, "rows", proof->report->staged_n, 0, 0);
  return true;
}

static bool read_workspace(struct proof *proof, GError **error)
{
  struct list_query query = {0};
  struct list_reading reading = {&query, 1, take_page, proof};
  return sync_read_lists(proof->job, &reading, error);
}

/* ---- step 3 ---- */

/* The person's row that a mail belongs to: by its id, else by its campaign; one that is gone gets a record as well. */
static guint row_of_mail(struct person *person, const struct remote_email *mail)
{
  for (guint i = 0; i < person->rows->len; i++) {
    const struct seen_row *row = &g_array_index(person->rows, struct seen_row, i);
    bool is_it = mail->lead_id != NULL ? g_strcmp0(row->instantly_id, mail->lead_id) == 0
                                       : g_strcmp0(row->campaign_id, mail->campaign_id) == 0;
    if (is_it) return i;
  }
  struct seen_row gone = {
      .instantly_id = g_strdup(mail->lead_id), .campaign_id = g_strdup(mail->campaign_id), .is_gone = true};
  g_array_append_val(person->rows, gone);
  return person->rows->len - 1;
}

static void take_reply(struct proof *proof, const char *address, int64_t at_us)
{
  struct person *person = person_of(proof, address);
  if (person != NULL) stop_moments_add(&person->moments, STOP_KIND_REPLIED, at_us);
}

static void take_mail(struct proof *proof, const struct remote_email *mail)
{
  if (mail->is_received && mail->automatic != AUTOMATIC_YES) {
    take_reply(proof, mail->lead, mail->created_at_us);
    take_reply(proof, mail->sender, mail->created_at_us);
  }
  struct person *person = mail->is_campaigns ? person_of(proof, mail->lead) : NULL;
  if (person == NULL) return;
  struct seen_mail seen = {row_of_mail(person, mail), mail->created_at_us, mail->is_subsequence};
  g_array_append_val(person->mails, seen);
}

/* The earliest stop of all, or since when is asked for. An answer may be older than its stop, and the mails between. */
static int64_t mails_from_us(const struct proof *proof)
{
  int64_t from_us = stop_table_first_us(proof->stops);
  GHashTableIter iter;
  gpointer person;
  g_hash_table_iter_init(&iter, proof->persons);
  while (g_hash_table_iter_next(&iter, NULL, &person))
    from_us = MIN(from_us, ((struct person *)person)->moments.first_us);
  return MAX(from_us, MAX(proof->options->since_us, 1));
}

static bool read_mails(struct proof *proof, GError **error)
{
  struct job *job = proof->job;
  struct email_query query = {.from_us = mails_from_us(proof)};
  struct page page;
  page_init(&page, sizeof(struct remote_email));
  g_autofree char *after = NULL;
  int64_t last_us = query.from_us;
  bool is_ok = true, has_more = true;
  for (int n = 0; is_ok && has_more && n < STOP_PROOF_EMAILS_PAGES; n++) {
    query.after = after;
    is_ok = !job_is_cancelled(job, error) && job_keep_lease(job, error) &&
            job->instantly->ops->emails_read(job->instantly, &query, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++) {
      take_mail(proof, page_row(&page, struct remote_email, i));
      last_us = page_row(&page, struct remote_email, i)->created_at_us;
    }
    proof->report->mails_n += page.rows->len;
    job_progress(job, "mails", proof->report->mails_n, 0, 0);
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
    has_more = after != NULL;
  }
  if (is_ok && has_more) proof->report->mails_until_us = last_us;
  page_clear(&page);
  return is_ok;
}

/* ---- step 4 ---- */

static void count_late(struct seen_row *row, const struct stop_moments *moments, const struct seen_mail *mail)
{
  if (mail->at_us == 0 || !stop_moments_forbid(moments, mail->at_us, mail->is_subsequence)) return;
  row->late_n++;
  row->last_late_us = MAX(row->last_late_us, mail->at_us);
}

/* The mails where they were read, else what the row says. */
static bool judge(struct person *person)
{
  bool is_found = false;
  for (guint i = 0; i < person->mails->len; i++) {
    const struct seen_mail *mail = &g_array_index(person->mails, struct seen_mail, i);
    count_late(&g_array_index(person->rows, struct seen_row, mail->row), &person->moments, mail);
  }
  for (guint i = 0; i < person->rows->len; i++) {
    struct seen_row *row = &g_array_index(person->rows, struct seen_row, i);
    if (row->late_n == 0) count_late(row, &person->moments, &(struct seen_mail){i, row->row_mailed_us, false});
    if (row->late_n == 0) count_late(row, &person->moments, &(struct seen_mail){i, row->row_subsequence_us, true});
    is_found = is_found || row->late_n > 0 || row->live_word != NULL;
  }
  return is_found;
}

/* The lead that a row is, by its id; a row that is gone without one is its campaign's. */
static const struct enrolled *lead_of(const struct page *leads, const char *folded, const struct seen_row *row)
{
  for (guint i = 0; i < leads->rows->len; i++) {
    const struct enrolled *lead = page_row(leads, struct enrolled, i);
    bool is_it = row->instantly_id ? g_strcmp0(lead->instantly_id, row->instantly_id) == 0
                                   : g_strcmp0(lead->campaign_id, row->campaign_id) == 0;
    g_autofree char *key = is_it ? email_fold_tag(lead->person) : NULL;
    if (is_it && g_strcmp0(key, folded) == 0) return lead;
  }
  return NULL;
}

static void tell(struct proof *proof, enum verify_check check, const struct difference *difference)
{
  struct verify_report *report = proof->report;
  report->counts[check]++;
  report->ours_n[check] += strcmp(difference->whose, "ours") == 0;
  report->differences_n++;
  bool is_noted = strcmp(difference->whose, "foreign") == 0 && difference->instantly_id != NULL;
  if (is_noted && proof->foreign_n++ < STOP_PROOF_FOREIGN_MAX) stop_proof_note_row(proof->foreign, check, difference);
  proof->options->sink->found(proof->options->sink, check, difference);
}

/* A row that is gone and that nobody knows is named by its person: where lead_ids that are addresses stand, that is a
 * keyed reference, as in `suppress list`. */
static void tell_row(struct proof *proof, const char *folded, const struct seen_row *row, const struct enrolled *lead)
{
  const struct person *person = g_hash_table_lookup(proof->persons, folded);
  const char *nameless = row->instantly_id == NULL ? folded : NULL;
  struct difference difference = {
      .lead_id = lead ? lead->lead_id : nameless, .instantly_id = row->instantly_id, .campaign_id = row->campaign_id};
  bool is_led = row->is_gone || proof->job->settings->complete.include_adopted; /* then the ledger says whose it is */
  bool is_ours = row->is_ours || (is_led && lead != NULL && lead->claim_id != NULL);
  const char *word = stop_moments_word(&person->moments);
  difference.whose = is_ours ? "ours" : "foreign";
  if (row->live_word != NULL) {
    g_autofree char *detail = g_strdup_printf("%s, %s, %s", difference.whose, word, row->live_word);
    difference.detail = detail;
    tell(proof, VERIFY_STOPPED_LIVE, &difference);
  }
  if (row->late_n == 0) return;
  g_autofree char *since = time_format_us(person->moments.first_us);
  g_autofree char *last = time_format_us(row->last_late_us);
  g_autofree char *detail =
      g_strdup_printf("%s, %s since %s, mailed %s%" G_GINT64_FORMAT " times, last %s", difference.whose, word, since,
                      person->mails->len > 0 ? "" : "at least ", row->late_n, last);
  difference.detail = detail;
  tell(proof, VERIFY_STOPPED_MAILED, &difference);
}

/* Of these persons, with their leads at hand. */
static bool tell_persons(struct proof *proof, const char *const *folded, size_t folded_n, GError **error)
{
  struct page leads;
  page_init(&leads, sizeof(struct enrolled));
  bool is_ok = proof->job->ledger->ops->ever_enrolled(proof->job->ledger, folded, folded_n, &leads, error);
  for (size_t i = 0; is_ok && i < folded_n; i++) {
    const char *key = folded[i];
    const struct person *person = g_hash_table_lookup(proof->persons, key);
    for (guint r = 0; r < person->rows->len; r++) {
      const struct seen_row *row = &g_array_index(person->rows, struct seen_row, r);
      if (row->late_n > 0 || row->live_word != NULL) tell_row(proof, key, row, lead_of(&leads, key, row));
    }
  }
  page_clear(&leads);
  return is_ok;
}

static int by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool tell_all(struct proof *proof, GError **error)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key, person;
  g_hash_table_iter_init(&iter, proof->persons);
  while (g_hash_table_iter_next(&iter, &key, &person))
    if (judge(person)) g_ptr_array_add(found, key);
  g_ptr_array_sort(found, by_text);
  const char *const *folded = (const char *const *)(void *)found->pdata;
  for (guint at = 0; at < found->len; at += NAMES_MAX)
    if (!tell_persons(proof, folded + at, MIN(NAMES_MAX, found->len - at), error)) return false;
  return true;
}

/* ---- the story ---- */

static bool write_note(struct proof *proof, GError **error)
{
  g_string_append_c(proof->foreign, ']');
  bool is_deep = proof->options->is_deep && proof->report->mails_until_us == 0;
  struct stop_proof_ending ending = {proof->job->now_us, is_deep, proof->foreign->str};
  g_autofree char *note = stop_proof_note_text(proof->report, &ending);
  return proof->job->ledger->ops->control_put(proof->job->ledger, STOP_PROOF_NOTE, note, error);
}

bool stop_proof_run(struct job *job, const struct verify_options *options, struct verify_report *report, GError **error)
{
  struct proof proof = {.job = job, .options = options, .report = report};
  proof_init(&proof);
  bool is_ok = read_block_list(&proof, error) && read_stops(&proof, error);
  bool is_any = is_ok && report->stops_n > 0;
  if (is_any)
    is_ok =
        read_workspace(&proof, error) && (!options->is_deep || read_mails(&proof, error)) && tell_all(&proof, error);
  is_ok = is_ok && write_note(&proof, error);
  proof_clear(&proof);
  return is_ok;
}
