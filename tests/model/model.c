#include "tests/model/model_state.h"

#include <string.h>

/* ---- the search ---- */

static guint state_hash(gconstpointer data)
{
  const uint8_t *bytes = (const uint8_t *)&((const struct node *)data)->state;
  uint32_t hash = 2166136261U;
  for (size_t i = 0; i < sizeof(struct state); i++)
    hash = (hash ^ bytes[i]) * 16777619U;
  return hash;
}

static gboolean state_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(&((const struct node *)a)->state, &((const struct node *)b)->state, sizeof(struct state)) == 0;
}

static int by_bytes(const void *a, const void *b)
{
  return memcmp(b, a, sizeof(struct request));
}

void reach(struct search *search, struct state state, const char *step, size_t run, size_t campaign)
{
  qsort(state.requests, MODEL_REQUESTS_MAX, sizeof state.requests[0], by_bytes);
  struct node probe = {.state = state};
  if (g_hash_table_contains(search->seen, &probe)) return;
  struct node *node = g_new0(struct node, 1);
  *node = (struct node){
      .state = state, .parent = search->from, .step = step, .run = (uint8_t)run, .campaign = (uint8_t)campaign};
  g_hash_table_add(search->seen, node);
  g_ptr_array_add(search->queue, node);
}

static void write_trace(const struct node *node, GString *text)
{
  if (node->parent == NULL) return;
  write_trace(node->parent, text);
  g_string_append_printf(text, "%s", node->step);
  if (node->run > 0) g_string_append_printf(text, ", run %c", 'A' + node->run - 1);
  if (node->campaign > 0) g_string_append_printf(text, ", campaign %d", node->campaign);
  g_string_append_c(text, '\n');
}

/* ---- everything ---- */

static void step_all(struct search *search, const struct state *state)
{
  for (size_t r = 0; r < (size_t)search->variant->runs_n; r++) {
    step_run(search, state, r);
    crash(search, state, r);
  }
  for (size_t i = 0; i < MODEL_REQUESTS_MAX; i++)
    if (state->requests[i].is_here) step_request(search, state, i);
  step_others(search, state);
}

/* Everybody has gone home, and nothing is on its way. */
static bool is_calm(const struct model_variant *variant, const struct state *state)
{
  for (size_t r = 0; r < (size_t)variant->runs_n; r++)
    if (state->runs[r].pc != AT_END) return false;
  return !is_on_its_way(state);
}

static void note(const struct node *node, bool is_so, bool *was_so, GString *text)
{
  if (is_so && !*was_so) write_trace(node, text);
  *was_so = *was_so || is_so;
}

/* Returns true when the state is as bad as it gets, and nothing behind it matters. */
static bool judge(const struct node *node, const struct model_variant *variant, struct model_result *result)
{
  const struct state *state = &node->state;
  bool is_at_rest = is_calm(variant, state);
  bool is_twice = state->created_n > 1;
  bool is_lost = is_at_rest && state->created_n == 0 && !state->ledger.is_held && !state->is_stopped;
  bool is_live = state->present[1] + state->present[2] > 0;
  bool is_after_stop = state->is_stopped && (state->is_ignored || (is_at_rest && is_live));
  note(node, is_twice, &result->is_twice, result->twice);
  note(node, is_lost, &result->is_lost, result->lost);
  note(node, is_after_stop, &result->is_after_stop, result->after_stop);
  return is_twice || is_lost || is_after_stop;
}

void model_check(const struct model_variant *variant, struct model_result *result)
{
  struct search search = {.variant = variant, .queue = g_ptr_array_new()};
  search.seen = g_hash_table_new_full(state_hash, state_equal, g_free, NULL);
  *result =
      (struct model_result){.twice = g_string_new(NULL), .lost = g_string_new(NULL), .after_stop = g_string_new(NULL)};
  struct state outset;
  memset(&outset, 0, sizeof outset);
  outset.crashes_left = (uint8_t)variant->crashes;
  outset.losses_left = (uint8_t)variant->losses;
  outset.deletes_left = (uint8_t)variant->deletes;
  outset.moves_left = (uint8_t)variant->moves;
  outset.thins_left = (uint8_t)variant->thins;
  outset.restores_left = (uint8_t)variant->restores;
  outset.stops_left = (uint8_t)variant->stops;
  reach(&search, outset, "", 0, 0);
  for (guint i = 0; i < search.queue->len; i++) {
    search.from = g_ptr_array_index(search.queue, i);
    if (!judge(search.from, variant, result)) step_all(&search, &search.from->state);
  }
  result->states_n = search.queue->len;
  g_ptr_array_unref(search.queue);
  g_hash_table_unref(search.seen);
}

void model_result_clear(struct model_result *result)
{
  g_string_free(result->twice, TRUE);
  g_string_free(result->lost, TRUE);
  g_string_free(result->after_stop, TRUE);
  *result = (struct model_result){0};
}
