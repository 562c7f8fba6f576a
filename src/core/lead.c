/* Names of the nouns' enums: tables, so that a stored word and its number live in one place. */
#include "core/lead.h"

#include <string.h>

static const char *const event_kinds[] = {
    [EVENT_CLAIMED] = "claimed",
    [EVENT_SENDING] = "sending",
    [EVENT_ADDED] = "added",
    [EVENT_ADOPTED] = "adopted",
    [EVENT_FOUND_ELSEWHERE] = "found_elsewhere",
    [EVENT_SKIPPED] = "skipped",
    [EVENT_REJECTED] = "rejected",
    [EVENT_RELEASED] = "released",
    [EVENT_HELD] = "held",
    [EVENT_RESOLVED] = "resolved",
    [EVENT_RETRIED] = "retried",
    [EVENT_REOPENED] = "reopened",
    [EVENT_STATUS] = "status",
    [EVENT_FINISHED] = "finished",
    [EVENT_REMOVE_CLAIMED] = "remove_claimed",
    [EVENT_REMOVED] = "removed",
    [EVENT_MOVED] = "moved",
    [EVENT_VANISHED] = "vanished",
    [EVENT_CONFLICT] = "conflict",
    [EVENT_SUPPRESSED] = "suppressed",
    [EVENT_WITHDRAWN] = "withdrawn",
};

static const char *const status_facts[] = {
    [FACT_NONE] = "none",         [FACT_CONTACTED] = "contacted", [FACT_OPENED] = "opened",
    [FACT_CLICKED] = "clicked",   [FACT_REPLIED] = "replied",     [FACT_AUTO_REPLIED] = "auto_replied",
    [FACT_INTEREST] = "interest", [FACT_BOUNCED] = "bounced",     [FACT_UNSUBSCRIBED] = "unsubscribed",
    [FACT_SKIPPED] = "skipped",   [FACT_COMPLETED] = "completed", [FACT_IN_SUBSEQUENCE] = "in_subsequence",
};

static const char *const email_statuses[] = {
    [EMAIL_STATUS_SENT] = "sent",       [EMAIL_STATUS_OPENED] = "opened",
    [EMAIL_STATUS_CLICKED] = "clicked", [EMAIL_STATUS_REPLIED] = "replied",
    [EMAIL_STATUS_BOUNCED] = "bounced", [EMAIL_STATUS_UNSUBSCRIBED] = "unsubscribed",
};

static const char *const outcomes[] = {
    [OUTCOME_NONE] = "none",         [OUTCOME_REMOVED_BY_HAND] = "removed_by_hand",
    [OUTCOME_SKIPPED] = "skipped",   [OUTCOME_NO_REPLY] = "no_reply",
    [OUTCOME_INTEREST] = "interest", [OUTCOME_REPLIED] = "replied",
    [OUTCOME_BOUNCED] = "bounced",   [OUTCOME_UNSUBSCRIBED] = "unsubscribed",
    [OUTCOME_STOPPED] = "stopped",
};

static const char *const settlements[] = {
    [SETTLEMENT_NONE] = "none",         [SETTLEMENT_CLAIMED] = "claimed",
    [SETTLEMENT_RELEASED] = "released", [SETTLEMENT_SKIPPED] = "skipped",
    [SETTLEMENT_REJECTED] = "rejected", [SETTLEMENT_FOUND_ELSEWHERE] = "found_elsewhere",
    [SETTLEMENT_RETRIED] = "retried",   [SETTLEMENT_ADOPTED] = "adopted",
    [SETTLEMENT_ADDED] = "added",
};

static const char *const phases[] = {
    [PHASE_NONE] = "none",         [PHASE_CLAIMED] = "claimed",
    [PHASE_RELEASED] = "released", [PHASE_SKIPPED] = "skipped",
    [PHASE_REJECTED] = "rejected", [PHASE_FOUND_ELSEWHERE] = "found_elsewhere",
    [PHASE_RETRIED] = "retried",   [PHASE_ADOPTED] = "adopted",
    [PHASE_ADDED] = "added",       [PHASE_IN_SUBSEQUENCE] = "in_subsequence",
    [PHASE_FINISHED] = "finished", [PHASE_WITHDRAWN] = "withdrawn",
    [PHASE_REMOVED] = "removed",
};

static const struct {
  int64_t status;
  const char *name;
} campaign_statuses[] = {
    {CAMPAIGN_SUSPENDED, "suspended"}, {CAMPAIGN_BOUNCE_PROTECT, "bounce_protect"},
    {CAMPAIGN_UNHEALTHY, "unhealthy"}, {CAMPAIGN_DRAFT, "draft"},
    {CAMPAIGN_ACTIVE, "active"},       {CAMPAIGN_PAUSED, "paused"},
    {CAMPAIGN_COMPLETED, "completed"}, {CAMPAIGN_SUBSEQUENCES, "subsequences"},
};

static const char *name_at(const char *const *names, size_t names_n, int index)
{
  return index >= 0 && (size_t)index < names_n ? names[index] : NULL;
}

static int index_of(const char *const *names, size_t names_n, const char *name)
{
  for (size_t i = 1; name && i < names_n; i++)
    if (strcmp(names[i], name) == 0) return (int)i;
  return 0;
}

const char *event_kind_name(enum event_kind kind)
{
  return name_at(event_kinds, G_N_ELEMENTS(event_kinds), (int)kind);
}

const char *status_fact_name(enum status_fact fact)
{
  return name_at(status_facts, G_N_ELEMENTS(status_facts), (int)fact);
}

const char *email_status_name(enum email_status status)
{
  return name_at(email_statuses, G_N_ELEMENTS(email_statuses), (int)status);
}

const char *outcome_name(enum outcome outcome)
{
  return name_at(outcomes, G_N_ELEMENTS(outcomes), (int)outcome);
}

const char *settlement_name(enum settlement settlement)
{
  return name_at(settlements, G_N_ELEMENTS(settlements), (int)settlement);
}

const char *phase_name(enum phase phase)
{
  return name_at(phases, G_N_ELEMENTS(phases), (int)phase);
}

const char *campaign_status_name(int64_t status)
{
  for (size_t i = 0; i < G_N_ELEMENTS(campaign_statuses); i++)
    if (campaign_statuses[i].status == status) return campaign_statuses[i].name;
  return "unknown";
}

enum email_status email_status_from_name(const char *name)
{
  g_autofree char *word = g_ascii_strdown(name ? name : "", -1);
  return (enum email_status)index_of(email_statuses, G_N_ELEMENTS(email_statuses), g_strstrip(word));
}

enum outcome outcome_from_name(const char *name)
{
  return (enum outcome)index_of(outcomes, G_N_ELEMENTS(outcomes), name);
}
