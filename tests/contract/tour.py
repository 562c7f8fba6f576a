"""A client for the tour: sends a request through Recorder and Prism to the sandbox, and holds each exchange against both gates."""

import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

from strict import ABSENT


class Tour:
    """call() answers the parsed body, and fails the test at once when Prism or the strict gate complains."""

    def __init__(self, recorder, specification, key):
        self.recorder = recorder
        self.specification = specification
        self.key = key
        self.visited = set()

    def call(self, method, path, body=ABSENT, query=None, status=200, key=None, as_text=False):
        target = f"/api/v2{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = {"Authorization": f"Bearer {self.key if key is None else key}", "User-Agent": "leadferry-contract"}
        data = None
        if body is not ABSENT:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.recorder.url + target, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                got, content = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            got, content = answer.code, answer.read()
        self.check(method, target)
        assert got == status, f"{method} {target}: {got} {content[:300]}"
        return content.decode() if as_text else json.loads(content) if content else None

    def check(self, method, target):
        """Both gates, on the exchange that was just made."""
        exchange, violations = self.recorder.exchanges[-1]
        assert violations == [], f"Prism about {method} {target}: {violations}"
        problems = self.specification.problems(exchange)
        assert problems == [], f"{method} {target}: {problems}"
        if exchange.status < 300:
            found = self.specification.operation(exchange.method, exchange.path)
            self.visited.add((exchange.method, found[0]))
