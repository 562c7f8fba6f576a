#pragma once
/* An Instantly in memory behind the port of core/ports.h, for tests of the stories and for the simulation.
 *
 * It keeps rows as Instantly does (unique per campaign and person), obeys a script of faults for leads/add, and counts
 * what the promises are about: how often each person was created, who was deleted. One thread, no clock of its own. */
#include "core/ports.h"

enum fake_fault {
  FAKE_OK,
  FAKE_NOT_SENT,      /* connection refused */
  FAKE_THROTTLED,     /* 429 */
  FAKE_LOST_BEFORE,   /* time-out, nothing done */
  FAKE_LOST_AFTER,    /* time-out, everything done */
  FAKE_5XX_BEFORE,    /* 502, nothing done */
  FAKE_5XX_AFTER,     /* 502, everything done */
  FAKE_400,           /* refused before work */
  FAKE_MISCOUNTED,    /* done, but the counters do not add up */
  FAKE_SHORT_CREATED, /* done, but one created row is missing from the answer */
  FAKE_WRONG_INDEX,   /* done, but the indices do not match */
  FAKE_ALL_BLOCKED,   /* done, but the answer says that everybody is on the block list */
  FAKE_LATE,          /* time-out; done only after the next `late_calls` calls of any kind */
  FAKE_FAULTS_N
};

struct fake_row {
  char *id, *person, *campaign_id, *stamp; /* campaign_id NULL: in a list */
  int64_t status;
  int64_t created_at_us, contacted_at_us, replied_at_us;
  int64_t replies;
  char *subsequence_id;
  bool is_deleted, is_deleted_by_hand;
  bool was_completed; /* somebody relaunched it: counters of what happened do not go back */
  bool is_automatic;  /* the row shows by now that its reply was a machine's */
  bool was_unclear;   /* there was a time when nobody could know that */
  bool was_stopped;   /* the person was stopped, by whatever we could know, when the row was deleted */
  int64_t created_mono_us;
  int64_t visible_at_call; /* the list lags the write: not shown before this call */
  int64_t known_at_call;   /* nobody has come across it before this call */
};

/* A campaign that somebody touched; one that nobody did has the status fake_instantly.campaign_status. */
struct fake_campaign {
  int64_t status;
  bool is_paused_by_person; /* it ran, and a person put it to sleep */
  int64_t woken_n;          /* how often the API activated it although a person had paused it */
};

/* A mail that Instantly took in; it stays when the row of its lead goes. */
struct fake_email {
  char *id, *lead, *campaign_id;
  int64_t created_at_us;
  enum automatic automatic;
};

struct fake_instantly {
  struct instantly base;
  GPtrArray *emails;    /* struct fake_email *, received ones, in the order of their times */
  int64_t emails_limit; /* mails of a page; 0: 100 */
  int64_t emails_auth;  /* 401, 403: GET /emails is refused with it; 0: none */
  int64_t emails_calls_n;
  GHashTable *campaigns;                        /* id -> struct fake_campaign * */
  enum fake_fault (*next_touch)(void *context); /* of a pause or an activation, with `context`; NULL: FAKE_OK */
  void (*on_add)(void *context);                /* people who act while leads go up, with `context`; or NULL */
  GPtrArray *rows;                              /* struct fake_row *, deleted ones stay, marked */
  GHashTable *created;                          /* person -> GINT times created by the API, all campaigns */
  GPtrArray *pending;                           /* struct fake_pending *: late zombies */
  GPtrArray *blocklist;                         /* char * */
  enum fake_fault (*next_fault)(void *context); /* NULL: always FAKE_OK */
  void *context;
  bool (*is_dead)(void *context); /* counts a call; true: the process is dead, the call fails and does nothing */
  void *dead_context;
  const struct clock *clock; /* by which a lag ends, however few calls there were; NULL: by calls alone */
  GHashTable *stopped;       /* persons that somebody stopped or marked in the ledger; borrowed, or NULL */
  bool (*may_end)(void *context, const char *value); /* does a stop of many that need not wait name this address or
                                                        domain? With `context`; NULL: there are none */
  int64_t unasked_n;                                 /* entries of the block list that nobody asked for */
  int64_t now_us;
  int64_t ids_n;
  int64_t campaign_status; /* of every campaign */
  int64_t add_calls_n, list_calls_n, delete_calls_n;
  int64_t retry_after_s; /* how long a 429 asks to wait; 0: it does not say */
  int64_t late_calls;    /* how many calls later a FAKE_LATE request takes effect */
  int64_t lag_calls;     /* how many calls later the list shows a new row; 0: at once */
  int64_t calls_n;
  bool is_mute;              /* leads/list answers nothing: ERROR_TRANSIENT */
  int64_t auth_status;       /* 401, 402, 403: every leads/add is refused with it; 0: none */
  int64_t max_created_twice; /* highest count in `created` */
};

/* Makes an empty workspace at this time. */
void fake_instantly_init(struct fake_instantly *fake, int64_t now_us);
/* Frees it. */
void fake_instantly_clear(struct fake_instantly *fake);
/* Puts a row there as somebody else would; NULL stamp. Returns it (owned by the fake). */
struct fake_row *fake_instantly_put(struct fake_instantly *fake, const char *campaign_id, const char *person);
/* Moves a row out of its campaign into a list, as somebody would by hand. */
void fake_instantly_to_list(struct fake_row *row);
/* A reply arrives, now, of whoever, with a row or without. */
void fake_instantly_reply(struct fake_instantly *fake, const char *lead, enum automatic automatic);
/* The campaign, to be looked at and touched; it comes into being. */
struct fake_campaign *fake_instantly_campaign(struct fake_instantly *fake, const char *campaign_id);
/* The live row of a person in a campaign (NULL: in a list), or NULL. */
struct fake_row *fake_instantly_find(const struct fake_instantly *fake, const char *campaign_id, const char *person);
/* Time enough passes for all that is on its way to arrive, and for the list to show it. */
void fake_instantly_rest(struct fake_instantly *fake);
/* How many requests that carry this person are still on their way. */
int fake_instantly_late(const struct fake_instantly *fake, const char *person);
/* Does the block list hold the person, or its domain? */
bool fake_instantly_lists(const struct fake_instantly *fake, const char *person);
/* How often the API created this person, over all campaigns and times. */
int fake_instantly_created(const struct fake_instantly *fake, const char *person);
