/* The lease, and what may have changed while a run sends: one look every 30 s says whether the lease is still ours,
 * which holds are on, and who of the run's claims is stopped by now. */
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LEASE_US    (120 * SECOND_US)
#define HOLD_PREFIX "hold:"
#define RENEW_US    (30 * SECOND_US)
#define LEASE_FIELDS_N                                                                                                 \
  8 /* of struct holder, in the order of lease_read and opening, which has predecessors and streams behind them */

/* ---- the look ---- */

static void watch_clear(struct bq_watch *watch)
{
  if (!watch->holds) watch->holds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!watch->stops) watch->stops = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  g_hash_table_remove_all(watch->holds);
  g_hash_table_remove_all(watch->stops);
  g_clear_pointer(&watch->run_id, g_free);
  watch->is_ours = false;
  watch->looked_at_us = 0;
}

/* A hold of ours is an object; one that another tool wrote is its bare reason. */
static char *hold_reason(const char *value)
{
  g_autoptr(cJSON) note = value ? json_parse(value, strlen(value), NULL) : NULL;
  return g_strdup(note && cJSON_IsObject(note) ? json_string(note, "reason") : value);
}

static void watch_row(const char *const *cells, void *into)
{
  struct bq_warehouse *self = into;
  struct bq_watch *watch = &self->watch;
  if (strcmp(cells[0], "lease") == 0) {
    watch->is_ours = bq_cell_int(cells[1]) == self->epoch && g_strcmp0(cells[2], "true") == 0;
  } else if (strcmp(cells[0], "stop") == 0) {
    int64_t *ord = g_new(int64_t, 1);
    *ord = bq_cell_int(cells[1]);
    g_hash_table_insert(watch->stops, ord, g_strdup(cells[2]));
  } else {
    const char *text = cells[2] ? cells[2] : "*"; /* a hold on nobody knows what holds everything */
    size_t name_bytes = strcspn(text, "\n");
    const char *value = text[name_bytes] ? text + name_bytes + 1 : NULL;
    g_hash_table_insert(watch->holds, g_strndup(text, name_bytes), hold_reason(value));
  }
}

static void claims_append(GString *json, const struct stops_query *query)
{
  json_append_key(json, "claims");
  g_string_append_c(json, '[');
  for (size_t i = 0; query && i < query->claims_n; i++) {
    g_string_append(json, i > 0 ? ",{" : "{");
    bq_json_int(json, "ord", query->claims[i]->ord);
    json_append_str(json, "person", query->claims[i]->person);
    g_string_append_c(json, '}');
  }
  g_string_append_c(json, ']');
}

/* Looks, and renews the lease in the same job where there is one. */
static bool watch_look(struct bq_warehouse *self, const struct stops_query *query, GError **error)
{
  const char *run_id = query ? query->claims[0]->run_id : self->run.run_id;
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "run_id", run_id ? run_id : "");
  bq_json_int(json, "since", self->run.started_at_us ? self->run.started_at_us - BQ_OVERLAP_US : 0);
  bq_json_int(json, "now", self->watch.now_us ? self->watch.now_us : bq_now_us(self));
  bq_json_int(json, "epoch", self->epoch);
  claims_append(json, query);
  g_string_append_c(json, '}');
  int64_t looked_at_us = clock_boot_us(self->clock);
  struct bq_call renewing = BQ_SCRIPT(json->str, BQ_LEASE_RENEW, BQ_WATCH);
  struct bq_call looking = BQ_SCRIPT(json->str, BQ_WATCH);
  watch_clear(&self->watch);
  if (!bq_each(self, self->epoch ? &renewing : &looking, watch_row, self, error)) return false;
  self->watch.run_id = g_strdup(run_id);
  self->watch.looked_at_us = looked_at_us;
  if (self->watch.is_ours) self->renewed_at_us = looked_at_us;
  return true;
}

bool bq_lease_confirm(struct bq_warehouse *self, GError **error)
{
  if (self->epoch == 0) return true;
  if (!watch_look(self, NULL, error)) return false;
  if (self->watch.is_ours) return true;
  error_set(error, ERROR_UNSAFE, "the lease of %s is lost; nothing more is decided by this run", self->lease_job);
  return false;
}

