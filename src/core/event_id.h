#pragma once
/* The id of an event: what makes appending the same fact twice harmless, in whatever backend.
 *
 * SHA-256, in lower-case hex, of the columns in this order: kind, fact, reason, lead_id, person, campaign_id,
 * instantly_id, claim_id, batch_id, ord, ord_to, body_hash, attempt, generation, occurred_at_us, detail. Who wrote it
 * and when (run_id, epoch, recorded_at_us) is left out on purpose. Each column is written as text:
 *
 *   integer   'i' decimal ','                    i-5,
 *   string    's' byte length ':' bytes ','      s3:abc,
 *   NULL      'n,'                               (an empty string is s0:,)
 *
 * so that no two different events have the same text and SQL can write it as well. */
#include "core/lead.h"

#define EVENT_ID_CHARS     64
#define EVENT_DIGEST_BYTES 32

/* The id of event as the 32 bytes that the hex stands for. */
void event_digest(const struct lead_event *event, uint8_t digest[EVENT_DIGEST_BYTES]);

/* Writes the id of event into id, NUL-terminated. */
void event_id(const struct lead_event *event, char id[EVENT_ID_CHARS + 1]);
