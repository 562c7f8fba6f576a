#pragma once
/* The endpoints: one table of (method, path, scope, schema, handler), and what happens before a handler runs.
 *
 * serve() is the whole life of a request between the HTTP library and the world, under the world's lock: edge, route,
 * key, rate, plan, scope, path, body, schema, handler; with the faults that were asked for in between. */
#include "faults.h"
#include "request.h"
#include "validate.h"

enum route_flag { ROUTE_PLAIN = 0, ROUTE_TEXT_PARAMS = 1 /* no UUID in the path */, ROUTE_NEEDS_PROPERTY = 2 };

struct route {
  const char *method;
  const char *path;  /* template: /api/v2/leads/{id} */
  const char *scope; /* NULL: none needed */
  const struct field *fields;
  void (*handle)(struct world *world, const struct request *request, struct reply *reply);
  unsigned flags; /* enum route_flag */
};

/* The route of a path, with its parameters copied into params (at most PATH_PARAMS_MAX); NULL when there is none. */
const struct route *route_find(const char *method, const char *path, char *params[PATH_PARAMS_MAX]);

/* The API's and the control interface's tables (routes.c, control.c), ended by a NULL method. */
extern const struct route api_routes[];
extern const struct route control_routes[];

/* Serves one request under the lock. fired are the faults that fire for it. */
void serve(struct world *world, struct request *request, struct reply *reply, struct fired *fired);