/* With a lease the last look holds for 30 s; without one every question is asked. */
static bool watch_fresh(struct bq_warehouse *self, const struct stops_query *query, GError **error)
{
  const char *run_id = query ? query->claims[0]->run_id : NULL;
  const struct bq_watch *watch = &self->watch;
  bool is_young = self->epoch && watch->looked_at_us && clock_boot_us(self->clock) - watch->looked_at_us < RENEW_US;
  if (is_young && (!run_id || g_strcmp0(watch->run_id, run_id) == 0)) return true;
  return watch_look(self, query, error);
}

/* What the opening of this run says about holds is a look as good as any. */
static void watch_open(struct bq_warehouse *self, int64_t looked_at_us)
{
  GHashTableIter iter;
  gpointer name = NULL, value = NULL;
  watch_clear(&self->watch);
  g_hash_table_iter_init(&iter, self->kept.controls);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (g_str_has_prefix(name, HOLD_PREFIX))
      g_hash_table_insert(self->watch.holds, g_strdup((const char *)name + strlen(HOLD_PREFIX)), hold_reason(value));
  self->watch.is_ours = true;
  self->watch.looked_at_us = looked_at_us;
}

bool bq_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  gpointer found = NULL;
  if (reason) *reason = NULL;
  if (!watch_fresh(self, NULL, error)) return false;
  *is_on = g_hash_table_lookup_extended(self->watch.holds, "*", NULL, &found) ||
           (campaign_id && g_hash_table_lookup_extended(self->watch.holds, campaign_id, NULL, &found));
  if (*is_on && reason) *reason = g_strdup(found);
  return true;
}

static void gone_row(const char *const *cells, void *into)
{
  int64_t *ord = g_new(int64_t, 1);
  *ord = bq_cell_int(cells[0]);
  g_hash_table_add(into, ord);
}

/* The rows of all claims are read once, page by page, and sent for as long as that takes: what became of them meanwhile
 * is asked as often as the stops are. */
static bool gone_fresh(struct bq_warehouse *self, const char *run_id, GError **error)
{
  struct bq_watch *watch = &self->watch;
  int64_t now_us = clock_boot_us(self->clock);
  if (!self->epoch || now_us - watch->rows_read_us < RENEW_US) return true;
  struct bq_call call = {
      .ids = {BQ_CLAIMS_GONE},
      .ids_n = 1,
      .parameters = {bigquery_text("run_id", run_id),
                     bq_since("since", self->run.started_at_us ? self->run.started_at_us - BQ_OVERLAP_US : 1)},
      .parameters_n = 2};
  g_autoptr(GHashTable) gone = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  if (!bq_each(self, &call, gone_row, gone, error)) return false;
  g_clear_pointer(&watch->gone, g_hash_table_unref);
  watch->gone = g_steal_pointer(&gone);
  watch->rows_read_us = now_us;
  return true;
}

bool bq_stops_check(struct ledger *ledger, const struct stops_query *query, struct page *stopped, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(stopped);
  if (query->claims_n == 0) return true;
  if (self->watch.now_us != query->now_us) self->watch.looked_at_us = 0;
  self->watch.now_us = query->now_us;
  if (!watch_fresh(self, query, error) || !gone_fresh(self, query->claims[0]->run_id, error)) return false;
  for (size_t i = 0; i < query->claims_n; i++) {
    const char *reason = g_hash_table_lookup(self->watch.stops, &query->claims[i]->ord);
    bool is_gone = !reason && self->watch.gone && g_hash_table_contains(self->watch.gone, &query->claims[i]->ord);
    struct stopped_claim row = {.ord = query->claims[i]->ord, .reason = page_text(stopped, reason), .is_gone = is_gone};
    if (reason || is_gone) g_array_append_val(stopped->rows, row);
  }
  return true;
}

/* ---- the lease ---- */

struct holder {
  char *job, *holder, *host, *boot_id;
  int64_t pid, epoch, acquired_at_us;
  bool is_active;
};

