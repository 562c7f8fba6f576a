#pragma once
/* One window of an export: stops are looked at once more, `sending` is written, the batches go out together, each
 * answer is settled. Used by export_send.c.
 *
 * The order inside is the promise: nothing is transmitted before its `sending` is durable, and nothing is transmitted
 * twice unless the first answer proves that it was not executed. */
#include "core/export_send.h"

/* Sends these claims (of one campaign, in the order of ord). *is_stopped: the campaign takes nothing more. */
bool export_send_window(struct export_send *send, const char *campaign_id, const GPtrArray *claims, bool *is_stopped,
                        GError **error);
