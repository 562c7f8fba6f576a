/* What a test asks for, under /_relay/: reset, settings, faults, release, show, requests. */
#include "relay.h"

#include <string.h>

void relay_reset(struct relay *relay)
{
  relay->settings = (struct relay_settings){.token_s = 3600, .buffer_age_s = -1};
  g_ptr_array_set_size(relay->rules, 0);
  g_hash_table_remove_all(relay->requests);
  g_hash_table_remove_all(relay->jobs);
  g_hash_table_remove_all(relay->insert_ids);
  g_ptr_array_set_size(relay->late, 0);
  g_hash_table_remove_all(relay->tokens);
  g_string_truncate(relay->log, 0);
  relay->log_n = relay->bytes_billed = 0;
  relay->is_revoked = false;
  relay->releases_n++;
  pthread_cond_broadcast(&relay->released);
}

void relay_note(struct relay *relay, const struct relay_request *request, int64_t status)
{
  g_autofree char *what = g_strconcat(request->call, ":", request->subject, NULL);
  if (relay->log_n++ > 0) g_string_append_c(relay->log, ',');
  g_string_append_c(relay->log, '{');
  json_append_str(relay->log, "call", what);
  json_append_int(relay->log, "status", status);
  g_string_append_c(relay->log, '}');
}

static void settings_read(struct relay_settings *settings, const cJSON *json)
{
  (void)json_int(json, "page_rows", &settings->page_rows);
  (void)json_bool(json, "empty_pages", &settings->has_empty_pages);
  (void)json_int(json, "polls", &settings->polls_n);
  (void)json_bool(json, "dropping", &settings->is_dropping);
  (void)json_bool(json, "tokens", &settings->wants_tokens);
  (void)json_int(json, "token_s", &settings->token_s);
  (void)json_int(json, "buffer_age_s", &settings->buffer_age_s);
  (void)json_int(json, "date_step_s", &settings->date_step_s);
  (void)json_int(json, "late_ms", &settings->late_ms);
}

static void requests_append(const struct relay *relay, GString *out)
{
  g_string_append_c(out, '{');
  json_append_int(out, "held", relay->held_n);
  json_append_int(out, "late", relay->late->len);
  json_append_int(out, "jobs", g_hash_table_size(relay->jobs));
  json_append_int(out, "bytes_billed", relay->bytes_billed);
  json_append_int(out, "tokens", relay->tokens_n);
  json_append_key(out, "requests");
  g_string_append_printf(out, "[%s]}", relay->log->str);
}

void relay_control(struct relay *relay, const struct relay_request *request, struct relay_reply *reply)
{
  const char *what = request->path + strlen("/_relay/");
  bool is_known = true;
  if (strcmp(what, "reset") == 0)
    relay_reset(relay);
  else if (strcmp(what, "settings") == 0)
    settings_read(&relay->settings, request->json);
  else if (strcmp(what, "faults") == 0 && request->json)
    is_known = faults_set(relay, request->json);
  else if (strcmp(what, "faults") == 0)
    faults_append(relay, reply->body);
  else if (strcmp(what, "requests") == 0)
    requests_append(relay, reply->body);
  else if (strcmp(what, "show") == 0)
    relay_late_show(relay, true);
  else if (strcmp(what, "release") == 0) {
    relay->releases_n++;
    pthread_cond_broadcast(&relay->released);
  } else
    is_known = false;
  if (!is_known) reply->status = 404;
  if (reply->body->len == 0) g_string_assign(reply->body, "{}");
}
