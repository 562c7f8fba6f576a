#include "requests.h"

#include "routes.h"

#include <string.h>

#define LOG_MAX           20000
#define SHAPES_MAX        2000
#define SHAPE_BODY_MAX    ((gsize)512 * 1024)
#define LOOK_AT_EVERY_NTH 64

struct entry {
  int64_t seq;
  int64_t wire_us;
  const char *method; /* of the route, or interned */
  char *path;
  unsigned status;
  size_t request_bytes;
  size_t answer_bytes;
};

struct request_log {
  GQueue entries; /* struct entry, oldest first */
  int64_t seq;
  GHashTable *looks;  /* "METHOD template status" -> number of requests */
  GHashTable *shapes; /* shape -> example as JSON */
  GPtrArray *examples;
};

struct request_log *requests_new(void)
{
  struct request_log *log = g_new0(struct request_log, 1);
  g_queue_init(&log->entries);
  log->looks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  log->shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  log->examples = g_ptr_array_new_with_free_func(g_free);
  return log;
}

static void entry_free(gpointer data)
{
  struct entry *entry = data;
  g_free(entry->path);
  g_free(entry);
}

void requests_free(struct request_log *log)
{
  if (log == NULL) return;
  g_queue_clear_full(&log->entries, entry_free);
  g_hash_table_destroy(log->looks);
  g_hash_table_destroy(log->shapes);
  g_ptr_array_free(log->examples, TRUE);
  g_free(log);
}

/* The shape of a JSON text: the set of its paths with their types, as a sum of their hashes. */
struct shape {
  uint64_t sum;
  GHashTable *seen; /* hashes; as pointers, which are 64 bits wide */
};

static uint64_t type_number(const cJSON *item)
{
  return (uint64_t)item->type & 0xff & ~(uint64_t)(cJSON_IsBool(item) ? cJSON_False | cJSON_True : 0);
}

static void paths_collect(const cJSON *item, uint64_t path, struct shape *shape)
{
  bool is_array = cJSON_IsArray(item);
  uint64_t hash = hash_mix(path, type_number(item));
  if (g_hash_table_add(shape->seen, GSIZE_TO_POINTER(hash))) shape->sum += hash_mix(hash, 1);
  if (!is_array && !cJSON_IsObject(item)) return;
  const cJSON *child;
  cJSON_ArrayForEach(child, item)
  {
    paths_collect(child, is_array ? hash_mix(path, 7) : hash_text(path, child->string), shape);
  }
}

static uint64_t shape_of(const cJSON *json)
{
  if (json == NULL) return 0;
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  struct shape shape = {.seen = seen};
  paths_collect(json, 1, &shape);
  return shape.sum;
}

static char *example_make(const struct request *request, const struct reply *reply, const cJSON *answer)
{
  GString *out = g_string_new("{");
  json_append_str(out, "method", request->method);
  json_append_str(out, "path", request->route == NULL ? request->path : request->route->path);
  json_append_str(out, "request_path", request->path);
  json_append_key(out, "query");
  g_string_append_c(out, '{');
  for (guint i = 0; i < request->query->len; i++) {
    const struct query_item *item = &g_array_index(request->query, struct query_item, i);
    json_append_str(out, item->name, item->value);
  }
  g_string_append_c(out, '}');
  json_append_str(out, "content_type", request->content_type);
  json_append_key(out, "request");
  g_string_append(out, request->json == NULL ? "null" : request->body->str);
  json_append_int(out, "status", reply->status);
  json_append_str(out, "answer_content_type", reply->content_type);
  json_append_key(out, "response");
  g_string_append(out, answer == NULL ? "null" : reply->body->str);
  g_string_append_c(out, '}');
  return g_string_free(out, FALSE);
}

static bool is_worth_a_look(struct world *world, const struct request *request, const struct reply *reply)
{
  struct request_log *log = world->requests;
  if (request->is_control || request->route == NULL || g_hash_table_size(log->shapes) >= SHAPES_MAX) return false;
  if (request->body->len > SHAPE_BODY_MAX || reply->body->len > SHAPE_BODY_MAX) return false;
  g_autofree char *key = g_strdup_printf("%s %s %u", request->method, request->route->path, reply->status);
  int64_t looks = GPOINTER_TO_SIZE(g_hash_table_lookup(log->looks, key));
  g_hash_table_insert(log->looks, g_steal_pointer(&key), GSIZE_TO_POINTER((gsize)looks + 1));
  return looks < world->config->shape_looks_n || looks % LOOK_AT_EVERY_NTH == 0;
}

static void shape_note(struct world *world, const struct request *request, const struct reply *reply)
{
  struct request_log *log = world->requests;
  g_autoptr(GString) shape = g_string_new(NULL);
  g_autoptr(cJSON) answer = cJSON_ParseWithLength(reply->body->str, reply->body->len);
  g_string_printf(shape, "%s %s %u\n", request->method, request->route->path, reply->status);
  for (guint i = 0; i < request->query->len; i++)
    g_string_append_printf(shape, "?%s\n", g_array_index(request->query, struct query_item, i).name);
  g_string_append_printf(shape, "%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x", shape_of(request->json),
                         shape_of(answer));
  if (g_hash_table_contains(log->shapes, shape->str)) return;
  g_hash_table_add(log->shapes, g_strdup(shape->str));
  g_ptr_array_add(log->examples, example_make(request, reply, answer));
}

void requests_add(struct world *world, const struct request *request, const struct reply *reply)
{
  struct request_log *log = world->requests;
  if (request->is_control) return;
  struct entry *entry = g_new0(struct entry, 1);
  entry->seq = ++log->seq;
  entry->wire_us = world_wire_us(world);
  entry->method = g_intern_string(request->method);
  entry->path = g_strdup(request->path);
  entry->status = reply->status;
  entry->request_bytes = request->body_size;
  entry->answer_bytes = reply->body->len;
  g_queue_push_tail(&log->entries, entry);
  if (log->entries.length > LOG_MAX) entry_free(g_queue_pop_head(&log->entries));
  if (is_worth_a_look(world, request, reply)) shape_note(world, request, reply);
}

static void entry_append(const struct entry *entry, GString *out)
{
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_int(out, "seq", entry->seq);
  json_append_str(out, "method", entry->method);
  json_append_str(out, "path", entry->path);
  json_append_int(out, "status", entry->status);
  json_append_int(out, "request_bytes", (int64_t)entry->request_bytes);
  json_append_int(out, "answer_bytes", (int64_t)entry->answer_bytes);
  json_append_int(out, "wire_us", entry->wire_us);
  g_string_append_c(out, '}');
}

void requests_append(const struct request_log *log, int64_t limit, GString *out)
{
  const GList *at = log->entries.tail;
  for (int64_t i = 1; at != NULL && at->prev != NULL && i < limit; i++)
    at = at->prev;
  g_string_append(out, "{");
  json_append_int(out, "total", log->seq);
  g_string_append(out, ",\"requests\":[");
  for (; at != NULL && limit > 0; at = at->next)
    entry_append(at->data, out);
  g_string_append(out, "]}");
}

void requests_append_shapes(const struct request_log *log, GString *out)
{
  g_string_append(out, "{\"shapes\":[");
  for (guint i = 0; i < log->examples->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    g_string_append(out, log->examples->pdata[i]);
  }
  g_string_append(out, "]}");
}
