#pragma once
/* Bringing home: what a ledger that was lost, or restored from an older backup, learns from Instantly's list.
 *
 * A row carries our stamp (generation:run_id.ord), and no such claim stands in the ledger. Nobody may be mailed again
 * because of that, and nothing of somebody else's may be removed. So a sync adopts such a row (HOME_ADOPT): its person
 * is known from then on and the row is followed, but complete does not take it for ours. Only where somebody says that
 * the stamps are this installation's own (`export --bootstrap`, HOME_REBUILD) the claim and its `added` are written as
 * they were.
 *
 * The ledger finds the rows and chooses the lead: the lowest lead_id of the person in the source, else in the ledger;
 * where that one is enrolled already, or is another person's, or where there is none, the row becomes a lead of its own
 * (home_lead_id). Of rows in lists, which have no campaign, the stamped ones alone are looked at. Rows are taken in the
 * order of their stamps, several of one person in that of their ids. */
#include "core/ports.h"

/* The lead that was chosen for a row. */
struct home_lead {
  const char *lead_id; /* NULL: the row becomes a lead of its own */
  int64_t generation;  /* of its state; 0: none */
};

#define HOME_EVENTS_MAX     2
#define HOME_LEAD_PREFIX    "instantly:"
#define HOME_LEAD_ID_BYTES  64
#define HOME_REASON_STAMP   "unknown_stamp"
#define HOME_REASON_REBUILD "bootstrap"

/* Is the row's stamp one that leadferry writes, and does the row have what a lead needs? */
bool home_is_stamped(const struct remote_lead *row);

/* Is the row where ours are: in a configured campaign, or in a list, where somebody or complete moved it? */
bool home_is_within(const struct remote_lead *row, const struct stage_rules *rules);

/* The lead_id of a row that is a lead of its own. */
void home_lead_id(const struct remote_lead *row, char id[HOME_LEAD_ID_BYTES]);

/* What the events of one row are made of; the strings in it are borrowed by the events. */
struct home_events {
  size_t n;
  struct lead_event events[HOME_EVENTS_MAX]; /* claims first */
  char own_id[HOME_LEAD_ID_BYTES];
  char run_id[64]; /* of the claim that the stamp names */
};

/* Fills events by which a row comes home to a lead. rules->home is HOME_ADOPT or HOME_REBUILD. */
void home_events_of(const struct remote_lead *row, const struct home_lead *lead, const struct stage_rules *rules,
                    struct home_events *home);
