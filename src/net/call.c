#include "net/call.h"

#include "base/log.h"
#include "core/classify.h"
#include "core/ratelimit.h"

#include <string.h>

#define POLL_US           (SECOND_US / 20)
#define CANCEL_GRACE_US   (10 * SECOND_US)
#define BUDGET_RECHECK_US (SECOND_US / 5)

struct net {
  struct wire *wire;
  const struct clock *clock;
  struct rate own_rate;
  struct rate *rate; /* its own, or one that it shares */
  struct retry_budget budget;
  struct breaker breaker;
  struct rng rng;
  const struct retry_policy *retry;
  int in_flight_max[2]; /* by is_creating */
  bool (*is_cancelled)(void *context);
  void *cancel_context;
  int64_t date_us;
  struct net_counts counts;
};

/* One net_perform(). */
struct batch {
  struct call *const *calls;
  size_t calls_n;
  size_t first; /* calls before it have all ended */
  size_t ended_n;
  int in_flight_n[2]; /* by is_creating */
  bool has_slot;      /* a slot of the rate is reserved and not used yet */
  int64_t slot_mono_us;
  int64_t cancelled_mono_us; /* 0: not */
};

void call_init(struct call *call, enum call_kind kind, const char *method, const char *route)
{
  *call = (struct call){.kind = kind, .method = method, .route = route, .reply = {.retry_after_s = -1}};
}

void call_clear(struct call *call)
{
  g_clear_pointer(&call->path, g_free);
  g_clear_pointer(&call->request, g_free);
  if (call->answer) g_string_free(g_steal_pointer(&call->answer), TRUE);
}

struct net *net_open(const struct net_options *options, GError **error)
{
  struct wire_options wire = options->wire;
  wire.in_flight_max = options->reads_in_flight + options->writes_in_flight;
  struct wire *opened = wire_open(&wire, error);
  if (!opened) return NULL;
  struct net *net = g_new0(struct net, 1);
  int64_t now_us = clock_mono_us(options->clock);
  net->wire = opened;
  net->clock = options->clock;
  net->in_flight_max[false] = MAX(1, options->reads_in_flight);
  net->in_flight_max[true] = MAX(1, options->writes_in_flight);
  net->is_cancelled = options->is_cancelled;
  net->cancel_context = options->cancel_context;
  rate_init(&net->own_rate, options->requests_per_second, now_us);
  net->rate = &net->own_rate;
  retry_budget_init(&net->budget, now_us);
  breaker_init(&net->breaker);
  rng_init(&net->rng, options->seed);
  net->retry = options->retry ? options->retry : &retry_reads;
  return net;
}

void net_close(struct net *net)
{
  if (!net) return;
  wire_close(net->wire);
  g_free(net);
}

/* A creating call waits so long for the end of a pause, and is given back beyond it. */
#define PAUSE_INSIDE_US (2 * SECOND_US)

/* ---- how a call ends, or goes again ---- */

static bool is_creating(const struct call *call)
{
  return call->kind == CALL_CREATING;
}

static void log_call(const struct call *call)
{
  if (!log_is_on(LOG_DEBUG)) return;
  log_event(LOG_DEBUG, "call", LOG_STR("method", call->method), LOG_STR("path", call->route),
            LOG_INT("status", call->reply.status), LOG_INT("attempt", call->tries_n),
            LOG_REAL("duration_s", call->duration_s),
            LOG_STR("error", call->reply.transport == TRANSPORT_ANSWERED ? NULL : call->reply.message));
}

static void call_end(struct net *net, struct batch *batch, struct call *call)
{
  call->is_ended = true;
  batch->ended_n++;
  g_clear_pointer(&call->request, g_free);
  if (call->reply.transport != TRANSPORT_ANSWERED || call->reply.status >= 400) net->counts.failures++;
}

