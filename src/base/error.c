#include "base/error.h"

#include <stdarg.h>

#define KIND_BITS 8 /* of GError.code; an HTTP status stands above them */

static const struct {
  const char *name;
  enum exit_code exit_code;
} kinds[ERROR_KINDS_N] = {
    [ERROR_USAGE] = {"usage", EXIT_CODE_USAGE},
    [ERROR_CONFIG] = {"config", EXIT_CODE_CONFIG},
    [ERROR_AUTH] = {"auth", EXIT_CODE_AUTH},
    [ERROR_TRANSIENT] = {"transient", EXIT_CODE_TEMPORARY},
    [ERROR_RATE_LIMITED] = {"rate_limited", EXIT_CODE_TEMPORARY},
    [ERROR_REJECTED] = {"rejected", EXIT_CODE_FAILED},
    [ERROR_NOT_FOUND] = {"not_found", EXIT_CODE_FAILED},
    [ERROR_CORRUPT] = {"corrupt", EXIT_CODE_FAILED},
    [ERROR_UNSAFE] = {"unsafe", EXIT_CODE_SAFETY},
    [ERROR_LOCKED] = {"locked", EXIT_CODE_LOCKED},
    [ERROR_LOCAL] = {"local", EXIT_CODE_FAILED},
    [ERROR_CANCELLED] = {"cancelled", EXIT_CODE_SIGINT},
};

/* From good to bad; SIGTERM is the last word of a supervisor, so it stands above SIGINT. That nobody read all of the
 * output says less than anything else. */
static const enum exit_code exit_codes_by_badness[] = {
    EXIT_CODE_OK,     EXIT_CODE_SIGPIPE, EXIT_CODE_PARTIAL, EXIT_CODE_TEMPORARY, EXIT_CODE_FAILED, EXIT_CODE_LOCKED,
    EXIT_CODE_SAFETY, EXIT_CODE_AUTH,    EXIT_CODE_USAGE,   EXIT_CODE_CONFIG,    EXIT_CODE_SIGINT, EXIT_CODE_SIGTERM,
};

GQuark error_quark(void)
{
  return g_quark_from_static_string("leadferry-error");
}

void error_set(GError **error, enum error_kind kind, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_propagate_error(error, g_error_new_valist(error_quark(), (int)kind, format, arguments));
  va_end(arguments);
}

void error_note_status(GError *error, int64_t status)
{
  if (error && error->domain == error_quark() && status > 0 && status < 1000)
    error->code = (int)error_kind_of(error) | (int)status << KIND_BITS;
}

int64_t error_status(const GError *error)
{
  return error && error->domain == error_quark() && error->code > 0 ? error->code >> KIND_BITS : 0;
}

enum error_kind error_kind_of(const GError *error)
{
  if (!error || error->domain != error_quark() || error->code < 0) return ERROR_LOCAL;
  int kind = error->code & ((1 << KIND_BITS) - 1);
  return kind < (int)ERROR_KINDS_N ? (enum error_kind)kind : ERROR_LOCAL;
}

gboolean error_is(const GError *error, enum error_kind kind)
{
  return error && error_kind_of(error) == kind;
}

const char *error_kind_name(enum error_kind kind)
{
  return (unsigned)kind < (unsigned)ERROR_KINDS_N ? kinds[kind].name : "local";
}

enum exit_code error_exit_code(enum error_kind kind)
{
  return (unsigned)kind < (unsigned)ERROR_KINDS_N ? kinds[kind].exit_code : EXIT_CODE_FAILED;
}

/* Place in the order above; a code that is not in it counts as a plain failure. */
static size_t badness(enum exit_code code)
{
  size_t failed = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(exit_codes_by_badness); i++) {
    if (exit_codes_by_badness[i] == code) return i;
    if (exit_codes_by_badness[i] == EXIT_CODE_FAILED) failed = i;
  }
  return failed;
}

enum exit_code exit_code_worse(enum exit_code a, enum exit_code b)
{
  return badness(a) >= badness(b) ? a : b;
}
