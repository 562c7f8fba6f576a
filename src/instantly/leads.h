#pragma once
/* Endpoints beyond the port of core/ports.h: single leads, campaigns and webhooks as lists. For commands that look at
 * one thing and for later parts; the four jobs do without them.
 *
 * Same rules as the port: blocking, one thread, errors by kind; pages are the caller's and reset by each call. */
#include "instantly/client.h"
#include "instantly/endpoints.h"

/* GET /api/v2/leads/{id}: the page's only row is a struct remote_lead. ERROR_NOT_FOUND when it is gone. */
bool instantly_lead_get(struct instantly *instantly, const char *id, struct page *page, GError **error);

/* PATCH /api/v2/leads/{id} with the members of changes that are not NULL (at least one); the page gets the lead as
 * answered. Custom variables are not among them: a PATCH replaces them all, the stamp included. */
bool instantly_lead_patch(struct instantly *instantly, const char *id, const struct lead_patch_body *changes,
                          struct page *page, GError **error);

/* DELETE /api/v2/leads/{id}. True also when it was gone already. */
bool instantly_lead_delete(struct instantly *instantly, const char *id, GError **error);

/* GET /api/v2/campaigns to its end: struct remote_campaign * into campaigns (freed by the array). */
bool instantly_campaigns_list(struct instantly *instantly, GPtrArray **campaigns, GError **error);

/* A webhook as listed. */
struct remote_webhook {
  const char *id, *name, *url, *event_type, *campaign_id;
  int64_t status; /* 1 active, -1 disabled after failures; 0 absent */
};

/* GET /api/v2/webhooks to its end: rows of struct remote_webhook. */
bool instantly_webhooks_list(struct instantly *instantly, struct page *page, GError **error);
