#pragma once
/* The endpoints that are used: one row each in the table of endpoints.c, with method, path template, the scope that the
 * key needs (instantly-api 1.5), what kind of call it is, and the fields of its body. The structs below are what bodies
 * are written from: one per endpoint that has a body. */
#include "instantly/body.h"
#include "net/call.h"

enum endpoint_id {
  ENDPOINT_LEADS_ADD,
  ENDPOINT_LEAD_CREATE,
  ENDPOINT_LEADS_LIST,
  ENDPOINT_LEAD_GET,
  ENDPOINT_LEAD_PATCH,
  ENDPOINT_LEAD_DELETE,
  ENDPOINT_LEADS_DELETE,
  ENDPOINT_LEADS_MOVE,
  ENDPOINT_SUBSEQUENCE_REMOVE,
  ENDPOINT_CAMPAIGNS_LIST,
  ENDPOINT_CAMPAIGN_GET,
  ENDPOINT_CAMPAIGN_ACTIVATE,
  ENDPOINT_CAMPAIGN_PAUSE,
  ENDPOINT_SENDING_STATUS,
  ENDPOINT_SUBSEQUENCE_GET,
  ENDPOINT_ANALYTICS,
  ENDPOINT_ANALYTICS_DAILY,
  ENDPOINT_ANALYTICS_STEPS,
  ENDPOINT_EMAILS_LIST,
  ENDPOINT_BLOCKLIST_DOWNLOAD,
  ENDPOINT_BLOCKLIST_ADD,
  ENDPOINT_BLOCKLIST_LIST,
  ENDPOINT_BLOCKLIST_DELETE,
  ENDPOINT_PLAN_DETAILS,
  ENDPOINT_WORKSPACE,
  ENDPOINT_WEBHOOKS_LIST,
  ENDPOINT_JOB_GET,
  ENDPOINT_JOBS_LIST,
  ENDPOINTS_N
};

struct endpoint {
  const char *method;
  const char *route; /* {id} stands for the one id */
  const char *scope; /* NULL where the specification names none */
  enum call_kind kind;
  const struct body_field *fields; /* NULL: no body */
  size_t fields_n;
};

/* The row of an endpoint. */
const struct endpoint *endpoint_of(enum endpoint_id id);

/* POST /api/v2/leads/add: campaign_id, not campaign. */
struct leads_add_body {
  const char *campaign_id;
  struct field_writer leads;
  bool skip_if_in_workspace, skip_if_in_campaign, verify_leads_on_import;
};

/* POST /api/v2/leads: campaign, not campaign_id. */
struct lead_create_body {
  const char *campaign;
  struct field_writer lead; /* members of instantly/lead_body.h */
  bool skip_if_in_workspace, skip_if_in_campaign, verify_leads_on_import;
};

/* POST /api/v2/leads/list */
struct leads_list_body {
  const char *campaign;
  const char *filter;
  const char *starting_after;
  bool in_list;
  struct text_list ids, contacts;
  int64_t limit;
};

/* PATCH /api/v2/leads/{id}: custom_variables are left out on purpose, a PATCH replaces them all. */
struct lead_patch_body {
  const char *personalization, *website, *last_name, *first_name, *company_name, *job_title, *phone;
};

/* DELETE /api/v2/leads: without ids it deletes every lead of the campaign. */
struct leads_delete_body {
  const char *campaign_id;
  struct text_list ids;
  int64_t limit;
};

/* POST /api/v2/leads/move */
struct leads_move_body {
  const char *campaign;
  struct text_list ids;
  const char *to_list_id;
  int64_t limit;
  bool copy_leads;
};

/* POST /api/v2/leads/subsequence/remove */
struct lead_id_body {
  const char *id;
};

/* POST /api/v2/block-lists-entries/bulk-create */
struct blocklist_add_body {
  struct text_list bl_values;
};
