#pragma once
/* The canonical address: who a person is (docs/semantics: one pure function, a table of cases).
 *
 * Trim bytes 09-0D and 20; lower-case ASCII byte by byte (never locale functions: Turkish i); a domain with non-ASCII
 * letters through IDNA2008 to its A-label (libidn2). A domain that is ASCII already is not looked into any further, not
 * even behind "xn--": SQL must come to the same person, and mail runs under such names. A non-ASCII local part is
 * EMAIL_NOT_ASCII; bytes that are no UTF-8 are EMAIL_INVALID. Syntax is the conservative subset that Instantly and mail
 * servers take: dot-atom local part <= 64 bytes, no empty labels, domain with a dot, labels <= 63 of [a-z0-9-] without
 * outer hyphens, the whole <= 254 bytes. */
#include <glib.h>
#include <stddef.h>

enum email_verdict { EMAIL_OK, EMAIL_MISSING, EMAIL_INVALID, EMAIL_NOT_ASCII };

/* Canonical form of raw[0..length) into *person (caller frees; NULL unless EMAIL_OK). NULL raw is EMAIL_MISSING. */
enum email_verdict email_canonical(const char *raw, size_t length, char **person);

/* The domain part of a canonical address: points into person. */
const char *email_domain(const char *person);

/* The form that suppressions are matched by: a canonical address with its local part cut before the first '+', unless
 * that stands in front. A key to compare, not an address to send to ("ann.+x" leaves "ann."). Caller frees. */
char *email_fold_tag(const char *person);
