#pragma once
/* Doctor: what is wrong, how bad, and how to mend it. Ids are a documented interface (docs/doctor.md is made from the
 * same table); each finding has its own sentence. Checks only read, on both sides, and need none of our tables.
 *
 * Calling sequence: findings_init(), the checks in the order of cmd_doctor.c, findings_clear(). A check never fails:
 * what it cannot find out is a finding. */
#include "cli/command.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO };

/* One row of the table of ids. */
struct doctor_id {
  const char *id;
  enum severity severity;
  enum exit_code exit_code; /* what doctor ends with when it is found */
  const char *meaning;
  const char *fix;
};

/* All ids; ends with a NULL id. */
extern const struct doctor_id doctor_ids[];

struct finding {
  const struct doctor_id *id;
  char *subject; /* campaign id, table, setting; or NULL */
  char *sentence;
};

struct findings {
  GArray *rows; /* struct finding */
};

/* Makes an empty list. */
void findings_init(struct findings *findings);
/* Frees it; may be called twice. */
void findings_clear(struct findings *findings);
/* Adds a finding of a known id; subject may be NULL. printf-like. */
void findings_add(struct findings *findings, const char *id, const char *subject, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Is there one of this id? */
bool findings_has(const struct findings *findings, const char *id);
/* What doctor ends with: 0 without error findings. */
enum exit_code findings_exit_code(const struct findings *findings);
/* "error", "warning", "info". */
const char *severity_name(enum severity severity);

/* docs/doctor.md. Caller frees. */
char *doctor_markdown(void);

/* Settings that are legal and doubtful. */
void doctor_check_settings(struct findings *findings, const struct settings *settings);
/* The configuration file may hold the key: who may read it? */
void doctor_check_file(struct findings *findings, const char *path, const struct settings *settings);
/* Opens the warehouse read-only and compares its schema. */
void doctor_check_warehouse(struct findings *findings, const struct cli *cli);
/* Key, scopes, clock, workspace and plan; false when there is no use in asking further. */
bool doctor_check_workspace(struct findings *findings, const struct cli *cli);
/* Every configured campaign. */
void doctor_check_campaigns(struct findings *findings, const struct cli *cli);
/* Rows of the workspace whose stamp this ledger does not know: the first pages, and those newer than what it knows. */
void doctor_check_stamps(struct findings *findings, const struct cli *cli);
/* One campaign as Instantly shows it; pure. reason is sending_status' word or NULL. */
void doctor_check_campaign(struct findings *findings, const struct settings *settings,
                           const struct campaign_settings *campaign, const struct remote_campaign *remote);
/* The difference of two clocks; pure. */
void doctor_check_clock(struct findings *findings, int64_t theirs_us, int64_t ours_us);
/* The plan's contacts; pure. */
void doctor_check_plan(struct findings *findings, const struct plan_details *plan, int64_t reserve_percent);
