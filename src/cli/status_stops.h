#pragma once
/* What `status` says about stopped persons: how many have a row of ours that may be live, by the ledger, and what the
 * newest stop proof found (core/stop_proof.h). */
#include "base/json.h"
#include "cli/command.h"

struct status_stops {
  int64_t live_n;                          /* leads of ours, by the ledger */
  int64_t proof_at_us;                     /* Instantly's time; 0: there never was a proof */
  int64_t live_ours_n, live_foreign_n;     /* as it found */
  int64_t mailed_ours_n, mailed_foreign_n; /* see above */
  cJSON *foreign;                          /* array of the first foreign rows that it found, or NULL; owned */
  bool is_deep;                            /* it had read every mail */
};

/* Reads it from the warehouse alone. */
bool status_stops_read(struct cli *cli, struct status_stops *stops, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees what it holds; may be called twice. */
void status_stops_clear(struct status_stops *stops);
/* Prints it as lines. */
void status_stops_print(const struct cli *cli, const struct status_stops *stops);
/* Appends its members to a JSON object. */
void status_stops_json(const struct status_stops *stops, GString *out);
