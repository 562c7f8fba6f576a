#pragma once
/* What the commands of the operator's brakes share: whom they name, why, and how they say what became of it.
 *
 * Calling sequence: brake_reason() and brake_target_parse() check the command line, brake_submit() writes (nothing with
 * --dry-run), brake_say() prints one line of text or one JSON object. */
#include "cli/command.h"
#include "core/stop_hits.h"
#include "warehouse/brakes.h"

/* A person or a domain; exactly one of the two is set. */
struct brake_target {
  char *person; /* canonical */
  char *domain;
};

/* Reads an address in any spelling, or a domain ("x.org", "@x.org"). ERROR_USAGE, without quoting it. */
bool brake_target_parse(const char *text, struct brake_target *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees what it holds; may be called twice. */
void brake_target_clear(struct brake_target *target);

/* The text when it can stand in tables and logs: some words without an address or control characters; NULL and
 * ERROR_USAGE otherwise. */
const char *brake_words_check(const char *text, GError **error);
/* The value of --reason, checked; NULL and ERROR_USAGE without one. */
const char *brake_reason(const struct cli *cli, GError **error);
/* The campaign that --campaign names by id or name, borrowed from the settings; NULL and true without the option,
 * ERROR_USAGE when none is configured by that name. */
bool brake_campaign(const struct cli *cli, const char **id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Who runs the command. */
const char *brake_actor(void);
/* A new id for what a command records: `suppress remove --run ID` finds it by that. Caller frees. */
char *brake_run_id(const struct cli *cli);
/* {"reason": R, "actor": A} for an event's detail; caller frees. */
char *brake_detail(const char *reason);

/* brakes_write() unless --dry-run, where all rows count as changed. */
bool brake_submit(struct cli *cli, const GArray *rows, struct brake_report *report,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts how many running leads hit stops of struct stop_hit have now: with --dry-run as if these rows (struct
 * suppression, or NULL) were recorded, by a handle that only reads. */
bool brake_hits(struct cli *cli, const GArray *planned, struct stop_hits *hits,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The option --allow-hit, checked. */
bool brake_allow_hit(const struct cli *cli, int64_t *allow_hit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is said in which case. */
struct brake_sentences {
  const char *done, *unchanged, *planned;
};
/* Prints the outcome. */
void brake_say(const struct cli *cli, const struct brake_report *report, const struct brake_sentences *sentences);
/* The same with further members of the JSON object: "{" and they (NULL: none). */
void brake_say_with(const struct cli *cli, const struct brake_report *report, const struct brake_sentences *sentences,
                    const char *members);
/* Appends the outcome's members to a JSON object. */
void brake_append_json(const struct cli *cli, const struct brake_report *report, GString *out);
/* Says on standard error that the rows wait in the inbox, if they do. */
void brake_note_left(const struct cli *cli, const struct brake_report *report);

/* Prints the holds that are on as a table, nothing without one. */
void holds_print(const struct cli *cli, const struct page *holds);
/* Appends them as a JSON array. */
void holds_append_json(const struct page *holds, GString *out);

/* Appends one stop as a JSON object; the address only with --show-pii. */
void stop_append_json(const struct cli *cli, const struct stop_row *row, GString *out);
