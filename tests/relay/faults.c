/* What can go wrong, as a table; and the rules that say when. A rule is {"call", "fault", "skip", "count",
 * "probability", "seed", "params"}: call is "jobs.query:claim_verdicts", with '*' for anything. */
#include "base/random.h"
#include "relay.h"

#include <string.h>

struct fault_kind {
  const char *name;
  void (*apply)(struct trouble *trouble, const cJSON *params); /* NULL: it sets a flag, and no more */
  size_t flag;                                                 /* offset of a bool in struct trouble */
};

struct rule {
  const struct fault_kind *kind;
  char *call;
  int64_t skip, count; /* count -1: without end */
  double probability;
  struct rng rng;
  cJSON *params;
  int64_t matched_n, fired_n;
};

static int64_t number(const cJSON *params, const char *name, int64_t fallback)
{
  int64_t value = fallback;
  return json_int(params, name, &value) ? value : fallback;
}

static void words_take(struct trouble *trouble, const cJSON *params)
{
  const char *reason = json_string(params, "reason"), *message = json_string(params, "message");
  g_free(trouble->reason);
  g_free(trouble->message);
  trouble->reason = g_strdup(reason);
  trouble->message = g_strdup(message);
  (void)json_bool(params, "html", &trouble->is_html);
}

/* ---- kinds ---- */

static void status_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->status_before = number(params, "code", 503);
  words_take(trouble, params);
}

static void status_after_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->status_after = number(params, "code", 503);
  words_take(trouble, params);
}

static void job_failed_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->has_failed_job = true;
  trouble->statements_n = number(params, "statements", 0);
  words_take(trouble, params);
}

static void reset_after_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->cut_at = number(params, "at", 0);
  trouble->is_reset = true;
}

static void cut_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->cut_at = number(params, "at", 160);
}

static void delay_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->delay_before_ms += number(params, "before_ms", 0);
  trouble->delay_after_ms += number(params, "ms", 0);
}

static void unfinished_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->polls_n += number(params, "polls", 2);
}

static void late_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->late_ms = number(params, "ms", 1000);
}

static void refused_row_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->refused_row = number(params, "row", 0);
}

static void stopped_rows_apply(struct trouble *trouble, const cJSON *params)
{
  (void)params;
  trouble->refused_row = -2;
}

static void wrong_total_apply(struct trouble *trouble, const cJSON *params)
{
  trouble->total_by = number(params, "by", 1);
}

static void revoked_apply(struct trouble *trouble, const cJSON *params)
{
  (void)params;
  trouble->are_tokens_void = trouble->is_revoked = true;
}

#define FLAG(name) offsetof(struct trouble, name)

static const struct fault_kind kinds[] = {
    {"status", status_apply, 0},                   /* code, reason, message, html: refused, nothing is done */
    {"status_after", status_after_apply, 0},       /* the same; it was done */
    {"job_failed", job_failed_apply, 0},           /* reason, message, statements: so many of its script were done */
    {"reset_before", NULL, FLAG(is_reset_before)}, /* the connection is reset, nothing is done */
    {"reset_after", reset_after_apply, 0},         /* at: done; so many bytes of the answer, then a reset */
    {"cut", cut_apply, 0},               /* at: done; so many bytes of the answer, then the end of the connection */
    {"garbled", NULL, FLAG(is_garbled)}, /* done; the answer is no JSON */
    {"empty", NULL, FLAG(is_empty)},     /* done; the answer has no bytes */
    {"html", NULL, FLAG(is_html)},       /* done; the answer is a page of a proxy */
    {"delay", delay_apply, 0},           /* before_ms, ms */
    {"hold_before", NULL, FLAG(is_held_before)}, /* waits for POST /_relay/release, then works */
    {"hold", NULL, FLAG(is_held_after)},         /* works, then waits for POST /_relay/release */
    {"unfinished", unfinished_apply, 0},         /* polls: the job takes so many more questions */
    {"late", late_apply, 0},                     /* ms: rows of insertAll are taken, and seen so much later */
    {"refused_row", refused_row_apply, 0},       /* row: of insertAll; the others are stopped */
    {"stopped_rows", stopped_rows_apply, 0},     /* all rows of insertAll are stopped, none is the reason */
    {"wrong_total", wrong_total_apply, 0},       /* by: more rows than there are */
    {"no_job", NULL, FLAG(is_jobless)},          /* the answer names no job */
    {"same_page", NULL, FLAG(is_repeating)},     /* a page's token leads to the same page */
    {"expired", NULL, FLAG(are_tokens_void)},    /* all tokens are void from now on; new ones are given */
    {"revoked", revoked_apply, 0},               /* and no new ones are given */
};

