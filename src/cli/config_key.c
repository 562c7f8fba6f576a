/* The key of Instantly, read where the settings say it is. Its text is in no message. */
#include "cli/config.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX_BYTES 4096

/* Trims it and refuses what cannot stand in a header. */
static bool key_take(struct instantly_settings *instantly, const char *text, const char *where, GError **error)
{
  g_autofree char *key = g_strstrip(g_strdup(text));
  bool is_good = *key != '\0';
  for (const char *at = key; *at; at++)
    is_good = is_good && *at > ' ' && *at < 0x7f;
  if (!is_good) {
    error_set(error, ERROR_CONFIG, "%s holds no key: expected one word of printable characters", where);
    return false;
  }
  g_free(instantly->api_key);
  instantly->api_key = g_steal_pointer(&key);
  return true;
}

static bool key_from_file(struct instantly_settings *instantly, char **warning, GError **error)
{
  const char *path = instantly->api_key_file;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    error_set(error, ERROR_CONFIG,
              "instantly.api_key_file: cannot open %s: %s; put the key into that file, readable by you alone", path,
              g_strerror(errno));
    if (file >= 0) close(file);
    return false;
  }
  char text[KEY_MAX_BYTES + 1] = {0};
  ssize_t size = S_ISREG(status.st_mode) ? read(file, text, KEY_MAX_BYTES) : -1;
  close(file);
  if (size < 0 || memchr(text, '\0', (size_t)size)) {
    error_set(error, ERROR_CONFIG, "instantly.api_key_file: %s is no readable text file", path);
    return false;
  }
  if (status.st_mode & (S_IRGRP | S_IROTH))
    *warning = g_strdup_printf("others may read the key file %s; `chmod 600 %s` ends that", path, path);
  bool is_taken = key_take(instantly, text, path, error);
  explicit_bzero(text, sizeof text);
  return is_taken;
}

static bool key_from_variable(struct instantly_settings *instantly, const char *const *environment, GError **error)
{
  const char *name = instantly->api_key_env;
  const char *value = environment ? g_environ_getenv((char **)environment, name) : NULL;
  if (value) return key_take(instantly, value, name, error);
  error_set(error, ERROR_CONFIG, "instantly.api_key_env: the environment has no variable %s", name);
  return false;
}

bool config_resolve_key(struct settings *settings, const char *const *environment, char **warning, GError **error)
{
  struct instantly_settings *instantly = &settings->instantly;
  *warning = NULL;
  if (instantly->api_key) return key_take(instantly, instantly->api_key, "instantly.api_key", error);
  if (instantly->api_key_file) return key_from_file(instantly, warning, error);
  if (instantly->api_key_env) return key_from_variable(instantly, environment, error);
  error_set(error, ERROR_CONFIG, "no key: set one of instantly.api_key_env, api_key_file and api_key");
  return false;
}
