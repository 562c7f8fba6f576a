#include "cli/signals.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void remember(int number)
{
  if (caught == 0) caught = number;
}

void signal_catch(void)
{
  struct sigaction stop = {.sa_handler = remember, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
  sigemptyset(&stop.sa_mask);
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, NULL);
}

int signal_caught(void)
{
  return caught;
}
