#include "tests/model/model.h"

#include <string.h>

enum pc { AT_START, AT_CLAIM, AT_MARK_FIRST, AT_ASK, AT_POST, AT_WAIT, AT_MARK, AT_END };

/* A request on its way; all zero: none. */
struct request {
  uint8_t is_here, campaign, owner, is_checked; /* owner: 1 + the run that still waits for it, 0: nobody */
};

struct run {
  uint8_t pc, campaign, is_own; /* is_own: the intent is of this life */
};

/* Bytes alone, so that two equal states are equal memory. Campaigns are 1 and 2, 0 is none. */
struct state {
  uint8_t present[3], created_n;
  uint8_t has_trace;                            /* of a creation, in the ledger */
  uint8_t intent, released, is_marked, is_held; /* the ledger */
  uint8_t lease;                                /* 1 + the run that has it */
  uint8_t crashes_left, losses_left, deletes_left;
  struct run runs[MODEL_RUNS_MAX];
  struct request requests[MODEL_REQUESTS_MAX];
};

struct node {
  struct state state;
  const struct node *parent;
  const char *step;
  uint8_t run, campaign;
};

struct search {
  const struct model_variant *variant;
  GHashTable *seen; /* struct node *, owned */
  GPtrArray *queue; /* the same, in the order of discovery */
  const struct node *from;
};

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

/* A state reached by a step of a run, the network or somebody else. */
static void reach(struct search *search, struct state state, const char *step, size_t run, size_t campaign)
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

/* ---- what a run does ---- */

/* Goes to pc with this campaign, or with either of them. */
static void go(struct search *search, struct state state, size_t r, enum pc pc, const char *step)
{
  bool may_choose = state.runs[r].campaign == 0;
  for (uint8_t c = 1; c <= 2; c++) {
    if (!may_choose && state.runs[r].campaign != c) continue;
    struct state next = state;
    next.runs[r].campaign = c;
    next.runs[r].pc = (uint8_t)pc;
    if (pc == AT_POST && search->variant->order == INTENT_FIRST) next.intent = c;
    reach(search, next, step, r + 1, c);
  }
}

/* An attempt of which nobody knows whether it happened. */
static void doubt(struct search *search, struct state state, size_t r, const char *step)
{
  const struct model_variant *variant = search->variant;
  if (variant->order == MARK_FIRST) {
    state.runs[r].pc = AT_END;
    reach(search, state, step, r + 1, 0);
  } else if (variant->order == MARK_LAST) {
    state.runs[r] = (struct run){.pc = AT_START};
    reach(search, state, step, r + 1, 0);
  } else if (variant->retry == RETRY_BLIND) {
    if (!variant->is_sticky) state.runs[r].campaign = 0;
    go(search, state, r, AT_POST, step);
  } else {
    state.runs[r].pc = AT_ASK;
    reach(search, state, step, r + 1, 0);
  }
}

static void claim(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  state.runs[r].is_own = 1;
  state.runs[r].campaign = variant->is_sticky ? state.released : 0;
  go(search, state, r, variant->claim == CLAIM_CAS ? AT_POST : AT_CLAIM,
     variant->claim == CLAIM_CAS ? "writes its intent if there is none" : "sees no intent");
}

static void start(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  if (state.is_marked || state.is_held) {
    state.runs[r] = (struct run){.pc = AT_END};
    if (state.lease == r + 1) state.lease = 0;
    reach(search, state, "sees that all is done", r + 1, 0);
    return;
  }
  if (variant->is_fenced && state.lease != 0 && state.lease != r + 1) return;
  if (variant->is_fenced) state.lease = (uint8_t)(r + 1);
  if (variant->order == INTENT_FIRST && state.intent != 0) {
    state.runs[r].campaign = state.intent;
    doubt(search, state, r, "finds an open intent");
  } else if (variant->order == INTENT_FIRST) {
    claim(search, state, r);
  } else {
    go(search, state, r, variant->order == MARK_FIRST ? AT_MARK_FIRST : AT_POST, "chooses");
  }
}

static void ask(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  for (size_t i = 0; i < MODEL_REQUESTS_MAX && variant->waits; i++)
    if (state.requests[i].is_here) return;
  if (state.present[1] + state.present[2] > 0) {
    state.runs[r].pc = AT_MARK;
    reach(search, state, "asks: it is there", r + 1, 0);
  } else if (variant->has_evidence && state.has_trace) {
    state.is_held = 1;
    state.runs[r].pc = AT_START;
    reach(search, state, "asks: absent, but it was sent once: held", r + 1, 0);
  } else if (variant->releases && !state.runs[r].is_own) {
    state.released = state.runs[r].campaign;
    state.intent = 0;
    state.runs[r] = (struct run){.pc = AT_START};
    reach(search, state, "asks: absent, releases", r + 1, 0);
  } else {
    if (!variant->is_sticky) state.runs[r].campaign = 0;
    go(search, state, r, AT_POST, "asks: absent, goes again");
  }
}

static void post(struct search *search, struct state state, size_t r)
{
  for (size_t i = 0; i < MODEL_REQUESTS_MAX; i++) {
    if (state.requests[i].is_here) continue;
    state.requests[i] = (struct request){.is_here = 1, .campaign = state.runs[r].campaign, .owner = (uint8_t)(r + 1)};
    state.runs[r].pc = AT_WAIT;
    reach(search, state, "sends", r + 1, state.runs[r].campaign);
    return;
  }
  g_error("more requests than the model has room for");
}

