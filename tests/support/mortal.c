#include "tests/support/mortal.h"

static struct mortal *self_of(struct ledger *ledger)
{
  return (struct mortal *)(void *)ledger;
}

bool mortal_point(void *context)
{
  struct mortal *mortal = context;
  mortal->points_n++;
  if (mortal->points_left >= 0 && mortal->points_left-- == 0) mortal->is_dead = true;
  return mortal->is_dead;
}

static bool dies(struct mortal *mortal, GError **error)
{
  if (!mortal_point(mortal)) return false;
  error_set(error, ERROR_LOCAL, "the process is dead");
  return true;
}

/* Death after the effect: the call worked, nobody lived to see it. */
static bool dies_after(struct mortal *mortal, bool is_ok, GError **error)
{
  if (!is_ok) return false;
  return !dies(mortal, error);
}

#define CALL(op, ...)                                                                                                  \
  do {                                                                                                                 \
    struct mortal *m = self_of(self);                                                                                  \
    if (dies(m, error)) return false;                                                                                  \
    return dies_after(m, m->inner->ops->op(m->inner, __VA_ARGS__), error);                                             \
  } while (0)

static int64_t m_now_us(struct ledger *self)
{
  return self_of(self)->inner->ops->now_us(self_of(self)->inner);
}

static bool m_lease_acquire(struct ledger *self, const char *job, struct lease *lease, GError **error)
{
  struct mortal *m = self_of(self);
  if (dies(m, error)) return false;
  m->leased_at_us = m_now_us(self);
  if (dies_after(m, m->inner->ops->lease_acquire(m->inner, job, lease, error), error)) return true;
  if (m->is_dead) m->inner->ops->lease_release(m->inner, lease); /* the kernel does that for a dead process */
  return false;
}

static bool m_lease_check(struct ledger *self, struct lease *lease, GError **error)
{
  struct mortal *mortal = self_of(self);
  int64_t now_us = m_now_us(self);
  if (mortal->lease_us > 0 && now_us - mortal->leased_at_us >= mortal->lease_us) {
    error_set(error, ERROR_UNSAFE, "the lease of %s has run out", lease->job);
    return false;
  }
  mortal->leased_at_us = now_us;
  CALL(lease_check, lease, error);
}

/* The kernel drops a dead process's lock, so this works in death too. */
static void m_lease_release(struct ledger *self, struct lease *lease)
{
  self_of(self)->inner->ops->lease_release(self_of(self)->inner, lease);
}

static bool m_run_begin(struct ledger *self, const struct run_record *run, GError **error)
{
  CALL(run_begin, run, error);
}
static bool m_run_end(struct ledger *self, const struct run_record *run, GError **error)
{
  CALL(run_end, run, error);
}
static bool m_facts(struct ledger *self, struct ledger_facts *facts, GError **error)
{
  CALL(facts, facts, error);
}

static bool m_campaign_counts(struct ledger *self, const char *id, int64_t day_us, struct campaign_counts *counts,
                              GError **error)
{
  CALL(campaign_counts, id, day_us, counts, error);
}

static bool m_fold(struct ledger *self, GError **error)
{
  struct mortal *m = self_of(self);
  if (dies(m, error)) return false;
  return dies_after(m, m->inner->ops->fold(m->inner, error), error);
}

static bool m_refold(struct ledger *self, bool *is_whole, GError **error)
{
  CALL(refold, is_whole, error);
}

static void keep(struct mortal *mortal, const struct lead_event *event)
{
  if (mortal->kept != NULL) mortal->kept(mortal->kept_context, event);
}

static bool m_append(struct ledger *self, const struct lead_event *events, size_t n, GError **error)
{
  struct mortal *m = self_of(self);
  if (dies(m, error) || !m->inner->ops->append(m->inner, events, n, error)) return false;
  for (size_t i = 0; i < n; i++)
    keep(m, &events[i]);
  return dies_after(m, true, error);
}

static bool m_errors_append(struct ledger *self, const struct error_row *rows, size_t n, GError **error)
{
  CALL(errors_append, rows, n, error);
}

static bool m_claim(struct ledger *self, const struct claim_rules *rules, struct claim_report *report, GError **error)
{
  struct mortal *m = self_of(self);
  if (dies(m, error) || !m->inner->ops->claim(m->inner, rules, report, error)) return false;
  struct lead_event event = {.kind = EVENT_CLAIMED, .run_id = rules->run_id};
  for (int64_t i = 0; i < report->claimed_n; i++)
    keep(m, &event);
  return dies_after(m, true, error);
}

