#include "warehouse/brake_json.h"

#include "base/error.h"
#include "base/json.h"

#include <stddef.h>

struct member {
  const char *name;
  size_t offset;
};

static const struct member texts[] = {
    {"person", offsetof(struct brake, stop.person)},
    {"domain", offsetof(struct brake, stop.domain)},
    {"stop_reason", offsetof(struct brake, stop.reason)},
    {"stop_source", offsetof(struct brake, stop.source)},
    {"stop_actor", offsetof(struct brake, stop.actor)},
    {"stop_run_id", offsetof(struct brake, stop.run_id)},
    {"hold_campaign_id", offsetof(struct brake, campaign_id)},
    {"reason", offsetof(struct brake, reason)},
    {"actor", offsetof(struct brake, actor)},
    {"event_reason", offsetof(struct brake, event.reason)},
    {"lead_id", offsetof(struct brake, event.lead_id)},
    {"event_person", offsetof(struct brake, event.person)},
    {"campaign_id", offsetof(struct brake, event.campaign_id)},
    {"instantly_id", offsetof(struct brake, event.instantly_id)},
    {"claim_id", offsetof(struct brake, event.claim_id)},
    {"run_id", offsetof(struct brake, event.run_id)},
    {"detail", offsetof(struct brake, event.detail)},
};

static const struct member numbers[] = {
    {"created_at_us", offsetof(struct brake, stop.created_at_us)},
    {"expires_at_us", offsetof(struct brake, stop.expires_at_us)},
    {"allow_hit", offsetof(struct brake, stop.allow_hit)},
    {"at_us", offsetof(struct brake, at_us)},
    {"limit", offsetof(struct brake, limit)},
    {"attempt", offsetof(struct brake, event.attempt)},
    {"generation", offsetof(struct brake, event.generation)},
    {"epoch", offsetof(struct brake, event.epoch)},
    {"occurred_at_us", offsetof(struct brake, event.occurred_at_us)},
};

static const char *const kinds[] = {
    [BRAKE_SUPPRESS] = "suppress", [BRAKE_REVOKE] = "revoke", [BRAKE_HOLD] = "hold",
    [BRAKE_UNHOLD] = "unhold",     [BRAKE_EVENT] = "event",   [BRAKE_RETRY] = "retry",
};

void brake_append_line(GString *out, const struct brake *brake)
{
  g_string_append_c(out, '{');
  json_append_str(out, "brake", kinds[brake->kind]);
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    const char *text = *(const char *const *)(const void *)((const char *)brake + texts[i].offset);
    if (text) json_append_str(out, texts[i].name, text);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
    int64_t number = *(const int64_t *)(const void *)((const char *)brake + numbers[i].offset);
    if (number) json_append_int(out, numbers[i].name, number);
  }
  if (brake->kind == BRAKE_EVENT) {
    json_append_int(out, "event_kind", brake->event.kind);
    json_append_int(out, "event_fact", brake->event.fact);
  }
  g_string_append(out, "}\n");
}

static enum brake_kind kind_of(const char *name)
{
  for (size_t i = 1; name && i < G_N_ELEMENTS(kinds); i++)
    if (g_str_equal(kinds[i], name)) return (enum brake_kind)i;
  return (enum brake_kind)0;
}

/* Does the brake have what its kind cannot do without? */
static bool is_whole(const struct brake *brake)
{
  switch (brake->kind) {
  case BRAKE_SUPPRESS: return (!brake->stop.person != !brake->stop.domain) && brake->stop.reason;
  case BRAKE_REVOKE: return !brake->stop.person + !brake->stop.domain + !brake->stop.run_id == 2;
  case BRAKE_HOLD: return brake->reason != NULL;
  case BRAKE_UNHOLD:
  case BRAKE_RETRY: return true;
  case BRAKE_EVENT: return brake->event.lead_id && event_kind_name(brake->event.kind);
  }
  return false;
}

bool brake_parse_line(const char *line, size_t length, GStringChunk *text, struct brake *brake, GError **error)
{
  g_autoptr(cJSON) root = json_parse(line, length, error);
  if (!root) return false;
  *brake = (struct brake){.kind = kind_of(json_string(root, "brake"))};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    const char *value = json_string(root, texts[i].name);
    if (value) *(const char **)(void *)((char *)brake + texts[i].offset) = g_string_chunk_insert(text, value);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    json_int(root, numbers[i].name, (int64_t *)(void *)((char *)brake + numbers[i].offset));
  int64_t event_kind = 0, event_fact = 0;
  json_int(root, "event_kind", &event_kind);
  json_int(root, "event_fact", &event_fact);
  brake->event.kind = (enum event_kind)event_kind;
  brake->event.fact = (enum status_fact)event_fact;
  if (is_whole(brake)) return true;
  error_set(error, ERROR_CORRUPT, "a line that is no brake");
  return false;
}
