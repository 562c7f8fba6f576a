#include "stage_fixture.h"

struct stage_rules stage_rules(struct subject *subject, const char *run_id)
{
  static const char *const campaigns[] = {"camp-a", "camp-b"};
  return (struct stage_rules){.run_id = run_id,
                              .epoch = 1,
                              .now_us = subject->now_us,
                              .is_full_scan = true,
                              .scan_started_at_us = subject->now_us,
                              .campaigns = campaigns,
                              .campaigns_n = 2,
                              .bounce_suppress_us = 180 * DAY_US,
                              .vanish_after_us = DAY_US};
}

/* A row of camp-a that carries the stamp of subject_enrol()'s claim. */
struct remote_lead row(const char *id, const char *person, const char *stamp)
{
  return (struct remote_lead){.id = id,
                              .email = person,
                              .person = person,
                              .campaign_id = "camp-a",
                              .stamp = stamp,
                              .status = REMOTE_ACTIVE,
                              .created_at_us = T0};
}

/* A whole sync with these rows, an hour after the one before. */
struct stage_report scan(struct subject *subject, const char *run_id, const struct remote_lead *rows, size_t n)
{
  subject->now_us += HOUR_US;
  struct stage_rules rules = stage_rules(subject, run_id);
  struct stage_report report = {0};
  OK(subject->ops->stage_begin(subject->ledger, run_id, &error));
  OK(subject->ops->stage(subject->ledger, run_id, rows, n, &error));
  OK(subject->ops->stage_stops(subject->ledger, &rules, &report, &error));
  OK(subject->ops->stage_facts(subject->ledger, &rules, &report, &error));
  subject_fold(subject);
  return report;
}

struct lead_state state_of(struct subject *subject, const char *lead_id, struct page *page)
{
  return subject_lead(subject, lead_id, page)->state;
}

const char *stop_of(struct subject *subject, const char *person, struct page *page)
{
  struct person_facts facts;
  struct person_query query = {person, subject->now_us};
  OK(report_person_facts(subject->warehouse, &query, page, &facts, &error));
  return facts.suppression;
}
