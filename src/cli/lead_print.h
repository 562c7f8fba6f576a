#pragma once
/* Prints a struct lead_view: the lead in the warehouse, its state, its events in time order, its stops, its rows in
 * Instantly, and what will happen next and why. Addresses and names only with --show-pii. */
#include "cli/lead_next.h"
#include "cli/lead_view.h"

/* As text. Fails when events cannot be read. */
bool lead_print_text(struct cli *cli, const struct lead_view *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As one JSON document. */
bool lead_print_json(struct cli *cli, const struct lead_view *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What will happen next with row i of the view. Caller clears. */
void lead_view_next(struct cli *cli, const struct lead_view *view, guint i, struct lead_next *next);
