#pragma once
/* Header words: how people call the columns of `leads`, in several languages. Pure. */
#include "cli/import_map.h"

/* A header reduced to what is compared: decomposed, without accents, case-folded, letters and digits only, without
 * digits at the end ("E-Mail 2" -> "email", "Prénom" -> "prenom"). Caller frees. */
char *import_header_key(const char *header);

/* How surely a header means this target: 0 not at all, higher is surer. */
int import_header_rank(const char *header, enum import_target target);
