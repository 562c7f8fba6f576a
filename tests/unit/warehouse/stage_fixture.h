#pragma once
/* What the tests of staged rows share: rules, rows, and a whole sync of some rows. */
#include "core/sync.h"
#include "subject.h"

/* Rules of a full scan of camp-a and camp-b that began now. */
struct stage_rules stage_rules(struct subject *subject, const char *run_id);
/* An active row of camp-a, made at T0. */
struct remote_lead row(const char *id, const char *person, const char *stamp);
/* A whole sync with these rows, an hour after the one before. */
struct stage_report scan(struct subject *subject, const char *run_id, const struct remote_lead *rows, size_t n);
/* The state of a lead; the page holds its strings. */
struct lead_state state_of(struct subject *subject, const char *lead_id, struct page *page);
/* The reason for which the person is stopped now, or NULL. */
const char *stop_of(struct subject *subject, const char *person, struct page *page);
