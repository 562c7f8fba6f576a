#include "instantly/endpoints.h"

#include <stddef.h>

#define FIELD(body, name, type)                                                                                        \
  {                                                                                                                    \
#name, type, offsetof(struct body, name)                                                                           \
  }

static const struct body_field leads_add_fields[] = {
    FIELD(leads_add_body, campaign_id, FIELD_TEXT),
    FIELD(leads_add_body, skip_if_in_workspace, FIELD_SWITCH),
    FIELD(leads_add_body, skip_if_in_campaign, FIELD_SWITCH),
    FIELD(leads_add_body, verify_leads_on_import, FIELD_SWITCH),
    FIELD(leads_add_body, leads, FIELD_WRITER),
};

static const struct body_field lead_create_fields[] = {
    FIELD(lead_create_body, campaign, FIELD_TEXT),
    FIELD(lead_create_body, skip_if_in_workspace, FIELD_SWITCH),
    FIELD(lead_create_body, skip_if_in_campaign, FIELD_SWITCH),
    FIELD(lead_create_body, verify_leads_on_import, FIELD_SWITCH),
    FIELD(lead_create_body, lead, FIELD_MEMBERS),
};

static const struct body_field leads_list_fields[] = {
    FIELD(leads_list_body, campaign, FIELD_TEXT), FIELD(leads_list_body, filter, FIELD_TEXT),
    FIELD(leads_list_body, ids, FIELD_TEXTS),     FIELD(leads_list_body, contacts, FIELD_TEXTS),
    FIELD(leads_list_body, limit, FIELD_COUNT),   FIELD(leads_list_body, starting_after, FIELD_TEXT),
    FIELD(leads_list_body, in_list, FIELD_FLAG),
};

static const struct body_field lead_patch_fields[] = {
    FIELD(lead_patch_body, personalization, FIELD_TEXT), FIELD(lead_patch_body, website, FIELD_TEXT),
    FIELD(lead_patch_body, last_name, FIELD_TEXT),       FIELD(lead_patch_body, first_name, FIELD_TEXT),
    FIELD(lead_patch_body, company_name, FIELD_TEXT),    FIELD(lead_patch_body, job_title, FIELD_TEXT),
    FIELD(lead_patch_body, phone, FIELD_TEXT),
};

static const struct body_field leads_delete_fields[] = {
    FIELD(leads_delete_body, campaign_id, FIELD_TEXT),
    FIELD(leads_delete_body, ids, FIELD_TEXTS),
    FIELD(leads_delete_body, limit, FIELD_COUNT),
};

static const struct body_field leads_move_fields[] = {
    FIELD(leads_move_body, campaign, FIELD_TEXT),     FIELD(leads_move_body, ids, FIELD_TEXTS),
    FIELD(leads_move_body, to_list_id, FIELD_TEXT),   FIELD(leads_move_body, limit, FIELD_COUNT),
    FIELD(leads_move_body, copy_leads, FIELD_SWITCH),
};

static const struct body_field lead_id_fields[] = {
    FIELD(lead_id_body, id, FIELD_TEXT),
};

static const struct body_field blocklist_add_fields[] = {
    FIELD(blocklist_add_body, bl_values, FIELD_TEXTS),
};

#define BODY(fields) fields, G_N_ELEMENTS(fields)
#define NO_BODY      NULL, 0