static void mark(struct search *search, struct state state, size_t r)
{
  bool is_first = state.runs[r].pc == AT_MARK_FIRST;
  state.is_marked = 1;
  state.runs[r].pc = is_first ? AT_POST : AT_START;
  reach(search, state, "marks", r + 1, 0);
}

static void step_run(struct search *search, const struct state *state, size_t r)
{
  switch ((enum pc)state->runs[r].pc) {
  case AT_START: start(search, *state, r); break;
  case AT_CLAIM: go(search, *state, r, AT_POST, "writes its intent over whatever is there"); break;
  case AT_ASK: ask(search, *state, r); break;
  case AT_POST: post(search, *state, r); break;
  case AT_MARK_FIRST:
  case AT_MARK: mark(search, *state, r); break;
  default: break;
  }
}

/* Death between any two steps: what is durable stays, and so does what is on its way. */
static void crash(struct search *search, const struct state *before, size_t r)
{
  struct state state = *before;
  if (state.crashes_left == 0 || state.runs[r].pc == AT_START || state.runs[r].pc == AT_END) return;
  state.crashes_left--;
  state.runs[r] = (struct run){.pc = AT_START};
  if (state.lease == r + 1) state.lease = 0;
  for (size_t i = 0; i < MODEL_REQUESTS_MAX; i++)
    if (state.requests[i].owner == r + 1) state.requests[i].owner = 0;
  reach(search, state, "dies", r + 1, 0);
}

/* ---- what the network and the server do ---- */

/* The server is done with a request: whoever waits gets the answer, or never does. */
static void answer(struct search *search, struct state state, size_t i, const char *step)
{
  struct request request = state.requests[i];
  state.requests[i] = (struct request){0};
  if (request.owner == 0) {
    reach(search, state, step, 0, request.campaign);
    return;
  }
  struct state told = state;
  told.runs[request.owner - 1].pc =
      search->variant->order == INTENT_FIRST || search->variant->order == MARK_LAST ? AT_MARK : AT_START;
  reach(search, told, step, request.owner, request.campaign);
  if (state.losses_left == 0) return;
  state.losses_left--;
  doubt(search, state, request.owner - 1U, "the server answers and the answer is lost");
}

static void insert(struct search *search, struct state state, size_t i)
{
  uint8_t campaign = state.requests[i].campaign;
  if (state.present[campaign] > 0 && !search->variant->allows_doubles) {
    answer(search, state, i, "the server finds a duplicate");
    return;
  }
  state.present[campaign]++;
  state.created_n++;
  state.has_trace = 1;
  answer(search, state, i, "the server creates");
}

static void serve(struct search *search, struct state state, size_t i)
{
  const struct model_variant *variant = search->variant;
  bool is_looking = variant->has_flags && !state.requests[i].is_checked;
  if (is_looking && state.present[1] + state.present[2] > 0) {
    answer(search, state, i, "the server skips");
  } else if (is_looking && variant->checks_apart) {
    state.requests[i].is_checked = 1;
    reach(search, state, "the server looks and finds nobody", 0, state.requests[i].campaign);
  } else {
    insert(search, state, i);
  }
}

static void step_request(struct search *search, const struct state *before, size_t i)
{
  struct state state = *before;
  serve(search, state, i);
  if (state.losses_left == 0) return;
  uint8_t owner = state.requests[i].owner;
  state.losses_left--;
  if (owner > 0) {
    struct state late = state;
    late.requests[i].owner = 0;
    doubt(search, late, owner - 1U, "its request is late, it gives up");
  }
  state.requests[i] = (struct request){0};
  if (owner > 0)
    doubt(search, state, owner - 1U, "its request is lost");
  else
    reach(search, state, "a late request is lost", 0, 0);
}

static void delete_remotely(struct search *search, const struct state *before)
{
  for (uint8_t c = 1; c <= 2 && before->deletes_left > 0; c++) {
    struct state state = *before;
    if (state.present[c] == 0) continue;
    state.present[c]--;
    state.deletes_left--;
    reach(search, state, "somebody deletes it in Instantly", 0, c);
  }
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
  delete_remotely(search, state);
}

/* Everybody has gone home, nothing is on its way, and it never happened. */
static bool is_lost(const struct model_variant *variant, const struct state *state)
{
  for (size_t r = 0; r < (size_t)variant->runs_n; r++)
    if (state->runs[r].pc != AT_END) return false;
  for (size_t i = 0; i < MODEL_REQUESTS_MAX; i++)
    if (state->requests[i].is_here) return false;
  return state->created_n == 0 && !state->is_held;
}

/* Returns true when the state is as bad as it gets, and nothing behind it matters. */
static bool judge(const struct node *node, const struct model_variant *variant, struct model_result *result)
{
  bool is_twice = node->state.created_n > 1;
  if (is_twice && !result->is_twice) write_trace(node, result->twice);
  result->is_twice = result->is_twice || is_twice;
  if (is_twice || !is_lost(variant, &node->state)) return is_twice;
  if (!result->is_lost) write_trace(node, result->lost);
  return result->is_lost = true;
}

void model_check(const struct model_variant *variant, struct model_result *result)
{
  struct search search = {.variant = variant, .queue = g_ptr_array_new()};
  search.seen = g_hash_table_new_full(state_hash, state_equal, g_free, NULL);
  *result = (struct model_result){.twice = g_string_new(NULL), .lost = g_string_new(NULL)};
  struct state outset;
  memset(&outset, 0, sizeof outset);
  outset.crashes_left = (uint8_t)variant->crashes;
  outset.losses_left = (uint8_t)variant->losses;
  outset.deletes_left = (uint8_t)variant->deletes;
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
  *result = (struct model_result){0};
}