static void holder_clear(struct holder *holder)
{
  g_free(holder->job);
  g_free(holder->holder);
  g_free(holder->host);
  g_free(holder->boot_id);
}

static void holder_fill(struct holder *holder, const char *const *cells)
{
  *holder = (struct holder){.job = g_strdup(cells[0]),
                            .holder = g_strdup(cells[1]),
                            .host = g_strdup(cells[2]),
                            .boot_id = g_strdup(cells[3]),
                            .pid = bq_cell_int(cells[4]),
                            .epoch = bq_cell_int(cells[5]),
                            .acquired_at_us = bq_cell_int(cells[6]),
                            .is_active = bq_cell_bool(cells[7])};
}

static bool no_row(GError **error)
{
  error_set(error, ERROR_CONFIG, "table leases has no row; run `leadferry schema apply`");
  return false;
}

static bool holder_read(struct bq_warehouse *self, const struct bq_call *call, struct holder *holder, GError **error)
{
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  if (!bq_query(self, call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (!cells) return no_row(error);
  holder_fill(holder, cells);
  return true;
}

/* As the opening says. */
static bool holder_kept(struct bq_warehouse *self, struct holder *holder, GError **error)
{
  g_auto(GStrv) cells = self->kept.lease ? g_strsplit(self->kept.lease, "\n", LEASE_FIELDS_N + 2) : NULL;
  if (!cells || g_strv_length(cells) != LEASE_FIELDS_N + 2) return no_row(error);
  holder_fill(holder, (const char *const *)cells);
  self->kept.predecessors = g_strdup(cells[LEASE_FIELDS_N]);
  self->kept.streams = g_strdup(cells[LEASE_FIELDS_N + 1]);
  return true;
}

/* Where a pid of ours means something: this start of the machine, and in it this namespace. Containers share the
 * machine's start, some its name as well, and each counts its processes by itself. "" when that cannot be told. */
static char *pid_space(void)
{
  g_autofree char *text = NULL;
  g_autofree char *space = g_file_read_link("/proc/self/ns/pid", NULL);
  if (!space || !g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL)) return g_strdup("");
  return g_strdup_printf("%s/%s", g_strstrip(text), space);
}

/* Of this very machine, since its last start, and no process any more. One that is another user's may not be signalled,
 * and lives. */
static bool is_dead(const struct holder *holder)
{
  g_autofree char *space = pid_space();
  if (!*space || g_strcmp0(holder->boot_id, space) != 0 || g_strcmp0(holder->host, g_get_host_name()) != 0)
    return false;
  return holder->pid > 0 && kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH;
}

static bool lease_try(struct bq_warehouse *self, const char *job, int64_t dead_epoch, struct holder *holder,
                      GError **error)
{
  g_autofree char *space = pid_space();
  g_autofree char *name =
      g_strdup_printf("%s/%d/%016" G_GINT64_MODIFIER "x", g_get_host_name(), (int)getpid(), self->nonce);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "job", job);
  json_append_str(json, "holder", name);
  json_append_str(json, "host", g_get_host_name());
  json_append_str(json, "boot_id", space);
  bq_json_int(json, "pid", getpid());
  bq_json_int(json, "dead_epoch", dead_epoch);
  g_string_append_c(json, '}');
  if (!bq_kept_open(self, json->str, error) || !holder_kept(self, holder, error)) return false;
  if (g_strcmp0(holder->holder, name) == 0 && holder->is_active && self->epoch == 0) return true;
  g_autofree char *since = time_format_us(holder->acquired_at_us);
  error_set(error, ERROR_LOCKED,
            "another run holds the lease of dataset %s: job %s, process %" G_GINT64_FORMAT
            " on %s, since %s; wait until "
            "it has ended",
            self->ops_dataset, holder->job, holder->pid, holder->host, since);
  return false;
}

/* There is one row, and it is ours: another job of this process works under the same epoch. */
static void lease_beside(struct bq_warehouse *self, const char *job, struct lease *lease)
{
  *lease = (struct lease){.epoch = self->epoch, .deadline_boot_us = self->renewed_at_us + LEASE_US};
  g_strlcpy(lease->job, job, sizeof lease->job);
  self->leases_n++;
}

