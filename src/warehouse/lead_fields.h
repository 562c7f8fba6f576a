#pragma once
/* The free columns of a lead, a JSON object as text (struct lead, fields), for backends that merge them outside of SQL.
 */
#include "base/json.h"

/* Members of both objects; those of `fresh` win. What is no JSON counts as absent. Caller frees; NULL when both are. */
char *lead_fields_merge(const char *old, const char *fresh);

/* Do they say the same, whatever the order of their members? NULL equals NULL alone. */
bool lead_fields_equal(const char *a, const char *b);

/* A value of a column that an import brings: not empty, and not what is there. */
bool lead_value_differs(const char *old, const char *fresh);
/* The imported value where it differs, else the old one. Borrowed from either. */
const char *lead_value_better(const char *old, const char *fresh);
