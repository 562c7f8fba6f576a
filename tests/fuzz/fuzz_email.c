/* email_canonical(): a person is lower-case ASCII within the limits, is its own canonical form, and comes out the same
 * whatever the case and the blanks around it. */
#include "fuzz.h"

#include "base/email.h"

#include <string.h>

static void check_form(const char *person)
{
  const char *at = strchr(person, '@');
  g_assert_nonnull(at);
  g_assert_true(at == strrchr(person, '@'));
  g_assert_cmpuint(strlen(person), <=, 254);
  g_assert_cmpint(at - person, <=, 64);
  g_assert_cmpint(at - person, >, 0);
  g_assert_true(email_domain(person) == at + 1);
  g_assert_nonnull(strchr(at, '.'));
  for (const char *c = person; *c != '\0'; c++) {
    g_assert_true(g_ascii_isgraph(*c) && !g_ascii_isupper(*c));
  }
}

static void check_same(const char *raw, size_t size, const char *person)
{
  g_autofree char *again = NULL;
  g_assert_cmpint(email_canonical(raw, size, &again), ==, EMAIL_OK);
  g_assert_cmpstr(again, ==, person);
}

static void check_person(const char *raw, size_t size, const char *person)
{
  check_form(person);
  check_same(person, strlen(person), person);
  g_autofree char *upper = g_ascii_strup(raw, (gssize)size);
  check_same(upper, size, person);
  g_autofree char *spaced = g_strdup_printf("\t %.*s\r\n", (int)size, raw);
  check_same(spaced, strlen(spaced), person);
  g_autofree char *folded = email_fold_tag(person);
  g_autofree char *twice = email_fold_tag(folded);
  check_form(folded);
  g_assert_cmpstr(twice, ==, folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *person = NULL;
  enum email_verdict verdict = email_canonical((const char *)data, size, &person);
  g_assert_true((verdict == EMAIL_OK) == (person != NULL));
  if (person && size <= 1024) check_person((const char *)data, size, person);
  return 0;
}
