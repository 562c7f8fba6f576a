#pragma once
/* The block list of the workspace: addresses and domains, each an entry with an id.
 *
 * Values are kept in lower case. Adding a value twice gives the entry that is there. Order of listing is by id. */
#include "world.h"

struct block_entry {
  struct uuid id;
  int64_t created_ms;
  bool is_domain;
  char value[];
};

/* An empty list. */
struct blocklist *blocklist_new(void);

/* Frees list and entries; NULL is fine. */
void blocklist_free(struct blocklist *list);

/* Adds a value (an address or a domain, any case). NULL when it is neither. Stops the person of an address. */
const struct block_entry *blocklist_add(struct world *world, const char *value);

/* Gives an entry another value; id and time stay. Invalid: NULL, and nothing changes. */
const struct block_entry *blocklist_change(struct world *world, struct block_entry *entry, const char *value);

/* The entry with this id, or NULL. */
struct block_entry *blocklist_get(const struct world *world, const char *id);

/* Takes the entry off and frees it. */
void blocklist_remove(struct world *world, struct block_entry *entry);

/* Is the address, or its domain, on the list? */
bool blocklist_has(const struct world *world, const struct person *person);

/* All entries in the order of their ids: struct block_entry. Borrowed. */
const GPtrArray *blocklist_all(const struct world *world);

/* Is it syntactically an address / a domain (lower case)? */
bool address_is_valid(const char *text);
bool domain_is_valid(const char *text); /* see address_is_valid */
