/* leads/list: pages, several queries at once, and the guard against cursors that go in circles. */
#include "instantly/private.h"

#include <string.h>

#include "base/text.h"

#define WALKS_MAX_N 1000

/* One walk along the cursors of a query (Brent's cycle detection): the cursor and the first row of the last
 * power-of-two page are kept, and a walk that comes back to either will never end: rows come back under new cursors,
 * too. A few numbers, however many pages. */
struct walk {
  uint64_t expected;     /* hash of the cursor that the next page must be asked with */
  uint64_t landmark;     /* hash of a cursor behind us */
  uint64_t row_landmark; /* hash of the id that a page behind us began with; 0: none yet */
  uint64_t steps_n;
  uint64_t power;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
  for (const char *at = text ? text : "\xff"; *at != '\0'; at++) {
    hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
  }
  return (hash ^ 0x1f) * UINT64_C(1099511628211);
}

#define HASH_START UINT64_C(14695981039346656037)

/* What a query asks for, without where it stands. */
static uint64_t hash_query(const struct list_query *query)
{
  uint64_t hash = hash_text(hash_text(HASH_START, query->campaign_id), query->filter);
  if (query->in_list) hash = hash_text(hash, "in_list");
  for (size_t i = 0; i < query->ids_n; i++) {
    hash = hash_text(hash, query->ids[i]);
  }
  for (size_t i = 0; i < query->contacts_n; i++) {
    hash = hash_text(hash, query->contacts[i]);
  }
  return hash;
}

/* Walks that their callers gave up are forgotten together with all others once there are many: a guard that starts anew
 * still ends every circle. */
static struct walk *walk_of(GHashTable *walks, uint64_t key)
{
  struct walk *walk = g_hash_table_lookup(walks, &key);
  if (walk) return walk;
  if (g_hash_table_size(walks) >= WALKS_MAX_N) g_hash_table_remove_all(walks);
  walk = g_new0(struct walk, 1);
  g_hash_table_insert(walks, g_memdup2(&key, sizeof key), walk);
  return walk;
}

/* Notes the step from query->after to what follows page. ERROR_CORRUPT when the walk has been there before. */
static bool walk_step(GHashTable *walks, const struct list_query *query, const struct page *page, GError **error)
{
  uint64_t key = hash_query(query);
  if (!page->next) {
    g_hash_table_remove(walks, &key);
    return true;
  }
  struct walk *walk = walk_of(walks, key);
  uint64_t from = hash_text(HASH_START, query->after);
  uint64_t to = hash_text(HASH_START, page->next);
  uint64_t row = hash_text(HASH_START, page->rows->len > 0 ? page_row(page, struct remote_lead, 0)->id : NULL);
  if (walk->expected != from) *walk = (struct walk){.landmark = from, .power = 1};
  bool is_circle = to == from || to == walk->landmark || row == walk->row_landmark;
  walk->expected = to;
  if (++walk->steps_n == walk->power) {
    walk->landmark = to;
    walk->row_landmark = row;
    walk->steps_n = 0;
    walk->power *= 2;
  }
  if (!is_circle) return true;
  g_hash_table_remove(walks, &key);
  error_set(error, ERROR_CORRUPT, "the cursor goes in circles: the list has no end");
  return false;
}

/* A page that begins with the row that the cursor says is behind us repeats the one before. */
static bool page_moved_on(const struct list_query *query, const struct page *page, GError **error)
{
  if (!query->after || page->rows->len == 0) return true;
  const struct remote_lead *first = page_row(page, struct remote_lead, 0);
  const struct remote_lead *last = page_row(page, struct remote_lead, page->rows->len - 1);
  if (strcmp(first->id, query->after) != 0 && strcmp(last->id, query->after) != 0) return true;
  error_set(error, ERROR_CORRUPT, "the page after the cursor repeats the one before it");
  return false;
}

static void ask_page(struct ask *ask, const struct list_query *query)
{
  struct leads_list_body body = {
      .campaign = query->campaign_id,
      .filter = query->filter,
      .starting_after = query->after,
      .in_list = query->in_list,
      .ids = {query->ids, query->ids_n},
      .contacts = {query->contacts, query->contacts_n},
      .limit = LIST_MAX_N,
  };
  ask->endpoint = ENDPOINT_LEADS_LIST;
  ask->body_source = &body;
  ask_prepare(ask);
  ask->body_source = NULL;
}

static bool read_page(struct client *client, struct ask *ask, const struct list_query *query, struct page *page,
                      GError **error)
{
  struct call *call = &ask->call;
  if (!answer_is_good(call, endpoint_of(ask->endpoint), error)) return false;
  bool is_good = parse_list_page(call->answer->str, call->answer->len, query, page, error) &&
                 page_moved_on(query, page, error) && walk_step(client->walks, query, page, error);
  if (!is_good) g_prefix_error(error, "%s %s: ", call->method, call->route);
  return is_good;
}

static bool check_queries(const struct list_query *queries, size_t queries_n, GError **error)
{
  for (size_t i = 0; i < queries_n; i++) {
    if (queries[i].ids_n <= LIST_MAX_N && queries[i].contacts_n <= LIST_MAX_N) continue;
    error_set(error, ERROR_REJECTED, "a list query takes at most %d ids or contacts", LIST_MAX_N);
    return false;
  }
  return true;
}

/* A query without the ids that Instantly cannot have, which an answer once said: one of them would be a 400 for all. */
struct sound_query {
  struct list_query query;
  const char **ids;
  bool is_empty; /* it asked for such ids alone: nobody has them */
};

static void sound_init(struct sound_query *sound, const struct list_query *query)
{
  *sound = (struct sound_query){.query = *query, .ids = g_new0(const char *, query->ids_n + 1)};
  sound->query.ids = sound->ids;
  sound->query.ids_n = 0;
  for (size_t i = 0; i < query->ids_n; i++)
    if (text_is_uuid(query->ids[i])) sound->ids[sound->query.ids_n++] = query->ids[i];
  sound->is_empty = query->ids_n > 0 && sound->query.ids_n == 0;
}

/* Asks all that have something to ask, side by side. */
static bool ask_sound(struct client *client, const struct sound_query *queries, size_t queries_n, struct page *pages,
                      GError **error)
{
  g_autofree struct ask *asks = g_new0(struct ask, queries_n);
  g_autofree struct call **calls = g_new0(struct call *, queries_n);
  size_t calls_n = 0;
  for (size_t i = 0; i < queries_n; i++) {
    if (queries[i].is_empty) continue;
    ask_page(&asks[i], &queries[i].query);
    calls[calls_n++] = &asks[i].call;
  }
  net_perform(client->net, calls, calls_n);
  bool is_good = true;
  for (size_t i = 0; i < queries_n; i++) {
    if (queries[i].is_empty)
      page_reset(&pages[i]);
    else
      is_good = is_good && read_page(client, &asks[i], &queries[i].query, &pages[i], error);
    if (!queries[i].is_empty) ask_clear(&asks[i]);
  }
  return is_good;
}

bool leads_list(struct instantly *instantly, const struct list_query *queries, size_t queries_n, struct page *pages,
                GError **error)
{
  if (!check_queries(queries, queries_n, error)) return false;
  g_autofree struct sound_query *sound = g_new0(struct sound_query, queries_n);
  for (size_t i = 0; i < queries_n; i++)
    sound_init(&sound[i], &queries[i]);
  bool is_good = ask_sound(client_of(instantly), sound, queries_n, pages, error);
  for (size_t i = 0; i < queries_n; i++)
    g_free(sound[i].ids);
  return is_good;
}
