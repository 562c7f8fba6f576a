#pragma once
/* What a run did about source.opt_out, for people and as JSON. */
#include "core/source_opt_out.h"

/* A line, where there is something to tell; verb: "stopped", or "would be stopped". */
void print_opt_outs(const struct opt_out_report *report, const char *verb);
/* "opt_outs": {"stopped": N, "removed_before": N}. */
void json_opt_outs(GString *out, const struct opt_out_report *report);
