#include "base/email.h"

#include <idn2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ADDRESS_MAX_BYTES 254
#define LOCAL_MAX_BYTES   64
#define LABEL_MAX_BYTES   63
/* Raw input beyond this is refused unread: the longest U-label form of 254 bytes is far shorter. */
#define RAW_MAX_BYTES 2048

static bool is_blank(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_ascii(const char *text, size_t length)
{
  unsigned char all = 0;
  for (size_t i = 0; i < length; i++)
    all |= (unsigned char)text[i];
  return all < 0x80;
}

/* RFC 5322 atext; upper case has been folded away by the caller. */
static bool is_atom_char(char c)
{
  return g_ascii_islower(c) || g_ascii_isdigit(c) || (c != '\0' && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_label_char(char c)
{
  return g_ascii_islower(c) || g_ascii_isdigit(c) || c == '-';
}

static bool local_is_valid(const char *local, size_t length)
{
  if (length == 0 || length > LOCAL_MAX_BYTES) return false;
  if (local[0] == '.' || local[length - 1] == '.') return false;
  for (size_t i = 0; i < length; i++) {
    bool is_dot = local[i] == '.' && local[i - 1] != '.';
    if (!is_dot && !is_atom_char(local[i])) return false;
  }
  return true;
}

static bool label_is_valid(const char *label, size_t length)
{
  if (length == 0 || length > LABEL_MAX_BYTES) return false;
  if (label[0] == '-' || label[length - 1] == '-') return false;
  for (size_t i = 0; i < length; i++) {
    if (!is_label_char(label[i])) return false;
  }
  return true;
}

static bool domain_is_valid(const char *domain)
{
  size_t labels_n = 0;
  for (const char *label = domain;; labels_n++) {
    size_t length = strcspn(label, ".");
    if (!label_is_valid(label, length)) return false;
    label += length;
    if (*label++ == '\0') break;
  }
  return labels_n >= 1;
}

/* The A-label form of a domain, NULL when it has none. It is mapped as browsers do (UTS 46: case, width, ideographic
 * full stop). All-ASCII domains never come here: they stay as they are, so that SQL, which has no IDNA, comes to the
 * same person. */
static char *domain_to_ascii(const char *domain)
{
  uint8_t *found = NULL;
  if (idn2_lookup_u8((const uint8_t *)domain, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return NULL;
  char *ascii = g_ascii_strdown((const char *)found, -1);
  idn2_free(found);
  return ascii;
}

/* The address after trimming, all of it ASCII, as nearly all are: every pass over a warehouse asks for each of them, so
 * one allocation and no copy in between. */
static enum email_verdict canonical_ascii(const char *address, size_t length, char **person)
{
  if (length > ADDRESS_MAX_BYTES || memchr(address, '\0', length)) return EMAIL_INVALID;
  g_autofree char *lower = g_malloc(length + 1);
  for (size_t i = 0; i < length; i++)
    lower[i] = (char)(address[i] >= 'A' && address[i] <= 'Z' ? address[i] + ('a' - 'A') : address[i]);
  lower[length] = '\0';
  const char *at = memrchr(lower, '@', length);
  if (!at || !local_is_valid(lower, (size_t)(at - lower)) || !domain_is_valid(at + 1)) return EMAIL_INVALID;
  *person = g_steal_pointer(&lower);
  return EMAIL_OK;
}

/* The address after trimming: valid UTF-8, no NUL. */
static enum email_verdict canonical_utf8(const char *address, size_t length, char **person)
{
  const char *at = memrchr(address, '@', length);
  if (!at) return EMAIL_INVALID;
  size_t local_length = (size_t)(at - address);
  if (!is_ascii(address, local_length)) return EMAIL_NOT_ASCII;

  g_autofree char *local = g_ascii_strdown(address, (gssize)local_length);
  g_autofree char *raw_domain = g_strndup(at + 1, length - local_length - 1);
  g_autofree char *domain = domain_to_ascii(raw_domain);
  if (!domain || !local_is_valid(local, local_length) || !domain_is_valid(domain)) return EMAIL_INVALID;
  if (local_length + 1 + strlen(domain) > ADDRESS_MAX_BYTES) return EMAIL_INVALID;
  *person = g_strconcat(local, "@", domain, NULL);
  return EMAIL_OK;
}

enum email_verdict email_canonical(const char *raw, size_t length, char **person)
{
  *person = NULL;
  if (!raw) return EMAIL_MISSING;
  while (length > 0 && is_blank(raw[0])) {
    raw++;
    length--;
  }
  while (length > 0 && is_blank(raw[length - 1])) {
    length--;
  }
  if (length == 0) return EMAIL_MISSING;
  if (length > RAW_MAX_BYTES) return EMAIL_INVALID;
  if (is_ascii(raw, length)) return canonical_ascii(raw, length, person);
  return g_utf8_validate_len(raw, length, NULL) ? canonical_utf8(raw, length, person) : EMAIL_INVALID;
}

const char *email_domain(const char *person)
{
  const char *at = strrchr(person, '@');
  return at ? at + 1 : "";
}

char *email_fold_tag(const char *person)
{
  size_t local_length = strcspn(person, "@");
  size_t plain_length = strcspn(person, "+");
  if (plain_length == 0 || plain_length >= local_length) return g_strdup(person);
  return g_strdup_printf("%.*s%s", (int)plain_length, person, person + local_length);
}
