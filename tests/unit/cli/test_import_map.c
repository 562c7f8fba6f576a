/* The mapping of a CSV file's columns: headers of real exports in, columns of `leads` out. */
#include "base/error.h"
#include "cli/import_map.h"
#include "cli/import_words.h"

#include <string.h>

#define CAMPAIGN "0196ed4b-e01e-7b6c-9b32-3f6f1b5f6f01"

/* Headers and rows with '|' between cells; the shown form names the header of each target. */
static const struct {
  const char *name, *headers, *rows[4], *shown;
} cases[] = {
    {"the CRM export",
     "Index|Account Id|Lead Owner|First Name|Last Name|Company|Phone 1|Email 1|Email 2|Website",
     {"1|2FCB|Selena Doyle|Jaime|Hayes|Mays Inc|98|f@shepherd.info|r@massey.info|https://b.com",
      "2|f16E|Kelsey|Cody|Salinas|Blank|36|a@hunt.com|g@s.com|https://a.org"},
     "lead_id=Account Id email=Email 1 first_name=First Name last_name=Last Name company_name=Company"},
    {"snake case",
     "lead_id|email|first_name|last_name|company_name|campaign_id",
     {"a1|ann@x.com|Ann|Lee|Acme|" CAMPAIGN},
     "lead_id=lead_id email=email first_name=first_name last_name=last_name company_name=company_name "
     "campaign_id=campaign_id"},
    {"German",
     "Kundennummer|Vorname|Nachname|Firma|E-Mail-Adresse",
     {"K1|Jörg|Müller|Bäcker|j@x.de", "K2|A|B|C|d@x.de"},
     "lead_id=Kundennummer email=E-Mail-Adresse first_name=Vorname last_name=Nachname company_name=Firma"},
    {"French",
     "Prénom|Nom|Société|Adresse e-mail",
     {"Zoé|Petit|SARL|z@x.fr"},
     "email=Adresse e-mail first_name=Prénom last_name=Nom company_name=Société"},
    {"Spanish",
     "Nombre|Apellidos|Empresa|Correo electrónico",
     {"Ana|Ruiz|SA|a@x.es"},
     "email=Correo electrónico first_name=Nombre last_name=Apellidos company_name=Empresa"},
    {"capitals",
     "ID|EMAIL|FIRSTNAME|LASTNAME",
     {"1|a@x.com|A|B", "2|b@x.com|C|D"},
     "lead_id=ID email=EMAIL first_name=FIRSTNAME last_name=LASTNAME"},
    {"the owner's address is not the lead's",
     "Owner Email|Email",
     {"rep@us.com|a@x.com", "rep@us.com|b@x.com"},
     "email=Email"},
    {"first e-mail column is empty", "Email 1|Email 2", {"|a@x.com", "|b@x.com"}, "email=Email 2"},
    {"first e-mail column holds something else", "Email Status|Work Email", {"opted in|a@x.com"}, "email=Work Email"},
    {"no header says so", "Contact|Notes", {"a@x.com|hello", "b@x.com|me@x.com"}, "email=Contact"},
    {"an id that repeats is none", "Account Id|Email", {"A|a@x.com", "A|b@x.com"}, "email=Email"},
    {"an id with gaps is none", "Id|Email", {"7|a@x.com", "|b@x.com"}, "email=Email"},
    {"a contact's id before an account's",
     "Account Id|Contact Id|Email",
     {"A|c1|a@x.com", "B|c2|b@x.com"},
     "lead_id=Contact Id email=Email"},
    {"Paid is no id", "Paid|Email", {"yes|a@x.com"}, "email=Email"},
    {"a company's id is none", "Company ID|Email", {"C1|a@x.com", "C2|b@x.com"}, "email=Email"},
    {"campaign names are no ids", "Campaign Id|Email", {"spring|a@x.com"}, "email=Email"},
    {"a full name stays a field", "Name|Email", {"Ann Lee|a@x.com"}, "email=Email"},
    {"header alone", "email|id", {NULL}, "lead_id=id email=email"},
    {"nothing that fits", "a|b", {"1|2"}, ""},
};

static void fill(struct import_sample *sample, const char *headers, const char *const *rows, size_t rows_n)
{
  g_auto(GStrv) names = g_strsplit(headers, "|", -1);
  import_sample_init_take(sample, import_headers((const char *const *)names, g_strv_length(names)));
  for (size_t i = 0; i < rows_n && rows[i]; i++) {
    g_auto(GStrv) cells = g_strsplit(rows[i], "|", -1);
    import_sample_add(sample, (const char *const *)cells, g_strv_length(cells));
  }
}

static char *shown(const struct import_sample *sample, const struct import_map *map)
{
  GString *text = g_string_new(NULL);
  for (int target = 0; target < IMPORT_TARGETS_N; target++) {
    if (map->column[target] < 0) continue;
    const char *header = g_ptr_array_index(sample->headers, map->column[target]);
    g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", import_target_name(target), header);
  }
  return g_string_free(text, FALSE);
}

