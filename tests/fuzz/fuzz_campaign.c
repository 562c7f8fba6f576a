/* A campaign with its steps: whatever the bytes, one that comes through is the one asked for; merge tags are not empty
 * and stand there once. */
#include "fuzz.h"

#include "core/routing.h"
#include "instantly/parse.h"

#include <string.h>

#define CAMPAIGN "019ffad2-9c4c-7079-b87c-ef3272fbbda1"

static void check_tags(const GPtrArray *tags)
{
  for (guint i = 0; i < tags->len; i++) {
    const struct merge_tag *tag = g_ptr_array_index(tags, i);
    g_assert_true(tag->name[0] != '\0' && !strstr(tag->name, "}}") && !strstr(tag->name, "{{"));
    for (guint k = 0; k < i; k++) {
      g_assert_cmpstr(((const struct merge_tag *)g_ptr_array_index(tags, k))->name, !=, tag->name);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) error = NULL;
  bool is_good = parse_campaign((const char *)data, size, CAMPAIGN, &campaign, &error);
  g_assert_true(is_good == (error == NULL));
  if (is_good) g_assert_cmpint(g_ascii_strcasecmp(campaign.id, CAMPAIGN), ==, 0);
  if (campaign.merge_tags->len < 500) check_tags(campaign.merge_tags);
  remote_campaign_clear(&campaign);
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(GPtrArray) tags = g_ptr_array_new();
  merge_tags_collect(text, tags);
  if (tags->len < 500) check_tags(tags);
  return 0;
}
