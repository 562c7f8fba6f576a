#include "quirks.h"

#include "base/error.h"
#include "base/text.h"

static const struct quirk_row {
  const char *name;
  bool is_default;
  const char *meaning; /* when on */
} quirk_table[QUIRKS_N] = {
    [QUIRK_UNKNOWN_IGNORED] = {"unknown_properties_ignored", true,
                               "properties that no schema has are dropped silently"},
    [QUIRK_DELETE_WIPES] = {"delete_without_ids_wipes", true, "DELETE /leads without ids or status takes all rows"},
    [QUIRK_EMPTY_BODY] = {"empty_json_body_rejected", true, "JSON content type with an empty body is a 400"},
    [QUIRK_USER_AGENT] = {"edge_rejects_user_agents", true, "no or a library's User-Agent gets HTML 403"},
    [QUIRK_INTEREST_BARE_ERROR] = {"interest_error_is_bare", true, "update-interest-status answers 400 {error} alone"},
    [QUIRK_LIST_LIMIT] = {"get_limit_over_100_is_empty", true, "GET lists answer an empty page to limit > 100"},
    [QUIRK_LAST_CURSOR] = {"cursor_on_last_full_page", true, "the last full page carries a cursor too"},
    [QUIRK_STEP_ID] = {"step_id_is_triple", true, "stepID is \"0_step_variant\", not a UUID"},
    [QUIRK_EMPTY_SUMMARY] = {"status_summary_may_be_empty", true, "status_summary is {} before the first mail"},
    [QUIRK_PAYLOAD_EMPTY] = {"payload_is_empty", false, "lead rows carry no payload"},
    [QUIRK_CONTACTED_OVERCOUNT] = {"contacted_count_overcounts", true, "contacted_count counts mails of later steps"},
    [QUIRK_ANALYTICS_EMPTY] = {"analytics_empty_before_send", true, "campaigns without a send are missing"},
    [QUIRK_STOPS_LOCAL] = {"stops_are_campaign_local", true, "unsubscribe and bounce touch one campaign only"},
    [QUIRK_INTEREST_ASYNC] = {"interest_applies_later", true, "update-interest-status takes effect after its 202"},
    [QUIRK_QUOTA_DELAY] = {"quota_freed_late", true, "deleted rows count against the plan for some minutes"},
    [QUIRK_BODY_LIMIT] = {"body_limit_1_mib", true, "larger request bodies get 413"},
    [QUIRK_NULL_STEPS] = {"steps_may_be_null", true, "analytics/steps may hold a null step and variant"},
    [QUIRK_EXTRA_FIELDS] = {"undeclared_fields", false, "lead rows carry a field that the specification lacks"},
};

void quirks_init(struct quirks *quirks)
{
  for (size_t i = 0; i < QUIRKS_N; i++)
    quirks->is_on[i] = quirk_table[i].is_default;
}

void quirks_set_all(struct quirks *quirks, bool is_on)
{
  for (size_t i = 0; i < QUIRKS_N; i++)
    quirks->is_on[i] = is_on;
}

static bool quirk_read(struct quirks *quirks, const cJSON *item, GError **error)
{
  const char *names[QUIRKS_N];
  for (size_t i = 0; i < QUIRKS_N; i++)
    names[i] = quirk_table[i].name;
  for (size_t i = 0; i < QUIRKS_N; i++) {
    if (g_strcmp0(item->string, names[i]) != 0) continue;
    quirks->is_on[i] = cJSON_IsTrue(item);
    return true;
  }
  const char *near = text_nearest(item->string, names, QUIRKS_N);
  error_set(error, ERROR_CONFIG, "no quirk is called \"%s\"; %s%s", item->string,
            near != NULL ? "nearest: " : "see docs", near != NULL ? near : "");
  return false;
}

bool quirks_read(struct quirks *quirks, const cJSON *object, GError **error)
{
  const cJSON *item;
  cJSON_ArrayForEach(item, object)
  {
    if (!cJSON_IsBool(item)) {
      error_set(error, ERROR_CONFIG, "quirk \"%s\" must be true or false", item->string);
      return false;
    }
    if (!quirk_read(quirks, item, error)) return false;
  }
  return true;
}

void quirks_append(const struct quirks *quirks, GString *out)
{
  g_string_append_c(out, '{');
  for (size_t i = 0; i < QUIRKS_N; i++)
    json_append_bool(out, quirk_table[i].name, quirks->is_on[i]);
  g_string_append_c(out, '}');
}