static void kind_apply(const struct fault_kind *kind, struct trouble *trouble, const cJSON *params)
{
  if (kind->apply)
    kind->apply(trouble, params);
  else
    *(bool *)((char *)trouble + kind->flag) = true;
}

/* ---- rules ---- */

void rule_free(gpointer data)
{
  struct rule *rule = data;
  cJSON_Delete(rule->params);
  g_free(rule->call);
  g_free(rule);
}

static const struct fault_kind *kind_named(const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_strcmp0(kinds[i].name, name) == 0) return &kinds[i];
  return NULL;
}

bool faults_set(struct relay *relay, const cJSON *rules)
{
  const cJSON *item = NULL;
  g_ptr_array_set_size(relay->rules, 0);
  relay->is_revoked = false;
  cJSON_ArrayForEach(item, rules)
  {
    const struct fault_kind *kind = kind_named(json_string(item, "fault"));
    if (!kind) return false;
    struct rule *rule = g_new0(struct rule, 1);
    rule->kind = kind;
    rule->call = g_strdup(json_string(item, "call") ? json_string(item, "call") : "*");
    rule->skip = number(item, "skip", 0);
    rule->count = number(item, "count", -1);
    rule->probability = 1;
    (void)json_real(item, "probability", &rule->probability);
    rng_init(&rule->rng, (uint64_t)number(item, "seed", 1));
    rule->params = cJSON_Duplicate(json_get(item, "params"), true);
    g_ptr_array_add(relay->rules, rule);
  }
  return cJSON_IsArray(rules);
}

static bool rule_fires(struct rule *rule, const char *what)
{
  if (!g_pattern_match_simple(rule->call, what)) return false;
  bool is_skipped = rule->matched_n++ < rule->skip;
  bool is_spent = rule->count >= 0 && rule->fired_n >= rule->count;
  if (is_skipped || is_spent || rng_unit(&rule->rng) >= rule->probability) return false;
  rule->fired_n++;
  return true;
}

void faults_pick(struct relay *relay, const struct relay_request *request, struct trouble *trouble)
{
  g_autofree char *what = g_strconcat(request->call, ":", request->subject, NULL);
  for (guint i = 0; i < relay->rules->len; i++) {
    struct rule *rule = g_ptr_array_index(relay->rules, i);
    if (rule_fires(rule, what)) kind_apply(rule->kind, trouble, rule->params);
  }
  if (trouble->are_tokens_void) g_hash_table_remove_all(relay->tokens);
  if (trouble->is_revoked) relay->is_revoked = true;
}

void trouble_clear(struct trouble *trouble)
{
  g_clear_pointer(&trouble->reason, g_free);
  g_clear_pointer(&trouble->message, g_free);
}

void faults_append(const struct relay *relay, GString *out)
{
  g_string_append(out, "{\"rules\":[");
  for (guint i = 0; i < relay->rules->len; i++) {
    const struct rule *rule = g_ptr_array_index(relay->rules, i);
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_str(out, "call", rule->call);
    json_append_str(out, "fault", rule->kind->name);
    json_append_int(out, "matched", rule->matched_n);
    json_append_int(out, "fired", rule->fired_n);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
}

/* ---- spoilt answers ---- */

void faults_spoil(const struct trouble *trouble, struct relay_reply *reply)
{
  GString *body = reply->body;
  for (gsize i = MIN(3, body->len / 2); trouble->is_garbled && i < body->len; i += 11)
    body->str[i] = (char)0x81;
  if (trouble->is_empty) g_string_truncate(body, 0);
  if (!trouble->is_html) return;
  reply->content_type = "text/html";
  g_string_assign(body, "<html><body>Bad gateway</body></html>");
}
