#pragma once
/* Finding leads by what people have at hand: an address in any spelling, a lead_id, an Instantly id, a printed
 * reference. */
#include "warehouse/warehouse.h"

/* The rows (struct lead_report_row) that `what` names, empty when there are none. */
bool lead_find(struct warehouse *warehouse, const char *what, struct page *page,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The one lead_id that `what` names; ERROR_NOT_FOUND without one, ERROR_USAGE with several. Caller frees. */
bool lead_find_id(struct warehouse *warehouse, const char *what, char **lead_id,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
