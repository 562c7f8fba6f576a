#pragma once
/* Answers to structs: pure functions from bytes, one per shape, each a fuzz target or a table of cases.
 *
 * Leniently: unknown members, unknown numbers of enums, null for absent. Strictly where a decision hangs on it: a list
 * row must have an id and a status and be one that was asked for (campaign, id or address), everything else is
 * ERROR_CORRUPT; a 200 with an `error` string is ERROR_REJECTED. Strings of rows live in the page. */
#include "base/json.h"
#include "core/ports.h"

/* POST /leads/add, status 200, into answer (is_json, is_success, counters, created). Never fails: what cannot be read
 * leaves is_success false, and the answer is then unknown. */
void parse_add_answer(const char *bytes, size_t length, const struct add_batch *batch, struct add_answer *answer);

/* POST /leads, status 200, as if it had been a leads/add of one: created when the row is in our campaign, has our
 * address and carries our stamp; a duplicate when it is in our campaign with our address but another stamp or none. */
void parse_create_answer(const char *bytes, size_t length, const struct add_batch *batch, struct add_answer *answer);

/* POST /leads/list: rows of struct remote_lead and page->next. */
bool parse_list_page(const char *bytes, size_t length, const struct list_query *query, struct page *page,
                     GError **error);

/* GET /emails: rows of struct remote_email and page->next. A mail must have an id and the time at which Instantly took
 * it in, and be one that was asked for. */
bool parse_emails_page(const char *bytes, size_t length, const struct email_query *query, struct page *page,
                       GError **error);

/* One lead of an already parsed answer into *row; false with ERROR_CORRUPT when id or status is missing. */
bool parse_lead(const cJSON *object, struct page *page, struct remote_lead *row, GError **error);

/* GET /campaigns/{id}; id is what was asked, NULL for rows of a list. */
bool parse_campaign(const char *bytes, size_t length, const char *id, struct remote_campaign *campaign, GError **error);
/* The same from a parsed object. */
bool parse_campaign_object(const cJSON *object, const char *id, struct remote_campaign *campaign, GError **error);

/* GET /campaigns/analytics: appends rows of struct campaign_metric; null and [] are none. */
bool parse_analytics(const char *bytes, size_t length, struct page *page, GError **error);
/* GET /campaigns/analytics/daily and /steps of one campaign. */
bool parse_analytics_daily(const char *bytes, size_t length, const char *campaign_id, struct page *page,
                           GError **error);
bool parse_analytics_steps(const char *bytes, size_t length, const char *campaign_id, struct page *page,
                           GError **error); /* see parse_analytics_daily */

/* GET /block-lists-entries/download: CSV with the header `Blocked Email,Date`; rows of struct suppression. */
bool parse_blocklist_csv(const char *bytes, size_t length, struct page *page, GError **error);

/* GET /workspace-billing/plan-details: outreach, else bundle. */
bool parse_plan(const char *bytes, size_t length, struct plan_details *plan, GError **error);
/* GET /workspaces/current; strings of info are the caller's to free. */
bool parse_workspace(const char *bytes, size_t length, struct workspace_info *info, GError **error);
