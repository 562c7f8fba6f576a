/* Opting out, as CRMs write it: what a column is by its header, and what a cell of it says. */
#include <glib.h>

#include "core/opt_out.h"
#include "core/source_opt_out.h"

#include <string.h>

static const struct {
  const char *header;
  enum opt_out_kind kind;
} headers[] = {
    /* of exports that we have seen or whose fields are documented */
    {"Unsubscribed from all email", OPT_OUT_FLAG}, /* HubSpot */
    {"hs_email_optout", OPT_OUT_FLAG},
    {"hs_email_optout_12345678", OPT_OUT_NONE},
    {"Opted out of email: One to One", OPT_OUT_NONE},
    {"Marketing contact status", OPT_OUT_NONE},
    {"Email hard bounce reason", OPT_OUT_BOUNCE},
    {"HasOptedOutOfEmail", OPT_OUT_FLAG}, /* Salesforce */
    {"HasOptedOutOfFax", OPT_OUT_NONE},
    {"DoNotCall", OPT_OUT_NONE},
    {"Do_Not_Email__c", OPT_OUT_FLAG},
    {"EmailBouncedReason", OPT_OUT_BOUNCE},
    {"EmailBouncedDate", OPT_OUT_BOUNCE},
    {"Email Opt Out", OPT_OUT_FLAG}, /* Zoho, Salesforce reports */
    {"Unsubscribed Mode", OPT_OUT_FILLED},
    {"Unsubscribed Time", OPT_OUT_FILLED},
    {"Person - Marketing status", OPT_OUT_STATUS}, /* Pipedrive */
    {"UNSUB_TIME", OPT_OUT_FILLED},                /* Mailchimp */
    {"UNSUB_REASON_OTHER", OPT_OUT_FILLED},
    {"OPTIN_TIME", OPT_OUT_NONE},
    {"CLEAN_TIME", OPT_OUT_BOUNCE},
    {"Stage", OPT_OUT_STATUS}, /* Apollo */
    {"Email Bounced", OPT_OUT_BOUNCE},
    {"Opted Out", OPT_OUT_FLAG}, /* Outreach, Pardot */
    {"Email Opted Out At", OPT_OUT_FILLED},
    {"Call Opted Out", OPT_OUT_NONE},
    {"SMS Opted Out", OPT_OUT_NONE},
    {"Do Not Contact", OPT_OUT_FLAG},
    {"Do Not Contact Reason", OPT_OUT_FILLED},
    {"do_not_contact", OPT_OUT_FLAG},
    {"DNC", OPT_OUT_FLAG},
    {"Do not allow Bulk Emails", OPT_OUT_FLAG}, /* Dynamics */
    {"Email Marketing Consent", OPT_OUT_STATUS},
    {"Unsubscribed from Emails", OPT_OUT_FLAG}, /* Intercom */
    {"Lead Status", OPT_OUT_STATUS},
    {"Abgemeldet", OPT_OUT_FLAG},
    {"D\xc3\xa9sabonn\xc3\xa9", OPT_OUT_FLAG},
    /* in two columns of one name */
    {"Email Opt Out (2)", OPT_OUT_FLAG},
    /* the other way round */
    {"Email opt in", OPT_OUT_NONE},
    {"Subscribed", OPT_OUT_NONE},
    /* something about it that nobody has told us */
    {"Newsletter unsubscribed", OPT_OUT_UNSURE},
    {"Suppression list", OPT_OUT_UNSURE},
    {"Is on our blacklist?", OPT_OUT_UNSURE},
    {"Do Not Mail", OPT_OUT_UNSURE}, /* by post, or not? */
    /* nothing of the kind */
    {"No.", OPT_OUT_NONE},
    {"Email", OPT_OUT_NONE},
    {"Notes", OPT_OUT_NONE},
    {"Account Status", OPT_OUT_NONE},
    {"Contact owner", OPT_OUT_NONE},
    {"Option", OPT_OUT_NONE},
    {"", OPT_OUT_NONE},
};

