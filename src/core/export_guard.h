#pragma once
/* Before an export claims anybody: does the ledger know what we put into Instantly?
 *
 * A ledger that was lost, or restored from an older backup, takes persons for new who were sent already. Instantly's
 * ids rise with time, so one question per campaign, and one for all lists of the workspace, is enough: what is newer
 * there than the newest row that the ledger knows? A row among these that carries our stamp, of a claim that the ledger
 * does not have, ends the run before anybody is claimed (ERROR_UNSAFE). A ledger that knows no row asks for whole
 * campaigns and lists, once. Lists count because complete may move who is done into one (`action: move`), and so may
 * people.
 *
 * Two ways out, both said in the sentence: `export --bootstrap` takes these rows for this ledger's own
 * (sync_rebuild()); `sync --full` adopts them. Rows without our stamp are no matter here: they are adopted when they
 * are met. */
#include "core/export.h"

/* Looks, or with job->is_bootstrap rebuilds. The feeds of the report are read already. */
bool export_know_rows(struct job *job, struct export_report *report, GError **error);
