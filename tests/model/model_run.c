/* What a run does, a step at a time; between any two of them it may die. */
#include "tests/model/model_state.h"

/* Goes to pc with this campaign, or with either of them. */
static void go(struct search *search, struct state state, size_t r, enum pc pc, const char *step)
{
  bool may_choose = state.runs[r].campaign == 0;
  for (uint8_t c = 1; c <= 2; c++) {
    if (!may_choose && state.runs[r].campaign != c) continue;
    struct state next = state;
    next.runs[r].campaign = c;
    next.runs[r].pc = (uint8_t)pc;
    bool is_claimed = pc == AT_POST || pc == AT_RECORD;
    if (is_claimed && search->variant->order == INTENT_FIRST) next.ledger.intent = c;
    reach(search, next, step, r + 1, c);
  }
}

void doubt(struct search *search, struct state state, size_t r, const char *step)
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

/* After the intent: at once to the request, or first that it will go out is recorded. */
static enum pc after_claim(const struct model_variant *variant)
{
  return variant->frees_unsent ? AT_RECORD : AT_POST;
}

static void claim(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  bool is_cas = variant->claim == CLAIM_CAS;
  state.runs[r].is_own = 1;
  state.runs[r].campaign = variant->is_sticky ? state.ledger.released : 0;
  go(search, state, r, is_cas ? after_claim(variant) : AT_CLAIM,
     is_cas ? "writes its intent if there is none" : "sees no intent");
}

static void record(struct search *search, struct state state, size_t r)
{
  state.ledger.is_sent = 1;
  state.ledger.is_shown = !search->variant->is_streamed;
  state.runs[r].pc = AT_POST;
  reach(search, state, "records that a request will go out", r + 1, state.runs[r].campaign);
}

static bool is_shut_out(const struct model_variant *variant, const struct state *state, size_t r)
{
  bool is_fenced = variant->is_fenced && !(variant->has_two_paths && variant->lock_is_of_path);
  return is_fenced && state->lease != 0 && state->lease != r + 1;
}

static void end(struct search *search, struct state state, size_t r, const char *step)
{
  state.runs[r] = (struct run){.pc = AT_END};
  if (state.lease == r + 1) state.lease = 0;
  reach(search, state, step, r + 1, 0);
}

/* What is done is done; a stopped person's row leaves Instantly before the run ends. */
static void finish(struct search *search, struct state state, size_t r)
{
  bool is_live = state.present[1] + state.present[2] > 0;
  if (!search->variant->leaves_stopped && state.is_stopped && is_live) {
    state.present[1] = state.present[2] = 0;
    reach(search, state, "takes out the row of a stopped person", r + 1, 0);
  } else {
    end(search, state, r, "sees that all is done");
  }
}

static void take_up(struct search *search, struct state state, size_t r)
{
  bool is_unseen = !state.ledger.is_sent || !state.ledger.is_shown;
  if (search->variant->frees_unsent && is_unseen && !(state.ledger.is_sent && search->variant->asks_unseen)) {
    state.ledger.intent = state.ledger.is_sent = state.ledger.is_shown = 0;
    reach(search, state, "frees an intent of which no request is recorded", r + 1, 0);
    return;
  }
  state.runs[r].campaign = state.ledger.intent;
  doubt(search, state, r, "finds an open intent");
}

static void begin(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  if (variant->is_fenced) state.lease = (uint8_t)(r + 1);
  if (variant->has_guard && is_unknown(&state)) {
    end(search, state, r, "sees a row that the ledger does not know, and refuses");
  } else if (variant->order == INTENT_FIRST && state.ledger.intent != 0) {
    take_up(search, state, r);
  } else if (!variant->ignores_stops && state.is_stopped) {
    finish(search, state, r);
  } else if (variant->order == INTENT_FIRST) {
    claim(search, state, r);
  } else {
    go(search, state, r, variant->order == MARK_FIRST ? AT_MARK_FIRST : AT_POST, "chooses");
  }
}

static void start(struct search *search, struct state state, size_t r)
{
  if (is_shut_out(search->variant, &state, r)) return;
  if (state.is_thinned) {
    state.is_thinned = 0;
    reach(search, state, "sees that the states are not those of the last fold, and folds anew", r + 1, 0);
  } else if (state.ledger.is_marked || state.ledger.is_held) {
    finish(search, state, r);
  } else {
    begin(search, state, r);
  }
}

/* Is it anywhere, as far as the question goes? */
static bool is_found(const struct model_variant *variant, const struct state *state)
{
  return state->present[1] + state->present[2] + (variant->ignores_lists ? 0 : state->listed_n) > 0;
}

static void ask(struct search *search, struct state state, size_t r)
{
  const struct model_variant *variant = search->variant;
  if (variant->waits && is_on_its_way(&state)) return;
  if (is_found(variant, &state)) {
    state.runs[r].pc = AT_MARK;
    reach(search, state, "asks: it is there", r + 1, 0);
  } else if (variant->has_evidence && state.ledger.has_trace) {
    state.ledger.is_held = 1;
    state.runs[r].pc = AT_START;
    reach(search, state, "asks: absent, but it was sent once: held", r + 1, 0);
  } else if (variant->releases && !state.runs[r].is_own) {
    state.ledger.released = state.runs[r].campaign;
    state.ledger.intent = state.ledger.is_sent = state.ledger.is_shown = 0;
    state.runs[r] = (struct run){.pc = AT_START};
    reach(search, state, "asks: absent, releases", r + 1, 0);
  } else {
    if (!variant->is_sticky) state.runs[r].campaign = 0;
    go(search, state, r, AT_POST, "asks: absent, goes again");
  }
}

static void post(struct search *search, struct state state, size_t r)
{
  if (!search->variant->ignores_stops && state.is_stopped) {
    state.ledger.intent = state.ledger.is_sent = state.ledger.is_shown = 0;
    state.runs[r] = (struct run){.pc = AT_START};
    reach(search, state, "sees a stop, and gives its intent back", r + 1, 0);
    return;
  }
  state.is_ignored = state.is_stopped;
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
  state.ledger.is_marked = 1;
  state.runs[r].pc = is_first ? AT_POST : AT_START;
  reach(search, state, "marks", r + 1, 0);
}

void step_run(struct search *search, const struct state *state, size_t r)
{
  switch ((enum pc)state->runs[r].pc) {
  case AT_START: start(search, *state, r); break;
  case AT_CLAIM: go(search, *state, r, after_claim(search->variant), "writes its intent over whatever is there"); break;
  case AT_RECORD: record(search, *state, r); break;
  case AT_ASK: ask(search, *state, r); break;
  case AT_POST: post(search, *state, r); break;
  case AT_MARK_FIRST:
  case AT_MARK: mark(search, *state, r); break;
  default: break;
  }
}

void crash(struct search *search, const struct state *before, size_t r)
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
