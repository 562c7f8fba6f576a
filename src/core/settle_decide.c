/* The pure half of settling: stamps, and what a set of found rows means for a claim. */
#include <string.h>

#include "core/settle.h"
#include "core/sync.h"

char *claim_id_text(const char *run_id, int64_t ord)
{
  return g_strdup_printf("%s.%" G_GINT64_FORMAT, run_id, ord);
}

char *claim_stamp(const struct claim *claim)
{
  return g_strdup_printf("%" G_GINT64_FORMAT ":%s.%" G_GINT64_FORMAT, claim->generation, claim->run_id, claim->ord);
}

static bool whole_number(const char *from, size_t length, int64_t *number)
{
  g_autofree char *digits = g_strndup(from, length);
  return length > 0 && g_ascii_isdigit(*digits) && g_ascii_string_to_signed(digits, 10, 1, G_MAXINT64, number, NULL);
}

bool stamp_read(const char *text, struct stamp *stamp)
{
  const char *colon = text ? strchr(text, ':') : NULL;
  const char *dot = colon ? strrchr(colon, '.') : NULL;
  if (!dot || dot == colon + 1 || (size_t)(dot - colon) > sizeof stamp->run_id) return false;
  *stamp = (struct stamp){.claim_id = colon + 1};
  memcpy(stamp->run_id, colon + 1, (size_t)(dot - colon - 1));
  return whole_number(text, (size_t)(colon - text), &stamp->generation) &&
         whole_number(dot + 1, strlen(dot + 1), &stamp->ord);
}

/* This claim's own stamp proves that its request was carried out, wherever the row went since. */
static bool is_of_claim(const struct remote_lead *row, const struct claim *claim)
{
  g_autofree char *claim_id = claim_id_text(claim->run_id, claim->ord);
  return remote_stamp_matches(row, claim->generation, claim_id);
}

/* Did we put the row there in this generation of the lead or in a later one? */
static bool is_as_new(const struct remote_lead *row, const struct claim *claim)
{
  struct stamp stamp;
  return stamp_read(row->stamp, &stamp) && stamp.generation >= claim->generation;
}

static bool is_older(const struct remote_lead *row, const struct claim *claim)
{
  struct stamp stamp;
  return stamp_read(row->stamp, &stamp) && stamp.generation < claim->generation;
}

/* What one row says, in falling order of weight. A stamp of another claim of ours on a row of the right campaign is not
 * this claim's doing: it is adopted, so that its removal is never ours by mistake. A row in a list alone counts where
 * it is ours and as new as the claim: somebody moved it there, and its person was sent. A row of an older generation in
 * a campaign is what `release` or a cooldown took for gone: nothing is sent beside it, and it never stands for the new
 * one. */
enum evidence {
  OWN_HERE,
  OWN_ELSEWHERE,
  OWN_IN_LIST,
  OTHERS_HERE,
  OLDER_THERE,
  OTHERS_ELSEWHERE,
  OURS_IN_LIST,
  NO_EVIDENCE
};

static enum evidence evidence_of(const struct remote_lead *row, const struct claim *claim)
{
  if (g_strcmp0(row->person, claim->person) != 0) return NO_EVIDENCE;
  bool is_here = g_strcmp0(row->campaign_id, claim->campaign_id) == 0;
  if (is_of_claim(row, claim)) return is_here ? OWN_HERE : row->campaign_id != NULL ? OWN_ELSEWHERE : OWN_IN_LIST;
  if (row->campaign_id != NULL && is_older(row, claim)) return OLDER_THERE;
  if (row->campaign_id != NULL) return is_here ? OTHERS_HERE : OTHERS_ELSEWHERE;
  return is_as_new(row, claim) ? OURS_IN_LIST : NO_EVIDENCE;
}

struct settle_finding settle_decide(const struct settle_input *input)
{
  static const enum settle_verdict verdicts[] = {
      [OWN_HERE] = FOUND_OURS,     [OWN_ELSEWHERE] = FOUND_OURS,         [OWN_IN_LIST] = FOUND_OURS,
      [OTHERS_HERE] = FOUND_ADOPT, [OTHERS_ELSEWHERE] = FOUND_ELSEWHERE, [OURS_IN_LIST] = FOUND_ADOPT,
      [OLDER_THERE] = FOUND_OLDER, [NO_EVIDENCE] = FOUND_NOWHERE,
  };
  const struct remote_lead *found = NULL;
  enum evidence best = NO_EVIDENCE;
  for (size_t i = 0; i < input->rows_n; i++) {
    enum evidence evidence = evidence_of(&input->rows[i], input->claim);
    if (evidence >= best) continue;
    best = evidence;
    found = &input->rows[i];
  }
  return (struct settle_finding){.verdict = verdicts[best], .row = found};
}
