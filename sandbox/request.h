#pragma once
/* One request and its answer, as the handlers of routes.c see them: no sockets, no HTTP library.
 *
 * A handler gets a request whose route, key, path parameters and JSON body were checked, and writes the answer into
 * reply->body with reply->status 200 in place; reply_error() replaces both. */
#include "world.h"

struct route;

#define PATH_PARAMS_MAX 2

struct query_item {
  char *name;
  char *value;
};

struct request {
  const char *method;
  const char *path;
  GArray *query; /* struct query_item, in order */
  GString *body;
  size_t body_size; /* what was sent, also when it was too long to keep */
  const char *authorization;
  const char *user_agent;
  const char *content_type;
  const char *workspace; /* x-as-workspace */
  const struct route *route;
  char *params[PATH_PARAMS_MAX];
  cJSON *json; /* the body; NULL without one */
  const struct api_key *key;
  bool is_control;
};

struct reply {
  unsigned status;
  GString *body;
  const char *content_type;
  int64_t retry_after_s; /* 0: no header */
  char *location;        /* of a redirect */
};

/* First value of a query parameter, or NULL. */
const char *request_query(const struct request *request, const char *name);

/* Path parameter i. */
const char *request_param(const struct request *request, size_t i);

/* The page that a GET list asks for. */
struct page {
  int64_t limit;
  const char *after;
  bool is_empty; /* the quirk of limits over 100 */
};

/* Reads limit and starting_after of the query. False: a 400 is in the reply. */
bool request_page(const struct world *world, const struct request *request, struct page *page, struct reply *reply);

/* Replaces the answer by {statusCode,error,message}. */
void reply_error(struct reply *reply, unsigned status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with Fastify's code: {statusCode,code,error,message}. */
void reply_fastify_error(struct reply *reply, unsigned status, const char *code, const char *message);

/* Replaces the answer by an HTML page as edges and proxies send it. */
void reply_html(struct reply *reply, unsigned status);

/* 404 Resource not found. */
void reply_not_found(struct reply *reply);

/* Text of a status ("Bad Request"). */
const char *status_text(unsigned status);