/* Ends a call that was never started in this try. */
static void call_end_unsent(struct net *net, struct batch *batch, struct call *call, enum transport transport,
                            const char *message)
{
  bool may_have_acted = transport == TRANSPORT_NOT_SENT && call->tries_n > 0;
  call->reply = (struct reply){.transport = may_have_acted ? TRANSPORT_UNKNOWN : transport, .retry_after_s = -1};
  g_strlcpy(call->reply.message, message, sizeof call->reply.message);
  call_end(net, batch, call);
}

/* A pause from Retry-After, at least a second, at most five minutes, and up to a tenth longer so that clients that were
 * refused together do not come back together. */
static int64_t pause_us(struct net *net, const struct reply *reply)
{
  int64_t asked_us = CLAMP(reply->retry_after_s, 1, net->retry->retry_after_max_us / SECOND_US) * SECOND_US;
  return asked_us + (int64_t)(rng_unit(&net->rng) * (double)asked_us / 10);
}

/* Tells pace and breaker what came. */
static void note_reply(struct net *net, const struct call *call, int64_t now_us)
{
  const struct reply *reply = &call->reply;
  struct rate *rate = call->own_rate ? call->own_rate : net->rate;
  bool is_throttled = reply->transport == TRANSPORT_ANSWERED && reply->status == 429;
  bool is_failure = reply->transport != TRANSPORT_ANSWERED || reply->status >= 500;
  if (reply->date_us > 0) net->date_us = reply->date_us;
  int64_t open_until_us = net->breaker.open_until_mono_us;
  breaker_record(&net->breaker, is_failure, now_us);
  if (net->breaker.open_until_mono_us > open_until_us) {
    log_event(LOG_WARNING, "too many failures in a row, calls wait", LOG_INT("status", reply->status),
              LOG_REAL("pause_s", (double)(net->breaker.open_until_mono_us - now_us) / (double)SECOND_US));
  }
  if (!is_throttled) {
    rate_ok(rate, now_us);
    return;
  }
  net->counts.throttled++;
  int64_t wait_us = pause_us(net, reply);
  bool is_news = now_us >= rate->paused_until_mono_us;
  rate_throttled(rate, wait_us, now_us);
  if (is_news) {
    log_event(LOG_WARNING, "throttled", LOG_REAL("pause_s", (double)wait_us / (double)SECOND_US),
              LOG_REAL("rate_per_s", rate->current_per_s));
  }
}

/* A call came back: ended, or due again later. */
static void call_returned(struct net *net, struct batch *batch, struct call *call)
{
  int64_t now_us = clock_mono_us(net->clock);
  batch->in_flight_n[is_creating(call)]--;
  call->is_in_flight = false;
  call->reply = call->request->reply;
  call->is_html = call->request->is_html;
  g_strlcpy(call->watched, call->request->watched, sizeof call->watched);
  call->duration_s = call->request->duration_s;
  note_reply(net, call, now_us);
  log_call(call);
  int64_t wait_us = -1;
  bool may_repeat = !is_creating(call) && call->kind != CALL_UNREPEATED && batch->cancelled_mono_us == 0;
  if (may_repeat) wait_us = retry_call_us(net->retry, call->tries_n, &call->throttled, &call->reply, &net->rng);
  if (wait_us < 0) {
    bool is_cut_off = batch->cancelled_mono_us != 0 && call->kind == CALL_READ;
    if (is_cut_off) call->reply.transport = TRANSPORT_CANCELLED;
    call_end(net, batch, call);
    return;
  }
  call->due_mono_us = now_us + wait_us;
  call->is_retry = true;
}

/* ---- starting calls ---- */

