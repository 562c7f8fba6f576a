/* Which of the configured campaigns does Instantly still have? Whoever deletes one there may not know that it is fed.
 */
#include "base/log.h"
#include "core/sync_read.h"

/* The leads of a campaign that is gone wait for a person, and are not taken for deleted by hand. It is said in every
 * sync until the campaign leaves the configuration: none of its leads may be left, and the next ones have nowhere to
 * go. */
static bool hold_gone(struct job *job, const char *campaign_id, struct sync_report *report, GError **error)
{
  int64_t held_n = 0;
  if (!job->ledger->ops->hold_campaign(job->ledger, campaign_id, job->run_id, &held_n, error)) return false;
  log_event(LOG_ERROR, "campaign is gone", LOG_STR("campaign", campaign_id), LOG_INT("held", held_n));
  report->held_n += held_n;
  report->gone_n++;
  g_autofree char *key = g_strdup_printf("campaign_gone|%s", campaign_id);
  g_autofree char *message = g_strdup_printf("campaign %s is configured and does not exist in Instantly any more; "
                                             "%" G_GINT64_FORMAT " of its leads are held now",
                                             campaign_id, held_n);
  struct error_row row = {.type = "campaign_gone", .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

bool sync_find_campaigns(struct job *job, struct sync_report *report, const char **ids, size_t *ids_n, GError **error)
{
  const GArray *campaigns = job->settings->campaigns;
  *ids_n = 0;
  for (guint i = 0; i < campaigns->len; i++) {
    const char *id = g_array_index(campaigns, struct campaign_settings, i).id;
    struct remote_campaign campaign;
    remote_campaign_init(&campaign);
    g_autoptr(GError) getting = NULL;
    bool is_there = job->instantly->ops->campaign_get(job->instantly, id, &campaign, &getting);
    remote_campaign_clear(&campaign);
    if (is_there) {
      ids[(*ids_n)++] = id;
    } else if (!error_is(getting, ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&getting));
      return false;
    } else if (!hold_gone(job, id, report, error)) {
      return false;
    }
  }
  return true;
}