/* ---- what a holder leaves running ---- */

#define PREDECESSOR_WAIT_US (60 * SECOND_US) /* the lease runs on meanwhile, and nobody renews it */

/* The same whoever makes it from the row of the lease. NULL without an installation id. Caller frees. */
static char *claim_id_of(const struct bq_warehouse *self, const char *lease_id, int64_t n)
{
  const char *installation = self->kept.controls ? g_hash_table_lookup(self->kept.controls, "installation_id") : NULL;
  if (!installation || !*installation || !lease_id) return NULL;
  return g_strdup_printf("leadferry_claim_%s_all_%s_%" G_GINT64_FORMAT, installation, lease_id, n);
}

char *bq_claim_job_id(struct bq_warehouse *self)
{
  return self->kept.is_open ? claim_id_of(self, self->kept.lease_id, ++self->kept.claims_n) : NULL;
}

/* Claims of one that never gave the lease back: each that it began is over when this returns true. */
static bool claims_wait(struct bq_warehouse *self, const char *lease_id, int64_t until_us, GError **error)
{
  bool is_known = true;
  for (int64_t n = 1; is_known; n++) {
    g_autofree char *job_id = claim_id_of(self, lease_id, n);
    int64_t patience_us = MAX(until_us - clock_boot_us(self->clock), 0);
    if (!job_id) return true;
    if (!bigquery_job_wait(self->client, job_id, patience_us, &is_known, error)) return false;
  }
  return true;
}

/* An INSERT waits for nobody: what a dead holder's claim writes after we have looked would be sent twice. */
static bool predecessors_wait(struct bq_warehouse *self, GError **error)
{
  g_auto(GStrv) ids = g_strsplit(self->kept.predecessors ? self->kept.predecessors : "", ",", 0);
  int64_t until_us = clock_boot_us(self->clock) + PREDECESSOR_WAIT_US;
  for (size_t i = 0; ids[i]; i++) {
    if (!*ids[i] || claims_wait(self, ids[i], until_us, error)) continue;
    g_prefix_error(error, "a run that died was claiming, and nothing is decided before its claim is over; run again: ");
    return false;
  }
  return true;
}

/* Takes what lease_try() got; false: it stays untaken and runs out, so that the next one knows of us as well. */
static bool lease_begin(struct bq_warehouse *self, const struct holder *holder, int64_t asked_at_us, GError **error)
{
  if (!predecessors_wait(self, error)) return false;
  self->kept.lease_id =
      g_strdup_printf("%" G_GINT64_FORMAT "_%" G_GINT64_FORMAT, holder->epoch, holder->acquired_at_us);
  self->leases_n = 1;
  self->epoch = holder->epoch;
  self->renewed_at_us = asked_at_us;
  bq_kept_begin(self, holder->job);
  watch_open(self, asked_at_us);
  return true;
}

bool bq_lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  *lease = (struct lease){0};
  if (self->leases_n > 0 && strcmp(self->lease_job, job) != 0) {
    lease_beside(self, job, lease);
    return bq_lease_check(ledger, lease, error);
  }
  bigquery_set_label(self->client, "leadferry_job", job);
  if (self->leases_n == 0) bigquery_totals_reset(self->client); /* what a run costs begins with its lease */
  int64_t asked_at_us = clock_boot_us(self->clock); /* from before the request: the deadline errs to the safe side */
  struct holder holder = {0};
  g_autoptr(GError) refusal = NULL;
  bool is_ours = lease_try(self, job, -1, &holder, &refusal);
  if (!is_ours && error_is(refusal, ERROR_LOCKED) && is_dead(&holder)) {
    int64_t dead_epoch = holder.epoch;
    holder_clear(&holder);
    holder = (struct holder){0};
    g_clear_error(&refusal);
    asked_at_us = clock_boot_us(self->clock);
    is_ours = lease_try(self, job, dead_epoch, &holder, &refusal);
  }
  is_ours = is_ours && lease_begin(self, &holder, asked_at_us, &refusal);
  if (is_ours) {
    *lease = (struct lease){.epoch = holder.epoch, .deadline_boot_us = asked_at_us + LEASE_US};
    g_strlcpy(lease->job, job, sizeof lease->job);
    g_strlcpy(self->lease_job, job, sizeof self->lease_job);
  } else {
    g_propagate_error(error, g_steal_pointer(&refusal));
  }
  holder_clear(&holder);
  return is_ours;
}

