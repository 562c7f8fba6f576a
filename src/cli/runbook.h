#pragma once
/* The runbook: docs/errors.md inside the program, one section per word that it says (error types, verdicts, refusals,
 * reasons). A word may mean something in several chapters ("held": an error, and why a lead is left out).
 *
 * Calling sequence: runbook_find() for the sections of a word, runbook_words() for all. Nothing can fail; strings are
 * GLib's and the caller's to free. */
#include <glib.h>

/* The page, line by line, ends with a NULL (made by the build from docs/errors.md). */
extern const char *const runbook_lines[];

/* A section of the page. */
struct runbook_section {
  const char *chapter; /* "Types of errors"; borrowed from the page */
  const char *word;    /* "held"; borrowed */
  char *text;          /* Markdown, without headings, no blank lines around it; owned */
};

/* The sections of a word: GArray of struct runbook_section, empty when nobody says it. NULL: every section of the page.
 * Caller frees the array, which frees its texts. */
GArray *runbook_find(const char *word);