static void test_headers(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
    g_test_message("%s", headers[i].header);
    g_assert_cmpint(opt_out_kind_of(headers[i].header), ==, headers[i].kind);
  }
}

static const struct {
  enum opt_out_kind kind;
  const char *value;
  enum opt_out_answer answer;
} values[] = {
    {OPT_OUT_FLAG, NULL, OPT_OUT_NO},
    {OPT_OUT_FLAG, " ", OPT_OUT_NO},
    {OPT_OUT_FLAG, "false", OPT_OUT_NO},
    {OPT_OUT_FLAG, "FALSE ", OPT_OUT_NO},
    {OPT_OUT_FLAG, "0", OPT_OUT_NO},
    {OPT_OUT_FLAG, "0.0", OPT_OUT_NO},
    {OPT_OUT_FLAG, "N/A", OPT_OUT_NO},
    {OPT_OUT_FLAG, "-", OPT_OUT_NO},
    {OPT_OUT_FLAG, "Allow", OPT_OUT_NO},
    {OPT_OUT_FLAG, "true", OPT_OUT_YES},
    {OPT_OUT_FLAG, " True", OPT_OUT_YES},
    {OPT_OUT_FLAG, "1", OPT_OUT_YES},
    {OPT_OUT_FLAG, "Yes", OPT_OUT_YES},
    {OPT_OUT_FLAG, "x", OPT_OUT_YES},
    {OPT_OUT_FLAG, "\xe2\x9c\x93", OPT_OUT_YES},
    {OPT_OUT_FLAG, "s\xc3\xad", OPT_OUT_YES},
    {OPT_OUT_FLAG, "Do Not Allow", OPT_OUT_YES},
    {OPT_OUT_FLAG, "Unsubscribed", OPT_OUT_YES},
    {OPT_OUT_FLAG, "2026-02-01", OPT_OUT_YES},
    {OPT_OUT_FLAG, "2026-02-01T10:00:00Z", OPT_OUT_YES},
    {OPT_OUT_FLAG, "1.2.2026", OPT_OUT_YES},
    {OPT_OUT_FLAG, "02/01/2026 10:00", OPT_OUT_YES},
    {OPT_OUT_FLAG, "Feb 1, 2026 10:00 AM", OPT_OUT_YES},
    {OPT_OUT_FLAG, "1 February 2026", OPT_OUT_YES},
    {OPT_OUT_FLAG, "1769904000", OPT_OUT_YES},
    {OPT_OUT_FLAG, "1769904000000", OPT_OUT_YES},
    {OPT_OUT_FLAG, "maybe", OPT_OUT_UNCLEAR},
    {OPT_OUT_FLAG, "2", OPT_OUT_UNCLEAR},
    {OPT_OUT_FLAG, "newsletter", OPT_OUT_UNCLEAR},
    {OPT_OUT_FLAG, "491701234567", OPT_OUT_UNCLEAR}, /* a number of something else */
    {OPT_OUT_FLAG, "0000-00-00 00:00:00", OPT_OUT_NO},
    {OPT_OUT_FLAG, "1769904000000000", OPT_OUT_YES},
    {OPT_OUT_FILLED, "", OPT_OUT_NO},
    {OPT_OUT_FILLED, "none", OPT_OUT_NO},
    {OPT_OUT_FILLED, "Manual", OPT_OUT_YES},
    {OPT_OUT_FILLED, "2026-02-01 10:00:00", OPT_OUT_YES},
    {OPT_OUT_STATUS, "Subscribed", OPT_OUT_NO},
    {OPT_OUT_STATUS, "NEVER_SUBSCRIBED", OPT_OUT_NO},
    {OPT_OUT_STATUS, "No consent", OPT_OUT_NO},
    {OPT_OUT_STATUS, "Customer", OPT_OUT_NO},
    {OPT_OUT_STATUS, "Unsubscribed", OPT_OUT_YES},
    {OPT_OUT_STATUS, "UNSUBSCRIBED", OPT_OUT_YES},
    {OPT_OUT_STATUS, "Unsubscribed (by hand)", OPT_OUT_YES},
    {OPT_OUT_STATUS, "Do Not Contact", OPT_OUT_YES},
    {OPT_OUT_STATUS, "Bounced", OPT_OUT_BOUNCED},
    {OPT_OUT_STATUS, "not unsubscribed", OPT_OUT_UNCLEAR},
    {OPT_OUT_BOUNCE, "", OPT_OUT_NO},
    {OPT_OUT_BOUNCE, "false", OPT_OUT_NO},
    {OPT_OUT_BOUNCE, "Unknown user", OPT_OUT_BOUNCED},
    {OPT_OUT_BOUNCE, "true", OPT_OUT_BOUNCED},
    {OPT_OUT_UNSURE, "", OPT_OUT_NO},
    {OPT_OUT_UNSURE, "no", OPT_OUT_NO},
    {OPT_OUT_UNSURE, "yes", OPT_OUT_UNCLEAR},
    {OPT_OUT_UNSURE, "2026-02-01", OPT_OUT_UNCLEAR},
    {OPT_OUT_NONE, "yes", OPT_OUT_NO},
};

