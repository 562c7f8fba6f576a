/* TLS: nothing is sent to a server that cannot prove who it is, or that only speaks what is too old. Certificates are
 * made at run time. */
#include "base/thread.h"
#include "net_fixture.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What SSLKEYLOGFILE names. */
static char *key_log;

struct tls_server {
  SSL_CTX *context;
  char *ca_file;
  char *url;
  int listener;
  pthread_t thread;
  size_t received_bytes; /* read after the thread was joined */
};

static void add_name(X509 *certificate, const char *name)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
  g_assert_nonnull(extension);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/* A self-signed certificate for this name, good for an hour, and its file for those who trust it. */
static void make_certificate(struct tls_server *server, const char *name)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME *subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  add_name(certificate, name);
  g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
  g_assert_cmpint(SSL_CTX_use_certificate(server->context, certificate), ==, 1);
  g_assert_cmpint(SSL_CTX_use_PrivateKey(server->context, key), ==, 1);
  int fd = g_file_open_tmp("leadferry-ca-XXXXXX", &server->ca_file, NULL);
  FILE *file = fdopen(fd, "w");
  g_assert_nonnull(file);
  g_assert_cmpint(PEM_write_X509(file, certificate), ==, 1);
  g_assert_cmpint(fclose(file), ==, 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

/* One connection: handshake, one request, one answer. */
static void *serve(void *context)
{
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  struct tls_server *server = context;
  int fd = accept(server->listener, NULL, NULL);
  if (fd < 0) return NULL;
  SSL *ssl = SSL_new(server->context);
  SSL_set_fd(ssl, fd);
  char buffer[4096];
  if (SSL_accept(ssl) == 1) {
    int n = SSL_read(ssl, buffer, sizeof buffer);
    if (n > 0) server->received_bytes += (size_t)n;
    if (n > 0) SSL_write(ssl, answer, sizeof answer - 1);
    SSL_shutdown(ssl);
    shutdown(fd, SHUT_WR);
    while (read(fd, buffer, sizeof buffer) > 0) { /* closing with bytes unread would reset the connection */
    }
  }
  SSL_free(ssl);
  close(fd);
  return NULL;
}

static void tls_start(struct tls_server *server, const char *name, int version_max)
{
  *server = (struct tls_server){.context = SSL_CTX_new(TLS_server_method())};
  SSL_CTX_set_security_level(server->context, version_max < TLS1_2_VERSION ? 0 : 1);
  SSL_CTX_set_min_proto_version(server->context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server->context, version_max);
  make_certificate(server, name);
  server->listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint(listen(server->listener, 4), ==, 0);
  socklen_t size = sizeof address;
  g_assert_cmpint(getsockname(server->listener, (struct sockaddr *)&address, &size), ==, 0);
  server->url = g_strdup_printf("https://127.0.0.1:%d", ntohs(address.sin_port));
  g_assert_true(thread_start(&server->thread, serve, server));
}

static void tls_stop(struct tls_server *server)
{
  shutdown(server->listener, SHUT_RDWR);
  thread_join(server->thread);
  close(server->listener);
  unlink(server->ca_file);
  g_free(server->ca_file);
  g_free(server->url);
  SSL_CTX_free(server->context);
}

static void test_tls(void)
{
  static const struct {
    const char *name;
    const char *certificate_name;
    int version_max;
    bool is_trusted;
    enum transport transport;
  } rows[] = {
      {"trusted", "IP:127.0.0.1", TLS1_3_VERSION, true, TRANSPORT_ANSWERED},
      {"trusted, TLS 1.2", "IP:127.0.0.1", TLS1_2_VERSION, true, TRANSPORT_ANSWERED},
      {"not trusted", "IP:127.0.0.1", TLS1_3_VERSION, false, TRANSPORT_NOT_SENT},
      {"not trusted, TLS 1.2", "IP:127.0.0.1", TLS1_2_VERSION, false, TRANSPORT_NOT_SENT},
      {"for another name", "DNS:other.example", TLS1_3_VERSION, true, TRANSPORT_NOT_SENT},
      {"TLS 1.1", "IP:127.0.0.1", TLS1_1_VERSION, true, TRANSPORT_NOT_SENT},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct tls_server server;
    tls_start(&server, rows[i].certificate_name, rows[i].version_max);
    struct net_options options = {
        .wire = {.base_url = server.url,
                 .authorization = "Bearer key-0123456789",
                 .user_agent = "leadferry/test",
                 .ca_file = rows[i].is_trusted ? server.ca_file : NULL,
                 .connect_timeout_s = 5,
                 .request_timeout_s = 5},
        .clock = clock_system(),
        .requests_per_second = 100,
        .reads_in_flight = 1,
        .writes_in_flight = 1,
    };
    struct net_fixture fixture = {.net = net_open(&options, NULL)};
    struct call call;
    net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
    g_test_message("%s: %s", rows[i].name, call.reply.message);
    g_assert_cmpint(call.reply.transport, ==, rows[i].transport);
    net_close(fixture.net);
    tls_stop(&server);
    g_assert_cmpint(server.received_bytes > 0, ==, rows[i].transport == TRANSPORT_ANSWERED);
    call_clear(&call);
  }
}

/* The secrets of a session are written nowhere, whatever the environment says: run behind those that made sessions. */
static void test_no_key_log(void)
{
  g_assert_null(g_getenv("SSLKEYLOGFILE"));
  g_assert_false(g_file_test(key_log, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp("leadferry-key-log-XXXXXX", NULL);
  key_log = g_build_filename(folder, "keys", NULL);
  g_setenv("SSLKEYLOGFILE", key_log, TRUE);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/tls", test_tls);
  g_test_add_func("/net/tls/no-key-log", test_no_key_log);
  int status = g_test_run();
  unlink(key_log);
  rmdir(folder);
  g_free(key_log);
  return status;
}
