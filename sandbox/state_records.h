#pragma once
/* The records of the state file, shared by state_save.c and state_load.c. */
#include "audit.h"
#include "model.h"
#include "stats.h"
#include "world.h"

#define STATE_MAGIC    0x3153464cU /* "LFS1" */
#define STATE_VERSION  1U
#define STATE_TEXT_MAX ((uint32_t)64 * 1024 * 1024)
#define NO_INDEX       UINT32_MAX

struct state_header {
  uint32_t magic;
  uint32_t version;
  uint32_t lead_bytes;
  uint32_t stat_bytes;
  uint32_t history_bytes;
  uint32_t campaign_bytes;
};

struct world_record {
  uint64_t seed;
  uint64_t ids_made_n;
  int64_t now_ms;
  int64_t created_ms;
  int64_t old_ids_left_n;
  int64_t plan_limit;
  double credits;
  struct uuid organization;
  struct uuid owner;
  struct quirks quirks;
  struct audit_totals totals;
  bool is_paid;
};

struct person_record {
  int64_t stopped_ms;
  uint32_t history;
  uint32_t api_created_n;
};

struct campaign_record {
  struct uuid id;
  struct chances chances;
  int64_t created_ms;
  int64_t updated_ms;
  int64_t today_until_ms;
  int64_t sent_today_n;
  int64_t new_today_n;
  int64_t tick_share;
  int64_t last_send_ms;
  uint32_t sent_ever_n;
  uint32_t bounced_ever_n;
  int8_t status;
  bool is_gone;
  bool has_run;
};

struct subsequence_record {
  struct uuid id;
  int64_t created_ms;
  uint16_t parent;
  int8_t status;
};

struct list_record {
  struct uuid id;
  int64_t created_ms;
  bool is_gone;
};

struct entry_record {
  struct uuid id;
  int64_t created_ms;
};

struct timer_record {
  int64_t due_ms;
  uint32_t lead;
  int32_t kind;
  uint16_t extra;
  uint8_t step;
  uint8_t variant;
};

/* The header that this program writes and expects. */
static inline struct state_header state_header_own(void)
{
  return (struct state_header){STATE_MAGIC,         STATE_VERSION,          sizeof(struct lead),
                               sizeof(struct stat), sizeof(struct history), sizeof(struct campaign_record)};
}
