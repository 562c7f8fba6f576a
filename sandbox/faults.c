#include "faults.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

struct fault {
  const struct fault_kind *kind;
  char *endpoint;
  double probability;
  int64_t count; /* -1: without end */
  int64_t skip;
  int64_t seed;
  cJSON *params;
  int64_t matched_n;
  int64_t fired_n;
};

struct faults {
  GPtrArray *rules;
};

static void fault_free(gpointer data)
{
  struct fault *fault = data;
  cJSON_Delete(fault->params);
  g_free(fault->endpoint);
  g_free(fault);
}

struct faults *faults_new(void)
{
  struct faults *faults = g_new0(struct faults, 1);
  faults->rules = g_ptr_array_new_with_free_func(fault_free);
  return faults;
}

void faults_free(struct faults *faults)
{
  if (faults == NULL) return;
  g_ptr_array_free(faults->rules, TRUE);
  g_free(faults);
}

void faults_clear(struct faults *faults)
{
  g_ptr_array_set_size(faults->rules, 0);
}

static const struct fault_kind *kind_find(const char *name, GError **error)
{
  g_autofree const char **names = g_new(const char *, fault_kinds_n);
  for (size_t i = 0; i < fault_kinds_n; i++) {
    names[i] = fault_kinds[i].name;
    if (g_strcmp0(name, names[i]) == 0) return &fault_kinds[i];
  }
  const char *near = name == NULL ? NULL : text_nearest(name, names, fault_kinds_n);
  error_set(error, ERROR_CONFIG, "\"fault\" must be one of GET /_sandbox/faults%s%s", near ? "; nearest: " : "",
            near ? near : "");
  return NULL;
}

static bool keys_check(const cJSON *rule, GError **error)
{
  static const char *const keys[] = {"endpoint", "fault", "probability", "count", "skip", "seed", "params"};
  const cJSON *item;
  cJSON_ArrayForEach(item, rule)
  {
    size_t i = 0;
    while (i < G_N_ELEMENTS(keys) && strcmp(keys[i], item->string) != 0)
      i++;
    if (i < G_N_ELEMENTS(keys)) continue;
    error_set(error, ERROR_CONFIG, "a fault rule has no \"%s\"", item->string);
    return false;
  }
  return true;
}

bool faults_add(struct faults *faults, const cJSON *rule, GError **error)
{
  if (!keys_check(rule, error)) return false;
  const struct fault_kind *kind = kind_find(json_string(rule, "fault"), error);
  if (kind == NULL) return false;
  struct fault *fault = g_new0(struct fault, 1);
  const char *endpoint = json_string(rule, "endpoint");
  fault->kind = kind;
  fault->endpoint = g_strdup(endpoint == NULL ? "*" : endpoint);
  fault->probability = 1;
  fault->count = -1;
  json_real(rule, "probability", &fault->probability);
  json_int(rule, "count", &fault->count);
  json_int(rule, "skip", &fault->skip);
  json_int(rule, "seed", &fault->seed);
  fault->params = cJSON_Duplicate(json_get(rule, "params"), true);
  g_ptr_array_add(faults->rules, fault);
  return true;
}

static bool endpoint_matches(const char *endpoint, const char *method, const char *template)
{
  if (strcmp(endpoint, "*") == 0) return true;
  size_t length = strlen(method);
  return g_str_has_prefix(endpoint, method) && endpoint[length] == ' ' && strcmp(endpoint + length + 1, template) == 0;
}

static bool fault_fires(struct world *world, struct fault *fault, uint64_t *draw)
{
  int64_t match = fault->matched_n++;
  *draw = hash_mix(hash_mix(world->seed, (uint64_t)fault->seed), (uint64_t)match);
  if (match < fault->skip || (fault->count >= 0 && fault->fired_n >= fault->count)) return false;
  if (hash_unit(*draw) >= fault->probability) return false;
  fault->fired_n++;
  return true;
}

void faults_pick(struct world *world, const char *method, const char *template, struct fired *fired)
{
  *fired = (struct fired){.wire = {.cut_at = -1, .cut_request_at = -1, .claimed_n = -1}};
  for (guint i = 0; i < world->faults->rules->len && fired->n < FIRED_MAX; i++) {
    struct fault *fault = world->faults->rules->pdata[i];
    uint64_t draw = 0;
    if (!endpoint_matches(fault->endpoint, method, template) || !fault_fires(world, fault, &draw)) continue;
    fired->kinds[fired->n] = fault->kind;
    fired->params[fired->n] = cJSON_Duplicate(fault->params, true);
    fired->draws[fired->n++] = hash_mix(draw, 1);
  }
  faults_apply(fired, FAULT_WIRE, &(struct fault_context){.world = world, .wire = &fired->wire});
}

void faults_apply(const struct fired *fired, enum fault_phase phase, const struct fault_context *context)
{
  for (size_t i = 0; i < fired->n; i++) {
    if (fired->kinds[i]->phase != phase) continue;
    struct fault_context own = *context;
    own.params = fired->params[i];
    own.draw = fired->draws[i];
    fired->kinds[i]->apply(&own);
  }
}

void fired_clear(struct fired *fired)
{
  for (size_t i = 0; i < fired->n; i++)
    cJSON_Delete(fired->params[i]);
  fired->n = 0;
}

static void fault_append(const struct fault *fault, GString *out)
{
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_str(out, "endpoint", fault->endpoint);
  json_append_str(out, "fault", fault->kind->name);
  json_append_key(out, "probability");
  g_string_append_printf(out, "%g", fault->probability);
  json_append_int(out, "count", fault->count);
  json_append_int(out, "skip", fault->skip);
  json_append_int(out, "matched", fault->matched_n);
  json_append_int(out, "fired", fault->fired_n);
  g_string_append_c(out, '}');
}

void faults_append(const struct faults *faults, GString *out)
{
  g_string_append(out, "{\"rules\":[");
  for (guint i = 0; i < faults->rules->len; i++)
    fault_append(faults->rules->pdata[i], out);
  g_string_append(out, "],\"kinds\":[");
  for (size_t i = 0; i < fault_kinds_n; i++) {
    if (i > 0) g_string_append_c(out, ',');
    g_string_append_c(out, '{');
    json_append_str(out, "name", fault_kinds[i].name);
    json_append_str(out, "meaning", fault_kinds[i].meaning);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
}
