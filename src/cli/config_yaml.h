#pragma once
/* YAML as a tree with places: what libyaml's events say, minus what a configuration does not need. Anchors, aliases,
 * merge keys (<<), explicit tags and several documents are refused, each with its place; so every value stands where
 * it is read. Keys are text and unique. Nesting is at most 16 deep, the file at most 1 MiB. */
#include "cli/config.h"

#define YAML_FILE_MAX_BYTES ((size_t)1 << 20)

enum yaml_kind { YAML_SCALAR, YAML_MAPPING, YAML_SEQUENCE, YAML_REFUSED /* said already; skip it */ };

/* What a scalar is by YAML's core schema; quoted ones are text. */
enum yaml_scalar { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TEXT };

struct yaml_node {
  enum yaml_kind kind;
  enum yaml_scalar scalar;
  size_t line, column; /* from 1 */
  char *text;          /* of a scalar */
  GPtrArray *keys;     /* of a mapping: struct yaml_node *, scalars */
  GPtrArray *items;    /* values of a mapping, or elements of a sequence */
};

/* Reads a document; problems are added to config under this file name. NULL when there is nothing to go on with. */
struct yaml_node *yaml_read(struct config *config, const char *name, const char *bytes, size_t size);

/* Frees a node and all below it; NULL is fine. */
void yaml_node_free(struct yaml_node *node);