/* Analytics have no scope in the specification; all:read is what answers. */
static const struct endpoint endpoints[ENDPOINTS_N] = {
    [ENDPOINT_LEADS_ADD] = {"POST", "/api/v2/leads/add", "leads:create", CALL_CREATING, BODY(leads_add_fields)},
    [ENDPOINT_LEAD_CREATE] = {"POST", "/api/v2/leads", "leads:create", CALL_CREATING, BODY(lead_create_fields)},
    [ENDPOINT_LEADS_LIST] = {"POST", "/api/v2/leads/list", "leads:read", CALL_READ, BODY(leads_list_fields)},
    [ENDPOINT_LEAD_GET] = {"GET", "/api/v2/leads/{id}", "leads:read", CALL_READ, NO_BODY},
    [ENDPOINT_LEAD_PATCH] = {"PATCH", "/api/v2/leads/{id}", "leads:update", CALL_IDEMPOTENT, BODY(lead_patch_fields)},
    [ENDPOINT_LEAD_DELETE] = {"DELETE", "/api/v2/leads/{id}", "leads:delete", CALL_IDEMPOTENT, NO_BODY},
    [ENDPOINT_LEADS_DELETE] = {"DELETE", "/api/v2/leads", "leads:delete", CALL_IDEMPOTENT, BODY(leads_delete_fields)},
    [ENDPOINT_LEADS_MOVE] = {"POST", "/api/v2/leads/move", "leads:update", CALL_CREATING, BODY(leads_move_fields)},
    [ENDPOINT_SUBSEQUENCE_REMOVE] = {"POST", "/api/v2/leads/subsequence/remove", "leads:update", CALL_IDEMPOTENT,
                                     BODY(lead_id_fields)},
    [ENDPOINT_CAMPAIGNS_LIST] = {"GET", "/api/v2/campaigns", "campaigns:read", CALL_READ, NO_BODY},
    [ENDPOINT_CAMPAIGN_GET] = {"GET", "/api/v2/campaigns/{id}", "campaigns:read", CALL_READ, NO_BODY},
    /* Not repeated: between two tries a person may have paused the campaign, and must not be overruled. */
    [ENDPOINT_CAMPAIGN_ACTIVATE] = {"POST", "/api/v2/campaigns/{id}/activate", "campaigns:update", CALL_UNREPEATED,
                                    NO_BODY},
    [ENDPOINT_CAMPAIGN_PAUSE] = {"POST", "/api/v2/campaigns/{id}/pause", "campaigns:update", CALL_UNREPEATED, NO_BODY},
    [ENDPOINT_SENDING_STATUS] = {"GET", "/api/v2/campaigns/{id}/sending-status", "campaigns:read", CALL_READ, NO_BODY},
    [ENDPOINT_SUBSEQUENCE_GET] = {"GET", "/api/v2/subsequences/{id}", "subsequences:read", CALL_READ, NO_BODY},
    [ENDPOINT_ANALYTICS] = {"GET", "/api/v2/campaigns/analytics", NULL, CALL_READ, NO_BODY},
    [ENDPOINT_ANALYTICS_DAILY] = {"GET", "/api/v2/campaigns/analytics/daily", NULL, CALL_READ, NO_BODY},
    [ENDPOINT_ANALYTICS_STEPS] = {"GET", "/api/v2/campaigns/analytics/steps", NULL, CALL_READ, NO_BODY},
    [ENDPOINT_EMAILS_LIST] = {"GET", "/api/v2/emails", "emails:read", CALL_READ, NO_BODY},
    [ENDPOINT_BLOCKLIST_DOWNLOAD] = {"GET", "/api/v2/block-lists-entries/download", "block_list_entries:read",
                                     CALL_READ, NO_BODY},
    [ENDPOINT_BLOCKLIST_ADD] = {"POST", "/api/v2/block-lists-entries/bulk-create", "block_list_entries:create",
                                CALL_IDEMPOTENT, BODY(blocklist_add_fields)},
    [ENDPOINT_BLOCKLIST_LIST] = {"GET", "/api/v2/block-lists-entries", "block_list_entries:read", CALL_READ, NO_BODY},
    [ENDPOINT_BLOCKLIST_DELETE] = {"DELETE", "/api/v2/block-lists-entries/{id}", "block_list_entries:delete",
                                   CALL_IDEMPOTENT, NO_BODY},
    [ENDPOINT_PLAN_DETAILS] = {"GET", "/api/v2/workspace-billing/plan-details", "workspace_billing:read", CALL_READ,
                               NO_BODY},
    [ENDPOINT_WORKSPACE] = {"GET", "/api/v2/workspaces/current", "workspaces:read", CALL_READ, NO_BODY},
    [ENDPOINT_WEBHOOKS_LIST] = {"GET", "/api/v2/webhooks", NULL, CALL_READ, NO_BODY},
    [ENDPOINT_JOB_GET] = {"GET", "/api/v2/background-jobs/{id}", "background-jobs:read", CALL_READ, NO_BODY},
    [ENDPOINT_JOBS_LIST] = {"GET", "/api/v2/background-jobs", "background-jobs:read", CALL_READ, NO_BODY},
};

const struct endpoint *endpoint_of(enum endpoint_id id)
{
  g_assert(id < ENDPOINTS_N);
  return &endpoints[id];
}
