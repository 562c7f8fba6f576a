"""Fixtures for scenario tests: a running leadferry-sandbox, and the paths of the built binaries.

The build directory is $LEADFERRY_BUILD (default: build, below the repository's root).
"""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_dir():
    path = pathlib.Path(os.environ.get("LEADFERRY_BUILD", "build"))
    return path if path.is_absolute() else ROOT / path


def sandbox_binary():
    for candidate in (build_dir() / "leadferry-sandbox", build_dir() / "sandbox" / "leadferry-sandbox"):
        if candidate.exists():
            return candidate
    pytest.skip(f"no leadferry-sandbox in {build_dir()}: build it, or set LEADFERRY_BUILD")


def pytest_collection_modifyitems(items):
    """Those that take long, most of it asleep, begin first: nobody waits for the last of them alone."""
    items.sort(key=lambda item: not (item.get_closest_marker("waits") or item.get_closest_marker("slow")))


class Answer:
    """One HTTP answer: status, headers (lower-case names), body (bytes) and json (None when it is none)."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Sandbox:
    """A running sandbox. args are passed on; config (a dict) becomes its --config file."""

    def __init__(self, folder, *args, config=None):
        self.folder = pathlib.Path(folder)
        command = [str(sandbox_binary()), "--port", "0", *map(str, args)]
        if config is not None:
            path = self.folder / "sandbox-config.json"
            path.write_text(json.dumps(config))
            command += ["--config", str(path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox did not start: exit {self.process.wait()}")
        self.had_faults = False
        ready = json.loads(line)
        self.base_url = ready["base_url"]
        self.tls_url = ready.get("tls_url")
        self.api_key = ready["api_key"]
        self.campaigns = ready["campaigns"]
        self.port = urllib.parse.urlparse(self.base_url).port

    # -- requests ---------------------------------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, timeout=30):
        """Sends exactly this: no key, no User-Agent unless headers say so. body: bytes, str or something for JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def api(self, method, path, body=None, key=None, headers=None, timeout=30):
        """A call of the API as a well-behaved client makes it. path may leave /api/v2 out."""
        if not path.startswith("/api/"):
            path = "/api/v2" + path
        own = {"Authorization": f"Bearer {key or self.api_key}", "User-Agent": "scenario-tests/1.0"}
        own.update(headers or {})
        return self.request(method, path, body, own, timeout)

    def control(self, method, path, body=None, timeout=300):
        """A call of the control interface (path without /_sandbox); returns its JSON and expects success."""
        answer = self.request(method, "/_sandbox" + path, body, timeout=timeout)
        assert answer.status == 200, answer
        return answer.json

    # -- shorthands -------------------------------------------------------------------------------------------------

    def advance(self, seconds=0, days=0, hours=0):
        """Moves the virtual clock; returns the new time."""
        return self.control("POST", "/clock", {"advance_s": int(seconds + days * 86400 + hours * 3600)})["now"]

    def state(self):
        return self.control("GET", "/state")

    def audit(self, totals=False):
        return self.control("GET", "/audit?totals=1" if totals else "/audit")

    def totals(self):
        return self.audit(totals=True)["totals"]

    def requests(self, limit=1000):
        return self.control("GET", f"/requests?limit={limit}")["requests"]

    def shapes(self):
        return self.control("GET", "/requests?shapes=1")["shapes"]

    def outcome(self, email, event, **more):
        """Lets something happen to a lead now: replied, opened, unsubscribed, interest (value=n), ..."""
        return self.control("POST", "/outcome", {"email": email, "event": event, **more})["items"]

    def stop_person(self, email, **more):
        """Tells the audit of a stop that Instantly does not know of; answer=True: it is an answer."""
        return self.control("POST", "/stop", {"email": email, **more})

    def fault(self, endpoint, fault, **more):
        """Adds a rule: probability, count, skip, seed, params."""
        self.had_faults = True
        return self.control("POST", "/faults", {"endpoint": endpoint, "fault": fault, **more})

    def faults(self, *rules):
        """Replaces all rules."""
        self.had_faults = self.had_faults or bool(rules)
        self.control("DELETE", "/faults")
        return self.control("POST", "/faults", list(rules)) if rules else None

    def campaign(self, name):
        """The id of the campaign with this name."""
        return next(c["id"] for c in self.campaigns if c["name"] == name)

    def add(self, campaign, *leads, **options):
        """leads/add; leads are addresses or dicts. Returns the Answer."""
        items = [{"email": lead} if isinstance(lead, str) else lead for lead in leads]
        return self.api("POST", "/leads/add", {"campaign_id": campaign, "leads": items, **options})

    def leads(self, **selectors):
        """All rows of /leads/list with these selectors, over all pages."""
        items, cursor = [], None
        while True:
            body = {"limit": 100, **selectors, **({"starting_after": cursor} if cursor else {})}
            answer = self.api("POST", "/leads/list", body)
            assert answer.status == 200, answer
            items += answer.json["items"]
            cursor = answer.json.get("next_starting_after")
            if not cursor or not answer.json["items"]:
                return items

    def lead(self, email, campaign=None):
        """The one row of this address (in this campaign), or None."""
        rows = self.leads(contacts=[email], **({"campaign": campaign} if campaign else {}))
        assert len(rows) <= 1, rows
        return rows[0] if rows else None

    # -- life -------------------------------------------------------------------------------------------------------

    def stop(self):
        """SIGTERM, then the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code


def leave_shapes(sandbox, node):
    """For the contract tests: what was said to and by this sandbox. Not where the test itself plays a bad client; where
    faults garbled answers, the requests alone (status 0)."""
    folder = os.environ.get("LEADFERRY_SHAPES")
    if not folder or "sandbox" in node.path.parts or sandbox.process.poll() is not None:
        return
    shapes = sandbox.shapes()
    if sandbox.had_faults:
        shapes = [{**shape, "status": 0} for shape in shapes]
    path = pathlib.Path(folder) / f"{node.path.stem}-{os.getpid()}-{sandbox.port}.json"
    path.write_text(json.dumps(shapes))


@pytest.fixture
def start_sandbox(tmp_path, request):
    """A function that starts a sandbox: start_sandbox("--seed", 7, config={...}). All are stopped at the end."""
    started = []

    def start(*args, config=None):
        sandbox = Sandbox(tmp_path, *args, config=config)
        started.append(sandbox)
        return sandbox

    yield start
    for sandbox in started:
        leave_shapes(sandbox, request.node)
        code = sandbox.stop()
        assert code == 0, f"the sandbox ended with {code}"


@pytest.fixture
def sandbox(start_sandbox):
    """A sandbox with the default workspace, without rate limits, that takes rows with the variable `leadferry` for own."""
    return start_sandbox("--no-rate-limit", "--stamp", "leadferry")


@pytest.fixture
def leadferry_binary():
    path = build_dir() / "leadferry"
    if not path.exists():
        pytest.skip(f"no leadferry in {build_dir()}: build it, or set LEADFERRY_BUILD")
    return path


@pytest.fixture
def shared_leads():
    """The file with 10,000 leads, if it is there."""
    shared = pathlib.Path(os.environ.get("LEADFERRY_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "leads-10000.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there (LEADFERRY_SHARED)")
    return path
