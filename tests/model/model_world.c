/* What the network, Instantly and other people do, whenever they like. */
#include "tests/model/model_state.h"

bool is_on_its_way(const struct state *state)
{
  for (size_t i = 0; i < MODEL_REQUESTS_MAX; i++)
    if (state->requests[i].is_here) return true;
  return false;
}

bool is_unknown(const struct state *state)
{
  const struct facts *ledger = &state->ledger;
  bool is_there = state->present[1] + state->present[2] + state->listed_n > 0;
  return is_there && ledger->intent == 0 && !ledger->is_marked && !ledger->is_held;
}

/* ---- the network and the server ---- */

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
  state.ledger.has_trace = 1;
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

void step_request(struct search *search, const struct state *before, size_t i)
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

/* A person, or Instantly's own rules of tidiness. */
static void move_into_list(struct search *search, const struct state *before)
{
  for (uint8_t c = 1; c <= 2 && before->moves_left > 0; c++) {
    struct state state = *before;
    if (state.present[c] == 0) continue;
    state.present[c]--;
    state.listed_n++;
    state.moves_left--;
    reach(search, state, "somebody moves it into a list", 0, c);
  }
}

/* Without the count nobody sees it: what the states say is what every run believes. */
static void thin(struct search *search, struct state state)
{
  if (state.thins_left == 0) return;
  state.thins_left--;
  state.is_thinned = !search->variant->trusts_states;
  if (!state.is_thinned) state.ledger = (struct facts){0};
  reach(search, state, "somebody deletes rows of the states", 0, 0);
}

/* The timer starts every run again. */
static void start_again(struct state *state)
{
  for (size_t r = 0; r < MODEL_RUNS_MAX; r++)
    if (state->runs[r].pc == AT_END) state->runs[r] = (struct run){.pc = AT_START};
}

static bool is_between_runs(const struct state *state)
{
  for (size_t r = 0; r < MODEL_RUNS_MAX; r++)
    if (state->runs[r].pc != AT_START && state->runs[r].pc != AT_END) return false;
  return state->lease == 0;
}

static void back_up(struct search *search, const struct state *before)
{
  bool may_restore = before->restores_left > 0 && is_between_runs(before);
  if (may_restore && !before->has_copy) {
    struct state state = *before;
    state.copy = state.ledger;
    state.has_copy = 1;
    reach(search, state, "somebody copies the ledger", 0, 0);
  }
  if (may_restore && before->has_copy && (search->variant->restores_early || !is_on_its_way(before))) {
    struct state state = *before;
    state.ledger = state.copy;
    state.restores_left--;
    start_again(&state);
    reach(search, state, "somebody puts the copy back", 0, 0);
  }
}

/* The way out of the guard's refusal. */
static void adopt(struct search *search, struct state state)
{
  bool is_refused = search->variant->has_guard && is_between_runs(&state) && is_unknown(&state);
  if (!is_refused) return;
  state.ledger.is_marked = 1;
  reach(search, state, "somebody lets a full sync adopt it", 0, 0);
}

static void stop(struct search *search, struct state state)
{
  if (state.stops_left == 0) return;
  state.stops_left--;
  state.is_stopped = 1;
  start_again(&state);
  reach(search, state, "the person says stop", 0, 0);
}

static void show(struct search *search, struct state state)
{
  if (!state.ledger.is_sent || state.ledger.is_shown) return;
  state.ledger.is_shown = 1;
  reach(search, state, "the warehouse shows what was streamed", 0, 0);
}

void step_others(struct search *search, const struct state *state)
{
  delete_remotely(search, state);
  move_into_list(search, state);
  thin(search, *state);
  back_up(search, state);
  adopt(search, *state);
  stop(search, *state);
  show(search, *state);
}
