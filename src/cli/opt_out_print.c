#include "cli/opt_out_print.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"

void print_opt_outs(const struct opt_out_report *report, const char *verb)
{
  g_autofree char *stopped = text_thousands(report->stopped_n), *kept = text_thousands(report->kept_n);
  if (report->stopped_n > 0) out_print("  source.opt_out says no mail: %s persons %s\n", stopped, verb);
  if (report->kept_n > 0)
    out_print("  source.opt_out says no mail in %s rows whose stop somebody removed: they stay without one until it "
              "says no, or a later date, in between\n",
              kept);
}

void json_opt_outs(GString *out, const struct opt_out_report *report)
{
  json_append_key(out, "opt_outs");
  g_string_append_c(out, '{');
  json_append_int(out, "stopped", report->stopped_n);
  json_append_int(out, "removed_before", report->kept_n);
  g_string_append_c(out, '}');
}
