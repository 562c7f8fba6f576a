#pragma once
/* What the settings add up to, as a short text: the same for the same effective settings and version of the program,
 * wherever a value came from. The change gate compares it (core/gate.h), pipeline_runs keeps it. */
#include "core/settings.h"

/* 32 hex digits over every setting but secrets and those of the log. Caller frees. */
char *settings_fingerprint(const struct settings *settings);
