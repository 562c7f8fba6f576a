/* What changes or removes leads that exist. */
#include "instantly/private.h"

#include "instantly/leads.h"

#include <string.h>

/* The mass-deletion hazard (lessons A5): without ids, both calls act on the whole campaign. */
static bool check_selection(const struct lead_selection *leads, GError **error)
{
  if (leads->ids_n == 0 || leads->ids_n > IDS_MAX_N) {
    error_set(error, ERROR_UNSAFE, "refused to change leads without ids, or more than %d at once (%zu given)",
              IDS_MAX_N, leads->ids_n);
    return false;
  }
  bool is_good = client_check_id(leads->campaign_id, error);
  for (size_t i = 0; i < leads->ids_n && is_good; i++) {
    is_good = client_check_id(leads->ids[i], error);
  }
  return is_good;
}

bool leads_delete(struct instantly *instantly, const struct lead_selection *leads, int64_t *count, GError **error)
{
  if (!check_selection(leads, error)) return false;
  struct leads_delete_body body = {
      .campaign_id = leads->campaign_id, .ids = {leads->ids, leads->ids_n}, .limit = (int64_t)leads->ids_n};
  struct ask ask = {.endpoint = ENDPOINT_LEADS_DELETE, .body_source = &body};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  ask_clear(&ask);
  if (!tree) return false;
  int64_t found = -1;
  if (!json_int(tree, "count", &found) || found < 0) {
    error_set(error, ERROR_CORRUPT, "DELETE /api/v2/leads: the answer has no count");
    return false;
  }
  if (found > (int64_t)leads->ids_n) {
    error_set(error, ERROR_UNSAFE,
              "DELETE /api/v2/leads says that it deleted %" G_GINT64_FORMAT " leads of %zu asked for", found,
              leads->ids_n);
    return false;
  }
  if (count) *count = found;
  return true;
}

/* ---- background jobs ---- */

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED };

/* Official sample code also waits for "completed" and "error"; an unknown word is "not yet" (instantly-api 6.2). */
static enum job_state job_state_of(const char *status)
{
  static const struct {
    const char *word;
    enum job_state state;
  } words[] = {
      {"success", JOB_DONE}, {"completed", JOB_DONE},   {"failed", JOB_FAILED},
      {"error", JOB_FAILED}, {"cancelled", JOB_FAILED},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (g_strcmp0(words[i].word, status) == 0) return words[i].state;
  }
  return JOB_RUNNING;
}

static bool job_read(struct client *client, const char *id, enum job_state *state, GError **error)
{
  struct ask ask = {.endpoint = ENDPOINT_JOB_GET, .id = id};
  bool is_done = client_ask(client, &ask, error);
  g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  ask_clear(&ask);
  if (tree) *state = job_state_of(json_string(tree, "status"));
  return tree != NULL;
}

static bool job_wait(struct client *client, const char *id, GError **error)
{
  const struct clock *clock = net_clock(client->net);
  int64_t deadline_mono_us = clock_mono_us(clock) + JOB_DEADLINE_US;
  enum job_state state = JOB_RUNNING;
  while (job_read(client, id, &state, error)) {
    if (state == JOB_DONE) return true;
    if (state == JOB_FAILED) {
      error_set(error, ERROR_TRANSIENT, "Instantly's background job failed; what it did is not known");
      return false;
    }
    bool may_wait = clock_mono_us(clock) < deadline_mono_us && net_wait(client->net, JOB_POLL_US);
    if (may_wait) continue;
    error_set(error, ERROR_TRANSIENT, "Instantly's background job had not ended after %d s",
              (int)(JOB_DEADLINE_US / SECOND_US));
    return false;
  }
  return false;
}

/* One transmission: an answer that did not come leaves the end unknown, and the next run reads the leads again. */
bool leads_move(struct instantly *instantly, const struct lead_selection *leads, const char *to_list_id, GError **error)
{
  struct client *client = client_of(instantly);
  if (!check_selection(leads, error) || !client_check_id(to_list_id, error)) return false;
  struct leads_move_body body = {.campaign = leads->campaign_id,
                                 .ids = {leads->ids, leads->ids_n},
                                 .to_list_id = to_list_id,
                                 .limit = (int64_t)leads->ids_n};
  struct ask ask = {.endpoint = ENDPOINT_LEADS_MOVE, .body_source = &body};
  bool is_done = client_ask(client, &ask, error);
  g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  ask_clear(&ask);
  if (!tree) return false;
  const char *id = json_string(tree, "id");
  if (!id) {
    error_set(error, ERROR_TRANSIENT, "POST /api/v2/leads/move: the answer names no background job");
    return false;
  }
  return job_state_of(json_string(tree, "status")) == JOB_DONE || job_wait(client, id, error);
}

/* ---- one lead ---- */

bool subsequence_remove(struct instantly *instantly, const char *lead_id, GError **error)
{
  if (!client_check_id(lead_id, error)) return false;
  struct lead_id_body body = {.id = lead_id};
  struct ask ask = {.endpoint = ENDPOINT_SUBSEQUENCE_REMOVE, .body_source = &body};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  ask_clear(&ask);
  return tree != NULL;
}

/* Reads a lead out of an answered ask into page as its only row; it must be the one asked for. */
static bool read_lead(struct ask *ask, const char *id, struct page *page, GError **error)
{
  g_autoptr(cJSON) tree = answer_parse(ask->call.answer->str, ask->call.answer->len, error);
  struct remote_lead row;
  page_reset(page);
  if (!tree || !parse_lead(tree, page, &row, error)) return false;
  if (g_ascii_strcasecmp(row.id, id) != 0) {
    error_set(error, ERROR_CORRUPT, "%s %s: the answer shows another lead", ask->call.method, ask->call.route);
    return false;
  }
  g_array_append_val(page->rows, row);
  return true;
}

bool instantly_lead_get(struct instantly *instantly, const char *id, struct page *page, GError **error)
{
  struct ask ask = {.endpoint = ENDPOINT_LEAD_GET, .id = id};
  bool is_done = client_ask(client_of(instantly), &ask, error) && read_lead(&ask, id, page, error);
  ask_clear(&ask);
  return is_done;
}

bool instantly_lead_patch(struct instantly *instantly, const char *id, const struct lead_patch_body *changes,
                          struct page *page, GError **error)
{
  struct ask ask = {.endpoint = ENDPOINT_LEAD_PATCH, .id = id, .body_source = changes};
  bool is_done = client_ask(client_of(instantly), &ask, error) && read_lead(&ask, id, page, error);
  ask_clear(&ask);
  return is_done;
}

/* 200 with the lead that was, or 404: it is gone either way (lessons C26). */
bool instantly_lead_delete(struct instantly *instantly, const char *id, GError **error)
{
  g_autoptr(GError) own = NULL;
  struct ask ask = {.endpoint = ENDPOINT_LEAD_DELETE, .id = id};
  bool is_done = client_ask(client_of(instantly), &ask, &own) || error_is(own, ERROR_NOT_FOUND);
  ask_clear(&ask);
  if (!is_done) g_propagate_error(error, g_steal_pointer(&own));
  return is_done;
}
