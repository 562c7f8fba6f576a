#pragma once
/* The inside of the reference warehouse, shared by the memory_*.c files only.
 *
 * Everything is a plain GLib table; every string lives in one chunk until close(), so rows may be copied and kept. The
 * pure functions of core/ decide, this backend only collects what they look at; where it has to choose, it chooses what
 * SQL can say as well. Simple before fast: most operations walk whole tables. */
#include "core/fold.h"
#include "core/sync.h"
#include "warehouse/backend.h"
#include "warehouse/memory.h"

struct memory_lead {
  struct lead lead;
  enum email_verdict address;
  const char *person; /* canonical, NULL unless address is EMAIL_OK */
  int64_t added_at_us, completed_at_us, updated_at_us;
};

struct memory_suppression {
  struct suppression entry;
  int64_t evidence_at_us; /* newest that it was seen from; 0: somebody said so */
  int64_t revoked_at_us;
  const char *revoked_by;
  const char *allow; /* brake_allowance() */
  int64_t allowed_at_us;
  bool is_ours_listed; /* the block list did not have it before we pushed it */
};

struct memory_hold {
  const char *reason, *actor;
  int64_t at_us;
};

struct memory_error {
  struct error_row row;
  const char *error_id;
  int64_t at_us;
};

struct memory_campaign {
  const char *campaign_id, *campaign_name;
  int64_t total_leads, leads_completed, last_sync_us;
};

struct memory_staged {
  const char *run_id;
  struct remote_lead row;
};

struct memory {
  struct warehouse warehouse; /* first: backends are cast from it */
  struct ledger ledger;
  const struct settings *settings;
  const struct clock *clock;
  uint8_t key[32]; /* of references and derived ids */
  GStringChunk *text;
  GPtrArray *leads;      /* struct memory_lead, by lead_id */
  GPtrArray *events;     /* struct lead_event, in the order of appending */
  GHashTable *event_ids; /* the ids of events */
  GHashTable *states;    /* lead_id -> struct lead_state, as of the last fold */
  guint folded_n;        /* events that the states hold already */
  GArray *suppressions;  /* struct memory_suppression */
  bool is_gone_set;      /* as the last look for who left the source was told */
  guint stops_noted_n;   /* how many of them were noted */
  GPtrArray *excluding;  /* cells of the exclusion table, NULL ones too; NULL: there is no such table */
  GArray *runs;          /* struct run_record */
  GArray *errors;        /* struct memory_error */
  GArray *metrics;       /* struct campaign_metric */
  GArray *campaigns;     /* struct memory_campaign */
  GArray *staged;        /* struct memory_staged */
  GHashTable *epochs;    /* job -> struct memory_lease */
  GHashTable *controls;  /* name -> text */
  guint opted_out_at;    /* where the walk along leads stands */
  GHashTable *holds;     /* campaign id, "" for all -> struct memory_hold */
};

/* ---- memory.c ---- */

/* The struct behind a handle. */
struct memory *memory_of(struct ledger *ledger);
/* The clock that it was opened with. */
int64_t memory_now_us(const struct memory *memory);
/* Copies text for as long as the warehouse lives; NULL stays NULL. */
const char *memory_keep(struct memory *memory, const char *text);

/* ---- memory_people.c: what is known of persons, collected once per operation ---- */

struct person_entry {
  bool has_events;                 /* of this very address */
  bool shows_contact;              /* a source row of this very address does */
  struct person_facts facts;       /* in the entry of a folded address: of all persons who fold to it */
  const struct lead_state *newest; /* the same: of their leads, by ever_added_at, then the lowest lead_id */
  const struct lead_state *orphan; /* of this very address: whose lead_id is not in the source, chosen like newest */
  const char *heir;                /* lowest lead_id of the person in the source */
};

/* person -> struct person_entry, for every person of the source or the ledger, exact and folded. Caller unrefs. */
GHashTable *people_new(struct memory *memory);
/* Facts of one person; all empty for one never heard of. The suppression is looked up too. */
struct person_facts people_facts(struct memory *memory, GHashTable *people, const char *person, int64_t now_us);
/* The state of a source row: its own, else the one it inherits by alias, else NULL. */
const struct lead_state *people_state(struct memory *memory, GHashTable *people, const struct memory_lead *row);
/* Has it a lead_id? One of nothing but blanks is none. */
bool memory_is_lead(const struct memory_lead *row);
/* The source row with this id, or NULL. */
struct memory_lead *memory_lead_find(struct memory *memory, const char *lead_id);
/* Reason of the entry in force for the person or its domain (bytewise lowest of several), or NULL. */
const char *memory_suppression_reason(struct memory *memory, const char *person, int64_t now_us);
/* Is it a person who folds to this address? */
bool memory_folds_to(const char *person, const char *folded);
/* Does the entry stop the person with this folded address, or its domain? */
bool memory_names_person(const struct suppression *entry, const char *folded);
/* Is it for the block list: an unsubscribe, or set by an operator without an end? */
bool memory_is_lasting(const struct suppression *entry);
/* Made by no person itself, and without a permission to act? See core/stop_hits.h. */
bool memory_is_bulk(const struct memory_suppression *row);
/* Is a stop that is there enough, where the same one is set once more? Not where that is a person's own act and the one
 * there is from a list: that one may have to wait, or be taken back with its list. */
