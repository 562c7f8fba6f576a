#pragma once
/* Signals: SIGINT and SIGTERM set a flag that jobs look at between two steps, SIGPIPE is ignored (a closed pipe is a
 * failed write). The flag is the one mutable global of the command line. The second signal of a kind does what it
 * always did: it ends the process at once. */

/* Installs the handlers; called once at start. */
void signal_catch(void);

/* The first of SIGINT and SIGTERM that came, or 0. */
int signal_caught(void);
