#include "core/stop_hits.h"

#include "base/log.h"

#include <string.h>

/* Every source of a stop, and whether it is a person's own act: what Instantly or a mailbox shows of one person, what
 * an operator says about one person. The rest comes in lists, or from somewhere that nobody looked at. */
static const struct source {
  const char *name;
  bool is_own;
} sources[] = {
    {"sync", true},       /* a row of ours or of the workspace: unsubscribed, replied, bounced */
    {"workspace", true},  /* see sync */
    {"emails", true},     /* a reply in a mailbox */
    {"webhook", true},    /* an event that Instantly sent */
    {"mark", true},       /* `lead mark`: somebody answered elsewhere */
    {"command", true},    /* `suppress add` */
    {"inbox", false},     /* the same, left for the job that had the lock */
    {"import", false},    /* a file */
    {"opt_out", false},   /* source.opt_out, a column of the user's table */
    {"blocklist", false}, /* Instantly's block list */
    {"exclusion", false}, /* source.exclude */
    {"gone", false},      /* source.gone: stop */
};

bool stop_source_is_own(const char *source)
{
  for (size_t i = 0; source && i < G_N_ELEMENTS(sources); i++)
    if (strcmp(sources[i].name, source) == 0) return sources[i].is_own;
  return false;
}

char *stop_sources_own(void)
{
  GString *out = g_string_new(" ");
  for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
    if (sources[i].is_own) g_string_append_printf(out, "%s ", sources[i].name);
  return g_string_free(out, FALSE);
}

int64_t stop_hits_max(const struct stop_hit_facts *facts)
{
  return MAX(facts->max_hit, facts->enrolled_n * facts->max_percent / 100);
}

bool stop_hits_wait(const struct stop_hit_facts *facts)
{
  return facts->hit_n > stop_hits_max(facts) && facts->hit_n != facts->allow_n;
}

bool stop_hits_permitted(const char *allow, int64_t hit_n)
{
  const char *number = allow ? strrchr(allow, '/') : NULL;
  return number && hit_n > 0 && g_ascii_strtoll(number + 1, NULL, 10) == hit_n;
}

/* ---- the story ---- */

/* Permissions that entries carry and that name what they hit; *allowed: there was one. */
static bool note_carried(struct job *job, const struct page *found, bool *allowed, GError **error)
{
  *allowed = false;
  for (guint i = 1; i < found->rows->len; i++) {
    const struct stop_hit *hit = page_row(found, struct stop_hit, i);
    if (!stop_hits_permitted(hit->allow, hit->leads_n)) continue;
    *allowed = true;
    if (!job->ledger->ops->stops_allow(job->ledger, hit->allow, job->now_us, error)) return false;
  }
  return true;
}

static int64_t total_of(const struct page *found)
{
  return found->rows->len > 0 ? page_row(found, struct stop_hit, 0)->leads_n : 0;
}

/* Counts once more where a permission took entries out of the sum. */
static bool count(struct job *job, int64_t *hit_n, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  struct page found;
  bool allowed = false;
  page_init(&found, sizeof(struct stop_hit));
  bool is_ok = ops->stop_hits(job->ledger, job->now_us, &found, error) &&
               (job->is_dry_run || note_carried(job, &found, &allowed, error)) &&
               (!allowed || ops->stop_hits(job->ledger, job->now_us, &found, error));
  *hit_n = total_of(&found);
  page_clear(&found);
  return is_ok;
}

static bool report_waiting(struct job *job, const struct stop_hits *hits, GError **error)
{
  if (!hits->waits || job->is_dry_run) return true;
  log_event(LOG_ERROR, "stops wait for a permission", LOG_INT("running leads", hits->hit_n),
            LOG_INT("at most", hits->max_n));
  g_autofree char *message = g_strdup_printf(
      "stops from lists, domains or the like hit %" G_GINT64_FORMAT " running leads, and at most %" G_GINT64_FORMAT
      " may end unasked: no export mails them, their rows in Instantly go on until `leadferry sync "
      "--allow-hit=%" G_GINT64_FORMAT "`, or `leadferry suppress remove` if it is a mistake",
      hits->hit_n, hits->max_n, hits->hit_n);
  struct error_row row = {.type = "stops_wait", .message = message, .key = "stops_wait"};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

bool stop_hits_decide(struct job *job, struct stop_hits *hits, GError **error)
{
  struct ledger_facts facts;
  struct stop_hit_facts known = {.max_hit = job->settings->suppress.max_hit,
                                 .max_percent = job->settings->suppress.max_hit_percent,
                                 .allow_n = job->allow_hit};
  job->bulk_stops_wait = true;
  if (!count(job, &known.hit_n, error)) return false;
  if (known.hit_n > known.max_hit && !job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  if (known.hit_n > known.max_hit) known.enrolled_n = facts.enrolled;
  *hits = (struct stop_hits){known.hit_n, stop_hits_max(&known), stop_hits_wait(&known)};
  bool is_said = known.hit_n > hits->max_n && !hits->waits;
  if (is_said && !job->is_dry_run && !job->ledger->ops->stops_allow(job->ledger, NULL, job->now_us, error))
    return false;
  job->bulk_stops_wait = hits->waits;
  return report_waiting(job, hits, error);
}
