#pragma once
/* Request bodies, written from tables: one entry per JSON field, its type, and where in a plain struct its value is.
 * Nothing else in the program builds a body, so that no field name is ever made up on the way: Instantly drops unknown
 * names without a word (lessons A1). Absent values (NULL, 0 of FIELD_COUNT, false of FIELD_FLAG) are not written. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum field_type {
  FIELD_TEXT,    /* const char * */
  FIELD_COUNT,   /* int64_t, not written when 0 */
  FIELD_FLAG,    /* bool, written only when true */
  FIELD_SWITCH,  /* bool, always written */
  FIELD_TEXTS,   /* struct text_list, not written when empty */
  FIELD_WRITER,  /* struct field_writer: writes the value itself */
  FIELD_MEMBERS, /* struct field_writer: writes whole members, by a table of its own; name is not written */
};

struct text_list {
  const char *const *items;
  size_t items_n;
};

struct field_writer {
  void (*write)(GString *out, const void *context);
  const void *context;
};

struct body_field {
  const char *name;
  enum field_type type;
  size_t offset; /* of the value in the source struct */
};

/* Appends a JSON object of those fields of source that are present. */
void body_append(GString *out, const struct body_field *fields, size_t fields_n, const void *source);