static void call_start(struct net *net, struct batch *batch, struct call *call)
{
  if (!call->answer) call->answer = g_string_new(NULL);
  if (!call->request) call->request = g_new0(struct request, 1);
  *call->request = (struct request){
      .method = call->method,
      .path = call->path,
      .body = call->body ? call->body->str : NULL,
      .body_bytes = call->body ? call->body->len : 0,
      .content_type = call->content_type,
      .headers = call->headers,
      .watched_name = call->watched_name,
      .is_sent_once = is_creating(call),
      .answer_max_bytes = call->answer_max_bytes,
      .answer = call->answer,
  };
  call->tries_n++;
  call->has_own_slot = false;
  if (call->is_retry)
    net->counts.retries++;
  else
    net->counts.calls++;
  if (!call->is_retry) retry_budget_earn(&net->budget);
  batch->in_flight_n[is_creating(call)]++;
  call->is_in_flight = true;
  batch->has_slot = false;
  wire_start(net->wire, call->request);
}

/* Retries of refusals by the rate limit are paced by the pause already, and the breaker's probe has to go: it was just
 * chosen. All others need a token of the budget. */
static bool retry_is_paid(struct net *net, struct call *call, int64_t now_us)
{
  bool is_free = !call->is_retry || call->reply.status == 429 || net->breaker.is_probing;
  if (is_free || retry_budget_spend(&net->budget, now_us)) return true;
  call->due_mono_us = now_us + BUDGET_RECHECK_US;
  return false;
}

/* How long until the rate lets the next call go; 0 = now. Reserves a slot at most once. */
static int64_t slot_wait_us(struct net *net, struct batch *batch, int64_t now_us)
{
  if (!batch->has_slot) {
    batch->slot_mono_us = now_us + rate_wait_us(net->rate, now_us);
    batch->has_slot = true;
  }
  return MAX(0, MAX(batch->slot_mono_us, net->rate->paused_until_mono_us) - now_us);
}

/* When the pace of its endpoint lets this call go. */
static bool waits_for_endpoint(struct call *call, int64_t now_us)
{
  if (!call->own_rate) return false;
  if (!call->has_own_slot) call->due_mono_us = now_us + rate_wait_us(call->own_rate, now_us);
  call->has_own_slot = true;
  call->due_mono_us = MAX(call->due_mono_us, call->own_rate->paused_until_mono_us);
  return call->due_mono_us > now_us;
}

/* The next call that is due and has room in flight; NULL when there is none, *wait_us then is until one is due. */
static struct call *next_due(struct net *net, struct batch *batch, int64_t now_us, int64_t *wait_us)
{
  while (batch->first < batch->calls_n && batch->calls[batch->first]->is_ended) {
    batch->first++;
  }
  bool has_room[2] = {batch->in_flight_n[0] < net->in_flight_max[0], batch->in_flight_n[1] < net->in_flight_max[1]};
  for (size_t i = batch->first; i < batch->calls_n && (has_room[0] || has_room[1]); i++) {
    struct call *call = batch->calls[i];
    bool is_waiting = !call->is_ended && !call->is_in_flight;
    if (!is_waiting || !has_room[is_creating(call)]) continue;
    if (call->due_mono_us <= now_us && !waits_for_endpoint(call, now_us)) return call;
    *wait_us = MIN(*wait_us, call->due_mono_us - now_us);
  }
  return NULL;
}

/* Whoever would create does not wait out a long pause in here, one call after the other and the lease running out
 * behind it: nothing was sent, and the caller waits for all of them at once. */
static bool is_sent_back(struct net *net, struct batch *batch, struct call *call, int64_t now_us)
{
  int64_t pause_us = net->rate->paused_until_mono_us - now_us;
  if (!is_creating(call) || pause_us <= PAUSE_INSIDE_US) return false;
  call_end_unsent(net, batch, call, TRANSPORT_NOT_SENT, "not sent: throttled");
  call->reply.status = 429;
  call->reply.retry_after_s = (pause_us + SECOND_US - 1) / SECOND_US;
  return true;
}

