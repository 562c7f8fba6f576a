#pragma once
/* Verification of addresses: on import (a background job that writes verification_status), and one by one. */
#include "world.h"

/* The table of single verifications of world.h. */
GHashTable *verifications_new(void);

/* Verifies new rows of a campaign or list after the configured time. rows is taken. */
void verification_import(struct world *world, const struct campaign *campaign, const struct list *list,
                         GPtrArray *rows);
