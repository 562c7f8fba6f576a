"""Prism, the validating proxy, and two small servers around it.

    client -> Recorder -> Prism -> sandbox        the contract suite: what is sent and answered now
    test   -> Prism -> Replayer                   the replay: what other suites have sent and been answered

Prism runs with --errors: what violates the specification is answered by Prism itself, as problem+json. The Recorder keeps
each exchange, so that a test can say what was wrong, and so that the strict gate sees the same traffic.
"""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from strict import ABSENT, Exchange

HERE = Path(__file__).resolve().parent
NPM_FOLDER = HERE.parents[1] / "build" / "npm"
START_LIMIT_S = 60
HOP_HEADERS = ("connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding")


class Unavailable(Exception):
    """Prism cannot be had on this machine; the text says why."""


def install():
    """npm ci into build/npm; done once per lock file."""
    lock = (HERE / "package-lock.json").read_text()
    stamp = NPM_FOLDER / "installed-lock.json"
    if stamp.exists() and stamp.read_text() == lock:
        return
    if not shutil.which("npm"):
        raise Unavailable("npm is not installed")
    NPM_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, NPM_FOLDER / name)
    said = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=NPM_FOLDER, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280,
    )  # fmt: skip
    if said.returncode != 0:
        raise Unavailable(f"npm ci failed: {(said.stderr or said.stdout).strip()[-300:]}")
    stamp.write_text(lock)


def free_port():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_address[1]


def await_port(port, process):
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"prism exited with status {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"prism did not listen within {START_LIMIT_S} s")


@contextmanager
def prism(specification_path, upstream, log_path):
    """A running Prism in front of `upstream`; yields its base URL."""
    install()
    port = free_port()
    cli = NPM_FOLDER / "node_modules/@stoplight/prism-cli/dist/index.js"
    command = ["node", str(cli), "proxy", str(specification_path), upstream, "--errors", "--port", str(port)]
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"})  # fmt: skip
        try:
            await_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def read_json(body):
    try:
        return json.loads(body) if body else ABSENT
    except ValueError:
        return ABSENT


def violations_of(content_type, body):
    """What Prism complains about in an answer of its own, else nothing."""
    said = read_json(body)
    if "problem+json" not in (content_type or "") or not isinstance(said, dict):
        return []
    if not str(said.get("type", "")).startswith("https://stoplight.io/prism/"):
        return [f"prism failed: {said.get('title')}"] if said.get("type") == "FetchError" else []
    details = [f"{'.'.join(map(str, v.get('location', [])))}: {v['message']}" for v in said.get("validation", [])]
    return details or [said.get("title", "prism complained")]


def query_of(split):
    return {k: v if len(v) > 1 else v[0] for k, v in parse_qs(split.query, keep_blank_values=True).items()}


class Server:
    """A small HTTP server in a thread, with one function for all requests: answer(method, target, headers, body)."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, headers, content = answer(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in HOP_HEADERS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Recorder(Server):
    """Passes everything on to `upstream` and keeps (exchange, violations) of each."""

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream)
        self.exchanges = []
        super().__init__(self.pass_on)

    def pass_on(self, method, target, headers, body):
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        kept = {k: v for k, v in headers.items() if k.lower() not in HOP_HEADERS}
        if body:
            kept["Content-Length"] = str(len(body))
        connection.request(method, target, body or None, kept)
        answer = connection.getresponse()
        content = answer.read()
        violations = violations_of(answer.getheader("content-type"), content)
        split = urlsplit(target)
        exchange = Exchange(method, split.path, query_of(split), read_json(body), answer.status, read_json(content))
        self.exchanges.append((exchange, violations))
        return answer.status, answer.getheaders(), content


class Replayer(Server):
    """Answers the request that carries `x-replay: N` with the Nth recorded answer."""

    def __init__(self, exchanges):
        self.exchanges = exchanges
        super().__init__(self.replay)

    def replay(self, _method, _target, headers, _body):
        if headers.get("x-replay") is None:
            return 404, [], b""
        exchange = self.exchanges[int(headers["x-replay"])]
        if exchange.response is ABSENT:
            return exchange.status, [], b""
        return exchange.status, [("Content-Type", "application/json")], json.dumps(exchange.response).encode()


def target_of(exchange):
    query = urlencode(exchange.query, doseq=True)
    return exchange.path + (f"?{query}" if query else "")


def send_recorded(url, number, exchange):
    """Sends a recorded request to Prism with the Replayer behind it. Returns Prism's complaints."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname, split.port, timeout=60)
    headers = {"Authorization": "Bearer replayed", "x-replay": str(number)}
    body = None
    if exchange.request is not ABSENT:
        body = json.dumps(exchange.request)
        headers["Content-Type"] = "application/json"
    connection.request(exchange.method, target_of(exchange), body, headers)
    answer = connection.getresponse()
    return violations_of(answer.getheader("content-type"), answer.read())
