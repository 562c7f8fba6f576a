"""The product over BigQuery's emulator: what scenario tests do to the SQLite file, they do to the dataset."""

import json
import re
import time
import urllib.error
import urllib.request

import product
import ran
from emulated import build_folder

BLOCK = {"type": "bigquery", "project": "test", "dataset": "d"}
OURS = ("lead_events", "lead_state", "lead_fields", "suppressions", "pipeline_runs", "pipeline_errors", "sync_stage",
        "campaign_metrics", "campaign_status")  # fmt: skip
TABLE = re.compile(r"\b(FROM|INTO|UPDATE|JOIN) (leads|" + "|".join(OURS) + r"|controls|leases)\b")
FLAG = re.compile(r"\b(added_to_instantly|sequence_completed|cold_email_sent) = ([01])")
READERS = {"INTEGER": int, "BOOLEAN": lambda text: int(text == "true"), "FLOAT": float}


def translated(query):
    """The few words by which a test's SQL differs between the two. version counts the folds, of which each job makes one."""
    query = query.replace("SELECT * FROM lead_state", "SELECT * EXCEPT (version) FROM lead_state")
    query = TABLE.sub(r"\1 d.\2", query)
    return FLAG.sub(lambda match: f"{match[1]} = {'TRUE' if match[2] == '1' else 'FALSE'}", query)


def post(url, body=None):
    """The JSON that answers; without a body it is a GET. A refusal is no AssertionError, which problem_of() takes for a finding."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        raise RuntimeError(refusal.read().decode()) from refusal


def as_value(text, kind):
    return None if text is None else READERS.get(kind, str)(text)


def ask(emulator, query, values=()):
    """(names of columns, rows) of a statement."""
    parameters = [{"parameterType": {"type": "STRING"}, "parameterValue": {"value": str(value)}} for value in values]
    body = {"query": query, "useLegacySql": False}
    if parameters:
        body.update(parameterMode="POSITIONAL", queryParameters=parameters)
    said = post(f"http://{emulator}/bigquery/v2/projects/test/queries", body)
    fields = said.get("schema", {}).get("fields", [])
    rows = [tuple(as_value(cell["v"], field["type"]) for cell, field in zip(row["f"], fields)) for row in said.get("rows", [])]
    return [field["name"] for field in fields], rows


class Cloud(product.Product):
    def __init__(self, sandbox, folder, emulator):
        self.emulator = emulator
        super().__init__(sandbox, build_folder() / "leadferry", folder)

    def configure(self, **sections):
        # The emulator shows at once what it takes: what it does not show is lost, and a run that waits for it waits in vain.
        super().configure(**{"warehouse": {**BLOCK, "stream_wait_s": 1}, "log": {"level": "debug"}, **sections})

    def run(self, *args, **options):
        done = super().run(*args, **options)
        ran.record(done.stderr)
        return done

    def environment(self):
        return {**super().environment(), "BIGQUERY_EMULATOR_HOST": self.emulator}

    def sql(self, query, *values):
        return ask(self.emulator, translated(query), values)[1]

    def row(self, lead_id):
        names, rows = ask(self.emulator, "SELECT * FROM d.leads WHERE lead_id = ?", (lead_id,))
        return dict(zip(names, rows[0]))

    def lose(self):
        for table in ("leads", *OURS):
            self.sql(f"DELETE FROM {table} WHERE TRUE")

    def keep(self):
        self.kept_at_us = int(time.time() * 1_000_000)

    def restore(self):
        """Time travel: what was recorded later is gone, and the state is folded anew."""
        late = f"UNIX_MICROS(recorded_at) > {self.kept_at_us}"
        for table, where in (("lead_state", "TRUE"), ("lead_events", late), ("pipeline_runs", late), ("sync_stage", "TRUE")):
            self.sql(f"DELETE FROM {table} WHERE {where}")
