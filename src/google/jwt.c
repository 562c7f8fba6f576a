/* Assertions of a service account: header and claims in base64url, signed by OpenSSL. */
#include "google/source.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define LIFETIME_S   3600
#define BACKDATE_S   30 /* a clock that is a little ahead of Google's must not make a token of the future */
#define KEY_MIN_BITS 2048

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

static void append_base64url(GString *out, const void *bytes, size_t size)
{
  g_autofree char *text = g_base64_encode(bytes, size);
  for (const char *at = text; *at != '\0' && *at != '='; at++) {
    g_string_append_c(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
  }
}

/* Without this OpenSSL would ask the terminal for the pass phrase of an encrypted key. */
static int no_pass_phrase(char *buffer, int size, int is_writing, void *context)
{
  (void)buffer;
  (void)size;
  (void)is_writing;
  (void)context;
  return 0;
}

static EVP_PKEY *read_key(const struct source *source, GError **error)
{
  g_autoptr(BIO) bio = BIO_new_mem_buf(source->private_key, -1);
  g_autoptr(EVP_PKEY) key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
  ERR_clear_error();
  bool is_good = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= KEY_MIN_BITS;
  if (is_good) return g_steal_pointer(&key);
  error_set(error, ERROR_CONFIG, "the private key in %s is no RSA key of %d bits or more: make a new key file",
            source->place, KEY_MIN_BITS);
  return NULL;
}

static bool append_signature(GString *jwt, EVP_PKEY *key)
{
  size_t size = (size_t)EVP_PKEY_get_size(key);
  g_autofree unsigned char *signature = g_malloc(size);
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
  bool is_signed = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestSign(context, signature, &size, (const unsigned char *)jwt->str, jwt->len) == 1;
  ERR_clear_error();
  if (!is_signed) return false;
  g_string_append_c(jwt, '.');
  append_base64url(jwt, signature, size);
  return true;
}

char *jwt_make(const struct source *source, const char *scope, const char *audience, int64_t now_us, GError **error)
{
  int64_t issued_s = now_us / SECOND_US - BACKDATE_S;
  g_autoptr(EVP_PKEY) key = read_key(source, error);
  if (!key) return NULL;
  g_autoptr(GString) header = g_string_new("{");
  g_autoptr(GString) claims = g_string_new("{");
  json_append_str(header, "typ", "JWT");
  json_append_str(header, "alg", "RS256");
  if (source->private_key_id) json_append_str(header, "kid", source->private_key_id);
  json_append_str(claims, "iss", source->client_email);
  json_append_str(claims, "scope", scope);
  json_append_str(claims, "aud", audience);
  json_append_int(claims, "iat", issued_s);
  json_append_int(claims, "exp", issued_s + LIFETIME_S);
  g_string_append_c(header, '}');
  g_string_append_c(claims, '}');
  GString *jwt = g_string_new(NULL);
  append_base64url(jwt, header->str, header->len);
  g_string_append_c(jwt, '.');
  append_base64url(jwt, claims->str, claims->len);
  bool is_signed = append_signature(jwt, key);
  if (!is_signed) error_set(error, ERROR_LOCAL, "OpenSSL could not sign with the key in %s", source->place);
  char *text = g_string_free(jwt, FALSE);
  if (is_signed) return text;
  secret_free(text);
  return NULL;
}
