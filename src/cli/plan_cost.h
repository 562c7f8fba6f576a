#pragma once
/* `plan --cost`: what the statements of each job would bill, by dry runs; nothing is run and Instantly is not asked. */
#include "cli/command.h"

/* Prints it, as text or with --json as one object. */
enum exit_code plan_cost(struct cli *cli, GError **error);
