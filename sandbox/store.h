#pragma once
/* Rows and addresses: finding, making, moving, removing leads. Keeps every index of world.h consistent.
 *
 * Creation: store_person() for the address, then store_add() with a struct new_lead. A row sits in exactly one campaign
 * or list, or in neither (an orphan that a misnamed field makes). Lists are read through bucket_sort() and are ordered
 * by id; rows that are gone or have moved away may still sit in a bucket and are skipped by is_in_bucket checks. */
#include "world.h"

struct new_lead {
  struct person *person; /* may be NULL in a list */
  char *texts;           /* packed, taken */
  struct campaign *campaign;
  struct list *list;
  enum upload_method upload;
  bool has_interest;
  int16_t interest;
  int8_t verification;
};

/* The person with this lower-case address, or NULL. */
struct person *store_person_find(const struct world *world, const char *email);

/* The same, made when missing. */
struct person *store_person(struct world *world, const char *email);

/* Adds a row. Borrowed. */
struct lead *store_add(struct world *world, const struct new_lead *spec);

/* Adds a row that was saved, with its id and all its marks, and its timers. Its texts and person are in place. */
void store_restore(struct world *world, const struct lead *saved);

/* A live row by id, or NULL. */
struct lead *store_lead(const struct world *world, const struct uuid *id);

/* A live row by the text of its id, or NULL. */
struct lead *store_lead_text(const struct world *world, const char *id);

/* The person's row in that campaign or list, or NULL. */
struct lead *store_row_in_campaign(const struct person *person, uint16_t campaign);
struct lead *store_row_in_list(const struct person *person, uint16_t list); /* see store_row_in_campaign */

/* Takes the row out of everything. It stays readable for timers, marked gone. */
void store_remove(struct world *world, struct lead *lead);

/* Puts the row into another campaign or list; the caller compacts the source when it is done with all. */
void store_move(struct world *world, struct lead *lead, struct campaign *campaign, struct list *list);

/* Is it a live row of this campaign / list? */
static inline bool lead_is_in(const struct lead *lead, uint16_t campaign, uint16_t list)
{
  return !lead->is_gone && lead->campaign == campaign && lead->list == list;
}

/* Sorts by id when needed and drops rows that are gone once they are many. */
void bucket_sort(struct bucket *bucket);

/* Drops what is gone or no longer in this campaign and list (0, 0: the workspace's bucket, which drops only gone ones).
 */
void bucket_compact(struct bucket *bucket, uint16_t campaign, uint16_t list);

/* Index of the first row whose id is greater than this one. The bucket is sorted. */
guint bucket_after(const struct bucket *bucket, const struct uuid *id);

/* By handle; NULL for 0. */
struct campaign *store_campaign_at(const struct world *world, uint16_t handle);
struct list *store_list_at(const struct world *world, uint16_t handle);               /* see store_campaign_at */
struct subsequence *store_subsequence_at(const struct world *world, uint16_t handle); /* see store_campaign_at */

/* By the text of an id; NULL when unknown or deleted. */
struct campaign *store_campaign(const struct world *world, const char *id);
struct list *store_list(const struct world *world, const char *id);               /* see store_campaign */
struct subsequence *store_subsequence(const struct world *world, const char *id); /* see store_campaign */
