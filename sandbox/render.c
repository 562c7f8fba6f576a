#include "render.h"

#include "blocklist.h"
#include "campaign.h"
#include "fields.h"
#include "store.h"
#include "text_out.h"

#include <string.h>

static void digits_write(char *at, int value, int digits_n)
{
  for (int i = digits_n - 1; i >= 0; i--) {
    at[i] = (char)('0' + value % 10);
    value /= 10;
  }
}

/* Days since 1970 to a civil date (Howard Hinnant's algorithm): GDateTime is far too slow for pages of leads. */
static void date_write(char *at, int64_t days)
{
  days += 719468;
  int64_t era = days / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_index = (5 * day_of_year + 2) / 153;
  int month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
  digits_write(at, (int)(year_of_era + era * 400 + (month <= 2)), 4);
  digits_write(at + 5, month, 2);
  digits_write(at + 8, (int)(day_of_year - (153 * month_index + 2) / 5 + 1), 2);
}

void render_time(GString *out, const char *name, int64_t time_ms)
{
  if (time_ms == 0) {
    out_str(out, name, NULL);
    return;
  }
  char text[] = "\"0000-00-00T00:00:00.000Z\"";
  int64_t of_day = time_ms % DAY_MS;
  date_write(text + 1, time_ms / DAY_MS);
  digits_write(text + 12, (int)(of_day / HOUR_MS), 2);
  digits_write(text + 15, (int)(of_day / MINUTE_MS % 60), 2);
  digits_write(text + 18, (int)(of_day / SECOND_MS % 60), 2);
  digits_write(text + 21, (int)(of_day % SECOND_MS), 3);
  out_key(out, name);
  g_string_append_len(out, text, sizeof text - 1);
}

void render_uuid(GString *out, const char *name, const struct uuid *id)
{
  char text[UUID_TEXT_BYTES];
  if (id != NULL) uuid_format(id, text);
  out_str(out, name, id == NULL ? NULL : text);
}

/* The id of a step: "0_step_variant" in reality, a UUID in the specification. */
static void step_id_append(const struct world *world, const char *name, int step, int variant, GString *out)
{
  if (world->quirks.is_on[QUIRK_STEP_ID]) {
    char text[32];
    g_snprintf(text, sizeof text, "0_%d_%d", step, variant);
    out_str(out, name, text);
    return;
  }
  struct uuid id = uuid_old(world->seed, (uint64_t)(step * 100 + variant));
  render_uuid(out, name, &id);
}

static const char *mailbox_name(const struct world *world, uint16_t mailbox)
{
  return mailbox == 0 ? "" : g_array_index(world->accounts, struct account, mailbox - 1U).email;
}

static void summary_append(const struct world *world, const struct lead *lead, GString *out)
{
  bool was_sent = lead->contacted_ms != 0 && lead->mailbox != 0;
  out_key(out, "status_summary");
  if (!was_sent && world->quirks.is_on[QUIRK_EMPTY_SUMMARY]) {
    g_string_append(out, "{}");
    return;
  }
  g_string_append_c(out, '{');
  if (was_sent) {
    out_key(out, "lastStep");
    g_string_append_c(out, '{');
    out_str(out, "from", mailbox_name(world, lead->mailbox));
    step_id_append(world, "stepID", lead->last_step, lead->last_variant, out);
    render_time(out, "timestamp_executed", lead->contacted_ms);
    g_string_append_c(out, '}');
  }
  json_append_bool(out, "domain_complete", false);
  g_string_append_c(out, '}');
}

static void subsequence_append(const struct world *world, const struct lead *lead, GString *out)
{
  const struct subsequence *subsequence = store_subsequence_at(world, lead->subsequence);
  render_uuid(out, "subsequence_id", subsequence == NULL ? NULL : &subsequence->id);
  render_time(out, "timestamp_added_subsequence", lead->sub_added_ms);
  if (subsequence == NULL || lead->sub_sent_ms == 0) return;
  out_key(out, "status_summary_subseq");
  g_string_append_c(out, '{');
  out_str(out, "from", mailbox_name(world, lead->sub_mailbox));
  step_id_append(world, "stepID", lead->sub_last_step, lead->sub_last_variant, out);
  render_time(out, "timestampExecuted", lead->sub_sent_ms);
  g_string_append_c(out, '}');
}

