#include "audit.h"

#include "blocklist.h"
#include "fields.h"
#include "render.h"
#include "store.h"

#include <string.h>

static const char *const kind_names[HISTORY_KINDS_N] = {
    [HISTORY_CREATED_API] = "created",
    [HISTORY_CREATED_OTHER] = "created_by_other",
    [HISTORY_SENT] = "sent",
    [HISTORY_SENT_SUBSEQUENCE] = "sent_subsequence",
    [HISTORY_UNSUBSCRIBED] = "unsubscribed",
    [HISTORY_REPLIED] = "replied",
    [HISTORY_AUTO_REPLIED] = "auto_replied",
    [HISTORY_BLOCKED] = "block_listed",
    [HISTORY_BOUNCED] = "bounced",
    [HISTORY_DELETED_API] = "deleted",
    [HISTORY_DELETED_OTHER] = "deleted_by_other",
    [HISTORY_MOVED] = "moved",
    [HISTORY_STOPPED] = "stopped",
    [HISTORY_STOPPED_ANSWER] = "stopped_by_answer",
};

static void history_add(struct world *world, struct person *person, const struct history *entry)
{
  struct history added = *entry;
  added.person = person;
  added.at_ms = world->now_ms;
  added.next = person->history;
  g_array_append_val(world->history, added);
  person->history = world->history->len;
}

void audit_note(struct world *world, struct person *person, enum history_kind kind, uint16_t campaign)
{
  history_add(world, person, &(struct history){.kind = (uint8_t)kind, .campaign = campaign});
}

void audit_stop(struct world *world, struct person *person, enum history_kind kind, uint16_t campaign)
{
  if (person->stopped_ms == 0) person->stopped_ms = world->now_ms;
  audit_note(world, person, kind, campaign);
}

void audit_created(struct world *world, const struct lead *lead)
{
  struct person *person = lead->person;
  bool is_api = lead->upload == UPLOAD_API;
  if (is_api) world->totals.created_by_api++;
  if (!is_api) world->totals.created_by_others++;
  if (person == NULL) return;
  if (is_api && person->api_created_n > 0) world->totals.created_twice++;
  if (is_api) person->api_created_n++;
  audit_note(world, person, is_api ? HISTORY_CREATED_API : HISTORY_CREATED_OTHER, lead->campaign);
}

static bool has_history(const struct world *world, const struct person *person, uint32_t kinds)
{
  for (uint32_t i = person->history; i != 0;) {
    const struct history *entry = &g_array_index(world->history, struct history, i - 1);
    if ((kinds >> entry->kind) & 1) return true;
    i = entry->next;
  }
  return false;
}

/* More than an answer: not even a subsequence may go on. */
static bool has_unsubscribed(const struct world *world, const struct person *person)
{
  return has_history(world, person, 1U << HISTORY_UNSUBSCRIBED | 1U << HISTORY_BLOCKED | 1U << HISTORY_STOPPED);
}

/* An address that bounced is as good as stopped: whoever takes its other rows out does right. */
static bool is_stopped(const struct world *world, const struct person *person)
{
  return person != NULL &&
         (person->stopped_ms != 0 || blocklist_has(world, person) || has_history(world, person, 1U << HISTORY_BOUNCED));
}

void audit_sent(struct world *world, const struct lead *lead, uint8_t step, bool is_subsequence)
{
  struct person *person = lead->person;
  enum history_kind kind = is_subsequence ? HISTORY_SENT_SUBSEQUENCE : HISTORY_SENT;
  bool is_late =
      person->stopped_ms != 0 && world->now_ms > person->stopped_ms + world->config->stop_grace_s * SECOND_MS;
  world->totals.mails_sent++;
  if (is_late && (!is_subsequence || has_unsubscribed(world, person))) world->totals.mailed_after_stop++;
  history_add(world, person, &(struct history){.kind = (uint8_t)kind, .campaign = lead->campaign, .step = step});
}

