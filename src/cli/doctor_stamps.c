/* Doctor's look at rows in the workspace that carry leadferry's stamp and whose claim this ledger does not know: those
 * of another installation, or of this one before its ledger was lost. A stamp names its run, which no two ledgers
 * share, so it needs no name of an installation. */
#include "cli/doctor.h"
#include "core/settle.h"
#include "core/sync_home.h"
#include "warehouse/warehouse.h"

#include <inttypes.h>
#include <string.h>

#define PAGES_MAX 5
#define RUNS_MAX  20 /* that the ledger is asked about: each is a job on BigQuery */

/* What is known while the rows are read. */
struct look {
  const struct cli *cli;
  struct ledger *ledger;                /* NULL: there is none, so no stamp is known */
  GHashTable *runs;                     /* run id -> GINT_TO_POINTER(is it ours?) */
  GHashTable *seen;                     /* ids of rows that were looked at */
  int64_t here_n, elsewhere_n, lists_n; /* in configured campaigns, in others, in lists */
  const char *campaign_id;              /* the first configured one with such a row */
};

/* Claims of one run are all in one ledger. Past the limit nothing is said. */
static bool is_ours(struct look *look, const char *stamp, bool *is_known, GError **error)
{
  struct stamp parts;
  gpointer known = NULL;
  *is_known = true;
  if (!stamp_read(stamp, &parts)) return true;
  if (g_hash_table_lookup_extended(look->runs, parts.run_id, NULL, &known)) {
    *is_known = GPOINTER_TO_INT(known) != 0;
    return true;
  }
  if (g_hash_table_size(look->runs) >= RUNS_MAX) return true;
  *is_known = false;
  if (look->ledger && !look->ledger->ops->stamp_is_known(look->ledger, stamp, is_known, error)) return false;
  g_hash_table_insert(look->runs, g_strdup(parts.run_id), GINT_TO_POINTER(*is_known));
  return true;
}

static bool look_at(struct look *look, const struct remote_lead *row, GError **error)
{
  bool is_known = true;
  if (!home_is_stamped(row) || !g_hash_table_add(look->seen, g_strdup(row->id))) return true;
  if (!is_ours(look, row->stamp, &is_known, error)) return false;
  if (is_known) return true;
  const struct campaign_settings *campaign = settings_campaign(&look->cli->settings, row->campaign_id);
  if (campaign && !look->campaign_id) look->campaign_id = campaign->id;
  *(campaign ? &look->here_n : row->campaign_id ? &look->elsewhere_n : &look->lists_n) += 1;
  return true;
}

/* The first pages behind this cursor, or of all. */
static bool read_pages(struct look *look, const char *from, GError **error)
{
  struct instantly *instantly = look->cli->instantly;
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autofree char *after = g_strdup(from);
  bool is_ok = true;
  for (int n = 0; is_ok && n < PAGES_MAX && (n == 0 || after) && !cli_is_cancelled(NULL); n++) {
    struct list_query query = {.after = after};
    is_ok = instantly->ops->list(instantly, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++)
      is_ok = look_at(look, page_row(&page, struct remote_lead, i), error);
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  }
  page_clear(&page);
  return is_ok;
}

static bool read_all(struct look *look, GError **error)
{
  g_autofree char *newest = NULL;
  bool is_billed =
      strcmp(look->cli->settings.warehouse.type, "sqlite") != 0; /* doctor costs nothing without a reason */
  if (!read_pages(look, NULL, error)) return false;
  if (!look->ledger || (is_billed && g_hash_table_size(look->runs) == 0)) return true;
  if (!look->ledger->ops->newest_id(look->ledger, &newest, error)) return false;
  return !newest || read_pages(look, newest, error);
}

static void tell(struct findings *findings, const struct look *look)
{
  if (look->here_n > 0)
    findings_add(findings, "other_installation", look->campaign_id,
                 "%" PRId64 " rows of configured campaigns carry a stamp of leadferry that this ledger does not know.",
                 look->here_n);
  if (look->elsewhere_n + look->lists_n > 0)
    findings_add(findings, "other_installation_elsewhere", NULL,
                 "%" PRId64 " rows of other campaigns and %" PRId64
                 " of lists carry a stamp of leadferry that this ledger does not know.",
                 look->elsewhere_n, look->lists_n);
}

void doctor_check_stamps(struct findings *findings, const struct cli *cli)
{
  const struct warehouse_settings *settings = &cli->settings.warehouse;
  bool is_missing = strcmp(settings->type, "sqlite") == 0 && !g_file_test(settings->path, G_FILE_TEST_EXISTS);
  g_autoptr(GError) error = NULL;
  struct warehouse *warehouse = is_missing ? NULL : warehouse_open(&cli->settings, WAREHOUSE_READ, cli->clock, &error);
  if (!warehouse && !is_missing) return; /* what is wrong with it was said */
  struct look look = {.cli = cli,
                      .ledger = warehouse ? warehouse_ledger(warehouse) : NULL,
                      .runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                      .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  if (!read_all(&look, &error))
    findings_add(findings, "probe_failed", "workspace", "The workspace's leads cannot be read: %s", error->message);
  tell(findings, &look);
  g_hash_table_unref(look.runs);
  g_hash_table_unref(look.seen);
  warehouse_close(warehouse);
}