static bool m_claims_read(struct ledger *self, const struct claim_query *query, struct page *page, GError **error)
{
  struct claim_query asked = *query;
  if (self_of(self)->repeats_claims) asked.after_ord = 0;
  CALL(claims_read, &asked, page, error);
}

static bool m_stops_check(struct ledger *self, const struct stops_query *query, struct page *page, GError **error)
{
  CALL(stops_check, query, page, error);
}

static bool m_hold_check(struct ledger *self, const char *id, bool *is_on, char **reason, GError **error)
{
  CALL(hold_check, id, is_on, reason, error);
}

static bool m_release_never_sent(struct ledger *self, const char *own, int64_t *n, GError **error)
{
  CALL(release_never_sent, own, n, error);
}

static bool m_contacted_before(struct ledger *self, const char *after, size_t limit, struct page *page, GError **error)
{
  CALL(contacted_before, after, limit, page, error);
}

static bool m_ever_enrolled(struct ledger *self, const char *const *folded, size_t n, struct page *page, GError **error)
{
  CALL(ever_enrolled, folded, n, page, error);
}

static bool m_first_enrolled(struct ledger *self, int64_t *at_us, GError **error)
{
  CALL(first_enrolled, at_us, error);
}

static bool m_retire_campaign(struct ledger *self, const struct retirement *retirement, int64_t *n, GError **error)
{
  CALL(retire_campaign, retirement, n, error);
}

static bool m_stops_read(struct ledger *self, const struct stop_query *query, struct page *page, GError **error)
{
  CALL(stops_read, query, page, error);
}

static bool m_reply_stops(struct ledger *self, const char *const *folded, size_t n, struct page *page, GError **error)
{
  CALL(reply_stops, folded, n, page, error);
}

static bool m_stops_end(struct ledger *self, const struct suppression *rows, size_t n, const char *words,
                        GError **error)
{
  CALL(stops_end, rows, n, words, error);
}

static bool m_differences(struct ledger *self, const struct verify_query *query, struct page *page, GError **error)
{
  CALL(differences, query, page, error);
}

static bool m_newest_id(struct ledger *self, char **id, GError **error)
{
  CALL(newest_id, id, error);
}

static bool m_stamp_is_known(struct ledger *self, const char *stamp, bool *is_known, GError **error)
{
  CALL(stamp_is_known, stamp, is_known, error);
}

static bool m_hold_campaign(struct ledger *self, const char *id, const char *run_id, int64_t *n, GError **error)
{
  CALL(hold_campaign, id, run_id, n, error);
}

static bool m_control_get(struct ledger *self, const char *name, char **value, GError **error)
{
  CALL(control_get, name, value, error);
}

static bool m_control_put(struct ledger *self, const char *name, const char *value, GError **error)
{
  CALL(control_put, name, value, error);
}

static bool m_open_batches(struct ledger *self, const char *own, struct page *page, GError **error)
{
  CALL(open_batches, own, page, error);
}

static bool m_watched(struct ledger *self, const struct watch_query *query, struct page *page, GError **error)
{
  CALL(watched, query, page, error);
}

static bool m_stage_begin(struct ledger *self, const char *run_id, GError **error)
{
  CALL(stage_begin, run_id, error);
}

static bool m_stage(struct ledger *self, const char *run_id, const struct remote_lead *rows, size_t n, GError **error)
{
  CALL(stage, run_id, rows, n, error);
}

static bool m_stage_stops(struct ledger *self, const struct stage_rules *rules, struct stage_report *report,
                          GError **error)
{
  CALL(stage_stops, rules, report, error);
}

static bool m_stage_facts(struct ledger *self, const struct stage_rules *rules, struct stage_report *report,
                          GError **error)
{
  CALL(stage_facts, rules, report, error);
}

static bool m_suppress(struct ledger *self, const struct suppression *rows, size_t n, int64_t *added_n, GError **error)
{
  CALL(suppress, rows, n, added_n, error);
}

static bool m_unpushed(struct ledger *self, const struct push_query *query, struct page *page, GError **error)
{
  CALL(unpushed, query, page, error);
}

static bool m_stops_lost(struct ledger *self, int64_t *lost_n, GError **error)
{
  CALL(stops_lost, lost_n, error);
}

static bool m_stops_note(struct ledger *self, bool is_accepted, GError **error)
{
  CALL(stops_note, is_accepted, error);
}

static bool m_listing(struct ledger *self, const struct suppression *rows, size_t n, GError **error)
{
  CALL(listing, rows, n, error);
}

static bool m_unlisting(struct ledger *self, int64_t now_us, size_t limit, struct page *page, GError **error)
{
  CALL(unlisting, now_us, limit, page, error);
}

static bool m_unlisted(struct ledger *self, const struct suppression *rows, size_t n, GError **error)
{
  CALL(unlisted, rows, n, error);
}

