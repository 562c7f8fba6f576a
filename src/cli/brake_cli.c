#include "cli/brake_cli.h"

#include "base/email.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "cli/jobs.h"
#include "cli/output.h"
#include "core/job.h"

#include <string.h>

#define REASON_MAX_BYTES 200

/* ---- the command line ---- */

bool brake_target_parse(const char *text, struct brake_target *target, GError **error)
{
  *target = (struct brake_target){0};
  const char *at = strchr(text, '@');
  if (at && at != text) {
    if (email_canonical(text, strlen(text), &target->person) == EMAIL_OK) return true;
  } else {
    g_autofree char *somebody = g_strconcat("x@", at ? text + 1 : text, NULL);
    g_autofree char *person = NULL;
    if (email_canonical(somebody, strlen(somebody), &person) == EMAIL_OK)
      target->domain = g_strdup(email_domain(person));
    if (target->domain) return true;
  }
  error_set(error, ERROR_USAGE, "what was given is neither an e-mail address nor a domain such as example.org");
  return false;
}

void brake_target_clear(struct brake_target *target)
{
  g_clear_pointer(&target->person, g_free);
  g_clear_pointer(&target->domain, g_free);
}

static bool has_control(const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl(*text)) return true;
  return false;
}

const char *brake_words_check(const char *text, GError **error)
{
  size_t length = text ? strlen(text) : 0;
  if (g_strcmp0(text, EXCLUSION_REASON) == 0 || g_strcmp0(text, GONE_REASON) == 0) {
    error_set(error, ERROR_USAGE, "`%s` is the reason of stops that your tables make; say it in other words", text);
    return NULL;
  }
  if (length > 0 && length <= REASON_MAX_BYTES && g_utf8_validate(text, (gssize)length, NULL) && !strchr(text, '@') &&
      !has_control(text))
    return text;
  error_set(error, ERROR_USAGE, "a reason is some words of at most %d bytes, without an e-mail address in them",
            REASON_MAX_BYTES);
  return NULL;
}

const char *brake_reason(const struct cli *cli, GError **error)
{
  const char *reason = option_string(cli, "reason");
  if (reason) return brake_words_check(reason, error);
  error_set(error, ERROR_USAGE, "a reason is needed, whoever looks at this later will want it: --reason TEXT");
  return NULL;
}

bool brake_campaign(const struct cli *cli, const char **id, GError **error)
{
  const char *wanted = option_string(cli, "campaign");
  *id = NULL;
  if (!wanted) return true;
  for (guint i = 0; i < cli->settings.campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(cli->settings.campaigns, struct campaign_settings, i);
    if (g_ascii_strcasecmp(campaign->id, wanted) == 0 || g_strcmp0(campaign->name, wanted) == 0) *id = campaign->id;
  }
  if (*id) return true;
  error_set(error, ERROR_USAGE,
            "--campaign names none of the configured campaigns; give an id or a name from the "
            "configuration");
  return false;
}

const char *brake_actor(void)
{
  return g_get_user_name();
}

char *brake_run_id(const struct cli *cli)
{
  return text_run_id(clock_wall_us(cli->clock), random_u64());
}

char *brake_detail(const char *reason)
{
  GString *out = g_string_new("{");
  json_append_str(out, "reason", reason);
  json_append_str(out, "actor", brake_actor());
  g_string_append_c(out, '}');
  return g_string_free(out, FALSE);
}

/* ---- writing and saying ---- */

bool brake_submit(struct cli *cli, const GArray *rows, struct brake_report *report, GError **error)
{
  *report = (struct brake_report){0};
  if (cli->is_dry_run) report->changed_n = rows->len;
  if (cli->is_dry_run || rows->len == 0) return true;
  const struct brake *all = (const struct brake *)(const void *)rows->data;
  if (!cli->is_shut) return brakes_write(cli->warehouse, all, rows->len, report, error);
  report->was_left = brakes_leave(&cli->settings, cli->clock, all, rows->len, error);
  return report->was_left;
}

bool brake_allow_hit(const struct cli *cli, int64_t *allow_hit, GError **error)
{
  *allow_hit = option_int(cli, "allow-hit", 0);
  if (*allow_hit > 0 || !option_string(cli, "allow-hit")) return true;
  error_set(error, ERROR_USAGE, "--allow-hit is the number of running leads that may end: a whole number above 0");
  return false;
}