bool memory_stop_covers(const struct suppression *there, const struct suppression *entry);
/* Does the block list hold what the entry names because we put it there? */
bool memory_is_ours_listed(const struct memory *memory, const struct suppression *entry);
/* Is the entry neither revoked nor expired? */
bool memory_in_force(const struct memory_suppression *suppression, int64_t now_us);
/* states in lead_id order. Caller unrefs. */
GPtrArray *memory_states_sorted(struct memory *memory);

/* ---- memory_events.c ---- */

/* Appends one event unless its id is there already. */
void memory_append(struct memory *memory, const struct lead_event *event);
/* Brings the states up to all events. */
void memory_fold(struct memory *memory);
bool memory_events_append(struct ledger *ledger, const struct lead_event *events, size_t events_n,
                          GError **error);                                        /* ports.h */
bool memory_events_fold(struct ledger *ledger, GError **error);                   /* ports.h */
bool memory_events_refold(struct ledger *ledger, bool *is_whole, GError **error); /* see above */
bool memory_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n,
                          GError **error); /* ports.h */
bool memory_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page,
                        GError **error);                                                             /* ports.h */
bool memory_control_get(struct ledger *ledger, const char *name, char **value, GError **error);      /* port */
bool memory_control_put(struct ledger *ledger, const char *name, const char *value, GError **error); /* port */
bool memory_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                          GError **error); /* port */
bool memory_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n,
                               GError **error); /* ports.h */
bool memory_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page,
                         GError **error); /* ports.h */
bool memory_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                            struct campaign_counts *counts, GError **error); /* ports.h */

/* ---- memory_claim.c ---- */

bool memory_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report,
                  GError **error); /* ports.h */

/* ---- memory_runs.c: runs, facts, metrics, campaign_status ---- */

bool memory_run_begin(struct ledger *ledger, const struct run_record *run, GError **error); /* ports.h */
bool memory_run_end(struct ledger *ledger, const struct run_record *run, GError **error);   /* ports.h */
bool memory_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error);       /* ports.h */
bool memory_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                          GError **error); /* ports.h */
bool memory_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                                  int64_t synced_at_us, GError **error); /* ports.h */
bool memory_report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page,
                        GError **error);                                                      /* warehouse.h */
bool memory_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error); /* warehouse.h */

/* ---- memory_stage.c ---- */

bool memory_watched(struct ledger *ledger, const struct watch_query *query, struct page *page,
                    GError **error);                                                /* ports.h */
bool memory_stage_begin(struct ledger *ledger, const char *run_id, GError **error); /* ports.h */
bool memory_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n,
                  GError **error); /* ports.h */
bool memory_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error); /* ports.h */
bool memory_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error); /* ports.h */

/* A staged row and the lead that it belongs to, if any. */
struct memory_match {
  const struct remote_lead *row;
  const struct lead_state *state; /* NULL: nobody's */
};
/* The rows of a run in the order of their ids, each with its lead. Caller unrefs. */
GArray *memory_matches(struct memory *memory, const char *run_id);

bool memory_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                          GError **error);                                         /* port */
bool memory_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error); /* port */
/* ledger.h */
bool memory_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page, GError **error);
bool memory_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n,
                           GError **error); /* ledger.h */
/* The first value of source.opt_out that nobody understands and its rows, or NULL. */
const char *memory_opt_out_odd(struct memory *memory, int64_t *rows_n);
bool memory_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page,
                             GError **error); /* ports.h, in memory_people.c */
bool memory_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n,
                            GError **error); /* ports.h */

/* ---- memory_verify.c ---- */

bool memory_differences(struct ledger *ledger, const struct verify_query *query, struct page *page,
                        GError **error); /* ports.h */

/* ---- memory_home.c ---- */

/* Brings rows with our stamp home that the ledger does not know (core/sync_home.h), as rules->home says. matches: all
 * rows of the scan, in the order of their ids. Folds. */
