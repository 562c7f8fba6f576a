#pragma once
/* Customers, open deals: persons who must not be mailed for as long as a table of the user's names them.
 *
 * source.exclude names a table and a column of addresses and domains. Each export and each sync make the entries of
 * source `exclusion` in `suppressions` what that table says: whoever is new in it is stopped, and the stop of whoever
 * left it ends. So everything that knows stops knows these: the claim (verdict `excluded`), the look before each batch,
 * the take-out of running rows, and the permission that many of these need (core/stop_hits.h). They are never pushed to
 * the block list.
 *
 * A table that lost most of its rows is more often a load that broke than a decision. Then its entries stay until
 * somebody has said that they shall end, and nobody is claimed, since who is missing in it is not known either. */
#include "core/ports.h"

/* What a cell of the table says. */
enum exclusion_cell { EXCLUSION_BLANK, EXCLUSION_ODD, EXCLUSION_PERSON, EXCLUSION_DOMAIN };

/* Reads raw[0..length) (NULL: blank). *value: a canonical address, or '@' and a domain; NULL for blank and odd ones.
 * Caller frees. */
enum exclusion_cell exclusion_cell_read(const char *raw, size_t length, char **value);

/* Why its entries must not end, and how to go on; NULL: they may. Pure. Caller frees. */
char *exclusion_doubt(const struct standing_counts *counts, int64_t max_shrink_percent, int64_t allow_n);

/* What a run did with it, for whoever tells it. */
struct exclusion_report {
  bool is_known;                 /* it was looked at: the counts are filled */
  struct standing_counts counts; /* before the change */
  int64_t ended_n;
  bool is_doubted;    /* entries without a row stay: exclusion_doubt() */
  bool is_unreadable; /* table or column are missing: the entries stay as they are */
};

/* For those who read: the ledger's handle shows from now on the stops that an export would make of the table. Where it
 * cannot be read they stay what they are, and the log says so. */
bool exclusion_preview(const struct settings *settings, struct ledger *ledger, GError **error);

/* Takes the table up, before anybody is decided upon. An export ends with the error: ERROR_CONFIG where the table
 * cannot be read, ERROR_UNSAFE in doubt. With is_patient (sync) both are one error row and the run goes on, with who is
 * new in the table stopped all the same. With job->is_dry_run nothing is written. */
bool exclusion_take(struct job *job, bool is_patient, struct exclusion_report *report, GError **error);
