#include "cli/import_words.h"

#include "base/text.h"

#include <string.h>

/* Keys as import_header_key() makes them; a higher rank wins. */
static const struct {
  enum import_target target;
  int rank;
  const char *keys; /* separated by blanks */
} words[] = {
    {TARGET_EMAIL, 3,
     "email emailaddress mail mailaddress emailadresse mailadresse epostadresse epostadress epost eposta correo "
     "correoelectronico courriel adressemail adresseemail adresseelectronique indirizzoemail postaelettronica "
     "emailadres "
     "adresemail enderecodeemail sahkoposti emailid workemail businessemail почта электроннаяпочта emailадрес "
     "メールアドレス 邮箱 电子邮件"},
    {TARGET_LEAD_ID, 4, "leadid contactid personid prospectid customerid kontaktid idcontact kundenid clientid"},
    {TARGET_LEAD_ID, 3,
     "id recordid uuid guid externalid crmid key hubspotid salesforceid contactrecordid identifiant"},
    {TARGET_LEAD_ID, 2, "kundennummer customernumber contactnumber kontaktnummer klantnummer"},
    {TARGET_FIRST_NAME, 3,
     "firstname fname givenname forename vorname prenom nombre nome primeironome voornaam fornamn fornavn imie etunimi "
     "имя ad isim 名 名字"},
    {TARGET_FIRST_NAME, 2, "first given"},
    {TARGET_LAST_NAME, 3,
     "lastname lname surname familyname nachname familienname zuname nom nomdefamille apellido apellidos cognome "
     "sobrenome "
     "achternaam efternamn efternavn etternavn nazwisko sukunimi фамилия soyad soyadi 姓 姓氏"},
    {TARGET_LAST_NAME, 2, "last family"},
    {TARGET_COMPANY_NAME, 3,
     "company companyname organization organisation organizationname organisationname employer firma firmenname "
     "unternehmen societe entreprise raisonsociale nomdelentreprise empresa azienda ragionesociale bedrijf "
     "bedrijfsnaam "
     "foretag foretagsnamn virksomhed firmanavn nazwafirmy yritys компания организация sirket 会社名 公司 公司名称"},
    {TARGET_COMPANY_NAME, 2, "account accountname business businessname organizationlegalname customername"},
    {TARGET_CAMPAIGN_ID, 3, "campaignid instantlycampaignid"},
};

/* Whoever owns the lead is not the lead. */
static const char *const other_people[] = {"owner",     "manager",   "assigned", "sender",     "salesrep",
                                           "createdby", "updatedby", "betreuer", "referredby", "mailing"};

/* Ids of something that several leads share, and counters that start anew in the next file. */
static const char *const other_ids[] = {"company", "campaign", "owner",  "organization", "organisation",
                                        "list",    "stage",    "source", "thread",       "parent",
                                        "user",    "team",     "index",  "row"};

static bool has_word(const char *key, const char *const *list, size_t list_n)
{
  for (size_t i = 0; i < list_n; i++) {
    if (strstr(key, list[i])) return true;
  }
  return false;
}

char *import_header_key(const char *header)
{
  char *key = text_word_key(header);
  for (size_t length = strlen(key); length > 0 && g_ascii_isdigit(key[length - 1]); length--)
    key[length - 1] = '\0';
  return key;
}

/* Does the last word of the header say "id"? "Account Id", "account_id", "accountId", "AccountID"; not "Paid". */
static bool ends_in_id(const char *header)
{
  size_t length = strlen(header);
  while (length > 0 && !g_ascii_isalpha(header[length - 1])) {
    length--;
  }
  if (length < 2 || g_ascii_strncasecmp(header + length - 2, "id", 2) != 0) return false;
  if (length == 2) return true;
  char before = header[length - 3];
  return !g_ascii_isalpha(before) || (g_ascii_islower(before) && g_ascii_isupper(header[length - 2]));
}

static bool is_among(const char *key, const char *keys)
{
  size_t length = strlen(key);
  for (const char *at = strstr(keys, key); at; at = strstr(at + 1, key)) {
    if ((at == keys || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
  }
  return false;
}

int import_header_rank(const char *header, enum import_target target)
{
  g_autofree char *key = import_header_key(header);
  if (!*key) return 0;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (words[i].target == target && is_among(key, words[i].keys)) return words[i].rank;
  }
  if (target == TARGET_EMAIL && !has_word(key, other_people, G_N_ELEMENTS(other_people))) {
    return strstr(key, "mail") || strstr(key, "correo") || strstr(key, "courriel") ? 2 : 0;
  }
  if (target == TARGET_LEAD_ID && !has_word(key, other_ids, G_N_ELEMENTS(other_ids))) return ends_in_id(header) ? 1 : 0;
  return 0;
}
