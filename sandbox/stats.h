#pragma once
/* Statistics: per UTC day, step and variant, what the analytics endpoints add up. */
#include "model.h"

/* The counters of that moment's day; step -1 when it cannot be told. Valid until the next call for the same array. */
struct counts *stats_at(GArray *stats, int64_t now_ms, int step, int variant);

/* Which rows to add up: days [from_day, to_day], and a step (ANY_STEP for all). */
#define ANY_STEP (-100)
struct stats_range {
  int32_t from_day;
  int32_t to_day;
  int step;
  int variant;
};

/* Adds the rows of the range to *sum. True when there was any. */
bool stats_sum(const GArray *stats, const struct stats_range *range, struct counts *sum);
