"""A sandbox process for the contract tests: a workspace with one campaign that has a subsequence."""

import json
import subprocess
import urllib.request
from contextlib import contextmanager

VARIANT = {"subject": "Hello {{firstName}}", "body": "<p>A</p>"}
STEP = {"type": "email", "delay": 2, "variants": [VARIANT]}
CONFIG = {
    "campaigns": [
        {"name": "With a follow-up", "status": 1, "steps": [STEP, STEP],
         "subsequences": [{"name": "Follow-up", "conditions": {"crm_status": [1]}, "sequences": [{"steps": [STEP]}]}]},
        {"name": "Without", "status": 1, "steps": [STEP]},
    ]
}  # fmt: skip


class Sandbox:
    def __init__(self, first_line):
        self.base_url = first_line["base_url"].rstrip("/")
        self.api_key = first_line["api_key"]
        self.campaigns = first_line["campaigns"]

    def control(self, method, name, body=None):
        """A call of the control interface."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base_url}/_sandbox/{name}", data, {"Content-Type": "application/json"}, method=method)  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def running(program, folder, config=None):
    path = folder / "sandbox.json"
    path.write_text(json.dumps(CONFIG if config is None else config))
    with open(folder / "sandbox.log", "wb") as log:
        process = subprocess.Popen(
            [str(program), "--port", "0", "--seed", "7", "--config", str(path)],
            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            line = process.stdout.readline()
            assert line, f"the sandbox did not start: {(folder / 'sandbox.log').read_text()}"
            yield Sandbox(json.loads(line))
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()
