"""A BigQuery that says what a test wants: by method and path, before what it says by itself. For what an emulator never
says: rights, locations, refusals."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def refusal(status, reason, message):
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}


class ScriptedGoogle:
    """location: of every dataset (or {dataset: location}); denied: {(table or "project"): rights that are missing};
    missing: tables that nobody made; refused: {words of a statement: (status, body)}; sources: {table: its columns}, of that kind;
    answers: {(method, end of the path): (status, body)}, which count first."""

    def __init__(self):
        self.location, self.denied, self.answers, self.requests = "EU", {}, {}, []
        self.missing, self.refused, self.sources, self.kind = set(), {}, {}, "TABLE"
        google = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                path = self.path.split("?")[0]
                google.requests.append((self.command, path, body))
                status, said = google.answer(self.command, path, body)
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = reply

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, body):
        for (wanted, end), said in self.answers.items():
            if wanted == method and path.endswith(end):
                return said
        if path.endswith("/queries"):
            if "project" in self.denied:
                return refusal(403, "accessDenied", "Access Denied: Project p: User does not have bigquery.jobs.create permission")
            said = [said for words, said in self.refused.items() if words in body["query"]]
            return said[0] if said else (200, {"jobComplete": True, "totalBytesProcessed": "0", "schema": {"fields": []}})
        if path.endswith(":testIamPermissions"):
            table = path.split("/")[-1].split(":")[0]
            if table in self.missing:
                return self.no_table(table)
            return 200, {"permissions": [right for right in body["permissions"] if right not in self.denied.get(table, ())]}
        if "/tables/" in path:
            table = path.split("/")[-1]
            fields = [{"name": name, "type": "STRING"} for name in self.sources.get(table, ())]
            return (200, {"type": self.kind, "etag": "1", "schema": {"fields": fields}}) if fields else self.no_table(table)
        dataset = path.split("/")[-1]
        location = self.location if isinstance(self.location, str) else self.location.get(dataset)
        return 200, {"datasetReference": {"datasetId": dataset}, "location": location}

    @staticmethod
    def no_table(table):
        return refusal(404, "notFound", f"Not found: Table p:d.{table}")
