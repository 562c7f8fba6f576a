"""A BigQuery that keeps what the emulator does not: a proxy in front of it.

tables.get tells an etag and when the table's rows were changed last (found by comparing them, so that a statement that
changes nothing changes nothing), numRows also for an empty table, and a streaming buffer where a test says so. Dry runs
are analysed by the emulator and answer with bytes as a test says. It counts jobs and streamed rows, by the label of the
statement."""

import contextlib
import gzip
import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.request

from dataset import ask

TABLE = re.compile(r"/datasets/([^/?]+)/tables/([^/?]+)(\?.*)?$")
KEPT = ("content-type", "content-encoding")


class Observed:
    def __init__(self, emulator):
        self.emulator = emulator
        self.contents = {}  # table -> (rows, ms of their last change)
        self.overlay = {}  # table -> members that tables.get shall show beside
        self.ends_at = None  # the expirationTime that the dataset gives to tables which are made from now on
        self.may_end = True  # may it be taken off again?
        self.bytes = {}  # statement -> bytes of a dry run; else 1
        self.jobs = []  # statements that were run
        self.dry_runs = []  # (statement, SQL)
        self.streamed = []  # tables
        self.looked = []  # tables that tables.get was asked about
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def forget(self):
        self.jobs, self.dry_runs, self.streamed, self.looked = [], [], [], []

    def sql(self, text):
        """Runs a statement beside the product, uncounted."""
        return ask(self.emulator, text)[1]

    def ask(self, method, path, body, headers):
        request = urllib.request.Request(f"http://{self.emulator}{path}", body or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    # ---- what it adds ----

    def table(self, path, answer):
        """tables.get as BigQuery answers it."""
        found = TABLE.search(path)
        seen = json.loads(answer)
        _, rows = self.ask("GET", f"/bigquery/v2/projects/test/datasets/{found[1]}/tables/{found[2]}/data", None, {})
        old, at_ms = self.contents.get(found[2], (None, 0))
        if rows != old:
            at_ms = max(at_ms + 1, int(time.time() * 1000))
            self.contents[found[2]] = (rows, at_ms)
        seen.update(etag=f"e{at_ms}", lastModifiedTime=str(at_ms), numRows=seen.get("numRows", "0"))
        seen.update(self.overlay.get(found[2], {}))
        return json.dumps(seen).encode()

    def dry_run(self, configuration, statement, request):
        """The emulator analyses it, so that a parameter of the wrong type is refused here as BigQuery refuses it."""
        self.dry_runs.append((statement, configuration["query"]))
        status, answer = self.ask(*request)
        if status != 200:
            return status, answer
        return 200, json.dumps({"jobComplete": True, "totalBytesProcessed": str(self.bytes.get(statement, 1))}).encode()

    def end_taken_off(self, table, path, patch):
        """Only with billing may a table of a dataset whose tables end be one that does not."""
        if not self.may_end:
            return 403, json.dumps({"error": {"code": 403, "message": "Billing has not been enabled for this project.", "errors": [
                {"reason": "billingNotEnabled", "message": "Billing has not been enabled for this project."}]}}).encode()
        for name in ("expirationTime", "timePartitioning"):
            if name in patch:
                self.overlay.get(table, {}).pop(name, None)
                del patch[name]
        if not patch:
            return 200, b"{}"
        return self.ask("PATCH", path, json.dumps(patch).encode(), {"content-type": "application/json"})

    def answer(self, method, path, body, headers):
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        is_job = method == "POST" and path.split("?")[0].endswith(("/queries", "/jobs"))
        if is_job:
            sent = json.loads(plain)
            configuration = sent.get("configuration", sent)
            statement = configuration.get("labels", {}).get("leadferry_statement")
            if sent.get("dryRun"):
                return self.dry_run(sent, statement, (method, path, body, headers))
            self.jobs.append(statement)
        if path.split("?")[0].endswith("/insertAll"):
            self.streamed.append(TABLE.search(path.split("?")[0].removesuffix("/insertAll"))[2])
        if method == "PATCH" and TABLE.search(path) and "expirationTime" in json.loads(plain):
            return self.end_taken_off(TABLE.search(path)[2], path, json.loads(plain))
        status, answer = self.ask(method, path, body, headers)
        if status == 200 and method == "POST" and path.split("?")[0].endswith("/tables") and self.ends_at:
            table = json.loads(plain)["tableReference"]["tableId"]
            self.overlay[table] = {**self.overlay.get(table, {}), "expirationTime": self.ends_at}
        if status == 200 and method == "GET" and TABLE.search(path):
            self.looked.append(TABLE.search(path)[2])
            answer = self.table(path, answer)
        return status, answer

    def handler(self):
        observed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items() if name.lower() in KEPT}
                with observed.lock:
                    status, answer = observed.answer(self.command, self.path, body, headers)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = serve

        return Handler
