/* `leadferry lead show`: the whole story of one person, from both systems. */
#include "cli/command_list.h"
#include "cli/lead_print.h"
#include "cli/output.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct lead_view view;
  enum exit_code code = EXIT_CODE_FAILED;
  lead_view_init(&view);
  if (lead_view_read(cli, argv[0], &view, error)) {
    bool ok = cli->is_json ? lead_print_json(cli, &view, error) : lead_print_text(cli, &view, error);
    code = ok ? view.remote_code : EXIT_CODE_FAILED;
  }
  lead_view_clear(&view);
  return code;
}

const struct command command_lead_show = {
    .name = "lead show",
    .arguments = "EMAIL|ID|REF",
    .summary = "Show everything about one lead, and what happens next",
    .details =
        "Takes an address, a lead_id, an Instantly id or a reference as logs print it. Shows the row, its state, "
        "its events in the order of time, its stops, its rows in Instantly, and what will happen next and why. "
        "Addresses and names appear with --show-pii alone. A lead_id that several rows of the source have is "
        "shown once, by the row that counts, with their number. When Instantly cannot be asked, the warehouse's "
        "part is shown all the same and the exit code says why (5: it did not answer, 4: the key).",
    .example = "leadferry lead show A-1042 --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INSTANTLY,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
