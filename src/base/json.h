#pragma once
/* JSON: cJSON behind the checks it does not make itself, and a string builder for writing.
 *
 * Reading: json_parse() accepts RFC 8259 and nothing else; it also refuses "\u0000", numbers beyond 63 characters or
 * the range of a double, and nesting deeper than 64. Keys are case-sensitive in all getters; of a name that stands
 * twice the first counts. Missing, null and wrong type are told apart where it matters: getters return false / NULL for
 * both missing and null; cJSON_IsNull(json_get()) and its sisters tell the rest.
 * json_parse_flat() gives the same tree for those who only read: many times cheaper, but nothing in it may be changed.
 * Writing: append-only helpers on a GString. */
#include <cjson/cJSON.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cJSON, cJSON_Delete)

/* Parses text[0..length). Returns NULL and ERROR_CORRUPT with the byte offset on failure. Caller owns the tree. */
cJSON *json_parse(const char *text, size_t length, GError **error);

/* The same tree in one block of memory, for reading only: never add to it, take from it or change a value; what must
 * change is cJSON_Duplicate()d. All nodes carry cJSON_IsReference, so that cJSON_Delete() of the root frees the block.
 */
cJSON *json_parse_flat(const char *text, size_t length, GError **error);

/* Is it what json_parse() accepts? *values_n counts its values (names are none). ERROR_CORRUPT as above. */
bool json_check(const char *text, size_t length, size_t *values_n, GError **error);

/* Member by exact name, or NULL (also when object is NULL or no object). Borrowed. */
const cJSON *json_get(const cJSON *object, const char *name);

/* String member or NULL when missing, null or another type. Borrowed. */
const char *json_string(const cJSON *object, const char *name);

/* Integral number member within +-2^53; false when missing, null, fractional or another type. */
bool json_int(const cJSON *object, const char *name, int64_t *value);

/* Number member; false when missing, null or another type. */
bool json_real(const cJSON *object, const char *name, double *value);

/* Boolean member; false when missing, null or another type. */
bool json_bool(const cJSON *object, const char *name, bool *value);

/* Time member (ISO 8601 string) in microseconds; false when missing, null or unreadable. */
bool json_time_us(const cJSON *object, const char *name, int64_t *wall_us);

/* Array member or NULL. Borrowed; walk it with cJSON_ArrayForEach. */
const cJSON *json_array(const cJSON *object, const char *name);

/* Appends text as a quoted JSON string; invalid UTF-8 becomes U+FFFD. NULL appends null. */
void json_append_string(GString *out, const char *text);

/* Appends an array of so many of them. */
void json_append_strings(GString *out, const char *const *texts, size_t n);

/* Appends `"name":` with a comma before it unless out ends in '{' or '['. */
void json_append_key(GString *out, const char *name);

/* Appends a key with a string, integer, boolean or RFC 3339 time; a NULL string writes null. */
void json_append_str(GString *out, const char *name, const char *text);
void json_append_int(GString *out, const char *name, int64_t value);    /* see json_append_str */
void json_append_bool(GString *out, const char *name, bool value);      /* see json_append_str */
void json_append_time(GString *out, const char *name, int64_t wall_us); /* 0 writes null */
