#pragma once
/* What a warehouse says about the rows of stopped persons, as text: to hold one backend against another. */
#include "subject.h"

/* Appends a line for each row that the take-out would look at, for each set of its switches. */
void put_stopped(GString *out, struct subject *subject, int64_t now_us);
