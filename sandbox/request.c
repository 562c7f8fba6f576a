#include "request.h"

#include <stdarg.h>
#include <string.h>

const char *request_query(const struct request *request, const char *name)
{
  for (guint i = 0; i < request->query->len; i++) {
    const struct query_item *item = &g_array_index(request->query, struct query_item, i);
    if (strcmp(item->name, name) == 0) return item->value;
  }
  return NULL;
}

const char *request_param(const struct request *request, size_t i)
{
  return request->params[i];
}

bool request_page(const struct world *world, const struct request *request, struct page *page, struct reply *reply)
{
  const char *limit = request_query(request, "limit");
  char *end = NULL;
  page->after = request_query(request, "starting_after");
  page->limit = limit == NULL ? 10 : g_ascii_strtoll(limit, &end, 10);
  page->is_empty = false;
  if (page->after != NULL && *page->after == '\0') page->after = NULL;
  if (limit != NULL && (end == limit || *end != '\0')) {
    reply_error(reply, 400, "querystring/limit must be integer");
    return false;
  }
  if (page->limit < 1) {
    reply_error(reply, 400, "querystring/limit must be >= 1");
    return false;
  }
  if (page->limit <= 100) return true;
  page->is_empty = world->quirks.is_on[QUIRK_LIST_LIMIT];
  if (!page->is_empty) reply_error(reply, 400, "querystring/limit must be <= 100");
  return page->is_empty;
}

const char *status_text(unsigned status)
{
  static const struct {
    unsigned status;
    const char *text;
  } texts[] = {
      {200, "OK"},
      {202, "Accepted"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {409, "Conflict"},
      {413, "Payload Too Large"},
      {415, "Unsupported Media Type"},
      {422, "Unprocessable Entity"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    if (texts[i].status == status) return texts[i].text;
  return "Unknown";
}

static void error_write(struct reply *reply, unsigned status, const char *code, const char *message)
{
  reply->status = status;
  reply->content_type = "application/json; charset=utf-8";
  g_string_assign(reply->body, "{");
  json_append_int(reply->body, "statusCode", status);
  if (code != NULL) json_append_str(reply->body, "code", code);
  json_append_str(reply->body, "error", status_text(status));
  json_append_str(reply->body, "message", message);
  g_string_append_c(reply->body, '}');
}

void reply_error(struct reply *reply, unsigned status, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  error_write(reply, status, NULL, message);
}

void reply_fastify_error(struct reply *reply, unsigned status, const char *code, const char *message)
{
  error_write(reply, status, code, message);
}

void reply_html(struct reply *reply, unsigned status)
{
  reply->status = status;
  reply->content_type = "text/html; charset=UTF-8";
  g_string_printf(reply->body,
                  "<!DOCTYPE html>\n<html><head><title>%u %s</title></head>\n"
                  "<body><center><h1>%u %s</h1></center><hr><center>cloudflare</center></body></html>\n",
                  status, status_text(status), status, status_text(status));
}

void reply_not_found(struct reply *reply)
{
  reply_error(reply, 404, "Resource not found");
}