static void number_or_null(GString *out, const char *name, int value)
{
  if (value >= 0) {
    out_int(out, name, value);
  } else {
    out_str(out, name, NULL);
  }
}

static void texts_append(const char *const texts[TEXTS_N], GString *out)
{
  static const char *const names[] = {"first_name", "last_name", "company_name",    "job_title",
                                      "website",    "phone",     "personalization", "pl_value_lead"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    out_str(out, names[i], texts[i]);
}

static void payload_append(const struct lead *lead, const char *const texts[TEXTS_N], GString *out)
{
  static const char *const names[] = {"firstName", "lastName", "companyName",    "jobTitle",
                                      "website",   "phone",    "personalization"};
  out_key(out, "payload");
  g_string_append_c(out, '{');
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (texts[i] != NULL) out_str(out, names[i], texts[i]);
  if (lead->pause_until_ms != 0) render_time(out, "pause_until", lead->pause_until_ms);
  if (texts[TEXT_VARIABLES] != NULL) {
    if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
    g_string_append(out, texts[TEXT_VARIABLES]);
  }
  g_string_append_c(out, '}');
}

static void counters_append(const struct lead *lead, GString *out)
{
  out_int(out, "email_open_count", lead->opens_n);
  out_int(out, "email_reply_count", lead->replies_n);
  out_int(out, "email_click_count", lead->clicks_n);
  number_or_null(out, "email_opened_step", lead->opened_step);
  number_or_null(out, "email_opened_variant", lead->opened_variant);
  number_or_null(out, "email_replied_step", lead->replied_step);
  number_or_null(out, "email_replied_variant", lead->replied_variant);
  number_or_null(out, "email_clicked_step", lead->clicked_step);
  number_or_null(out, "email_clicked_variant", lead->clicked_variant);
  render_time(out, "timestamp_last_contact", lead->contacted_ms);
  render_time(out, "timestamp_last_touch", lead->contacted_ms);
  render_time(out, "timestamp_last_open", lead->opened_ms);
  render_time(out, "timestamp_last_click", lead->clicked_ms);
  render_time(out, "timestamp_last_reply", lead->replied_ms);
  render_time(out, "timestamp_last_interest_change", lead->interest_ms);
}

static void last_step_append(const struct world *world, const struct lead *lead, GString *out)
{
  bool was_sent = lead->contacted_ms != 0 && lead->mailbox != 0;
  const char *mailbox = was_sent ? mailbox_name(world, lead->mailbox) : NULL;
  out_str(out, "last_contacted_from", mailbox);
  out_str(out, "last_step_from", mailbox);
  if (was_sent) {
    step_id_append(world, "last_step_id", lead->last_step, lead->last_variant, out);
  } else {
    out_str(out, "last_step_id", NULL);
  }
  render_time(out, "last_step_timestamp_executed", was_sent ? lead->contacted_ms : 0);
}

static void codes_append(const struct world *world, const struct lead *lead, GString *out)
{
  static const char *const uploads[] = {"manual", "api", "website-visitor"};
  static const int esp_codes[] = {1, 2, 999};
  const char *domain = lead->person == NULL ? "" : lead->person->domain;
  out_str(out, "company_domain", domain);
  out_str(out, "upload_method", uploads[lead->upload]);
  out_int(out, "esp_code", esp_codes[hash_text(world->seed, domain) % G_N_ELEMENTS(esp_codes)]);
  if (lead->has_interest) out_int(out, "lt_interest_status", lead->interest);
  if (lead->verification != 0) out_int(out, "verification_status", lead->verification);
  render_uuid(out, "uploaded_by_user", &world->owner);
  out_str(out, "assigned_to", NULL);
  out_str(out, "is_website_visitor", NULL);
}

void render_lead(const struct world *world, const struct lead *lead, GString *out)
{
  const struct campaign *campaign = store_campaign_at(world, lead->campaign);
  const struct list *list = store_list_at(world, lead->list);
  const char *texts[TEXTS_N];
  texts_unpack(lead->texts, texts);
  g_string_append_c(out, '{');
  render_uuid(out, "id", &lead->id);
  render_time(out, "timestamp_created", lead->created_ms);
  render_time(out, "timestamp_updated", lead->updated_ms);
  render_uuid(out, "organization", &world->organization);
  render_uuid(out, "campaign", campaign == NULL ? NULL : &campaign->id);
  render_uuid(out, "list_id", list == NULL ? NULL : &list->id);
  out_int(out, "status", lead->status);
  out_str(out, "email", lead->person == NULL ? NULL : lead->person->email);
  texts_append(texts, out);
  if (!world->quirks.is_on[QUIRK_PAYLOAD_EMPTY]) payload_append(lead, texts, out);
  counters_append(lead, out);
  summary_append(world, lead, out);
  last_step_append(world, lead, out);
  subsequence_append(world, lead, out);
  codes_append(world, lead, out);
  if (world->quirks.is_on[QUIRK_EXTRA_FIELDS]) json_append_bool(out, "undeclared_flag", true);
  g_string_append_c(out, '}');
}

void render_members(const cJSON *object, GString *out)
{
  const cJSON *item;
  cJSON_ArrayForEach(item, object)
  {
    char *text = cJSON_PrintUnformatted(item);
    json_append_key(out, item->string);
    g_string_append(out, text);
    cJSON_free(text);
  }
}

static int not_sending_status(const struct campaign *campaign)
{
  static const struct {
    const char *issue;
    int code;
  } codes[] = {{"out_of_schedule", 1}, {"waiting_for_leads", 2},  {"follow_up_delay_not_met", 2},
               {"daily_limit_met", 3}, {"new_lead_limit_met", 3}, {"account_daily_limit_met", 4}};
  for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
    if (g_strcmp0(codes[i].issue, campaign->issue) == 0) return codes[i].code;
  return 0;
}

static void variables_append(const struct campaign *campaign, GString *out)
{
  g_autoptr(GList) names =
      g_list_sort(g_hash_table_get_keys(campaign->variables), (GCompareFunc)(void (*)(void))strcmp);
  out_key(out, "custom_variables");
  g_string_append_c(out, '{');
  for (const GList *name = names; name != NULL; name = name->next)
    json_append_str(out, name->data, name->data); /* the user's own words: out_str() takes constants */
  g_string_append_c(out, '}');
}

void render_campaign(const struct world *world, struct campaign *campaign, GString *out)
{
  int not_sending = campaign->status == CAMPAIGN_ACTIVE ? not_sending_status(campaign) : 0;
  g_string_append_c(out, '{');
  render_uuid(out, "id", &campaign->id);
  out_int(out, "status", campaign->status);
  render_time(out, "timestamp_created", campaign->created_ms);
  render_time(out, "timestamp_updated", campaign->updated_ms);
  render_uuid(out, "organization", &world->organization);
  if (not_sending != 0) out_int(out, "not_sending_status", not_sending);
  variables_append(campaign, out);
  render_members(campaign->settings, out);
  g_string_append_c(out, '}');
}

void render_subsequence(const struct world *world, const struct subsequence *subsequence, GString *out)
{
  g_string_append_c(out, '{');
  render_uuid(out, "id", &subsequence->id);
  render_time(out, "timestamp_created", subsequence->created_ms);
  render_time(out, "timestamp_leads_updated", subsequence->created_ms);
  render_uuid(out, "parent_campaign", &subsequence->parent->id);
  render_uuid(out, "workspace", &world->organization);
  out_int(out, "status", subsequence->status);
  render_members(subsequence->settings, out);
  g_string_append_c(out, '}');
}

void render_block_entry(const struct world *world, const struct block_entry *entry, GString *out)
{
  g_string_append_c(out, '{');
  render_uuid(out, "id", &entry->id);
  render_time(out, "timestamp_created", entry->created_ms);
  render_uuid(out, "organization_id", &world->organization);
  out_str(out, "bl_value", entry->value);
  json_append_bool(out, "is_domain", entry->is_domain);
  g_string_append_c(out, '}');
}
