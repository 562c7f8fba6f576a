#pragma once
/* Quirks: where the real service and its published specification disagree, one named switch each.
 *
 * On (the default of most) is what clients have reported of the real service; off is what the specification says. With
 * all of them off every answer validates against the official OpenAPI document. The table in quirks.c is the list; the
 * documentation and GET /_sandbox/state show the same names. */
#include "base/json.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum quirk {
  QUIRK_UNKNOWN_IGNORED,
  QUIRK_DELETE_WIPES,
  QUIRK_EMPTY_BODY,
  QUIRK_USER_AGENT,
  QUIRK_INTEREST_BARE_ERROR,
  QUIRK_LIST_LIMIT,
  QUIRK_LAST_CURSOR,
  QUIRK_STEP_ID,
  QUIRK_EMPTY_SUMMARY,
  QUIRK_PAYLOAD_EMPTY,
  QUIRK_CONTACTED_OVERCOUNT,
  QUIRK_ANALYTICS_EMPTY,
  QUIRK_STOPS_LOCAL,
  QUIRK_INTEREST_ASYNC,
  QUIRK_QUOTA_DELAY,
  QUIRK_BODY_LIMIT,
  QUIRK_NULL_STEPS,
  QUIRK_EXTRA_FIELDS,
  QUIRKS_N
};

struct quirks {
  bool is_on[QUIRKS_N];
};

/* The defaults. */
void quirks_init(struct quirks *quirks);

/* All on or all off. */
void quirks_set_all(struct quirks *quirks, bool is_on);

/* Sets those that a JSON object {"name": bool} names; ERROR_CONFIG for an unknown name or another type. */
bool quirks_read(struct quirks *quirks, const cJSON *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends {"name":bool,...}. */
void quirks_append(const struct quirks *quirks, GString *out);
