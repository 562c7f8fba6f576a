#pragma once
/* Everything that is known of a person, from both systems, and what the next export would decide about its leads.
 *
 * Calling sequence: lead_view_init(), lead_view_read(), then the members (lead_print.h prints them), lead_view_clear().
 */
#include "cli/command.h"
#include "core/eligibility.h"
#include "core/export.h"

struct lead_decision {
  struct verdict_result result;
  const char *campaign_id; /* where it would go; NULL: none */
};

struct lead_view {
  struct page rows;         /* struct lead_report_row: the leads that were asked for */
  struct page of_person;    /* struct lead_report_row: all leads of the person, read when a row passes the rules */
  struct page suppressions; /* struct suppression */
  struct page remote;       /* struct remote_lead: its rows in Instantly */
  struct page fact_text;
  struct person_facts facts;
  char *person;                    /* canonical address; NULL without one */
  struct export_report export;     /* how the campaigns stand */
  struct lead_decision *decisions; /* one for each of rows; NULL when the campaigns could not be read */
  char *remote_problem;            /* why Instantly's side is missing, or NULL */
  enum exit_code remote_code;      /* what that is worth, EXIT_CODE_OK without a problem */
  int64_t now_us;
};

/* Makes an empty view. */
void lead_view_init(struct lead_view *view);
/* Reads both systems. Instantly's failures are kept in remote_problem; ERROR_NOT_FOUND when neither knows `what`. */
bool lead_view_read(struct cli *cli, const char *what, struct lead_view *view,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees it; may be called twice. */
void lead_view_clear(struct lead_view *view);
