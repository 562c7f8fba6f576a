#pragma once
/* Objects of the API as JSON text, appended to a GString: answers are never built as trees. */
#include "world.h"

struct block_entry;

/* "name":"2026-11-02T08:00:00.000Z", or null for 0. */
void render_time(GString *out, const char *name, int64_t time_ms);

/* "name":"uuid", or null. */
void render_uuid(GString *out, const char *name, const struct uuid *id);

/* A Lead (instantly-api.md 3.12). */
void render_lead(const struct world *world, const struct lead *lead, GString *out);

/* A Campaign: its settings and what the service adds. */
void render_campaign(const struct world *world, struct campaign *campaign, GString *out);

/* A subsequence. */
void render_subsequence(const struct world *world, const struct subsequence *subsequence, GString *out);

/* An entry of the block list. */
void render_block_entry(const struct world *world, const struct block_entry *entry, GString *out);

/* Appends the members of a settings object without braces. */
void render_members(const cJSON *object, GString *out);