static bool m_stop_hits(struct ledger *self, int64_t now_us, struct page *page, GError **error)
{
  CALL(stop_hits, now_us, page, error);
}

static bool m_stops_allow(struct ledger *self, const char *allow, int64_t now_us, GError **error)
{
  CALL(stops_allow, allow, now_us, error);
}

static bool m_exclusion_look(struct ledger *self, struct standing_counts *counts, GError **error)
{
  CALL(exclusion_look, counts, error);
}

static bool m_gone_look(struct ledger *self, bool is_set, struct standing_counts *counts, GError **error)
{
  CALL(gone_look, is_set, counts, error);
}

static bool m_standing_apply(struct ledger *self, const struct standing_change *change, GError **error)
{
  CALL(standing_apply, change, error);
}

static bool m_pushed(struct ledger *self, const struct suppression *rows, size_t n, int64_t at_us, GError **error)
{
  CALL(pushed, rows, n, at_us, error);
}

static bool m_metrics_write(struct ledger *self, const struct campaign_metric *rows, size_t n, GError **error)
{
  CALL(metrics_write, rows, n, error);
}

static bool m_campaign_status_write(struct ledger *self, const struct campaign_metric *rows, size_t n, int64_t at_us,
                                    GError **error)
{
  CALL(campaign_status_write, rows, n, at_us, error);
}

static bool m_removals(struct ledger *self, const struct removal_query *query, struct page *page, GError **error)
{
  CALL(removals, query, page, error);
}

static bool m_removal_counts(struct ledger *self, const struct removal_query *query, GArray *counts, GError **error)
{
  CALL(removal_counts, query, counts, error);
}

static bool m_write_back(struct ledger *self, bool is_dry_run, int64_t *changed_n, GError **error)
{
  CALL(write_back, is_dry_run, changed_n, error);
}

static char *m_lead_ref(struct ledger *self, const char *lead_id)
{
  return self_of(self)->inner->ops->lead_ref(self_of(self)->inner, lead_id);
}

static const struct ledger_ops mortal_ops = {.now_us = m_now_us,
                                             .lease_acquire = m_lease_acquire,
                                             .lease_check = m_lease_check,
                                             .lease_release = m_lease_release,
                                             .run_begin = m_run_begin,
                                             .run_end = m_run_end,
                                             .facts = m_facts,
                                             .campaign_counts = m_campaign_counts,
                                             .fold = m_fold,
                                             .refold = m_refold,
                                             .append = m_append,
                                             .errors_append = m_errors_append,
                                             .claim = m_claim,
                                             .claims_read = m_claims_read,
                                             .stops_check = m_stops_check,
                                             .hold_check = m_hold_check,
                                             .release_never_sent = m_release_never_sent,
                                             .contacted_before = m_contacted_before,
                                             .ever_enrolled = m_ever_enrolled,
                                             .first_enrolled = m_first_enrolled,
                                             .retire_campaign = m_retire_campaign,
                                             .differences = m_differences,
                                             .stops_read = m_stops_read,
                                             .reply_stops = m_reply_stops,
                                             .stops_end = m_stops_end,
                                             .newest_id = m_newest_id,
                                             .stamp_is_known = m_stamp_is_known,
                                             .hold_campaign = m_hold_campaign,
                                             .control_get = m_control_get,
                                             .control_put = m_control_put,
                                             .open_batches = m_open_batches,
                                             .watched = m_watched,
                                             .stage_begin = m_stage_begin,
                                             .stage = m_stage,
                                             .stage_stops = m_stage_stops,
                                             .stage_facts = m_stage_facts,
                                             .suppress = m_suppress,
                                             .unpushed = m_unpushed,
                                             .stops_lost = m_stops_lost,
                                             .stops_note = m_stops_note,
                                             .listing = m_listing,
                                             .unlisting = m_unlisting,
                                             .unlisted = m_unlisted,
                                             .stop_hits = m_stop_hits,
                                             .stops_allow = m_stops_allow,
                                             .exclusion_look = m_exclusion_look,
                                             .gone_look = m_gone_look,
                                             .standing_apply = m_standing_apply,
                                             .pushed = m_pushed,
                                             .metrics_write = m_metrics_write,
                                             .campaign_status_write = m_campaign_status_write,
                                             .removals = m_removals,
                                             .removal_counts = m_removal_counts,
                                             .write_back = m_write_back,
                                             .lead_ref = m_lead_ref};

void mortal_init(struct mortal *mortal, struct ledger *inner, int64_t points)
{
  *mortal = (struct mortal){.base.ops = &mortal_ops, .inner = inner, .points_left = points};
}
