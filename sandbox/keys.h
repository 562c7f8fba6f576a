#pragma once
/* API keys with their scopes, and lead lists: the small objects of a workspace. */
#include "world.h"

/* Makes the keys of the configuration, or one with all:all. */
bool keys_make(struct world *world, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a key. scopes is copied; NULL text makes a new secret. Borrowed. */
struct api_key *keys_new(struct world *world, const char *name, const char *text, char **scopes);

/* The key with this secret, or NULL. */
struct api_key *keys_find(const struct world *world, const char *text);

/* Does the key allow "resource:verb"? NULL needs no scope. */
bool keys_allow(const struct api_key *key, const char *scope);

/* Is it one of the scopes of the specification (resource:action, * :all)? */
bool keys_scope_is_known(const char *scope);

/* Makes a list of leads. Borrowed. */
struct list *keys_list_new(struct world *world, const char *name);

/* Free functions for the arrays of world.h. */
void keys_free(gpointer key);
void keys_list_free(gpointer list); /* see keys_free */
