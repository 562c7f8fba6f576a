#pragma once
/* Campaigns and subsequences as objects: made from their JSON settings, changed, changed in status, freed.
 *
 * The settings stay as they were given (they are what GET shows); campaign_parse() reads from them what the engine
 * needs, and runs again after each PATCH. */
#include "world.h"

/* Makes a campaign and registers it. settings is taken; a missing schedule or sequence gets a default. */
struct campaign *campaign_new(struct world *world, cJSON *settings, enum campaign_status status);

/* Reads settings again after a change. */
void campaign_parse(const struct world *world, struct campaign *campaign);

/* Makes one from the configuration file's object: settings, plus status, steps, chances, subsequences. */
bool campaign_configure(struct world *world, const cJSON *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Activates (also resumes, relaunches) or sets any other status. */
void campaign_set_status(struct world *world, struct campaign *campaign, enum campaign_status status);

/* Makes a subsequence of parent. settings is taken. */
struct subsequence *subsequence_new(struct world *world, struct campaign *parent, cJSON *settings);

/* Name in the settings. */
const char *subsequence_name(const struct subsequence *subsequence);

/* Free functions for the arrays of world.h. */
void campaign_free(gpointer campaign);
void subsequence_free(gpointer subsequence); /* see campaign_free */

/* Marks the campaign deleted with all its rows. */
void campaign_remove(struct world *world, struct campaign *campaign);

/* The default workspace: two active campaigns, one draft, one paused, one completed. */
const char *campaign_defaults_json(void);
