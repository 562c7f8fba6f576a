"""A BigQuery that can go wrong: bigquery-relay (tests/relay) before an emulator, and the worlds of the crash tests on it.

The emulator keeps its tables in a SQLite file: an earlier state is put back by starting it anew on a copy, in a fifth of a
second.
"""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import time

from crashing import World
from dataset import BLOCK, as_value, post
from emulated import answers, build_folder, free_port
from product import Product

LATE = {"late_ms": 400}  # streamed rows are seen so much after they were taken
QUERIES = "/bigquery/v2/projects/test/queries"


def relay_binary():
    return build_folder() / "tests" / "relay" / "bigquery-relay"


def as_time(text):
    """RFC 3339 of microseconds."""
    seconds, micros = divmod(int(text), 1000000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micros:06d}Z"


class Cloud:
    """Emulator and relay, in a folder of their own."""

    def __init__(self, emulator, folder):
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "emulator.db"
        self.port = free_port()
        self.direct = f"http://127.0.0.1:{self.port}"
        self.command = [emulator, "--project=test", "--dataset=d", f"--port={self.port}", f"--grpc-port={free_port()}",
                        f"--database={self.database}"]
        self.start()
        self.relay = subprocess.Popen([relay_binary(), self.direct], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.relay.stdout.readline())["base_url"]

    def start(self):
        with open(self.folder / "emulator.log", "wb") as log:
            self.emulator = subprocess.Popen(self.command, stdout=log, stderr=log)
        ends_at = time.monotonic() + 60
        while not answers(self.port):
            assert self.emulator.poll() is None and time.monotonic() < ends_at, (self.folder / "emulator.log").read_text()
            time.sleep(0.01)

    def end(self):
        """It works on one request after the other: once this one is answered, the others are in the file."""
        assert answers(self.port)
        self.emulator.kill()
        self.emulator.wait()

    def stop(self):
        self.relay.terminate()
        code = self.relay.wait(30)
        self.relay.stdout.close()
        self.end()
        return code

    # -- tables -----------------------------------------------------------------------------------------------------

    def keep(self, path):
        """A copy of all tables. Beside an emulator that runs the file cannot be touched: one that meets a lock stops for ever."""
        self.end()
        pathlib.Path(path).unlink(missing_ok=True)
        with sqlite3.connect(self.database) as here, sqlite3.connect(path) as there:
            here.backup(there)
        self.start()

    def restore(self, path):
        self.end()
        pathlib.Path(f"{self.database}-journal").unlink(missing_ok=True)
        shutil.copy(path, self.database)
        self.start()

    def ask(self, query):
        """Asks the emulator itself: fields and rows as it writes them, times in microseconds."""
        said = post(self.direct + QUERIES, {"query": query, "useLegacySql": False, "defaultDataset": {
            "projectId": "test", "datasetId": "d"}, "formatOptions": {"useInt64Timestamp": True}})
        rows = [[cell["v"] for cell in row["f"]] for row in said.get("rows", [])]
        return said.get("schema", {}).get("fields", []), rows

    def sql(self, query):
        """Rows of values, a BOOL as 0 or 1."""
        fields, rows = self.ask(query)
        return [tuple(as_value(text, field["type"]) for text, field in zip(row, fields)) for row in rows]

    def rows_to_stream(self, query):
        """Rows as insertAll takes them."""
        fields, rows = self.ask(query)
        return [{field["name"]: as_time(text) if field["type"] == "TIMESTAMP" and text else text
                 for text, field in zip(row, fields)} for row in rows]

    # -- the relay --------------------------------------------------------------------------------------------------

    def control(self, what, body=None):
        return post(f"{self.url}/_relay/{what}", body)

    def reset(self, **settings):
        self.control("reset", {})
        self.control("settings", {"tokens": True, **settings})

    def faults(self, *rules):
        self.control("faults", list(rules))

    def fired(self):
        return sum(rule["fired"] for rule in self.control("faults")["rules"])

    def calls(self):
        """What was asked since the reset: "jobs.query:claim_verdicts"."""
        return [request["call"] for request in self.control("requests")["requests"]]

    def wait_held(self, n=1):
        for _ in range(600):
            if self.control("requests")["held"] >= n:
                return
            time.sleep(0.05)
        raise AssertionError(f"nobody waits at the relay: {self.calls()}")

    def environment(self):
        """The relay is Google in every way: it asks for tokens, which its metadata server gives."""
        return {"BIGQUERY_EMULATOR_HOST": self.url, "BIGQUERY_EMULATOR_TOKENS": "1",
                "GCE_METADATA_HOST": self.url.removeprefix("http://"), "GOOGLE_APPLICATION_CREDENTIALS": "",
                "CLOUDSDK_CONFIG": str(self.folder)}


class CloudProduct(Product):
    """The program with its leads in BigQuery, as the relay plays it."""

    def __init__(self, sandbox, binary, folder, cloud):
        self.cloud = cloud
        super().__init__(sandbox, binary, folder)

    def configure(self, **sections):
        super().configure(**{"warehouse": BLOCK, **sections})

    def environment(self):
        return {**super().environment(), **self.cloud.environment()}

    def sql(self, query, *values):
        assert not values
        return self.cloud.sql(query)


class CloudWorld(World):
    """A world of the crash tests whose warehouse is BigQuery. `settings`: how the relay behaves while a job runs."""

    calls_from = None

    def __init__(self, sandbox, binary, folder, job, cloud, **settings):
        self.cloud, self.settings = cloud, settings
        empty = cloud.folder / "empty.db"
        if empty.exists():
            cloud.restore(empty)
        cloud.reset(**settings)
        self.is_new = not empty.exists()
        super().__init__(sandbox, pathlib.Path(binary), folder, job)

    def new_product(self):
        product = CloudProduct(self.sandbox, self.binary, self.folder, self.cloud)
        if self.is_new:
            product.run("schema", "apply", code=0)
            self.cloud.keep(self.cloud.folder / "empty.db")
        return product

    def keep(self, database):
        self.cloud.control("show", {})
        self.cloud.keep(database)

    def restore(self, database):
        self.cloud.restore(database)
        self.cloud.reset(**self.settings)

    def rows(self, query):
        """Late rows are seen before a test looks."""
        self.cloud.control("show", {})
        return self.cloud.sql(query)

    def soundness(self):
        """No lead stands twice in the table of states."""
        twice = self.rows("SELECT lead_id FROM lead_state GROUP BY lead_id HAVING COUNT(*) > 1")
        return [("ok",)] if not twice else twice
