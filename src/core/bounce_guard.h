#pragma once
/* The guard of a campaign against bounces. What one mailbox bounces is core/sync.h's (bounce_spike); a list that is bad
 * shows in no single one of twenty mailboxes, and each bounce more costs the domains that send.
 *
 * Each sync counts the rows of a configured campaign that were mailed in the last 7 days, foreign ones too where a full
 * scan shows them, and those of them that bounced. Where the share is too high beyond chance the campaign is not fed
 * any more, until somebody says `campaigns resume`: what was mailed before is not counted again then. It is paused as
 * well where `on_bounces: pause` says so; that pause is a person's to end.
 *
 * Calling sequence in a sync: bounce_counts_new(), bounce_counts_read(), bounce_counts_page() for the pages of the
 * scan and of the enrolments by id (of no others: a row is counted once), bounce_guard_judge() after the fold. */
#include "core/ports.h"

/* Below so many mails a share says nothing. */
#define BOUNCE_GUARD_MAILED 50
/* How far back mails count. */
#define BOUNCE_GUARD_DAYS 7
/* The lower end of the share's 95 % interval (Wilson, 1927) from which a campaign is not fed, and from which it is an
 * alarm as well. Mailbox providers begin to refuse whole domains at about 5 %. */
#define BOUNCE_GUARD_STOP  0.03
#define BOUNCE_GUARD_ALARM 0.05

enum bounce_verdict { BOUNCES_FEW, BOUNCES_MANY, BOUNCES_ALARMING };

/* The lower end of the 95 % interval of a share of hits_n in n; 0 without any. */
double wilson_lower(int64_t hits_n, int64_t n);
/* What so many bounces of so many mails mean. */
enum bounce_verdict bounce_verdict_of(int64_t mailed_n, int64_t bounced_n);

/* Instantly's time of the newest sync that came this far: its mailboxes' bounces are judged already. */
#define SYNCED_AT "synced_at"

/* One configured campaign, its id borrowed from the settings; or one mailbox, of which our own rows count that were
 * mailed since the sync before. */
struct bounce_count {
  const char *campaign_id; /* NULL: a mailbox */
  char *mailbox;           /* owned; NULL beside campaign_id NULL: the first of them, which counts nothing */
  bool is_stopped;         /* an earlier sync did, and nobody said resume */
  int64_t since_us;        /* Instantly's time from which mails count */
  int64_t mailed_n, bounced_n;
};

/* An empty GArray of struct bounce_count; caller unrefs. */
GArray *bounce_counts_new(void);
/* Fills it with the configured campaigns and from when each counts. */
bool bounce_counts_read(struct job *job, GArray *counts, GError **error);
/* Counts the rows of a page of struct remote_lead. */
void bounce_counts_page(GArray *counts, const struct page *page);
/* Stops campaigns that bounce too much: the note, an error row, the pause where it is configured. *stopped_n counts
 * those of this run. */
bool bounce_guard_judge(struct job *job, const GArray *counts, int64_t *stopped_n, GError **error);

/* The mailboxes that bounced too often, each with its numbers: by the reference that may be printed anywhere, or by
 * address for whoever sits at the terminal. Caller frees; "" where there is none. */
char *bounce_mailboxes(struct job *job, const GArray *counts, bool by_address);

/* Is the campaign stopped? */
bool bounce_guard_is_on(struct job *job, const char *campaign_id, bool *is_on, GError **error);
/* Lets it be fed again and counts from now on. *was_on is false when it was not stopped: then nothing is written. */
bool bounce_guard_resume(struct job *job, const char *campaign_id, bool *was_on, GError **error);
