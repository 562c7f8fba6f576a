#include "core/stop_proof_note.h"

#include "base/json.h"

void stop_proof_note_row(GString *array, enum verify_check check, const struct difference *difference)
{
  g_string_append(array, array->str[array->len - 1] == '}' ? ",{" : "{");
  json_append_str(array, "id", verify_text(check)->id);
  json_append_str(array, "instantly_id", difference->instantly_id);
  json_append_str(array, "campaign_id", difference->campaign_id);
  g_string_append_c(array, '}');
}

char *stop_proof_note_text(const struct verify_report *report, const struct stop_proof_ending *ending)
{
  GString *note = g_string_new("{");
  json_append_int(note, "at", ending->at_us);
  json_append_int(note, "live_ours", report->ours_n[VERIFY_STOPPED_LIVE]);
  json_append_int(note, "live", report->counts[VERIFY_STOPPED_LIVE]);
  json_append_int(note, "mailed_ours", report->ours_n[VERIFY_STOPPED_MAILED]);
  json_append_int(note, "mailed", report->counts[VERIFY_STOPPED_MAILED]);
  json_append_bool(note, "is_deep", ending->is_deep);
  json_append_key(note, "foreign");
  g_string_append(note, ending->foreign);
  g_string_append_c(note, '}');
  return g_string_free(note, FALSE);
}
