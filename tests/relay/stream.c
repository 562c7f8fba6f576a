/* tabledata.insertAll: all rows of a request or none, who came before is dropped where that is wished, and rows may be
 * taken and not be seen yet. */
#include "base/clock.h"
#include "relay.h"

#include <string.h>

/* ---- rows that are late ---- */

struct relay_late {
  int64_t due_us; /* monotonic */
  char *path, *body;
};

void relay_late_free(gpointer data)
{
  struct relay_late *late = data;
  g_free(late->path);
  g_free(late->body);
  g_free(late);
}

static void late_keep(struct relay *relay, const char *path, const char *body, int64_t late_ms)
{
  struct relay_late *late = g_new(struct relay_late, 1);
  *late = (struct relay_late){
      .due_us = clock_mono_us(clock_system()) + late_ms * 1000, .path = g_strdup(path), .body = g_strdup(body)};
  g_ptr_array_add(relay->late, late);
}

void relay_late_show(struct relay *relay, bool are_all)
{
  int64_t now_us = clock_mono_us(clock_system());
  for (guint i = 0; i < relay->late->len;) {
    const struct relay_late *late = g_ptr_array_index(relay->late, i);
    if (!are_all && late->due_us > now_us) {
      i++;
      continue;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    if (relay_ask(relay, "POST", late->path, late->body, out) != 200) g_warning("late rows were refused");
    g_ptr_array_remove_index(relay->late, i);
  }
}

/* ---- what is asked ---- */

/* One row keeps all of them out; the others are told "stopped". */
static void rows_refuse(int64_t rows_n, int64_t refused, GString *out)
{
  g_string_assign(out, "{\"kind\":\"bigquery#tableDataInsertAllResponse\",\"insertErrors\":[");
  for (int64_t i = 0; i < rows_n; i++) {
    bool is_it = i == refused;
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_int(out, "index", i);
    json_append_key(out, "errors");
    g_string_append(out, "[{");
    json_append_str(out, "reason", is_it ? "invalid" : "stopped");
    json_append_str(out, "location", is_it ? "detail" : "");
    json_append_str(out, "message", is_it ? "no such field: detail." : "");
    g_string_append(out, "}]}");
  }
  g_string_append(out, "]}");
}

/* Takes rows off whose id this table has seen; returns how many are left. */
static int rows_drop(struct relay *relay, const struct relay_request *request, cJSON *rows)
{
  int at = 0;
  while (at < cJSON_GetArraySize(rows)) {
    const char *insert_id = json_string(cJSON_GetArrayItem(rows, at), "insertId");
    char *key = insert_id ? g_strconcat(request->subject, " ", insert_id, NULL) : NULL;
    bool is_known = key && relay->settings.is_dropping && g_hash_table_contains(relay->insert_ids, key);
    if (is_known)
      cJSON_DeleteItemFromArray(rows, at);
    else
      at++;
    if (key) g_hash_table_replace(relay->insert_ids, key, NULL);
  }
  return at;
}

void relay_insert_all(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                      struct relay_reply *reply)
{
  cJSON *rows = cJSON_GetObjectItemCaseSensitive(request->json, "rows");
  int rows_n = cJSON_GetArraySize(rows);
  bool is_refused = trouble->refused_row == -2 || (trouble->refused_row >= 0 && trouble->refused_row < rows_n);
  if (is_refused) {
    rows_refuse(rows_n, trouble->refused_row, reply->body);
    return;
  }
  if (rows_drop(relay, request, rows) == 0) {
    g_string_assign(reply->body, "{\"kind\":\"bigquery#tableDataInsertAllResponse\"}");
    return;
  }
  char *body = cJSON_PrintUnformatted(request->json);
  g_autoptr(GString) out = g_string_new("{\"kind\":\"bigquery#tableDataInsertAllResponse\"}");
  int64_t late_ms = MAX(relay->settings.late_ms, trouble->late_ms), status = 200;
  if (late_ms > 0) {
    late_keep(relay, request->path, body, late_ms);
  } else {
    g_string_truncate(out, 0);
    status = relay_ask(relay, "POST", request->path, body, out);
  }
  cJSON_free(body);
  reply->status = status == 0 ? 502 : (unsigned)status;
  g_string_assign(reply->body, out->str);
}
