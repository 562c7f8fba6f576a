#include "core/opt_out.h"

#include <glib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "core/opt_out_words.h"

static bool has_any(const char *key, const char *const *list)
{
  for (; *list; list++)
    if (strstr(key, *list)) return true;
  return false;
}

static bool begins_with_any(const char *key, const char *const *list)
{
  for (; *list; list++)
    if (g_str_has_prefix(key, *list)) return true;
  return false;
}

static bool is_any(const char *key, const char *const *list)
{
  return g_strv_contains(list, key);
}

/* ---- headers ---- */

/* Takes one word that says nothing ("contact", "email", "has") off either end. */
static bool strip_filler(GString *core)
{
  for (const char *const *word = opt_out_fillers; *word; word++) {
    size_t length = strlen(*word);
    bool is_in_front = g_str_has_prefix(core->str, *word);
    if (!is_in_front && !g_str_has_suffix(core->str, *word)) continue;
    g_string_erase(core, is_in_front ? 0 : (gssize)(core->len - length), (gssize)length);
    return true;
  }
  return false;
}

/* Is it one of them, whatever says nothing around it? */
static bool means_any(const char *key, const char *const *list)
{
  g_autoptr(GString) core = g_string_new(key);
  do {
    if (is_any(core->str, list)) return true;
  } while (strip_filler(core));
  return false;
}

/* HubSpot: hs_email_optout is the opt-out of everything, hs_email_optout_1234 that of one topic, and in labels "Opted
 * out of email: TOPIC". */
static bool is_topic(const char *header, const char *key)
{
  size_t length = strlen(key);
  bool has_number = length > 0 && g_ascii_isdigit(key[length - 1]) && strstr(key, "optout");
  const char *colon = strchr(header, ':');
  return has_number || (colon && colon[1] && g_str_has_prefix(key, "optedoutofemail"));
}

/* "Unsubscribed Time", "Opted Out At", "Do Not Contact Reason": what stands there stands there because of it. */
static bool is_told_of(const char *key)
{
  for (const char *const *end = opt_out_details; *end; end++) {
    if (!g_str_has_suffix(key, *end)) continue;
    g_autofree char *what = g_strndup(key, strlen(key) - strlen(*end));
    if (means_any(what, opt_out_flags)) return true;
  }
  return false;
}

/* The second column of one name is called "Name (2)" here, and what users add to Salesforce ends in "__c". */
static char *without_ending(const char *header)
{
  size_t length = strlen(header);
  const char *open = g_strrstr(header, " (");
  bool has_number =
      open && open[2] && strspn(open + 2, "0123456789") + 1 == strlen(open + 2) && header[length - 1] == ')';
  if (has_number) length = (size_t)(open - header);
  if (g_str_has_suffix(header, "__c")) length -= strlen("__c");
  return g_strndup(header, length);
}

enum opt_out_kind opt_out_kind_of(const char *header)
{
  g_autofree char *name = without_ending(header);
  g_autofree char *key = text_word_key(name);
  if (is_any(key, opt_out_never) || is_topic(header, key)) return OPT_OUT_NONE;
  if (is_any(key, opt_out_filled)) return OPT_OUT_FILLED;
  if (is_any(key, opt_out_bounces)) return OPT_OUT_BOUNCE;
  if (means_any(key, opt_out_flags)) return OPT_OUT_FLAG;
  if (has_any(key, opt_out_channels)) return OPT_OUT_NONE;
  if (is_told_of(key)) return OPT_OUT_FILLED;
  if (means_any(key, opt_out_statuses)) return OPT_OUT_STATUS;
  return has_any(key, opt_out_stems) ? OPT_OUT_UNSURE : OPT_OUT_NONE;
}

bool opt_out_is_opt_in(const char *header)
{
  g_autofree char *name = without_ending(header);
  g_autofree char *key = text_word_key(name);
  return is_any(key, opt_out_never) && !strstr(key, "marketingcontactstatus");
}

/* ---- values ---- */

bool opt_out_has_word(const char *value)
{
  g_autofree char *key = text_word_key(value);
  return *key != '\0';
}

