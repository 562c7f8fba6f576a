#include "core/retire.h"

#include "core/job.h"

/* ERROR_UNSAFE while Instantly has it. */
static bool check_gone(struct job *job, const char *id, GError **error)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) getting = NULL;
  bool is_there = job->instantly->ops->campaign_get(job->instantly, id, &campaign, &getting);
  remote_campaign_clear(&campaign);
  if (is_there)
    error_set(
        error, ERROR_UNSAFE,
        "campaign %s exists in Instantly, and only one that is gone can be retired; to stop feeding it take it out "
        "of the configuration, or say `leadferry hold on --campaign %s --reason WHY`",
        id, id);
  else if (!error_is(getting, ERROR_NOT_FOUND))
    g_propagate_error(error, g_steal_pointer(&getting));
  else
    return job_fix_now(job, error);
  return false;
}

static bool retire_steps(struct job *job, const struct retire_order *order, int64_t *ended_n, GError **error)
{
  struct retirement retirement = {
      .campaign_id = order->campaign_id, .run_id = job->run_id, .detail = order->detail, .is_dry_run = job->is_dry_run};
  if (!check_gone(job, order->campaign_id, error)) return false; /* 1 */
  retirement.now_us = job->now_us;
  return job->ledger->ops->retire_campaign(job->ledger, &retirement, ended_n, error); /* 2 */
}

/* The story. */
bool retire_run(struct job *job, const struct retire_order *order, int64_t *ended_n, GError **error)
{
  if (job->is_dry_run) return retire_steps(job, order, ended_n, error);
  if (!job_begin(job, "retire", error)) return false;
  g_autoptr(GError) failure = NULL;
  const struct ledger_ops *ops = job->ledger->ops;
  bool is_ok = retire_steps(job, order, ended_n, &failure) && ops->fold(job->ledger, &failure) &&
               ops->write_back(job->ledger, false, NULL, &failure); /* 3 */
  struct run_record record = {.job = "retire", .detail = order->detail};
  enum exit_code code = is_ok ? EXIT_CODE_OK : error_exit_code(error_kind_of(failure));
  job_end(job, &record, &(struct run_ending){code, failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}
