/* The canonical address as a table: what goes in, what is said about it, who comes out. */
#include "base/email.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>

#define LABEL_63  "a23456789012345678901234567890123456789012345678901234567890123"
#define LOCAL_64  "l234567890123456789012345678901234567890123456789012345678901234"
#define DOMAIN_61 "d23456789012345678901234567890123456789012345678901234567.com"

struct email_case {
  const char *name;
  const char *raw;
  enum email_verdict verdict;
  const char *person;
};

static const struct email_case cases[] = {
    {"plain", "ann@example.com", EMAIL_OK, "ann@example.com"},
    {"upper case", "Ann.LEE@EXAMPLE.Com", EMAIL_OK, "ann.lee@example.com"},
    {"every upper-case letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ@ABCDEFGHIJKLMNOPQRSTUVWXYZ.IO", EMAIL_OK,
     "abcdefghijklmnopqrstuvwxyz@abcdefghijklmnopqrstuvwxyz.io"},
    {"no text at all", NULL, EMAIL_MISSING, NULL},
    {"empty", "", EMAIL_MISSING, NULL},
    {"blanks only", " \t\r\n\v\f ", EMAIL_MISSING, NULL},

    {"trim 20", " ann@example.com ", EMAIL_OK, "ann@example.com"},
    {"trim 09", "\tann@example.com\t", EMAIL_OK, "ann@example.com"},
    {"trim 0A", "\nann@example.com\n", EMAIL_OK, "ann@example.com"},
    {"trim 0B", "\vann@example.com\v", EMAIL_OK, "ann@example.com"},
    {"trim 0C", "\fann@example.com\f", EMAIL_OK, "ann@example.com"},
    {"trim 0D", "\rann@example.com\r\n", EMAIL_OK, "ann@example.com"},
    {"08 is not trimmed", "\bann@example.com", EMAIL_INVALID, NULL},
    {"0E is not trimmed", "ann@example.com\x0e", EMAIL_INVALID, NULL},
    {"no-break space in front is not trimmed",
     "\xc2\xa0"
     "ann@example.com",
     EMAIL_NOT_ASCII, NULL},
    {"no-break space behind is not trimmed", "ann@example.com\xc2\xa0", EMAIL_INVALID, NULL},
    {"blank in the local part", "an n@example.com", EMAIL_INVALID, NULL},
    {"blank before @", "ann @example.com", EMAIL_INVALID, NULL},
    {"blank after @", "ann@ example.com", EMAIL_INVALID, NULL},
    {"line end inside", "ann@example.com\nbob@example.com", EMAIL_INVALID, NULL},

    {"capital I becomes dotted i", "IRIS@ITI.COM", EMAIL_OK, "iris@iti.com"},
    {"dotless i in the local part", "\xc4\xb1ris@iti.com", EMAIL_NOT_ASCII, NULL},
    {"dotted capital I in the local part", "\xc4\xb0ris@iti.com", EMAIL_NOT_ASCII, NULL},
    {"dotless i in the domain is another domain", "iris@it\xc4\xb1.com", EMAIL_OK, "iris@xn--it-ipa.com"},
    {"Kelvin sign in the local part",
     "\xe2\x84\xaa"
     "en@iti.com",
     EMAIL_NOT_ASCII, NULL},
    {"Kelvin sign in the domain is a k",
     "ken@\xe2\x84\xaa"
     "en.com",
     EMAIL_OK, "ken@ken.com"},

    {"U-label",
     "ann@b\xc3\xbc"
     "cher.de",
     EMAIL_OK, "ann@xn--bcher-kva.de"},
    {"U-label in capitals",
     "ann@B\xc3\x9c"
     "CHER.DE",
     EMAIL_OK, "ann@xn--bcher-kva.de"},
    {"U-label decomposed",
     "ann@bu\xcc\x88"
     "cher.de",
     EMAIL_OK, "ann@xn--bcher-kva.de"},
    {"its A-label", "ann@xn--bcher-kva.de", EMAIL_OK, "ann@xn--bcher-kva.de"},
    {"its A-label in capitals", "ann@XN--BCHER-KVA.DE", EMAIL_OK, "ann@xn--bcher-kva.de"},
    {"sharp s keeps its own domain",
     "ann@stra\xc3\x9f"
     "e.de",
     EMAIL_OK, "ann@xn--strae-oqa.de"},
    {"U-label on top", "ann@\xe4\xbe\x8b\xe5\xad\x90.\xe4\xb8\xad\xe5\x9b\xbd", EMAIL_OK, "ann@xn--fsqu00a.xn--fiqs8s"},
    {"ideographic full stop",
     "ann@\xe4\xbe\x8b\xe5\xad\x90\xe3\x80\x82"
     "com",
     EMAIL_OK, "ann@xn--fsqu00a.com"},
    {"full-width letters", "ann@\xef\xbd\x85xample.com", EMAIL_OK, "ann@example.com"},
    {"unreadable A-label stays a name", "ann@xn--zzzzzzzz99999.com", EMAIL_OK, "ann@xn--zzzzzzzz99999.com"},
    {"unreadable A-label beside a U-label",
     "ann@xn--zzzzzzzz99999.b\xc3\xbc"
     "cher.de",
     EMAIL_INVALID, NULL},
    {"lone combining mark as label", "ann@\xcc\x88.de", EMAIL_INVALID, NULL},
    {"right-to-left mixed with digits in front", "ann@1\xd7\x90.com", EMAIL_INVALID, NULL},
    {"invisible characters vanish", "ann@exam\xe2\x80\x8bple.com", EMAIL_OK, "ann@example.com"},
    {"symbol that IDNA2008 does not allow", "ann@\xf0\x9f\x92\xa9.la", EMAIL_INVALID, NULL},
    {"slash by full width",
     "ann@ex\xef\xbc\x8f"
     "ample.com",
     EMAIL_INVALID, NULL},

    {"umlaut in the local part", "j\xc3\xbcrgen@example.com", EMAIL_NOT_ASCII, NULL},
    {"umlaut on both sides",
     "j\xc3\xbcrgen@b\xc3\xbc"
     "cher.de",
     EMAIL_NOT_ASCII, NULL},
    {"Cyrillic a that looks like ours", "\xd0\xb0nn@example.com", EMAIL_NOT_ASCII, NULL},
    {"bad UTF-8 in the local part", "j\xfcrgen@example.com", EMAIL_INVALID, NULL},
    {"bad UTF-8 in the domain",
     "ann@b\xfc"
     "cher.de",
     EMAIL_INVALID, NULL},
    {"overlong @",
     "ann\xc1\x80"
     "example.com",
     EMAIL_INVALID, NULL},
    {"cut in the middle of a letter", "ann@example.d\xc3", EMAIL_INVALID, NULL},

    {"plus tag stays", "ann+news@example.com", EMAIL_OK, "ann+news@example.com"},
    {"every sign of an atom", "!#$%&'*+/=?^_`{|}~-@example.com", EMAIL_OK, "!#$%&'*+/=?^_`{|}~-@example.com"},
    {"apostrophe", "O'Brien@example.com", EMAIL_OK, "o'brien@example.com"},
    {"digits only", "123@456.com", EMAIL_OK, "123@456.com"},
    {"one letter", "a@b.c", EMAIL_OK, "a@b.c"},
    {"dot in front", ".ann@example.com", EMAIL_INVALID, NULL},
    {"dot before @", "ann.@example.com", EMAIL_INVALID, NULL},
    {"two dots", "ann..lee@example.com", EMAIL_INVALID, NULL},
    {"dots that are apart", "a.n.n@example.com", EMAIL_OK, "a.n.n@example.com"},
    {"quoted local part", "\"ann lee\"@example.com", EMAIL_INVALID, NULL},
    {"quoted plain word", "\"ann\"@example.com", EMAIL_INVALID, NULL},
    {"with a name", "Ann <ann@example.com>", EMAIL_INVALID, NULL},
    {"angle brackets", "<ann@example.com>", EMAIL_INVALID, NULL},
    {"mailto", "mailto:ann@example.com", EMAIL_INVALID, NULL},
    {"two addresses", "ann@example.com,bob@example.com", EMAIL_INVALID, NULL},
    {"semicolon behind", "ann@example.com;", EMAIL_INVALID, NULL},
    {"comment", "ann(work)@example.com", EMAIL_INVALID, NULL},
    {"backslash", "a\\nn@example.com", EMAIL_INVALID, NULL},
    {"two @", "ann@lee@example.com", EMAIL_INVALID, NULL},
    {"no @", "ann.example.com", EMAIL_INVALID, NULL},
    {"no @, not ASCII", "j\xc3\xbcrgen", EMAIL_INVALID, NULL},
    {"@ alone", "@", EMAIL_INVALID, NULL},
    {"no local part", "@example.com", EMAIL_INVALID, NULL},
    {"no domain", "ann@", EMAIL_INVALID, NULL},

    {"no dot in the domain", "ann@localhost", EMAIL_INVALID, NULL},
    {"trailing dot", "ann@example.com.", EMAIL_INVALID, NULL},
    {"leading dot in the domain", "ann@.example.com", EMAIL_INVALID, NULL},
    {"two dots in the domain", "ann@example..com", EMAIL_INVALID, NULL},
    {"domain of one dot", "ann@.", EMAIL_INVALID, NULL},
    {"hyphen in front of a label", "ann@-example.com", EMAIL_INVALID, NULL},
    {"hyphen behind a label", "ann@example-.com", EMAIL_INVALID, NULL},
    {"hyphens inside", "ann@my--own-example.com", EMAIL_OK, "ann@my--own-example.com"},
    {"underscore in the domain", "ann@my_example.com", EMAIL_INVALID, NULL},
    {"IPv4 literal", "ann@[192.0.2.1]", EMAIL_INVALID, NULL},
    {"IPv6 literal", "ann@[IPv6:2001:db8::1]", EMAIL_INVALID, NULL},
    {"port", "ann@example.com:25", EMAIL_INVALID, NULL},

    {"label of 63", "ann@" LABEL_63 ".com", EMAIL_OK, "ann@" LABEL_63 ".com"},
    {"label of 64", "ann@" LABEL_63 "x.com", EMAIL_INVALID, NULL},
    {"local part of 64", LOCAL_64 "@example.com", EMAIL_OK, LOCAL_64 "@example.com"},
    {"local part of 65", LOCAL_64 "x@example.com", EMAIL_INVALID, NULL},
    {"254 bytes", LOCAL_64 "@" LABEL_63 "." LABEL_63 "." DOMAIN_61, EMAIL_OK,
     LOCAL_64 "@" LABEL_63 "." LABEL_63 "." DOMAIN_61},
    {"254 bytes between blanks", "  " LOCAL_64 "@" LABEL_63 "." LABEL_63 "." DOMAIN_61 "  ", EMAIL_OK,
     LOCAL_64 "@" LABEL_63 "." LABEL_63 "." DOMAIN_61},
    {"255 bytes", LOCAL_64 "@" LABEL_63 "." LABEL_63 ".d" DOMAIN_61, EMAIL_INVALID, NULL},
};

