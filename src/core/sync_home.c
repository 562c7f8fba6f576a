#include "core/sync_home.h"

#include <string.h>

#include "core/settle.h"

bool home_is_stamped(const struct remote_lead *row)
{
  struct stamp stamp;
  return row->person && stamp_read(row->stamp, &stamp);
}

bool home_is_within(const struct remote_lead *row, const struct stage_rules *rules)
{
  if (row->campaign_id == NULL) return true;
  for (size_t i = 0; i < rules->campaigns_n; i++)
    if (strcmp(rules->campaigns[i], row->campaign_id) == 0) return true;
  return false;
}

void home_lead_id(const struct remote_lead *row, char id[HOME_LEAD_ID_BYTES])
{
  g_snprintf(id, HOME_LEAD_ID_BYTES, HOME_LEAD_PREFIX "%s", row->id);
}

static struct lead_event *put(struct home_events *home, const struct lead_event *common, enum event_kind kind)
{
  struct lead_event *event = &home->events[home->n++];
  *event = *common;
  event->kind = kind;
  return event;
}

/* The claim stands where its stamp says, so that the stamp is known from now on. */
static void put_own(struct home_events *home, const struct lead_event *common, const struct stamp *stamp)
{
  g_strlcpy(home->run_id, stamp->run_id, sizeof home->run_id);
  struct lead_event *claimed = put(home, common, EVENT_CLAIMED);
  claimed->claim_id = stamp->claim_id;
  claimed->instantly_id = NULL;
  claimed->ord = stamp->ord;
  claimed->attempt = 1;
  claimed->run_id = home->run_id;
  claimed->reason = HOME_REASON_REBUILD;
  put(home, common, EVENT_ADDED)->claim_id = stamp->claim_id;
}

void home_events_of(const struct remote_lead *row, const struct home_lead *lead, const struct stage_rules *rules,
                    struct home_events *home)
{
  struct stamp stamp = {0};
  bool is_stamped = stamp_read(row->stamp, &stamp);
  home->n = 0;
  home_lead_id(row, home->own_id);
  struct lead_event common = {
      .lead_id = lead->lead_id ? lead->lead_id : home->own_id,
      .person = row->person,
      .campaign_id = row->campaign_id,
      .instantly_id = row->id,
      /* Never below the lead's own: an enrolment of an earlier generation would not bar the next mail. */
      .generation = MAX(MAX(lead->generation, stamp.generation), 1),
      .epoch = rules->epoch,
      .run_id = rules->run_id,
      .occurred_at_us = row->created_at_us ? row->created_at_us : MAX(rules->now_us, 1),
  };
  if (rules->home == HOME_REBUILD && is_stamped && lead->lead_id)
    put_own(home, &common, &stamp);
  else
    put(home, &common, EVENT_ADOPTED)->reason = is_stamped ? HOME_REASON_STAMP : NULL;
}
