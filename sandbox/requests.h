#pragma once
/* The log of requests, for GET /_sandbox/requests: the last ones in order, and each distinct shape of them.
 *
 * A shape is the method, the path template, the status and the set of JSON paths with their types in both bodies; one
 * example of each is kept whole. Looking is not free: only the first `shape_looks_n` requests per operation and status
 * are examined, and every 64th after them. */
#include "request.h"

/* An empty log. */
struct request_log *requests_new(void);

/* Frees it; NULL is fine. */
void requests_free(struct request_log *log);

/* Adds a served request. */
void requests_add(struct world *world, const struct request *request, const struct reply *reply);

/* Appends the last limit requests / all shapes. */
void requests_append(const struct request_log *log, int64_t limit, GString *out);
void requests_append_shapes(const struct request_log *log, GString *out); /* see requests_append */
