#pragma once
/* What the files of the fake share. */
#include "tests/support/fake_instantly.h"

/* Counts a call, lets late requests arrive; true when the process is dead: the call fails and does nothing. */
bool fake_is_dead(struct fake_instantly *fake, GError **error);

/* Entries of the table of functions, see struct instantly_ops. */
bool fake_campaign_get(struct instantly *instantly, const char *id, struct remote_campaign *campaign, GError **error);
bool fake_activate(struct instantly *instantly, const char *id, GError **error); /* see fake_campaign_get */
bool fake_emails_read(struct instantly *instantly, const struct email_query *query, struct page *page,
                      GError **error); /* see fake_campaign_get */
/* Frees a struct fake_email. */
void fake_email_free(gpointer data);
bool fake_pause(struct instantly *instantly, const char *id, GError **error); /* see fake_campaign_get */
/* Figures of campaigns, see fake_campaign_get. */
bool fake_analytics(struct instantly *instantly, const char *const *ids, size_t ids_n, struct page *page,
                    GError **error);
bool fake_daily(struct instantly *instantly, const char *id, const struct day_span *days, struct page *page,
                GError **error); /* see fake_analytics */
bool fake_steps(struct instantly *instantly, const char *id, struct page *page, GError **error); /* see above */
