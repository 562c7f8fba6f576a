#pragma once
/* Routing: which campaigns are fed, how much, and what each merge tag is filled from. Pure. */
#include "core/ports.h"

/* What decides whether a campaign is fed. */
struct feed_input {
  const struct campaign_settings *settings;
  int64_t status;      /* Instantly's campaign status */
  bool was_fed_before; /* leadferry enrolled somebody there before */
  bool is_on_hold;
  bool is_own_pause;     /* paused by our own escrow, see core/escrow.h */
  bool is_pause_unclear; /* by our escrow or by a person: nobody can tell */
  bool has_tag_without_source;
  bool is_stopped_for_bounces; /* core/bounce_guard.h */
};

enum feed_verdict { FEED, FEED_AFTER_ACTIVATE, FEED_REFUSED };

struct feed_decision {
  enum feed_verdict verdict;
  const char *refusal; /* constant word, NULL unless refused: draft, paused, pause_unclear, completed, unhealthy,
                          bounce_protect, suspended, unknown_status, hold, bounces,
                          tag_without_source */
  bool is_alarming;    /* unhealthy, bounce protect, suspended, unknown, pause unclear: error row and alert */
};

/* The table of campaign states. */
struct feed_decision feed_decide(const struct feed_input *input);

/* How many may be claimed for a campaign now, and which deferral the limit stands for. */
struct room_input {
  int64_t max_per_day, claimed_today;
  int64_t canary;
  struct campaign_counts counts;
};
struct room {
  int64_t n;
  enum verdict verdict;
};
struct room feed_room(const struct room_input *input); /* see above */

/* How many contacts the plan still takes after the reserve; -1 when the plan is unknown. */
int64_t plan_room(const struct plan_details *plan, int64_t reserve_percent);

/* Where a merge tag gets its value: one of our columns, a mapped field or custom variable, or a lead_fields key of the
 * same name that is mapped. NULL source: nothing fills it. is_builtin tags of Instantly itself (unsubscribe_link,
 * accountSignature, sendingAccountName, ...) need no source. */
struct tag_source {
  const char *source; /* borrowed from the settings or constant */
  bool is_column;
  bool is_builtin;
};
struct tag_source tag_source_of(const char *tag, const struct export_settings *settings); /* see above */

/* Collects the merge tags {{name}} and {{name|fallback}} of a text into tags (struct merge_tag *, freed by the array),
 * each name once; has_fallback only when every occurrence has one. */
void merge_tags_collect(const char *text, GPtrArray *tags);