static void test_guesses(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct import_sample sample;
    struct import_map map;
    fill(&sample, cases[i].headers, cases[i].rows, G_N_ELEMENTS(cases[i].rows));
    import_map_guess(&sample, &map);
    g_autofree char *text = shown(&sample, &map);
    if (strcmp(text, cases[i].shown)) g_test_message("%s", cases[i].name);
    g_assert_cmpstr(text, ==, cases[i].shown);
    import_sample_clear(&sample);
  }
}

static const struct {
  const char *spec, *shown, *error;
} specs[] = {
    {"lead_id=Ref", "lead_id=Ref email=Email first_name=First", NULL},
    {"lead_id=ref", "lead_id=Ref email=Email first_name=First", NULL},
    {"email=Work, private", "lead_id=Id email=Work, private first_name=First", NULL},
    {"email=Work, private,lead_id=Ref", "lead_id=Ref email=Work, private first_name=First", NULL},
    {"lead_id=", "email=Email first_name=First", NULL},
    {"company_name=First", "lead_id=Id email=Email company_name=First", NULL},
    {"lead_id=Reff", NULL, "did you mean \"Ref\""},
    {"lead_id=Nothing", NULL, "its columns are \"Id\", \"Ref\""},
    {"lead=Id", NULL, "is no column that can be filled"},
    {"first_nam=Id", NULL, "did you mean \"first_name\""},
    {"Id", NULL, "has no '='"},
};

static void test_specs(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(specs); i++) {
    static const char *const rows[] = {"1|r1|a@x.com|b@x.com|Ann", "2|r2|c@x.com|d@x.com|Bob"};
    struct import_sample sample;
    struct import_map map;
    g_autoptr(GPtrArray) opt_outs = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    fill(&sample, "Id|Ref|Email|Work, private|First", rows, 2);
    import_map_guess(&sample, &map);
    bool ok = import_map_apply(&sample, specs[i].spec, &map, opt_outs, &error);
    g_assert_cmpint(ok, ==, specs[i].error == NULL);
    if (ok) {
      g_autofree char *text = shown(&sample, &map);
      g_assert_cmpstr(text, ==, specs[i].shown);
    } else {
      g_assert_true(error_is(error, ERROR_USAGE));
      if (!strstr(error->message, specs[i].error)) g_test_message("%s", error->message);
      g_assert_nonnull(strstr(error->message, specs[i].error));
    }
    import_sample_clear(&sample);
  }
}

static void test_headers_become_keys(void)
{
  static const char *const fields[] = {" Email ", "", "Email", "Note", "Email"};
  g_autoptr(GPtrArray) headers = import_headers(fields, G_N_ELEMENTS(fields));
  static const char *const expected[] = {"Email", "column 2", "Email (2)", "Note", "Email (3)"};
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_assert_cmpstr(g_ptr_array_index(headers, i), ==, expected[i]);
  }
}

static void test_missing_header_and_missing_email(void)
{
  g_autoptr(GError) error = NULL;
  static const char *const row[] = {"Ann", "ann@example.com"};
  g_autoptr(GPtrArray) headers = import_headers(row, 2);
  g_assert_false(import_headers_check(headers, &error));
  g_assert_true(error_is(error, ERROR_USAGE));
  g_assert_nonnull(strstr(error->message, "no header line"));
  g_assert_null(strchr(error->message, '@'));
  g_clear_error(&error);
  struct import_sample sample;
  struct import_map map;
  fill(&sample, "a|b", (const char *const[]){"1|2"}, 1);
  import_map_guess(&sample, &map);
  g_assert_false(import_map_check(&sample, &map, &error));
  g_assert_nonnull(strstr(error->message, "--map email="));
  import_sample_clear(&sample);
}

static void test_header_keys(void)
{
  static const char *const keys[][2] = {{"E-Mail 2", "email"},
                                        {"Prénom", "prenom"},
                                        {"  First_Name ", "firstname"},
                                        {"STRASSE", "strasse"},
                                        {"Straße", "strasse"},
                                        {"İsim", "isim"},
                                        {"123", ""},
                                        {"\xFF\xFE", ""},
                                        {"Имя", "имя"}};
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autofree char *key = import_header_key(keys[i][0]);
    g_assert_cmpstr(key, ==, keys[i][1]);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/import-map/guesses", test_guesses);
  g_test_add_func("/import-map/specs", test_specs);
  g_test_add_func("/import-map/header-names", test_headers_become_keys);
  g_test_add_func("/import-map/missing", test_missing_header_and_missing_email);
  g_test_add_func("/import-map/header-keys", test_header_keys);
  return g_test_run();
}
