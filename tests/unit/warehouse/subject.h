#pragma once
/* What the conformance tests run over: one open warehouse of one backend, with a clock of its own, and hands that reach
 * behind the ledger's back as dbt or a person would.
 *
 * subject_add() registers a test once per backend; each test gets a fresh, empty warehouse. A backend that this build
 * does not have is skipped with a line that says so. */
#include "base/clock.h"
#include "base/error.h"
#include "warehouse/warehouse.h"

#include <sqlite3.h>

struct bigquery;

struct subject {
  const char *type;
  struct settings settings;
  struct clock clock;
  int64_t now_us;         /* what the warehouse's clock says; tests move it */
  char *dir;              /* of the file, NULL for memory */
  sqlite3 *raw;           /* a second connection, of sqlite */
  struct bigquery *cloud; /* the same, of bigquery */
  struct warehouse *warehouse;
  struct ledger *ledger;
  const struct ledger_ops *ops;
};

#define T0      ((int64_t)1790000000 * 1000000) /* when every test begins */
#define HOUR_US ((int64_t)3600 * 1000000)

/* A call that fills `error` and must succeed. */
#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    g_autoptr(GError) error = NULL;                                                                                    \
    bool is_ok = (call);                                                                                               \
    g_assert_no_error(error);                                                                                          \
    g_assert_true(is_ok);                                                                                              \
  } while (0)

/* Registers test under /<backend>/<path> for every backend. */
void subject_add(const char *path, void (*test)(struct subject *subject));

/* The same for the backends that outlive the process; the memory one has neither inbox nor lock file. */
void subject_add_lasting(const char *path, void (*test)(struct subject *subject));
/* Opens an empty warehouse; false when this build has no such backend. */
bool subject_open(struct subject *subject, const char *type);
void subject_close(struct subject *subject);
/* Empties all tables. */
void subject_reset(struct subject *subject);

/* Source rows, as they are; NULL instead of FALSE now and then must make no difference. */
void subject_put(struct subject *subject, const struct lead *lead);
void subject_put_all(struct subject *subject, const struct lead *leads, size_t leads_n); /* in one transaction */
/* A lead that nothing speaks against: first name Ann, campaign camp-a. */
void subject_put_plain(struct subject *subject, const char *lead_id, const char *email);
void subject_drop(struct subject *subject, const char *lead_id);
/* Sets (reason) or ends (NULL) a hold; campaign_id NULL: of everything. */
void subject_hold(struct subject *subject, const char *campaign_id, const char *reason);
/* Puts a cell (NULL: a NULL) into the exclusion table `customers`, which is made when it is not there; settings name it
 * from then on. */
void subject_exclude(struct subject *subject, const char *cell);
/* Empties that table. */
void subject_exclude_none(struct subject *subject);
void subject_revoke(struct subject *subject, const char *person, int64_t at_us);

/* ---- short forms that must succeed ---- */

void subject_fold(struct subject *subject);
void subject_append(struct subject *subject, const struct lead_event *events, size_t events_n);
/* Claims under rules with run_id and epoch; returns how many were claimed. The report is the caller's to clear. */
int64_t subject_claim(struct subject *subject, const struct claim_rules *rules, struct claim_report *report);
/* Claims with plain_rules() and forgets the report. */
int64_t subject_claim_all(struct subject *subject, const char *run_id, int64_t epoch);
/* Rules that feed camp-a and camp-b without limits. */
struct claim_rules plain_rules(const char *run_id, int64_t epoch);
/* `n` of the counts with this verdict (and detail, unless NULL). */
int64_t counted(const struct claim_report *report, enum verdict verdict, const char *detail);
/* The row that the report shows for a lead_id (or address, ...); asserts that there is exactly one. The page is the
 * caller's, initialised and cleared by him. */
const struct lead_report_row *subject_lead(struct subject *subject, const char *what, struct page *page);
/* The settling events of a claim and facts about a lead. */
struct lead_event settling(enum event_kind kind, const char *lead_id, const char *person, const char *claim_id);
struct lead_event about(enum event_kind kind, const char *lead_id, const char *person, int64_t occurred_at_us);
/* Puts a lead, claims it alone in a run of its own, settles it as added with Instantly's id; folds. */
void subject_enrol(struct subject *subject, const char *lead_id, const char *person, const char *instantly_id);
