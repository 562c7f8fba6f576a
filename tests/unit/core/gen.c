#include "gen.h"

#include <stdarg.h>
#include <string.h>

void gen_init(struct gen *gen, uint64_t seed)
{
  rng_init(&gen->rng, seed);
  gen->text = g_string_chunk_new(4096);
}

void gen_clear(struct gen *gen)
{
  g_clear_pointer(&gen->text, g_string_chunk_free);
}

int64_t gen_int(struct gen *gen, int64_t bound)
{
  return (int64_t)rng_below(&gen->rng, (uint64_t)bound);
}

bool gen_once_in(struct gen *gen, int64_t n)
{
  return gen_int(gen, n) == 0;
}

const char *gen_pick(struct gen *gen, const char *const *texts, size_t texts_n)
{
  return texts[gen_int(gen, (int64_t)texts_n)];
}

const char *gen_text(struct gen *gen, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return g_string_chunk_insert_const(gen->text, text);
}

static int64_t some_time(struct gen *gen)
{
  return GEN_EPOCH_US + gen_int(gen, 96) * GEN_HOUR_US;
}

static const char *some_campaign(struct gen *gen)
{
  return GEN_PICK(gen, "camp-a", "camp-b", "camp-c");
}

static const char *some_reason(struct gen *gen, enum event_kind kind)
{
  switch (kind) {
  case EVENT_FINISHED: return outcome_name((enum outcome)(1 + gen_int(gen, OUTCOME_UNSUBSCRIBED)));
  case EVENT_RELEASED: return GEN_PICK(gen, "never_sent", "absent", "temporary", "shutdown");
  case EVENT_HELD: return GEN_PICK(gen, "campaign_gone", "relaunched");
  case EVENT_REJECTED:
  case EVENT_SKIPPED: return GEN_PICK(gen, "invalid", "blocklisted", NULL);
  default: return NULL;
  }
}

/* Claims and Instantly's ids belong to one lead: its last digit is in both. */
static int digit_of(const char *lead_id)
{
  return g_ascii_digit_value(lead_id[strlen(lead_id) - 1]);
}

static const char *some_id(struct gen *gen, int digit)
{
  return gen_text(gen, "id-%d-%d", digit, (int)gen_int(gen, 2));
}

static int64_t some_ord(struct gen *gen, int digit)
{
  return digit * 10 + gen_int(gen, 2);
}

static const char *claim_text(struct gen *gen, int64_t epoch, int64_t ord)
{
  return gen_text(gen, "run%d.%d", (int)epoch, (int)ord);
}

struct lead_event gen_event(struct gen *gen, const char *lead_id, const char *person)
{
  enum event_kind kind = (enum event_kind)(EVENT_CLAIMED + gen_int(gen, EVENT_WITHDRAWN));
  if (gen_once_in(gen, 3)) kind = gen_once_in(gen, 3) ? EVENT_ADDED : EVENT_CLAIMED;
  bool is_sending = kind == EVENT_SENDING;
  int digit = digit_of(lead_id);
  int64_t generation = gen_once_in(gen, 5) ? 2 : 1;
  int64_t epoch = 1 + gen_int(gen, 3), ord = some_ord(gen, digit);
  bool is_numbered = kind == EVENT_HELD || kind == EVENT_RESOLVED || kind == EVENT_CLAIMED;
  return (struct lead_event){
      .kind = kind,
      .fact = kind == EVENT_STATUS ? (enum status_fact)(1 + gen_int(gen, FACT_IN_SUBSEQUENCE)) : FACT_NONE,
      .reason = some_reason(gen, kind),
      .lead_id = is_sending ? NULL : lead_id,
      .person = is_sending ? NULL : person,
      .campaign_id = some_campaign(gen),
      .instantly_id = kind == EVENT_CLAIMED ? NULL : some_id(gen, digit),
      .claim_id = kind <= EVENT_RELEASED ? claim_text(gen, epoch, ord) : NULL,
      .ord = kind == EVENT_CLAIMED ? ord : 0,
      .attempt = is_numbered ? 1 + gen_int(gen, 3) : 0,
      .generation = kind == EVENT_REOPENED ? 2 : generation,
      .epoch = epoch,
      .run_id = gen_text(gen, "run%d", (int)epoch),
      .occurred_at_us = some_time(gen),
      .recorded_at_us = some_time(gen),
  };
}

static int64_t maybe_time(struct gen *gen)
{
  return gen_once_in(gen, 3) ? some_time(gen) : 0;
}

struct remote_lead gen_row(struct gen *gen, const char *lead_id, const char *person)
{
  int digit = digit_of(lead_id);
  static const int64_t statuses[] = {REMOTE_ACTIVE,  REMOTE_ACTIVE,       REMOTE_PAUSED,  REMOTE_COMPLETED,
                                     REMOTE_BOUNCED, REMOTE_UNSUBSCRIBED, REMOTE_SKIPPED, 7};
  struct remote_lead row = {
      .id = some_id(gen, digit),
      .email = person,
      .person = person,
      .campaign_id = gen_once_in(gen, 8) ? NULL : some_campaign(gen),
      .subsequence_id = gen_once_in(gen, 5) ? "sub-1" : NULL,
      .status = statuses[gen_int(gen, G_N_ELEMENTS(statuses))],
      .has_interest = gen_once_in(gen, 4),
      .opens = gen_once_in(gen, 3),
      .clicks = gen_once_in(gen, 5),
      .replies = gen_once_in(gen, 4),
      .created_at_us = some_time(gen),
      .contacted_at_us = maybe_time(gen),
      .opened_at_us = maybe_time(gen),
      .replied_at_us = gen_once_in(gen, 4) ? some_time(gen) : 0,
      .updated_at_us = maybe_time(gen),
      .last_step_at_us = maybe_time(gen),
      .pause_until_us = gen_once_in(gen, 6) ? some_time(gen) : 0,
  };
  row.interest = row.has_interest ? gen_int(gen, 4) - 1 : 0;
  if (gen_once_in(gen, 2))
    row.stamp =
        gen_text(gen, "%d:%s", (int)gen_int(gen, 2) + 1, claim_text(gen, gen_int(gen, 3) + 1, some_ord(gen, digit)));
  return row;
}