static void test_values(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
    g_test_message("%d %s", values[i].kind, values[i].value);
    g_assert_cmpint(opt_out_answer_of(values[i].kind, values[i].value), ==, values[i].answer);
  }
}

static void test_same(void)
{
  g_assert_true(opt_out_is_same(" dnc ", "DNC"));
  g_assert_true(opt_out_is_same("\xc3\x84rger", "\xc3\xa4rger"));
  g_assert_false(opt_out_is_same("DNC", "DN"));
}

/* ---- a column of the user's own table ---- */

static enum opt_out_answer say(const char *column, const char *value)
{
  struct opt_out_settings settings = {.column = (char *)column};
  struct source_opt_out rule = source_opt_out_of(&settings);
  return source_opt_out_answer(&rule, value, value ? strlen(value) : 0);
}

/* Stricter than a file: what is neither a word, a date nor an empty mark is asked about. */
static void test_source(void)
{
  g_assert_cmpint(say("dnc", NULL), ==, OPT_OUT_NO);
  g_assert_cmpint(say("dnc", " \t"), ==, OPT_OUT_NO);
  g_assert_cmpint(say("dnc", "-"), ==, OPT_OUT_NO);
  g_assert_cmpint(say("dnc", "\xe2\x9c\x97"), ==, OPT_OUT_NO); /* a cross */
  g_assert_cmpint(say("dnc", "?"), ==, OPT_OUT_UNCLEAR);
  g_assert_cmpint(say("dnc", "\xff\xfe"), ==, OPT_OUT_UNCLEAR);
  g_assert_cmpint(say("dnc", "2026-01-02 03:04:05 UTC"), ==, OPT_OUT_YES);
  g_assert_cmpint(say("status", "Unsubscribed (by hand)"), ==, OPT_OUT_YES);
  g_assert_cmpint(say("status", "cleaned"), ==, OPT_OUT_BOUNCED);
  g_assert_cmpint(say("status", "Customer"), ==, OPT_OUT_UNCLEAR);
  g_assert_cmpint(say("unsubscribed_at", "some day"), ==, OPT_OUT_YES); /* anything there means yes */
  g_assert_cmpint(say("email_opt_in", "true"), ==, OPT_OUT_NO);
  g_assert_cmpint(say("hard_bounced", "yes"), ==, OPT_OUT_BOUNCED);
}

static void test_evidence(void)
{
  g_assert_cmpint(source_opt_out_evidence("yes"), ==, 1);
  g_assert_cmpint(source_opt_out_evidence("1970-01-01"), ==, 1);
  g_assert_cmpint(source_opt_out_evidence("2026-11-22 13:05:09 UTC"), ==, 1795352709000000);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/opt_out/headers", test_headers);
  g_test_add_func("/opt_out/values", test_values);
  g_test_add_func("/opt_out/same", test_same);
  g_test_add_func("/opt-out/source", test_source);
  g_test_add_func("/opt-out/evidence", test_evidence);
  return g_test_run();
}
