#pragma once
/* Replies of people who are gone: once complete has deleted a row, leads/list does not know it any more, and whoever
 * answers three weeks later would never be heard. So each sync reads the mails that came (GET /emails) from where the
 * last one ended, and makes stops of those that a person wrote, of whoever was ever enrolled.
 *
 * Where the last one ended is the note `emails_until`, in Instantly's time of taking a mail in. It moves only when the
 * stops of everything before it are durable, and reading goes back EMAILS_OVERLAP_US behind it, for mails that come
 * into sight late. Nothing that was written is kept anywhere. */
#include "core/sync.h"

#define EMAILS_UNTIL      "emails_until"
#define EMAILS_OVERLAP_US (600 * SECOND_US)
/* Pages of a run, of 100 mails each: the rest is the next sync's. A burst of so many mails in one moment that this
 * brings nothing new is read on, up to the second number. */
#define EMAILS_PAGES     20
#define EMAILS_PAGES_MAX 200

/* Reads, stops, moves the note. Needs a fold before, and is folded on return. A key that may not read mails (403) and
 * an endpoint that refuses are said, in an error row and in report->emails_refused, and the sync goes on. */
bool sync_read_emails(struct job *job, struct sync_report *report, GError **error);

/* May this mail be a person's reply? What went out is none, and one that says it is automatic. Unclear counts as a
 * person's. */
bool email_is_reply(const struct remote_email *mail);
