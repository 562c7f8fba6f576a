#include "cli/lead_find.h"

#include "base/email.h"

#include <string.h>

bool lead_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error)
{
  g_autofree char *person = NULL;
  email_canonical(what, strlen(what), &person);
  if (person && !report_find(warehouse, person, page, error)) return false;
  if (person && page->rows->len > 0) return true;
  return report_find(warehouse, what, page, error);
}

bool lead_find_id(struct warehouse *warehouse, const char *what, char **lead_id, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  bool ok = lead_find(warehouse, what, &page, error);
  if (ok && page.rows->len == 1) {
    *lead_id = g_strdup(page_row(&page, struct lead_report_row, 0)->lead.lead_id);
  } else if (ok && page.rows->len == 0) {
    error_set(error, ERROR_NOT_FOUND, "No lead goes by what --lead-id names");
  } else if (ok) {
    error_set(error, ERROR_USAGE, "--lead-id names %u leads of one person; give the lead_id or the reference of one",
              page.rows->len);
  }
  page_clear(&page);
  return *lead_id != NULL;
}