void memory_bring_stamped(struct memory *memory, const struct stage_rules *rules, const GArray *matches,
                          struct stage_report *report);
/* The same for rows of others, of persons whom the source has and the ledger never enrolled. */
void memory_bring_others(struct memory *memory, const struct stage_rules *rules, const GArray *matches,
                         struct stage_report *report);
bool memory_newest_id(struct ledger *ledger, char **id, GError **error);                              /* ports.h */
bool memory_stamp_is_known(struct ledger *ledger, const char *stamp, bool *is_known, GError **error); /* ports.h */

/* ---- memory_stops.c ---- */

bool memory_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n,
                     GError **error); /* ports.h */
bool memory_unpushed(struct ledger *ledger, const struct push_query *query, struct page *page,
                     GError **error);                                                                      /* ports.h */
bool memory_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error);                            /* ports.h */
bool memory_stops_note(struct ledger *ledger, bool is_accepted, GError **error);                           /* ports.h */
bool memory_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error); /* ports.h */
bool memory_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page,
                      GError **error); /* ports.h */
bool memory_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n,
                     GError **error);                                                            /* ports.h */
bool memory_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error); /* ports.h */
bool memory_reply_stops(struct ledger *ledger, const char *const *folded, size_t n, struct page *page,
                        GError **error); /* ports.h */
bool memory_stops_end(struct ledger *ledger, const struct suppression *rows, size_t n, const char *words,
                      GError **error);                                                             /* ports.h */
bool memory_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error); /* ports.h */
bool memory_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us,
                   GError **error); /* ports.h */
bool memory_stops_check(struct ledger *ledger, const struct stops_query *looked, struct page *stopped,
                        GError **error); /* ports.h */
bool memory_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason,
                       GError **error); /* ports.h */
/* Adds an entry. */
void memory_suppress_put(struct memory *memory, const struct suppression *entry);
/* Adds an entry unless one in force for the same person or domain and reason exists. */
bool memory_suppress_one(struct memory *memory, const struct suppression *entry);
/* The same for what a staged row asks for, as of now_us. */
bool memory_suppress_seen(struct memory *memory, const struct sync_stop *stop, int64_t now_us);
/* Would it be written? */
bool memory_is_new_stop(struct memory *memory, const struct sync_stop *stop, int64_t now_us);
/* Takes the newest entry back at once. */
void memory_suppress_void(struct memory *memory, const char *by);

/* ---- memory_brakes.c ---- */

bool memory_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n,
                         struct brake_report *report, GError **error); /* brakes.h */
bool memory_stops_read(struct ledger *ledger, const struct stop_query *query, struct page *page,
                       GError **error);                                                   /* brakes.h */
bool memory_report_holds(struct warehouse *warehouse, struct page *page, GError **error); /* brakes.h */

/* ---- memory_exclusion.c ---- */

bool memory_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error); /* ledger.h */
bool memory_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error); /* above */
bool memory_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error);   /* above */

/* ---- memory_removals.c ---- */

bool memory_removals(struct ledger *ledger, const struct removal_query *query, struct page *page,
                     GError **error); /* ports.h */
bool memory_removal_counts(struct ledger *ledger, const struct removal_query *query, GArray *counts,
                           GError **error); /* ports.h */

/* ---- memory_source.c: the user's tables ---- */

bool memory_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error); /* ports.h */
bool memory_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                        GError **error); /* warehouse.h */
/* The user's columns as this state has them, under the settings. */
struct user_columns memory_columns(const struct memory *memory, const struct lead_state *state);
/* "ref-" and 16 hex digits of a keyed HMAC. Caller frees. */
char *memory_reference(const struct memory *memory, const char *lead_id);
char *memory_lead_ref(struct ledger *ledger, const char *lead_id); /* ports.h */

/* ---- memory_report.c ---- */

bool memory_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page,
                         GError **error); /* warehouse.h */
bool memory_report_find(struct warehouse *warehouse, const char *what, struct page *page,
                        GError **error); /* warehouse.h */
bool memory_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                                struct person_facts *facts, GError **error); /* warehouse.h */
bool memory_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page,
                          GError **error); /* warehouse.h */
bool memory_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page,
                                GError **error); /* warehouse.h */
bool memory_report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page,
                          GError **error);                                                 /* warehouse.h */
bool memory_report_counts(struct warehouse *warehouse, struct page *page, GError **error); /* warehouse.h */
bool memory_report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                                GError **error); /* warehouse.h */
bool memory_retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n,
                        GError **error); /* warehouse.h */
