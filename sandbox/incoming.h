#pragma once
/* A lead as a request body describes it, for leads/add, POST /leads and the control interface. */
#include "arena.h"
#include "validate.h"
#include "world.h"

struct incoming {
  const char *email; /* as sent; NULL when missing */
  const char *texts[TEXTS_N];
  const cJSON *variables;
  bool has_interest;
  int16_t interest;
};

/* Reads an item of leads[]. False when a property has a type that needs the validator (coercion or an error). */
bool incoming_read(struct incoming *incoming, const cJSON *item);

/* The fields of an item for the validator. */
extern const struct field incoming_fields[];

#define EMAIL_BYTES 321

/* Writes the trimmed, lower-case address. False when it is too long or no address. */
bool incoming_email(const char *raw, char out[EMAIL_BYTES]);

/* The packed texts, in the arena. */
char *incoming_pack(struct arena *arena, const struct incoming *incoming);

/* Registers the names of the custom variables with the campaign (which may be NULL). */
void incoming_register(const struct incoming *incoming, struct campaign *campaign);
