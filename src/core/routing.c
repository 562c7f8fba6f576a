#include "core/routing.h"

#include <string.h>

/* ---- which campaigns are fed ---- */

static struct feed_decision refused(const char *word)
{
  return (struct feed_decision){.verdict = FEED_REFUSED, .refusal = word};
}

static struct feed_decision refused_alarmingly(const char *word)
{
  return (struct feed_decision){.verdict = FEED_REFUSED, .refusal = word, .is_alarming = true};
}

static struct feed_decision fed(enum feed_verdict verdict)
{
  return (struct feed_decision){.verdict = verdict};
}

/* Completed and "running subsequences" start new leads only after another activation, which we give only to campaigns
 * that we filled: somebody else's finished campaign is not ours to wake. */
static struct feed_decision decide_completed(const struct feed_input *input)
{
  bool may_activate = input->settings->on_completed == ON_COMPLETED_ACTIVATE && input->was_fed_before;
  return may_activate ? fed(FEED_AFTER_ACTIVATE) : refused("completed");
}

/* A pause that may be ours is neither fed nor ended: somebody has to look, whatever on_paused says. */
static struct feed_decision decide_paused(const struct feed_input *input)
{
  if (input->is_pause_unclear) return refused_alarmingly("pause_unclear");
  return input->settings->on_paused == ON_PAUSED_FEED || input->is_own_pause ? fed(FEED) : refused("paused");
}

static struct feed_decision decide_status(const struct feed_input *input)
{
  switch (input->status) {
  case CAMPAIGN_ACTIVE: return fed(FEED);
  case CAMPAIGN_DRAFT: return refused("draft");
  case CAMPAIGN_PAUSED: return decide_paused(input);
  case CAMPAIGN_COMPLETED:
  case CAMPAIGN_SUBSEQUENCES: return decide_completed(input);
  case CAMPAIGN_UNHEALTHY: return refused_alarmingly("unhealthy");
  case CAMPAIGN_BOUNCE_PROTECT: return refused_alarmingly("bounce_protect");
  case CAMPAIGN_SUSPENDED: return refused_alarmingly("suspended");
  default: return refused_alarmingly("unknown_status");
  }
}

struct feed_decision feed_decide(const struct feed_input *input)
{
  if (input->is_on_hold) return refused("hold");
  if (input->is_stopped_for_bounces) return refused_alarmingly("bounces");
  struct feed_decision decision = decide_status(input);
  if (decision.verdict == FEED_REFUSED) return decision;
  return input->has_tag_without_source ? refused("tag_without_source") : decision;
}

/* ---- how much ---- */

struct room feed_room(const struct room_input *input)
{
  struct room room = {.n = SETTING_UNLIMITED, .verdict = VERDICT_DEFERRED_MAX_PER_DAY};
  if (input->max_per_day != SETTING_UNLIMITED) {
    room.n = MAX(0, input->max_per_day - MAX(input->claimed_today, input->counts.claimed_today));
  }
  bool is_canary = input->canary > 0 && input->canary != SETTING_UNLIMITED && input->counts.ever_contacted == 0;
  int64_t canary_room = is_canary ? MAX(0, input->canary - input->counts.ever_fed) : SETTING_UNLIMITED;
  if (canary_room < room.n) room = (struct room){.n = canary_room, .verdict = VERDICT_DEFERRED_CANARY};
  return room;
}

int64_t plan_room(const struct plan_details *plan, int64_t reserve_percent)
{
  if (plan->lead_limit < 0 || plan->lead_count < 0) return -1;
  int64_t percent = CLAMP(reserve_percent, 0, 100);
  int64_t reserve = plan->lead_limit / 100 * percent + (plan->lead_limit % 100 * percent + 99) / 100;
  return MAX(0, plan->lead_limit - reserve - plan->lead_count);
}

/* ---- merge tags ---- */

/* Instantly's core tags, the field that fills each, and the column that does so when the field is not mapped. */
static const struct {
  const char *tag;
  const char *field;
  const char *column;
} core_tags[] = {
    {"email", "email", "email"},
    {"firstName", "first_name", "first_name"},
    {"lastName", "last_name", "last_name"},
    {"companyName", "company_name", "company_name"},
    {"personalization", "personalization", NULL},
    {"website", "website", NULL},
    {"phone", "phone", NULL},
    {"jobTitle", "job_title", NULL},
};

/* Tags that Instantly fills itself, from the sending account, the campaign or the date; `leadferry` is our stamp. */
static const char *const builtin_tags[] = {
    "unsubscribe_link",        "unsubscribe_url",        "unsubscribe",
    "accountSignature",        "sendingAccountName",     "sendingAccountEmail",
    "sendingAccountFirstName", "sendingAccountLastName", "sendingAccountDomain",
    "account_signature",       "campaignName",           "leadferry",
};

