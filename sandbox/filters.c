/* The FILTER_ values of /leads/list: one entry each. */
#include "selector.h"

#include <string.h>

static bool is_contacted(const struct lead *lead)
{
  return lead->contacted_ms != 0;
}
static bool is_not_contacted(const struct lead *lead)
{
  return lead->contacted_ms == 0;
}
static bool is_completed(const struct lead *lead)
{
  return lead->status == LEAD_COMPLETED;
}
static bool is_unsubscribed(const struct lead *lead)
{
  return lead->status == LEAD_UNSUBSCRIBED;
}
static bool is_active(const struct lead *lead)
{
  return lead->status == LEAD_ACTIVE;
}
static bool is_bounced(const struct lead *lead)
{
  return lead->status == LEAD_BOUNCED;
}
static bool is_skipped(const struct lead *lead)
{
  return lead->status == LEAD_SKIPPED;
}
static bool is_risky(const struct lead *lead)
{
  return lead->verification == -2;
}
static bool is_invalid(const struct lead *lead)
{
  return lead->verification == -1;
}
static bool is_valid(const struct lead *lead)
{
  return lead->verification == 1;
}
static bool is_catch_all(const struct lead *lead)
{
  return lead->verification == -3;
}
static bool is_not_verified(const struct lead *lead)
{
  return lead->verification == 0;
}
static bool is_in_subsequence(const struct lead *lead)
{
  return lead->subsequence != 0;
}
static bool has_opened_only(const struct lead *lead)
{
  return lead->opens_n > 0 && lead->replies_n == 0;
}
static bool has_no_opens(const struct lead *lead)
{
  return lead->contacted_ms != 0 && lead->opens_n == 0;
}
static bool has_replied(const struct lead *lead)
{
  return lead->replies_n > 0;
}
static bool has_clicked(const struct lead *lead)
{
  return lead->clicks_n > 0;
}

static bool is_completed_silently(const struct lead *lead)
{
  return lead->status == LEAD_COMPLETED && lead->replies_n == 0 && !lead->has_interest;
}

static bool is_label_positive(const struct lead *lead)
{
  return lead->has_interest && lead->interest > 4;
}
static bool is_label_negative(const struct lead *lead)
{
  return lead->has_interest && lead->interest < -4;
}

#define NO_INTEREST 30001

static const struct {
  const char *name;
  bool (*matches)(const struct lead *lead); /* NULL: by interest */
  int interest;
} filters[] = {
    {"FILTER_VAL_CONTACTED", is_contacted, NO_INTEREST},
    {"FILTER_VAL_NOT_CONTACTED", is_not_contacted, NO_INTEREST},
    {"FILTER_VAL_COMPLETED", is_completed, NO_INTEREST},
    {"FILTER_VAL_UNSUBSCRIBED", is_unsubscribed, NO_INTEREST},
    {"FILTER_VAL_ACTIVE", is_active, NO_INTEREST},
    {"FILTER_VAL_BOUNCED", is_bounced, NO_INTEREST},
    {"FILTER_VAL_SKIPPED", is_skipped, NO_INTEREST},
    {"FILTER_VAL_RISKY", is_risky, NO_INTEREST},
    {"FILTER_VAL_INVALID", is_invalid, NO_INTEREST},
    {"FILTER_VAL_VALID", is_valid, NO_INTEREST},
    {"FILTER_VAL_CATCH_ALL", is_catch_all, NO_INTEREST},
    {"FILTER_VAL_NOT_VERIFIED", is_not_verified, NO_INTEREST},
    {"FILTER_VAL_IN_SUBSEQUENCE", is_in_subsequence, NO_INTEREST},
    {"FILTER_VAL_OPENED_NO_REPLY", has_opened_only, NO_INTEREST},
    {"FILTER_VAL_COMPLETED_NO_REPLY", is_completed_silently, NO_INTEREST},
    {"FILTER_VAL_NO_OPENS", has_no_opens, NO_INTEREST},
    {"FILTER_VAL_REPLIED", has_replied, NO_INTEREST},
    {"FILTER_VAL_LINK_CLICKED", has_clicked, NO_INTEREST},
    {"FILTER_LEAD_CUSTOM_LABEL_POSITIVE", is_label_positive, NO_INTEREST},
    {"FILTER_LEAD_CUSTOM_LABEL_NEGATIVE", is_label_negative, NO_INTEREST},
    {"FILTER_LEAD_OUT_OF_OFFICE", NULL, 0},
    {"FILTER_LEAD_INTERESTED", NULL, 1},
    {"FILTER_LEAD_MEETING_BOOKED", NULL, 2},
    {"FILTER_LEAD_MEETING_COMPLETED", NULL, 3},
    {"FILTER_LEAD_CLOSED", NULL, 4},
    {"FILTER_LEAD_NOT_INTERESTED", NULL, -1},
    {"FILTER_LEAD_WRONG_PERSON", NULL, -2},
    {"FILTER_LEAD_LOST", NULL, -3},
    {"FILTER_LEAD_NO_SHOW", NULL, -4},
};

bool filter_matches(const char *filter, const struct lead *lead, bool *is_known)
{
  *is_known = true;
  for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
    if (strcmp(filters[i].name, filter) != 0) continue;
    if (filters[i].matches != NULL) return filters[i].matches(lead);
    return lead->has_interest && lead->interest == filters[i].interest;
  }
  *is_known = false;
  return true;
}
