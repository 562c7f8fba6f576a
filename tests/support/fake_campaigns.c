/* The campaigns of the fake: their states, and who changed them last. */
#include "tests/support/fake_private.h"

static struct fake_instantly *fake_of(struct instantly *instantly)
{
  return (struct fake_instantly *)(void *)instantly;
}

bool fake_campaign_get(struct instantly *instantly, const char *id, struct remote_campaign *campaign, GError **error)
{
  if (fake_is_dead(fake_of(instantly), error)) return false;
  campaign->id = g_strdup(id);
  campaign->name = g_strdup("fake");
  campaign->status = fake_instantly_campaign(fake_of(instantly), id)->status;
  return true;
}

struct fake_campaign *fake_instantly_campaign(struct fake_instantly *fake, const char *campaign_id)
{
  struct fake_campaign *campaign = g_hash_table_lookup(fake->campaigns, campaign_id);
  if (campaign != NULL) return campaign;
  campaign = g_new0(struct fake_campaign, 1);
  campaign->status = fake->campaign_status;
  g_hash_table_insert(fake->campaigns, g_strdup(campaign_id), campaign);
  return campaign;
}

static void set_status(struct fake_campaign *campaign, int64_t status)
{
  bool is_running = campaign->status == CAMPAIGN_ACTIVE;
  if (status == CAMPAIGN_ACTIVE && campaign->is_paused_by_person) campaign->woken_n++;
  if (status == CAMPAIGN_ACTIVE || is_running) campaign->is_paused_by_person = false;
  campaign->status = status;
}

/* A pause or an activation, with the faults that one can meet. */
static bool set_status_faulty(struct instantly *instantly, const char *id, int64_t status, GError **error)
{
  struct fake_instantly *fake = fake_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  enum fake_fault fault = fake->next_touch != NULL ? fake->next_touch(fake->context) : FAKE_OK;
  bool is_done = fault == FAKE_OK || fault == FAKE_LOST_AFTER || fault == FAKE_5XX_AFTER;
  if (is_done) set_status(fake_instantly_campaign(fake, id), status);
  if (fault == FAKE_OK) return true;
  error_set(error, fault == FAKE_400 ? ERROR_REJECTED : ERROR_TRANSIENT, "the campaign was not touched, or was");
  return false;
}

bool fake_activate(struct instantly *instantly, const char *id, GError **error)
{
  return set_status_faulty(instantly, id, CAMPAIGN_ACTIVE, error);
}

bool fake_pause(struct instantly *instantly, const char *id, GError **error)
{
  return set_status_faulty(instantly, id, CAMPAIGN_PAUSED, error);
}