bool brake_hits(struct cli *cli, const GArray *planned, struct stop_hits *hits, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  struct job job;
  if (cli->is_dry_run && planned &&
      !ledger->ops->suppress(ledger, (const struct suppression *)(const void *)planned->data, planned->len, NULL,
                             error))
    return false;
  cli_job_init(cli, &job);
  job.is_dry_run = true;
  job.now_us = clock_wall_us(cli->clock);
  bool is_ok = stop_hits_decide(&job, hits, error);
  job_clear(&job);
  return is_ok;
}

void brake_append_json(const struct cli *cli, const struct brake_report *report, GString *out)
{
  json_append_bool(out, "dry_run", cli->is_dry_run);
  json_append_int(out, "changed", report->changed_n);
  json_append_bool(out, "left_in_inbox", report->was_left);
}

void brake_note_left(const struct cli *cli, const struct brake_report *report)
{
  if (report->was_left && cli->is_shut)
    out_note(
        cli,
        "The database is busy: this waits in the inbox of %s, and the next job takes it up before it does anything",
        cli->settings.warehouse.path);
  else if (report->was_left)
    out_note(cli, "A job is running: this waits in the inbox of %s, and the job takes it up before its next batch",
             cli->settings.warehouse.path);
}

void brake_say(const struct cli *cli, const struct brake_report *report, const struct brake_sentences *sentences)
{
  brake_say_with(cli, report, sentences, NULL);
}

void brake_say_with(const struct cli *cli, const struct brake_report *report, const struct brake_sentences *sentences,
                    const char *members)
{
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    brake_append_json(cli, report, out);
    if (members && members[0] && members[1]) g_string_append_printf(out, ",%s", members + 1);
    g_string_append_c(out, '}');
    out_line(out->str);
  } else if (!report->was_left) {
    bool is_changed = report->changed_n > 0;
    out_line(!is_changed ? sentences->unchanged : cli->is_dry_run ? sentences->planned : sentences->done);
  } else {
    out_line(cli->is_shut ? "recorded for the next job" : "recorded for the job that runs");
  }
  brake_note_left(cli, report);
}

/* ---- holds ---- */

void holds_print(const struct cli *cli, const struct page *holds)
{
  static const char *const headers[] = {"HOLD ON", "SINCE", "BY", "REASON"};
  if (holds->rows->len == 0) return;
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < holds->rows->len; i++) {
    const struct hold_row *row = page_row(holds, struct hold_row, i);
    table_add(&table, "%s", row->campaign_id ? campaign_label(&cli->settings, row->campaign_id) : "everything");
    table_add_time(&table, row->at_us);
    table_add(&table, "%s", row->actor ? row->actor : "-");
    table_add(&table, "%s", row->reason ? row->reason : "-");
  }
  table_print(&table);
  table_clear(&table);
}

void holds_append_json(const struct page *holds, GString *out)
{
  g_string_append_c(out, '[');
  for (guint i = 0; i < holds->rows->len; i++) {
    const struct hold_row *row = page_row(holds, struct hold_row, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", row->campaign_id);
    json_append_str(out, "reason", row->reason);
    json_append_str(out, "actor", row->actor);
    json_append_time(out, "since", row->at_us);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

/* ---- stops ---- */

void stop_append_json(const struct cli *cli, const struct stop_row *row, GString *out)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autofree char *ref = row->stop.person ? ledger->ops->lead_ref(ledger, row->stop.person) : NULL;
  g_string_append_c(out, '{');
  json_append_int(out, "id", row->id);
  json_append_str(out, "scope", row->stop.domain ? "domain" : "person");
  if (row->stop.person) json_append_str(out, "ref", ref);
  if (row->stop.person && cli->shows_pii) json_append_str(out, "email", row->stop.person);
  if (row->stop.domain) json_append_str(out, "domain", row->stop.domain);
  json_append_str(out, "reason", row->stop.reason);
  json_append_str(out, "source", row->stop.source);
  json_append_str(out, "actor", row->stop.actor);
  json_append_str(out, "run_id", row->stop.run_id);
  json_append_time(out, "created_at", row->stop.created_at_us);
  json_append_time(out, "expires_at", row->stop.expires_at_us);
  json_append_time(out, "pushed_at", row->stop.pushed_at_us);
  json_append_time(out, "revoked_at", row->revoked_at_us);
  json_append_str(out, "revoked_by", row->revoked_by);
  g_string_append_c(out, '}');
}
