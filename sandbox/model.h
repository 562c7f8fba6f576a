#pragma once
/* The data: what a workspace of Instantly is made of. Read this first.
 *
 * A lead is one row: an address in one campaign or in one list. A person is the address itself, with the chain of its
 * live rows and of everything that was ever done to it (the audit). Campaigns own their settings as the JSON that was
 * given, and a parsed copy of what the sending engine needs. Rows that are deleted stay allocated, marked `gone`, so
 * that timers may point to them; everything is given back at reset. Handles (uint16_t) are indexes + 1; 0 is none.
 *
 * All of it is touched under one lock only (world.h). Times are milliseconds of the virtual clock since 1970 UTC; 0 is
 * "never". */
#include "base/json.h"
#include "heap.h"
#include "ids.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

#define STEPS_MAX    32
#define VARIANTS_MAX 26

enum lead_status {
  LEAD_ACTIVE = 1,
  LEAD_PAUSED = 2,
  LEAD_COMPLETED = 3,
  LEAD_BOUNCED = -1,
  LEAD_UNSUBSCRIBED = -2,
  LEAD_SKIPPED = -3
};

enum campaign_status {
  CAMPAIGN_SUSPENDED = -99,
  CAMPAIGN_UNHEALTHY = -1,
  CAMPAIGN_BOUNCE_PROTECT = -2,
  CAMPAIGN_DRAFT = 0,
  CAMPAIGN_ACTIVE = 1,
  CAMPAIGN_PAUSED = 2,
  CAMPAIGN_COMPLETED = 3,
  CAMPAIGN_SUBSEQUENCES = 4
};

enum upload_method { UPLOAD_MANUAL, UPLOAD_API, UPLOAD_VISITOR };

/* The texts of a lead, in the order of the packed string of fields.h. */
enum lead_text {
  TEXT_FIRST_NAME,
  TEXT_LAST_NAME,
  TEXT_COMPANY_NAME,
  TEXT_JOB_TITLE,
  TEXT_WEBSITE,
  TEXT_PHONE,
  TEXT_PERSONALIZATION,
  TEXT_PL_VALUE,
  TEXT_VARIABLES, /* custom variables as the inside of a JSON object: "key":value,"key":value */
  TEXTS_N
};

struct lead;
struct world;

/* One address. Its hash table key is `email`. */
struct person {
  struct lead *rows;      /* live rows, newest first */
  const char *domain;     /* points into email */
  uint32_t history;       /* newest audit entry, index + 1 */
  uint32_t seen_call;     /* the leads/add call that met this address last: finds duplicates inside a body */
  uint32_t api_created_n; /* rows made through the API, ever */
  int64_t stopped_ms;     /* first stop: unsubscribed, answered, block-listed; 0 none */
  char email[];
};

struct lead {
  struct uuid id;        /* must be first: the key of the table by id */
  struct person *person; /* NULL for a list row without an address */
  struct lead *next_of_person;
  char *texts; /* packed, see fields.h; NULL when all are null */
  int64_t created_ms;
  int64_t updated_ms;
  int64_t contacted_ms;
  int64_t opened_ms;
  int64_t clicked_ms;
  int64_t replied_ms;
  int64_t interest_ms;
  int64_t due_ms; /* when the next step may go out; 0 when none is waiting */
  int64_t pause_until_ms;
  int64_t sub_added_ms;
  int64_t sub_sent_ms;
  int64_t sub_due_ms;
  uint32_t wire_ms; /* wire time of creation, since the start of the process */
  uint16_t campaign;
  uint16_t list;
  uint16_t subsequence;
  uint16_t mailbox;
  uint16_t sub_mailbox;
  uint16_t opens_n;
  uint16_t clicks_n;
  uint16_t replies_n;      /* all, automatic ones too */
  uint16_t auto_replies_n; /* of these */
  int16_t interest;        /* valid when has_interest */
  int8_t status;
  int8_t verification; /* 0: never verified */
  uint8_t next_step;
  uint8_t last_step;
  uint8_t last_variant;
  uint8_t sub_next_step;
  uint8_t sub_last_step;
  uint8_t sub_last_variant;
  int8_t opened_step; /* -1: never */
  int8_t opened_variant;
  int8_t clicked_step;
  int8_t clicked_variant;
  int8_t replied_step;
  int8_t replied_variant;
  uint8_t upload;
  bool has_interest : 1;
  bool is_gone : 1;
  bool is_verifying : 1;
  bool counts_completed : 1; /* completion was counted in the analytics */
};

/* Rows of one campaign, one list, or the workspace, ordered by id when somebody reads them. */
struct bucket {
  GPtrArray *rows;
  guint gone_n;
  bool is_sorted;
};

