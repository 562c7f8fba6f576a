#pragma once
/* The handlers of the API's endpoints and the schemas of their bodies, for the table in routes.c.
 *
 * Every handler has the same form: (world, request, reply), under the world's lock, after all checks. Files: leads_*.c,
 * campaign_routes.c, sending_status.c, analytics.c, subsequences.c, blocklist_routes.c, jobs.c, workspace.c,
 * verification.c, emails.c. The paths stand in routes.c. */
#include "request.h"
#include "validate.h"

#define HANDLER(name) void name(struct world *world, const struct request *request, struct reply *reply)

/* Leads. */
extern const struct field leads_add_fields[];
extern const struct field lead_create_fields[];
extern const struct field leads_list_fields[];
extern const struct field leads_move_fields[];
extern const struct field leads_delete_fields[];
extern const struct field lead_patch_fields[];
extern const struct field subsequence_move_fields[];
extern const struct field subsequence_remove_fields[];
HANDLER(leads_add_handle);
HANDLER(lead_create_handle);
HANDLER(leads_list_handle);
HANDLER(leads_move_handle);
HANDLER(leads_delete_handle);
HANDLER(leads_interest_handle);
HANDLER(lead_get_handle);
HANDLER(lead_patch_handle);
HANDLER(lead_delete_handle);
HANDLER(subsequence_move_handle);
HANDLER(subsequence_remove_handle);

/* Campaigns. */
extern const struct field campaign_create_fields[];
extern const struct field campaign_patch_fields[];
extern const struct field campaign_variables_fields[];
HANDLER(campaigns_list_handle);
HANDLER(campaign_create_handle);
HANDLER(campaign_get_handle);
HANDLER(campaign_patch_handle);
HANDLER(campaign_delete_handle);
HANDLER(campaign_activate_handle);
HANDLER(campaign_pause_handle);
HANDLER(campaign_variables_handle);
HANDLER(campaigns_launched_handle);
HANDLER(campaigns_by_contact_handle);
HANDLER(sending_status_handle);

/* Analytics. */
HANDLER(analytics_handle);
HANDLER(analytics_overview_handle);
HANDLER(analytics_daily_handle);
HANDLER(analytics_steps_handle);

/* Subsequences. */
HANDLER(subsequences_list_handle);
HANDLER(subsequences_analytics_handle);
HANDLER(subsequence_get_handle);
HANDLER(subsequence_pause_handle);
HANDLER(subsequence_resume_handle);

/* Background jobs, block list, lists of leads. */
extern const struct field block_create_fields[];
extern const struct field block_bulk_create_fields[];
extern const struct field block_bulk_delete_fields[];
extern const struct field block_patch_fields[];
extern const struct field list_create_fields[];
HANDLER(jobs_list_handle);
HANDLER(job_get_handle);
HANDLER(block_list_handle);
HANDLER(block_create_handle);
HANDLER(block_wipe_handle);
HANDLER(block_download_handle);
HANDLER(block_bulk_create_handle);
HANDLER(block_bulk_delete_handle);
HANDLER(block_get_handle);
HANDLER(block_patch_handle);
HANDLER(block_delete_handle);
HANDLER(lists_list_handle);
HANDLER(list_create_handle);
HANDLER(list_get_handle);

/* Workspace, plan, keys, verification, mails. */
extern const struct field workspace_patch_fields[];
extern const struct field key_create_fields[];
extern const struct field verification_fields[];
HANDLER(workspace_handle);
HANDLER(workspace_patch_handle);
HANDLER(plan_details_handle);
HANDLER(keys_list_handle);
HANDLER(key_create_handle);
HANDLER(key_delete_handle);
HANDLER(verification_handle);
HANDLER(verification_get_handle);
HANDLER(emails_list_handle);
HANDLER(audit_logs_handle);
