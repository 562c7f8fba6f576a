#include "stats.h"

struct counts *stats_at(GArray *stats, int64_t now_ms, int step, int variant)
{
  int32_t day = (int32_t)(now_ms / DAY_MS);
  for (guint i = stats->len; i > 0; i--) {
    struct stat *row = &g_array_index(stats, struct stat, i - 1);
    if (row->day != day) break;
    if (row->step == step && row->variant == variant) return &row->counts;
  }
  struct stat added = {.day = day, .step = (int8_t)step, .variant = (int8_t)variant};
  g_array_append_val(stats, added);
  return &g_array_index(stats, struct stat, stats->len - 1).counts;
}

static void counts_add(struct counts *sum, const struct counts *more)
{
  /* All members are uint32_t: a sum by position cannot miss one that is added later. */
  uint32_t *to = (uint32_t *)(void *)sum;
  const uint32_t *from = (const uint32_t *)(const void *)more;
  G_STATIC_ASSERT(sizeof(struct counts) % sizeof(uint32_t) == 0);
  for (size_t i = 0; i < sizeof(struct counts) / sizeof(uint32_t); i++)
    to[i] += from[i];
}

bool stats_sum(const GArray *stats, const struct stats_range *range, struct counts *sum)
{
  bool is_any = false;
  for (guint i = 0; i < stats->len; i++) {
    const struct stat *row = &g_array_index(stats, struct stat, i);
    if (row->day < range->from_day || row->day > range->to_day) continue;
    if (range->step != ANY_STEP && (row->step != range->step || row->variant != range->variant)) continue;
    counts_add(sum, &row->counts);
    is_any = true;
  }
  return is_any;
}
