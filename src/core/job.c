#include "core/job.h"

#include <string.h>

#include "base/log.h"
#include "base/loopback.h"
#include "base/random.h"
#include "base/text.h"
#include "core/stop_guard.h"

void job_init(struct job *job, const struct settings *settings, struct ledger *ledger, struct instantly *instantly,
              const struct clock *clock)
{
  *job = (struct job){.settings = settings,
                      .ledger = ledger,
                      .instantly = instantly,
                      .clock = clock,
                      .limit = SETTING_UNLIMITED,
                      .bulk_stops_wait = true,
                      .run_id = text_run_id(clock_wall_us(clock), random_u64())};
}

void job_clear(struct job *job)
{
  g_clear_pointer(&job->run_id, g_free);
  g_clear_pointer(&job->subsequences, g_hash_table_unref);
  g_clear_pointer(&job->told, g_hash_table_unref);
  g_clear_pointer(&job->block_list, g_hash_table_unref);
}

bool job_begin(struct job *job, const char *name, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  if (!ops->lease_acquire(job->ledger, name, &job->lease, error)) return false;
  log_set_run(job->run_id);
  struct run_record run = {
      .run_id = job->run_id, .job = name, .started_at_us = ops->now_us(job->ledger), .fingerprint = job->fingerprint};
  if (ops->run_begin(job->ledger, &run, error) && ops->fold(job->ledger, error)) return true;
  ops->lease_release(job->ledger, &job->lease);
  log_set_run(NULL);
  return false;
}

const char *run_error_type(const GError *failure)
{
  switch (error_kind_of(failure)) {
  case ERROR_AUTH:
    return error_status(failure) == 402   ? "plan_refused"
           : error_status(failure) == 403 ? "scope_missing"
                                          : "key_refused";
  case ERROR_TRANSIENT:
  case ERROR_RATE_LIMITED: return "temporary";
  case ERROR_UNSAFE: return "safety_stop";
  case ERROR_CONFIG: return "configuration";
  case ERROR_CORRUPT: return "corrupt";
  case ERROR_REJECTED:
  case ERROR_NOT_FOUND: return "request_refused";
  case ERROR_LOCAL: return "local";
  default: return NULL;
  }
}

/* The one place where a run that failed as a whole is written down: with one id per job and type, and counted on until
 * the job ends well. */
static void report_failure(struct job *job, const char *job_name, const GError *failure)
{
  const char *type = failure != NULL ? run_error_type(failure) : NULL;
  if (type == NULL) return;
  g_autofree char *key = g_strdup_printf("run|%s|%s", job_name, type);
  g_autofree char *message = g_strdup_printf("%s failed: %s", job_name, failure->message);
  struct error_row row = {.type = type, .message = message, .key = key, .run_job = job_name};
  g_autoptr(GError) error = NULL;
  if (!job->ledger->ops->errors_append(job->ledger, &row, 1, &error))
    log_event(LOG_ERROR, "error row not written", LOG_STR("error", error->message));
}

void job_end(struct job *job, const struct run_record *run, const struct run_ending *ending)
{
  const struct ledger_ops *ops = job->ledger->ops;
  enum exit_code exit_code = ending->exit_code;
  g_autoptr(GError) error = NULL;
  struct run_record end = *run;
  end.run_id = job->run_id;
  end.verdict = run_verdict(exit_code);
  end.exit_code = exit_code;
  end.ended_at_us = ops->now_us(job->ledger);
  report_failure(job, end.job, ending->failure);
  if (!ops->run_end(job->ledger, &end, &error))
    log_event(LOG_ERROR, "run row not written", LOG_STR("error", error->message));
  log_event(LOG_INFO, "run ended", LOG_STR("job", end.job), LOG_STR("verdict", end.verdict),
            LOG_INT("exit_code", exit_code));
  stop_guard_note(job);
  ops->lease_release(job->ledger, &job->lease);
  log_set_run(NULL);
}

const char *run_verdict(enum exit_code exit_code)
{
  switch (exit_code) {
  case EXIT_CODE_OK: return "ok";
  case EXIT_CODE_PARTIAL: return "partial";
  case EXIT_CODE_TEMPORARY: return "temporary";
  case EXIT_CODE_LOCKED: return "locked";
  case EXIT_CODE_SAFETY: return "safety";
  case EXIT_CODE_AUTH: return "auth";
  case EXIT_CODE_CONFIG: return "config";
  case EXIT_CODE_USAGE: return "usage";
  case EXIT_CODE_SIGINT:
  case EXIT_CODE_SIGTERM: return "cancelled";
  case EXIT_CODE_SIGPIPE:
  case EXIT_CODE_FAILED: break;
  }
  return "failed";
}

bool job_is_cancelled(const struct job *job, GError **error)
{
  if (job->is_cancelled == NULL || !job->is_cancelled(job->cancel_context)) return false;
  error_set(error, ERROR_CANCELLED,
            "stopped by a signal; what was in flight is recorded, the next run goes on from there");
  return true;
}

/* Well within a lease, and seldom enough to cost nothing. */
#define KEEP_US (20 * SECOND_US)

bool job_tells(struct job *job, const char *key)
{
  if (job->told == NULL) job->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return g_hash_table_add(job->told, g_strdup(key));
}

bool job_keep_lease(struct job *job, GError **error)
{
  int64_t now_us = clock_boot_us(job->clock);
  if (job->lease.epoch == 0 || now_us - job->lease_kept_boot_us < KEEP_US) return true;
  job->lease_kept_boot_us = now_us;
  return job->ledger->ops->lease_check(job->ledger, &job->lease, error);
}

bool job_wait_until(struct job *job, int64_t until_mono_us, GError **error)
{
  for (;;) {
    int64_t left_us = until_mono_us - clock_mono_us(job->clock);
    if (left_us <= 0) return true;
    if (job_is_cancelled(job, error) || !job_keep_lease(job, error)) return false;
    clock_sleep_us(job->clock, MIN(left_us, SECOND_US));
  }
}

void job_progress(const struct job *job, const char *noun, int64_t done, int64_t total, int64_t refused)
{
  if (job->progress != NULL) job->progress->update(job->progress, noun, done, total, refused);
}

bool job_fix_now(struct job *job, GError **error)
{
  if (job->now_us != 0) return true;
  int64_t local_us = clock_wall_us(job->clock);
  int64_t remote_us = job->instantly->ops->date_us(job->instantly);
  job->now_us = remote_us != 0 ? remote_us : local_us;
  /* A sandbox on this machine has its own clock, so only a distant endpoint is held to ours. */
  if (url_is_loopback(job->settings->instantly.base_url)) return true;
  int64_t skew_s = ABS(job->now_us - local_us) / SECOND_US;
  if (skew_s > 86400) {
    error_set(error, ERROR_UNSAFE,
              "this machine's clock and Instantly's differ by %" G_GINT64_FORMAT
              " s, more than a day: set the clock (timedatectl), then run again",
              skew_s);
    return false;
  }
  if (skew_s > 300) log_event(LOG_WARNING, "clock differs from Instantly's", LOG_INT("skew_s", skew_s));
  return true;
}