/* "0000-00-00 00:00:00": how some databases write that there is no date. */
static bool is_zero(const char *key)
{
  return key[strspn(key, "0")] == '\0';
}

/* The forms in which spreadsheets and CRMs write a day, with or without a time; Unix seconds and finer. What programs
 * write is read without a pattern: a table may hold a date in each of its rows. */
static bool is_date(const char *text)
{
  int64_t at_us;
  bool is_day = strchr(text, '-') || strchr(text, '/'); /* no number of something else */
  return (is_day && time_parse_loose_us(text, &at_us)) ||
         g_regex_match_simple("^(\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/.]\\d{1,2}[-/.]\\d{2,4})([ T,].*)?$", text,
                              0, 0) ||
         g_regex_match_simple("^([a-z]{3,9}[ .,]+)*\\d{1,2}(st|nd|rd|th)?[ .,-]+([a-z]{3,9}[ .,-]+)?\\d{2,4}([ ,].*)?$",
                              text, G_REGEX_CASELESS, 0) ||
         g_regex_match_simple("^1\\d{9}(\\d{3}){0,3}$", text, 0, 0);
}

static enum opt_out_answer flag_answer(const char *text, const char *key)
{
  if (is_any(key, opt_out_no)) return OPT_OUT_NO;
  if (is_any(key, opt_out_yes) || is_date(text)) return OPT_OUT_YES;
  return begins_with_any(key, opt_out_status_yes) ? OPT_OUT_YES : OPT_OUT_UNCLEAR;
}

/* "Customer" says nothing, "unsubscribed (by hand)" does, and of "not unsubscribed yet" we would rather ask. */
static enum opt_out_answer status_answer(const char *key)
{
  if (begins_with_any(key, opt_out_status_yes)) return OPT_OUT_YES;
  if (begins_with_any(key, opt_out_status_bounced)) return OPT_OUT_BOUNCED;
  return has_any(key, opt_out_stems) && !is_any(key, opt_out_no) ? OPT_OUT_UNCLEAR : OPT_OUT_NO;
}

/* Marks without a letter or digit: a tick is a yes, a dash or a cross drawn by hand is as good as an empty cell. */
static enum opt_out_answer mark_answer(enum opt_out_kind kind, const char *text)
{
  static const char *const ticks[] = {"\xe2\x9c\x93", "\xe2\x9c\x94", "\xe2\x98\x91",
                                      "\xe2\x9c\x85", "\xe2\x98\x92", NULL};
  if (kind == OPT_OUT_STATUS || !has_any(text, ticks)) return OPT_OUT_NO;
  return kind == OPT_OUT_UNSURE ? OPT_OUT_UNCLEAR : kind == OPT_OUT_BOUNCE ? OPT_OUT_BOUNCED : OPT_OUT_YES;
}

enum opt_out_answer opt_out_answer_of(enum opt_out_kind kind, const char *value)
{
  if (!value || kind == OPT_OUT_NONE) return OPT_OUT_NO;
  g_autofree char *text = g_strstrip(g_strdup(value));
  g_autofree char *key = text_word_key(text);
  if (!*key) return mark_answer(kind, text);
  if (is_zero(key)) return OPT_OUT_NO;
  bool is_no = is_any(key, opt_out_no);
  switch (kind) {
  case OPT_OUT_FLAG: return flag_answer(text, key);
  case OPT_OUT_FILLED: return is_no ? OPT_OUT_NO : OPT_OUT_YES;
  case OPT_OUT_STATUS: return status_answer(key);
  case OPT_OUT_BOUNCE: return is_no ? OPT_OUT_NO : OPT_OUT_BOUNCED;
  case OPT_OUT_UNSURE: return is_no ? OPT_OUT_NO : OPT_OUT_UNCLEAR;
  case OPT_OUT_NONE:
  case OPT_OUT_LISTED: break;
  }
  return OPT_OUT_NO;
}

bool opt_out_is_same(const char *value, const char *other)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  g_autofree char *left = g_strstrip(g_utf8_casefold(valid, -1)), *right = g_strstrip(g_utf8_casefold(other, -1));
  return strcmp(left, right) == 0;
}
