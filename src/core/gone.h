#pragma once
/* Who left the source: an enrolled person whom no row of the table has any more.
 *
 * source.gone: keep (the default) mails such a person on. With stop each export and each sync write an entry of source
 * `gone` in `suppressions` for it, so that its running row is taken out as that of any stopped person, many of them
 * only with a permission (core/stop_hits.h). A row that comes back ends the entry. It is the person that counts,
 * without its +tag, and not the lead_id: a table that is rebuilt under new ids loses nobody. While the source looks
 * like an accident (core/source_guard.h), or is empty, nobody counts as gone. */
#include "core/ports.h"

/* What a run found, for whoever tells it. */
struct gone_report {
  bool is_known;   /* it was looked at */
  bool is_doubted; /* the source lost most of its rows: nobody was looked for */
  int64_t new_n, ended_n;
  int64_t persons_n; /* enrolled persons without a row, those found before too */
};

/* Takes up who left, before rows are taken out. In doubt a sync writes one error row and goes on. With job->is_dry_run
 * nothing is written, and the persons are counted with `keep` as well. */
bool gone_take(struct job *job, struct gone_report *report, GError **error);
