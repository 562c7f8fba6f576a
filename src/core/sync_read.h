#pragma once
/* Step 2 of sync: reading Instantly's rows into sync_stage. Used by sync.c.
 *
 * Reads run in parallel, a page each; nothing is kept in memory beyond the pages in flight. */
#include "core/sync.h"

/* A page used for its text arena alone, cleared when it goes out of scope. */
typedef struct page sync_text;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sync_text, page_clear)

/* The rules that every row staged by this job is judged by; the members about a scan are left empty. */
void sync_stage_rules(const struct job *job, struct stage_rules *rules);

/* Unsubscribed, replied and bounced rows of the whole workspace into the stage; the block list into suppressions. */
bool sync_stage_workspace(struct job *job, int64_t *stops_n, GError **error);

/* A row that somebody else put there. */
struct foreign_row {
  const char *instantly_id;
  const char *campaign_id;
};

/* Every row that the workspace has of these persons into the stage. Adds to foreign (struct foreign_row) those that
 * could still be mailed and do not carry a stamp of ours. */
bool sync_stage_persons(struct job *job, const char *const *persons, size_t persons_n, struct page *foreign,
                        GError **error);

/* What is done with each page that is read; its rows may be taken, with their texts, its cursor may not. */
typedef bool sync_page_f(struct job *job, struct page *page, void *context, GError **error);

/* Queries, and what is done with what they bring. */
struct list_reading {
  const struct list_query *queries;
  size_t queries_n;
  sync_page_f *each; /* gets every page once */
  void *context;
};

/* Reads all queries to their ends, side by side, a page of each in memory. */
bool sync_read_lists(struct job *job, const struct list_reading *reading, GError **error);

/* Which configured campaigns exist: their ids into ids, which has room for all. The leads of the others are held, and
 * report->gone_n counts these campaigns. */
bool sync_find_campaigns(struct job *job, struct sync_report *report, const char **ids, size_t *ids_n, GError **error);

/* The full scan: every configured campaign to its end, all campaigns in parallel; where report->reads_lists the rows of
 * ours in the workspace's lists as well. Sets the report's scan times only when every campaign ended normally. */
bool sync_read_campaigns(struct job *job, struct sync_report *report, GError **error);

/* Enrolments that can still change and that the scan has not staged, by ids; after a full scan those that are absent
 * are looked for by address as well, so that only what is nowhere counts as vanished. */
bool sync_read_watched(struct job *job, struct sync_report *report, GError **error);
