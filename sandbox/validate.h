#pragma once
/* Validation of request bodies, with the words that the real service's validator (Ajv) uses.
 *
 * A schema is a table of fields. Scalars are coerced in place as Fastify does ("10" -> 10, 1 -> "1"). Fields that no
 * table has are left alone, or refused when the quirk unknown_properties_ignored is off. */
#include "base/json.h"

enum field_type {
  FIELD_STRING = 1,
  FIELD_NULL = 2,
  FIELD_NUMBER = 4,
  FIELD_INTEGER = 8,
  FIELD_BOOL = 16,
  FIELD_OBJECT = 32,
  FIELD_ARRAY = 64,
  FIELD_UUID = 128,  /* a string that must be a UUID; of an array: each element */
  FIELD_TEXTS = 256, /* an array whose elements are strings */
  FIELD_REQUIRED = 512
};

struct field {
  const char *name;
  unsigned type;
  double least; /* of a number, or of the number of elements; ignored when most is 0 too */
  double most;
  const struct field *items; /* fields of an array's objects, ended by a NULL name */
};

/* Checks (and coerces) an object. False: message says why, beginning with "body". A flat tree (base/json.h) is only
 * checked: when that fails, a duplicate may still pass, because it can be coerced. */
bool validate_body(cJSON *body, const struct field *fields, bool is_strict, GString *message);
