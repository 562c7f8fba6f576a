#pragma once
/* Which leads a request means: the shared selectors of /leads/list and /leads/move.
 *
 * selector_read() from the body, selector_rows() for the candidates in the order of their ids, selector_matches() for
 * each; selector_clear() at the end. Selectors that are missing do not restrict anything. */
#include "validate.h"
#include "world.h"

struct selector {
  struct world *world;
  struct campaign *campaign;
  struct list *list;
  bool in_campaign; /* any */
  bool in_list;
  const char *filter;
  const char *search;
  const cJSON *queries;
  bool wants_website_visitors;
  bool is_impossible;   /* names a campaign or list that does not exist */
  GHashTable *excluded; /* struct uuid, owned; NULL for none */
  GPtrArray *picked;    /* rows named by ids or contacts, ordered by id; NULL when neither was given */
};

/* The fields of an element of `queries`. */
extern const struct field selector_query_fields[];

/* Reads a body. What it borrows from the body must live as long. */
void selector_read(struct selector *selector, struct world *world, const cJSON *body);

/* The rows to look through, ordered by id. Borrowed. */
const GPtrArray *selector_rows(struct selector *selector);

/* Does the row fit? */
bool selector_matches(const struct selector *selector, const struct lead *lead);

/* Is the row visible in lists yet? */
bool lead_is_visible(const struct world *world, const struct lead *lead);

/* Frees what it holds. */
void selector_clear(struct selector *selector);

/* Does the row fit one of the FILTER_ names? *is_known says whether the name exists. */
bool filter_matches(const char *filter, const struct lead *lead, bool *is_known);