struct step {
  int64_t delay_ms; /* wait before the NEXT step */
  int64_t pre_delay_ms;
  uint8_t variants_n;
  bool is_disabled[VARIANTS_MAX];
};

/* A window of the week in one time zone. */
struct window {
  int from_min;
  int to_min;
  bool days[7]; /* 0 is Sunday */
  GTimeZone *zone;
};

/* When a campaign may send; with the answer for `now` kept until it changes. */
struct schedule {
  GArray *windows; /* struct window */
  int64_t start_ms;
  int64_t end_ms;
  int64_t answer_from_ms;
  int64_t answer_until_ms;
  bool answer;
};

struct sequence {
  struct step steps[STEPS_MAX];
  uint8_t steps_n;
};

/* Chances, per send unless said otherwise. */
struct chances {
  double open;
  double click; /* of opened */
  double reply;
  double auto_reply;
  double bounce; /* at the first step only */
  double unsubscribe;
  double skip;       /* before the first step: the verification says no */
  double positive;   /* of replies: interest 1 */
  double late_reply; /* of replies: 5 to 40 days later */
};

/* Daily counters of one step and variant. */
struct counts {
  uint32_t sent;
  uint32_t new_contacted;
  uint32_t opened;
  uint32_t unique_opened;
  uint32_t unique_opened_by_step;
  uint32_t clicks;
  uint32_t unique_clicks;
  uint32_t unique_clicks_by_step;
  uint32_t replies;
  uint32_t unique_replies;
  uint32_t unique_replies_by_step;
  uint32_t auto_replies;
  uint32_t unique_auto_replies;
  uint32_t bounced;
  uint32_t unsubscribed;
  uint32_t completed;
  uint32_t opportunities;
  uint32_t interested;
  uint32_t meetings_booked;
  uint32_t meetings_completed;
  uint32_t won;
};

/* One row of a campaign's statistics: key (day, step, variant). */
struct stat {
  int32_t day; /* days since 1970 UTC */
  int8_t step; /* -1: cannot be told */
  int8_t variant;
  struct counts counts;
};

struct campaign {
  struct uuid id;
  uint16_t handle;
  int8_t status;
  bool is_gone;
  bool has_run; /* a loop looked at it at least once */
  bool is_evergreen;
  bool stop_on_reply;
  bool stop_on_auto_reply;
  bool stop_for_company;
  bool allow_risky;
  bool bounce_protect;
  bool new_first;
  int64_t created_ms;
  int64_t updated_ms;
  cJSON *settings;  /* what POST and PATCH may set, as it was given */
  const char *name; /* inside settings */
  struct sequence sequence;
  struct schedule schedule;
  struct chances chances;
  int64_t daily_limit;     /* -1: none */
  int64_t daily_max_leads; /* -1: none */
  struct bucket bucket;
  GArray *senders;       /* uint16_t handles of the mailboxes of email_list; empty: all */
  GHashTable *variables; /* custom variable names seen; owned strings */
  GHashTable *answered;  /* company domains that answered; owned strings */
  GPtrArray *fresh;      /* rows never mailed, in order of arrival */
  guint fresh_head;
  struct heap follow_ups;  /* rows waiting for their next step */
  GArray *stats;           /* struct stat, ordered by day */
  GPtrArray *subsequences; /* struct subsequence, borrowed */
  int64_t today_until_ms;  /* end of the campaign's day */
  int64_t sent_today_n;
  int64_t new_today_n;
  int64_t tick_share; /* mails a tick may send today */
  uint32_t sent_ever_n;
  uint32_t bounced_ever_n;
  int64_t last_send_ms;
  int64_t issue_since_ms;
  const char *issue; /* why the last loop sent nothing; NULL when it did */
  uint32_t issue_loops_n;
};

struct subsequence {
  struct uuid id;
  uint16_t handle;
  int8_t status;
  struct campaign *parent;
  cJSON *settings;
  struct sequence sequence;
  int64_t created_ms;
  bool on_opened;
  bool on_clicked;
  bool on_completed;   /* completed without an answer */
  GArray *on_interest; /* int64_t */
  struct heap due;
  uint32_t waiting_n; /* rows inside with steps left */
  GArray *stats;
};

struct list {
  struct uuid id;
  uint16_t handle;
  bool is_gone;
  char *name;
  int64_t created_ms;
  struct bucket bucket;
};

/* A mailbox that sends. */
struct account {
  char *email;
  int64_t daily_limit; /* -1: none */
  int64_t day;         /* the UTC day that sent_n counts */
  int64_t sent_n;
  bool is_healthy;
};