bool bq_lease_check(struct ledger *ledger, struct lease *lease, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  int64_t now_us = clock_boot_us(self->clock);
  bool is_held = lease->epoch && lease->epoch == self->epoch;
  if (is_held && now_us - self->renewed_at_us >= RENEW_US && !watch_look(self, NULL, error)) return false;
  lease->deadline_boot_us = self->renewed_at_us + LEASE_US;
  if (is_held && clock_boot_us(self->clock) < lease->deadline_boot_us &&
      (!self->watch.looked_at_us || self->watch.is_ours))
    return true;
  error_set(error, ERROR_UNSAFE, "the lease of %s is lost; nothing more is sent by this run", lease->job);
  return false;
}

void bq_lease_release(struct ledger *ledger, struct lease *lease)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (lease->epoch == 0) return;
  if (self->leases_n > 1) {
    self->leases_n--;
    *lease = (struct lease){0};
    return;
  }
  g_autoptr(GError) ignored = NULL; /* it runs out by itself */
  g_autoptr(GString) json = g_string_new("{");
  g_autofree char *streams = bq_streams_text(self);
  bq_json_int(json, "epoch", lease->epoch);
  json_append_str(json, "streams", streams);
  g_string_append_c(json, '}');
  if (!bq_run(self, &BQ_SCRIPT(json->str, BQ_LEASE_GIVE_BACK), &ignored)) g_clear_error(&ignored);
  self->epoch = self->leases_n = 0;
  self->watch.looked_at_us = 0;
  bq_kept_forget(self);
  *lease = (struct lease){0};
}

bool bq_report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct holder holder = {0};
  *view = (struct lease_view){0};
  if (!holder_read(self, &BQ_SCRIPT("{}", BQ_LEASE_READ), &holder, error)) return false;
  *view = (struct lease_view){.is_locked = holder.is_active,
                              .has_row = holder.is_active,
                              .job = g_strdup(holder.job),
                              .host = g_strdup(holder.host),
                              .pid = holder.pid,
                              .epoch = holder.epoch,
                              .acquired_at_us = holder.acquired_at_us};
  holder_clear(&holder);
  return true;
}

bool bq_lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct holder holder = {0};
  *was_cleared = false;
  if (!holder_read(self, &BQ_SCRIPT("{}", BQ_LEASE_READ), &holder, error)) return false;
  *was_cleared = holder.is_active;
  holder_clear(&holder);
  return bq_run(self, &BQ_SCRIPT("{}", BQ_LEASE_CLEAR), error);
}

/* ---- holds ---- */

static int by_campaign(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(((const struct hold_row *)a)->campaign_id, ((const struct hold_row *)b)->campaign_id);
}

static void hold_add(const char *const *cells, void *into)
{
  struct page *page = into;
  if (!g_str_has_prefix(cells[0], HOLD_PREFIX)) return;
  const char *name = cells[0] + strlen(HOLD_PREFIX), *value = cells[1];
  g_autoptr(cJSON) note = value ? json_parse(value, strlen(value), NULL) : NULL;
  bool is_ours = note && cJSON_IsObject(note);
  struct hold_row row = {.campaign_id = strcmp(name, "*") == 0 ? NULL : page_text(page, name),
                         .reason = page_text(page, is_ours ? json_string(note, "reason") : value),
                         .actor = page_text(page, is_ours ? json_string(note, "actor") : NULL)};
  const char *at = is_ours ? json_string(note, "at") : NULL;
  row.at_us = bq_cell_int(at);
  g_array_append_val(page->rows, row);
}

bool bq_report_holds(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {.ids = {BQ_CONTROLS_ALL}, .ids_n = 1};
  page_reset(page);
  if (!bq_each(self, &call, hold_add, page, error)) return false;
  g_array_sort(page->rows, by_campaign);
  return true;
}
