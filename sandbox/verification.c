#include "verification.h"

#include "blocklist.h"
#include "handlers.h"
#include "incoming.h"
#include "jobs.h"
#include "outcome.h"
#include "store.h"

#include <string.h>

const struct field verification_fields[] = {
    {"email", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"webhook_url", FIELD_STRING, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

#define CREDITS_EACH 0.25

/* One address that was asked about. */
struct verification {
  int64_t ready_ms;
  int64_t ready_wire_us;
  bool is_valid;
  bool is_catch_all;
};

struct import {
  GPtrArray *rows;
  struct job *job;
};

GHashTable *verifications_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* 1 valid, -1 invalid, -2 risky, -3 catch-all; by the address alone. */
static int8_t verdict_of(const struct world *world, const char *email)
{
  double draw = hash_unit(hash_text(hash_mix(world->seed, PURPOSE_VERIFY), email));
  if (draw < 0.03) return -1;
  if (draw < 0.05) return -2;
  return draw < 0.08 ? -3 : 1;
}

static void import_run(struct world *world, void *data)
{
  struct import *import = data;
  for (guint i = 0; i < import->rows->len; i++) {
    struct lead *lead = import->rows->pdata[i];
    struct campaign *campaign = store_campaign_at(world, lead->campaign);
    if (lead->is_gone || lead->person == NULL) continue;
    lead->is_verifying = false;
    lead->verification = verdict_of(world, lead->person->email);
    lead->updated_ms = world->now_ms;
    bool is_risky = lead->verification < -1 && (campaign == NULL || !campaign->allow_risky);
    if (campaign != NULL && (lead->verification == -1 || is_risky)) lead->status = LEAD_SKIPPED;
    if (campaign != NULL && lead->status == LEAD_ACTIVE) g_ptr_array_add(campaign->fresh, lead);
  }
  job_finish(world, import->job);
}

static void import_free(void *data)
{
  struct import *import = data;
  g_ptr_array_free(import->rows, TRUE);
  g_free(import);
}

void verification_import(struct world *world, const struct campaign *campaign, const struct list *list, GPtrArray *rows)
{
  struct import *import = g_new0(struct import, 1);
  const struct uuid *entity = campaign != NULL ? &campaign->id : list != NULL ? &list->id : NULL;
  const char *entity_type = campaign != NULL ? "campaign" : list != NULL ? "list" : "workspace";
  import->rows = rows;
  import->job = job_new(world, "import-leads", entity_type, entity);
  world->credits -= CREDITS_EACH * rows->len;
  world_later(world, world->config->verify_s,
              &(struct effect){.run = import_run, .free_data = import_free, .data = import});
}

static void answer_append(struct world *world, const char *email, const struct verification *verification, GString *out)
{
  bool is_ready = world_is_past(world, verification->ready_ms, verification->ready_wire_us);
  g_string_append_c(out, '{');
  json_append_str(out, "email", email);
  json_append_str(out, "status", "success");
  json_append_str(out, "verification_status", !is_ready ? "pending" : verification->is_valid ? "verified" : "invalid");
  if (is_ready) {
    json_append_bool(out, "catch_all", verification->is_catch_all);
  } else {
    json_append_str(out, "catch_all", "pending");
  }
  json_append_key(out, "credits");
  g_string_append_printf(out, "%.2f", world->credits);
  json_append_key(out, "credits_used");
  g_string_append_printf(out, "%.2f", CREDITS_EACH);
  g_string_append_c(out, '}');
}

void verification_handle(struct world *world, const struct request *request, struct reply *reply)
{
  char email[EMAIL_BYTES];
  if (!incoming_email(json_string(request->json, "email"), email)) {
    reply_error(reply, 400, "Invalid email");
    return;
  }
  if (world->credits < CREDITS_EACH) {
    reply_error(reply, 402, "Not enough verification credits");
    return;
  }
  world->credits -= CREDITS_EACH;
  struct verification *verification = g_new0(struct verification, 1);
  int8_t verdict = verdict_of(world, email);
  /* A fifth of the addresses takes longer than the ten seconds that the call waits for. */
  int64_t wait_s = hash_text(world->seed, email) % 5 == 0 ? 15 : 0;
  verification->ready_ms = world->now_ms + wait_s * SECOND_MS;
  verification->ready_wire_us = world_wire_us(world) + wait_s * 1000000;
  verification->is_valid = verdict != -1;
  verification->is_catch_all = verdict == -3;
  g_hash_table_insert(world->verifications, g_strdup(email), verification);
  answer_append(world, email, verification, reply->body);
}

void verification_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  char email[EMAIL_BYTES];
  if (!incoming_email(request_param(request, 0), email)) {
    reply_error(reply, 400, "params/email must match format \"email\"");
    return;
  }
  const struct verification *verification = g_hash_table_lookup(world->verifications, email);
  if (verification == NULL) {
    reply_not_found(reply);
    return;
  }
  answer_append(world, email, verification, reply->body);
}
