#pragma once
/* Steps 2 and 3 of complete: one page of due enrolments is read again, acted upon, and read back. Used by complete.c.
 *
 * Nothing is deleted that was not read in the same run; nothing is recorded as removed that Instantly still shows. */
#include "core/complete.h"

/* Handles the removals of one page (rows of struct removal, at most 1000) and counts into the report. */
bool complete_page(struct job *job, const struct page *due, struct complete_report *report, GError **error);
