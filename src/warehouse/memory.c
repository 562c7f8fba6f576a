/* The reference warehouse: opens, closes, and the table of its functions. */
#include "warehouse/backend.h"

struct memory {
  struct warehouse warehouse;
  struct ledger ledger;
};

static const struct ledger_ops memory_ops = {0};

static struct warehouse *memory_open(const struct settings *settings, enum warehouse_mode mode,
                                     const struct clock *clock, GError **error)
{
  (void)settings, (void)mode, (void)clock, (void)error;
  struct memory *memory = g_new0(struct memory, 1);
  memory->ledger.ops = &memory_ops;
  memory->warehouse = (struct warehouse){.backend = &memory_backend, .ledger = &memory->ledger};
  return &memory->warehouse;
}

static void memory_close(struct warehouse *warehouse)
{
  g_free(warehouse);
}

const struct warehouse_backend memory_backend = {
    .type = "memory",
    .open = memory_open,
    .close = memory_close,
};