static void check_case(const struct email_case *c)
{
  g_autofree char *person = NULL;
  enum email_verdict verdict = email_canonical(c->raw, c->raw ? strlen(c->raw) : 0, &person);
  if (verdict != c->verdict) g_test_message("%s: verdict %d, wanted %d", c->name, (int)verdict, (int)c->verdict);
  g_assert_cmpint(verdict, ==, c->verdict);
  g_assert_cmpstr(person, ==, c->person);
  if (!person) return;
  g_autofree char *again = NULL;
  g_assert_cmpint(email_canonical(person, strlen(person), &again), ==, EMAIL_OK);
  g_assert_cmpstr(again, ==, person);
}

static void test_case(gconstpointer data)
{
  check_case(data);
}

/* A Turkish locale lower-cases I to a dotless i; the answers must not depend on it. */
static void test_turkish_locale(void)
{
  bool has_locale = setlocale(LC_ALL, "tr_TR.UTF-8") != NULL;
  g_test_message("tr_TR.UTF-8 is %s on this machine", has_locale ? "installed" : "not installed");
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    check_case(&cases[i]);
  }
  setlocale(LC_ALL, "C");
}

static void test_embedded_nul(void)
{
  static const char inside[] = "ann@example.com\0.evil.com";
  static const char behind[] = "ann@example.com\0";
  static const char local[] = "a\0nn@example.com";
  g_autofree char *person = NULL;
  g_assert_cmpint(email_canonical(inside, sizeof inside - 1, &person), ==, EMAIL_INVALID);
  g_assert_cmpint(email_canonical(behind, sizeof behind - 1, &person), ==, EMAIL_INVALID);
  g_assert_cmpint(email_canonical(local, sizeof local - 1, &person), ==, EMAIL_INVALID);
  g_assert_null(person);
}

