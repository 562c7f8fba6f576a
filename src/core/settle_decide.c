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

/* A stamp of another claim of ours on a row of the right campaign is not this claim's doing: it is adopted, so that its
 * removal is never ours by mistake. */
static bool is_ours(const struct remote_lead *row, const struct claim *claim)
{
  g_autofree char *claim_id = claim_id_text(claim->run_id, claim->ord);
  return remote_stamp_matches(row, claim->generation, claim_id);
}

struct settle_finding settle_decide(const struct settle_input *input)
{
  struct settle_finding best = {.verdict = FOUND_NOWHERE};
  for (size_t i = 0; i < input->rows_n; i++) {
    const struct remote_lead *row = &input->rows[i];
    if (row->campaign_id == NULL || g_strcmp0(row->person, input->claim->person) != 0) continue;
    enum settle_verdict verdict = FOUND_ELSEWHERE;
    if (strcmp(row->campaign_id, input->claim->campaign_id) == 0)
      verdict = is_ours(row, input->claim) ? FOUND_OURS : FOUND_ADOPT;
    if (verdict < best.verdict) best = (struct settle_finding){.verdict = verdict, .row = row};
  }
  return best;
}