static bool is_column(const char *source)
{
  static const char *const columns[] = {"lead_id", "email", "first_name", "last_name", "company_name"};
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    if (strcmp(columns[i], source) == 0) return true;
  }
  return false;
}

static struct tag_source from_source(const char *source)
{
  return (struct tag_source){.source = source, .is_column = is_column(source)};
}

/* The source mapped to this target, or NULL. */
static const char *mapped_source(const GArray *mappings, const char *target)
{
  for (guint i = 0; mappings && i < mappings->len; i++) {
    const struct field_mapping *mapping = &g_array_index(mappings, struct field_mapping, i);
    if (strcmp(mapping->target, target) == 0) return mapping->source;
  }
  return NULL;
}

struct tag_source tag_source_of(const char *tag, const struct export_settings *settings)
{
  const char *variable = mapped_source(settings->custom_variables, tag);
  if (variable) return from_source(variable);
  for (size_t i = 0; i < G_N_ELEMENTS(core_tags); i++) {
    if (strcmp(core_tags[i].tag, tag) != 0) continue;
    const char *field = mapped_source(settings->fields, core_tags[i].field);
    const char *source = field ? field : core_tags[i].column;
    return source ? from_source(source) : (struct tag_source){0};
  }
  for (size_t i = 0; i < G_N_ELEMENTS(builtin_tags); i++) {
    if (strcmp(builtin_tags[i], tag) == 0) return (struct tag_source){.is_builtin = true};
  }
  return (struct tag_source){0};
}

/* A blank as it stands in a step's body: white space, or the entities that editors put for one. Returns its length. */
static size_t blank_length(const char *text, const char *end)
{
  static const char *const blanks[] = {" ", "\t", "\r", "\n", "&nbsp;", "&#160;", "\xc2\xa0"};
  for (size_t i = 0; i < G_N_ELEMENTS(blanks); i++) {
    size_t length = strlen(blanks[i]);
    if ((size_t)(end - text) >= length && memcmp(text, blanks[i], length) == 0) return length;
  }
  return 0;
}

static char *trimmed(const char *start, const char *end)
{
  for (size_t n = blank_length(start, end); n > 0; n = blank_length(start, end)) {
    start += n;
  }
  const char *last = start; /* one past the last byte that is no blank */
  for (const char *at = start; at < end;) {
    size_t n = blank_length(at, end);
    at += n > 0 ? n : 1;
    if (n == 0) last = at;
  }
  return g_strndup(start, (gsize)(last - start));
}

static void tag_free(gpointer data)
{
  struct merge_tag *tag = data;
  g_free(tag->name);
  g_free(tag);
}

/* Takes name. */
static void tag_add(GPtrArray *tags, char *name, bool has_fallback)
{
  for (guint i = 0; i < tags->len; i++) {
    struct merge_tag *tag = g_ptr_array_index(tags, i);
    if (strcmp(tag->name, name) != 0) continue;
    tag->has_fallback = tag->has_fallback && has_fallback;
    g_free(name);
    return;
  }
  struct merge_tag *tag = g_new0(struct merge_tag, 1);
  *tag = (struct merge_tag){.name = name, .has_fallback = has_fallback};
  g_ptr_array_add(tags, tag);
}

/* What stands between the braces: name, or name|fallback. Spintax ({{RANDOM | a | b}}) is a choice, not a tag. */
static void collect_one(const char *start, const char *end, GPtrArray *tags)
{
  const char *bar = memchr(start, '|', (size_t)(end - start));
  g_autofree char *name = trimmed(start, bar ? bar : end);
  if (name[0] == '\0' || strcmp(name, "RANDOM") == 0) return;
  tag_add(tags, g_steal_pointer(&name), bar != NULL);
}

/* Tags may stand inside spintax, {{RANDOM | Hi {{firstName}} | Hello}}: the innermost braces are read. */
void merge_tags_collect(const char *text, GPtrArray *tags)
{
  if (!text) return;
  g_ptr_array_set_free_func(tags, tag_free);
  const char *open = strstr(text, "{{");
  while (open) {
    const char *start = open + 2;
    while (*start == '{') {
      start++;
    }
    const char *close = strstr(start, "}}");
    if (!close) return;
    const char *inner = strstr(start, "{{");
    bool is_innermost = !inner || inner > close;
    if (is_innermost) collect_one(start, close, tags);
    open = is_innermost ? strstr(close + 2, "{{") : inner;
  }
}
