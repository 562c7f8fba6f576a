#pragma once
/* The workspace's own audit log (GET /audit-logs): who changed what, through the API or by hand. Not to be confused
 * with audit.h, which is the sandbox's judgement of a client. */
#include "request.h"

/* activity_type of the API. */
enum activity_type {
  ACTIVITY_LEADS_DELETED = 2,
  ACTIVITY_CAMPAIGN_LAUNCHED = 4,
  ACTIVITY_CAMPAIGN_PAUSED = 5,
  ACTIVITY_LEADS_MOVED = 8,
  ACTIVITY_LEADS_ADDED = 9,
  ACTIVITY_CAMPAIGN_UPDATED = 11
};

struct activity {
  struct uuid id;
  struct uuid key;
  struct uuid campaign;
  int64_t at_ms;
  int64_t affected_n;
  enum activity_type type;
  bool has_campaign;
  bool has_key;
  char *user_agent;
};

/* Notes it. request is NULL when it was no request (a background job); campaign may be NULL. */
void activity_note(struct world *world, const struct request *request, enum activity_type type,
                   const struct campaign *campaign, int64_t affected_n);

/* Free function for the array of world.h. */
void activity_free(gpointer activity);
