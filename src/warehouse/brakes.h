#pragma once
/* The operator's brakes: stops, holds and facts that a person records, and reading them back.
 *
 * A command collects struct brake rows and hands them to brakes_write(), all or nothing. Nobody has to wait for a
 * running job: a warehouse whose lock another process holds (SQLite) leaves the rows in its inbox instead, where the
 * holder takes them up before its next batch, and says so in the report. Rows are taken in the order in which they were
 * written. Each is idempotent: one that changes nothing is no error and is not counted.
 *
 * Strings are borrowed for the call. Errors are those of warehouse.h. */
#include "warehouse/warehouse.h"

enum brake_kind {
  BRAKE_SUPPRESS =
      1, /* stop: person or domain, reason, source, actor, run_id, created_at_us, expires_at_us, allow_hit */
  BRAKE_REVOKE =
      2,          /* stop: person or domain, every entry in force with the same match key; or run_id, all of that run */
  BRAKE_HOLD = 3, /* hold: campaign_id (NULL: everything) */
  BRAKE_UNHOLD = 4, /* see BRAKE_HOLD */
  BRAKE_EVENT = 5,  /* event: appended as it is */
  BRAKE_RETRY = 6,  /* see retry_leads(): event.lead_id, else reason is the type, else all; event.run_id; limit */
};

struct brake {
  enum brake_kind kind;
  struct suppression stop;
  const char *campaign_id;
  const char *reason; /* of a revocation or a hold, in the operator's words; for suppress see stop.reason */
  const char *actor;  /* see reason */
  int64_t at_us;      /* see reason */
  int64_t limit;      /* of a retry; 0: none */
  struct lead_event event;
};

struct brake_report {
  int64_t changed_n; /* rows that changed something, of a retry its leads; 0 when they were left */
  bool was_left;     /* in the inbox: the holder of the lock takes them up */
};

/* "R (actor)": what is kept of whoever revoked something, and why. Caller frees. */
char *brake_words(const struct brake *brake);

/* "run_id/N", the permission that a stop carries; NULL without one. Caller frees. */
char *brake_allowance(const struct suppression *stop);

/* The query that a retry stands for. */
struct retry_query brake_retry_query(const struct brake *brake);

/* Writes them, durably when it returns true, and brings lead_state up to new events. */
bool brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n, struct brake_report *report,
                  GError **error);

/* Lets a warehouse that was opened for reading see what waits for the holder of the lock, as if it had been taken up:
 * for this handle alone, nothing is written and nothing taken away. */
bool brakes_preview(struct warehouse *warehouse, GError **error);
/* Leaves rows for the next run where the warehouse cannot be opened since another program has it for itself: beside a
 * database of type sqlite. ERROR_CONFIG where there is no such place. */
bool brakes_leave(const struct settings *settings, const struct clock *clock, const struct brake *rows, size_t rows_n,
                  GError **error);

/* Rows of struct stop_row in the order of id. */
bool report_stops(struct warehouse *warehouse, const struct stop_query *query, struct page *page, GError **error);

/* A hold that is on. */
struct hold_row {
  const char *campaign_id; /* NULL: everything */
  const char *reason;
  const char *actor; /* NULL and 0: unknown */
  int64_t at_us;
};
/* Rows of struct hold_row, the one on everything first. */
bool report_holds(struct warehouse *warehouse, struct page *page, GError **error);

/* Who holds the lock, as far as it is known. */
struct lease_view {
  bool is_locked; /* somebody, asked of the lock itself */
  bool has_row;   /* the members below are of a row that was not given back */
  char *job, *host;
  int64_t pid, epoch, acquired_at_us;
  int64_t inbox_n; /* files that wait for the holder */
};
/* Reads it; lease_view_clear() frees. */
bool report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error);
/* Frees what it holds; may be called twice. */
void lease_view_clear(struct lease_view *view);
/* Clears the row of a holder that is gone. ERROR_LOCKED when the lock is held: it lives as long as its process. */
bool lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error);