/* Does the row carry the mark of the client under test? */
static bool is_own(const struct world *world, const struct lead *lead)
{
  if (world->config->stamp == NULL) return lead->upload == UPLOAD_API;
  const char *variables = texts_get(lead->texts, TEXT_VARIABLES);
  if (variables == NULL) return false;
  g_autofree char *key = g_strdup_printf("\"%s\":", world->config->stamp);
  const char *found = strstr(variables, key);
  return found != NULL && (found == variables || found[-1] == ',');
}

void audit_deleted(struct world *world, const struct lead *lead, bool is_by_api)
{
  if (lead->person != NULL)
    audit_note(world, lead->person, is_by_api ? HISTORY_DELETED_API : HISTORY_DELETED_OTHER, lead->campaign);
  if (!is_by_api) {
    world->totals.deleted_by_others++;
    return;
  }
  bool is_open = lead->status == LEAD_ACTIVE || lead->status == LEAD_PAUSED;
  world->totals.deleted++;
  if (is_open && lead->contacted_ms != 0 && !is_stopped(world, lead->person)) world->totals.deleted_unfinished++;
  if (!is_own(world, lead)) world->totals.deleted_foreign++;
  if (lead->replies_n > lead->auto_replies_n) world->totals.deleted_replied++;
  if (lead->sub_due_ms != 0) world->totals.subsequence_cut++;
}

void audit_subsequence_removed(struct world *world)
{
  world->totals.subsequence_removed++;
}

static void totals_append(const struct audit_totals *totals, GString *out)
{
  g_string_append_c(out, '{');
  json_append_int(out, "created_by_api", totals->created_by_api);
  json_append_int(out, "created_by_others", totals->created_by_others);
  json_append_int(out, "created_twice", totals->created_twice);
  json_append_int(out, "mails_sent", totals->mails_sent);
  json_append_int(out, "mailed_after_stop", totals->mailed_after_stop);
  json_append_int(out, "deleted", totals->deleted);
  json_append_int(out, "deleted_unfinished", totals->deleted_unfinished);
  json_append_int(out, "deleted_foreign", totals->deleted_foreign);
  json_append_int(out, "deleted_replied", totals->deleted_replied);
  json_append_int(out, "deleted_by_others", totals->deleted_by_others);
  json_append_int(out, "subsequence_cut", totals->subsequence_cut);
  json_append_int(out, "subsequence_removed", totals->subsequence_removed);
  g_string_append_c(out, '}');
}

static void history_append(const struct world *world, const struct history *entry, GString *out)
{
  const struct campaign *campaign = store_campaign_at(world, entry->campaign);
  g_string_append_c(out, '{');
  json_append_str(out, "event", kind_names[entry->kind]);
  render_time(out, "at", entry->at_ms);
  render_uuid(out, "campaign", campaign == NULL ? NULL : &campaign->id);
  if (entry->kind == HISTORY_SENT || entry->kind == HISTORY_SENT_SUBSEQUENCE) json_append_int(out, "step", entry->step);
  g_string_append_c(out, '}');
}

static void person_append(const struct world *world, const struct person *person, GString *out)
{
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (uint32_t i = person->history; i != 0; i = g_array_index(world->history, struct history, i - 1).next)
    g_array_append_val(entries, i);
  g_string_append_c(out, '{');
  json_append_str(out, "email", person->email);
  json_append_int(out, "created", person->api_created_n);
  render_time(out, "stopped_at", person->stopped_ms);
  json_append_key(out, "events");
  g_string_append_c(out, '[');
  for (guint i = entries->len; i > 0; i--) {
    if (i < entries->len) g_string_append_c(out, ',');
    uint32_t index = g_array_index(entries, uint32_t, i - 1);
    history_append(world, &g_array_index(world->history, struct history, index - 1), out);
  }
  g_string_append(out, "]}");
}

void audit_append(const struct world *world, GString *out, bool totals_only)
{
  g_string_append(out, "{\"totals\":");
  totals_append(&world->totals, out);
  if (!totals_only) {
    g_string_append(out, ",\"addresses\":[");
    for (guint i = 0; i < world->people->len; i++) {
      const struct person *person = world->people->pdata[i];
      if (person->history == 0) continue;
      if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
      person_append(world, person, out);
    }
    g_string_append_c(out, ']');
  }
  g_string_append_c(out, '}');
}
