#include "core/stop_hits.h"

#include <string.h>

/* Every source of a stop, and whether it is a person's own act: what Instantly or a mailbox shows of one person, what
 * an operator says about one person. The rest comes in lists, or from somewhere that nobody looked at. */
static const struct source {
  const char *name;
  bool is_own;
} sources[] = {
    {"sync", true},       /* a row of ours or of the workspace: unsubscribed, replied, bounced */
    {"workspace", true},  /* see sync */
    {"emails", true},     /* a reply in a mailbox */
    {"webhook", true},    /* an event that Instantly sent */
    {"mark", true},       /* `lead mark`: somebody answered elsewhere */
    {"command", true},    /* `suppress add` */
    {"inbox", false},     /* the same, left for the job that had the lock */
    {"import", false},    /* a file */
    {"blocklist", false}, /* Instantly's block list */
    {"exclusion", false}, /* source.exclude */
    {"gone", false},      /* source.gone: stop */
};

bool stop_source_is_own(const char *source)
{
  for (size_t i = 0; source && i < G_N_ELEMENTS(sources); i++)
    if (strcmp(sources[i].name, source) == 0) return sources[i].is_own;
  return false;
}

char *stop_sources_own(void)
{
  GString *out = g_string_new(" ");
  for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
    if (sources[i].is_own) g_string_append_printf(out, "%s ", sources[i].name);
  return g_string_free(out, FALSE);
}

int64_t stop_hits_max(const struct stop_hit_facts *facts)
{
  return MAX(facts->max_hit, facts->enrolled_n * facts->max_percent / 100);
}

bool stop_hits_wait(const struct stop_hit_facts *facts)
{
  return facts->hit_n > stop_hits_max(facts) && facts->hit_n != facts->allow_n;
}

bool stop_hits_permitted(const char *allow, int64_t hit_n)
{
  const char *number = allow ? strrchr(allow, '/') : NULL;
  return number && hit_n > 0 && g_ascii_strtoll(number + 1, NULL, 10) == hit_n;
}