/* Only raw[0..length) is looked at. */
static void test_length_is_kept(void)
{
  g_autofree char *person = NULL;
  g_assert_cmpint(email_canonical("ann@example.comXYZ", 15, &person), ==, EMAIL_OK);
  g_assert_cmpstr(person, ==, "ann@example.com");
}

static void test_huge_input(void)
{
  g_autofree char *huge = g_strnfill(10 * 1024 * 1024, 'a');
  memcpy(huge + 1000, "@example.com", 12);
  g_autofree char *person = NULL;
  g_assert_cmpint(email_canonical(huge, 10 * 1024 * 1024, &person), ==, EMAIL_INVALID);
  g_assert_null(person);
}

static void test_domain(void)
{
  g_assert_cmpstr(email_domain("ann@example.com"), ==, "example.com");
  g_assert_cmpstr(email_domain("nobody"), ==, "");
}

static void test_fold_tag(void)
{
  static const struct {
    const char *person, *folded;
  } folds[] = {
      {"ann@example.com", "ann@example.com"},           {"ann+news@example.com", "ann@example.com"},
      {"ann+a+b@example.com", "ann@example.com"},       {"ann+@example.com", "ann@example.com"},
      {"+ann@example.com", "+ann@example.com"},         {"a.n.n+x@example.com", "a.n.n@example.com"},
      {"ann-news@example.com", "ann-news@example.com"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(folds); i++) {
    g_autofree char *folded = email_fold_tag(folds[i].person);
    g_assert_cmpstr(folded, ==, folds[i].folded);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *slug = g_strdelimit(g_strdup(cases[i].name), "/", ' ');
    g_autofree char *path = g_strdup_printf("/email/canonical/%02zu %s", i, slug);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/email/turkish-locale", test_turkish_locale);
  g_test_add_func("/email/embedded-nul", test_embedded_nul);
  g_test_add_func("/email/length-is-kept", test_length_is_kept);
  g_test_add_func("/email/huge-input", test_huge_input);
  g_test_add_func("/email/domain", test_domain);
  g_test_add_func("/email/fold-tag", test_fold_tag);
  return g_test_run();
}