/* Starts what may start now. Returns how long until the next one may, or POLL_US when only answers are waited for. */
static int64_t start_due(struct net *net, struct batch *batch)
{
  int64_t wait_us = POLL_US;
  for (;;) {
    int64_t now_us = clock_mono_us(net->clock);
    struct call *call = next_due(net, batch, now_us, &wait_us);
    if (!call) return wait_us;
    if (is_sent_back(net, batch, call, now_us)) continue;
    int64_t slot_us = slot_wait_us(net, batch, now_us);
    if (slot_us > 0) return MIN(wait_us, slot_us);
    int64_t breaker_us = breaker_wait_us(&net->breaker, now_us);
    if (breaker_us > net->retry->breaker_max_us) {
      call_end_unsent(net, batch, call, TRANSPORT_NOT_SENT, "not asked: too many failures in a row");
      continue;
    }
    if (breaker_us > 0) return MIN(wait_us, breaker_us);
    if (retry_is_paid(net, call, now_us)) call_start(net, batch, call);
  }
}

/* ---- cancelling ---- */

static bool is_cancelled(const struct net *net)
{
  return net->is_cancelled && net->is_cancelled(net->cancel_context);
}

/* Ends what has not started, cuts reads off, and everything else once its grace is over. */
static void cancel_calls(struct net *net, struct batch *batch)
{
  int64_t now_us = clock_mono_us(net->clock);
  if (batch->cancelled_mono_us == 0) batch->cancelled_mono_us = now_us;
  bool is_grace_over = now_us - batch->cancelled_mono_us >= CANCEL_GRACE_US;
  for (size_t i = batch->first; i < batch->calls_n; i++) {
    struct call *call = batch->calls[i];
    if (call->is_ended) continue;
    if (!call->is_in_flight)
      call_end_unsent(net, batch, call, TRANSPORT_CANCELLED, "cancelled");
    else if (is_grace_over || call->kind == CALL_READ)
      wire_abort(net->wire, call->request);
  }
}

/* ---- the loop ---- */

static struct call *call_of(const struct batch *batch, const struct request *request)
{
  for (size_t i = batch->first; i < batch->calls_n; i++) {
    if (batch->calls[i]->request == request) return batch->calls[i];
  }
  g_assert_not_reached();
}

static void collect(struct net *net, struct batch *batch)
{
  for (struct request *done = wire_next_done(net->wire); done; done = wire_next_done(net->wire)) {
    call_returned(net, batch, call_of(batch, done));
  }
}

void net_perform(struct net *net, struct call *const *calls, size_t calls_n)
{
  struct batch batch = {.calls = calls, .calls_n = calls_n};
  while (batch.ended_n < calls_n) {
    if (is_cancelled(net)) cancel_calls(net, &batch);
    int64_t wait_us = batch.cancelled_mono_us == 0 ? start_due(net, &batch) : POLL_US;
    bool is_in_flight = batch.in_flight_n[0] + batch.in_flight_n[1] > 0;
    if (is_in_flight)
      wire_poll(net->wire, MIN(wait_us, POLL_US));
    else if (batch.ended_n < calls_n)
      clock_sleep_us(net->clock, MIN(wait_us, POLL_US * 4));
    collect(net, &batch);
  }
}

void net_share_rate(struct net *net, struct rate *rate)
{
  net->rate = rate;
}

void net_set_retry(struct net *net, const struct retry_policy *retry)
{
  net->retry = retry;
}

int64_t net_date_us(const struct net *net)
{
  return net->date_us;
}

struct net_counts net_counts(const struct net *net)
{
  return net->counts;
}

const struct clock *net_clock(const struct net *net)
{
  return net->clock;
}

bool net_wait(struct net *net, int64_t duration_us)
{
  int64_t until_us = clock_mono_us(net->clock) + duration_us;
  for (;;) {
    if (is_cancelled(net)) return false;
    int64_t left_us = until_us - clock_mono_us(net->clock);
    if (left_us <= 0) return true;
    clock_sleep_us(net->clock, MIN(left_us, POLL_US * 4));
  }
}
