#pragma once
/* The texts of a lead, packed into one allocation: per text a 32-bit length (or "null"), then its bytes and a NUL.
 *
 * A million leads with ten small strings each would otherwise be ten million allocations. Build with texts_pack(), read
 * with texts_get(), change with texts_set(). NULL as a packed string means that every text is null. */
#include "arena.h"
#include "model.h"

/* A copy of all in the arena; NULL entries are null. Owned by the arena. */
char *texts_pack(struct arena *arena, const char *const texts[TEXTS_N]);

/* All texts of a packed string: pointers into it, NULL for null. */
void texts_unpack(const char *packed, const char *texts[TEXTS_N]);

/* One text, or NULL. Borrowed. */
const char *texts_get(const char *packed, enum lead_text which);

/* The custom variables of a JSON object as the inside of an object; only scalars are kept. Caller frees. NULL for none.
 */
char *variables_pack(const cJSON *object);
