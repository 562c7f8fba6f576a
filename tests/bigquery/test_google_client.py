"""Google's own client reads, through the emulator, what leadferry wrote: types, times to the microsecond, NULL, Unicode."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from emulated import build_folder

HERE = Path(__file__).resolve().parent / "client"


@pytest.fixture(scope="session")
def client_folder():
    """npm ci, once per lock file."""
    folder, lock = build_folder() / "npm-bigquery", (HERE / "package-lock.json").read_text()
    stamp = folder / "installed-lock.json"
    if stamp.exists() and stamp.read_text() == lock:
        return folder
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("Google's client is installed by npm and run by node, which are not here")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    said = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240)  # fmt: skip
    if said.returncode != 0:
        pytest.skip(f"npm ci failed: {said.stderr.strip()[-300:]}")
    stamp.write_text(lock)
    return folder


def read_back(user, folder, query):
    environment = {**os.environ, "ENDPOINT": f"http://{user.emulator}", "CLIENT_FOLDER": str(folder),
                   "BIGQUERY_EMULATOR_HOST": f"http://{user.emulator}"}
    said = subprocess.run(["node", HERE / "read_back.js", query], env=environment, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


NAMES = "Zo\u00eb \U0001f680 \u6797"


def test_read_back(user, client_folder):
    (user.folder / "leads.csv").write_text(f'lead_id,email,first name,company\nA,a@example.com,{NAMES},"O\'Brien ""&"" Co"\nB,b@example.com,,\n')
    user.run("import", "leads.csv", "--map", "lead_id=lead_id", code=0)
    user.run("export", "--limit", 1, code=0)
    user.sandbox.advance(hours=2)
    user.run("sync", code=0)
    first, second = read_back(user, client_folder, "SELECT * FROM d.leads ORDER BY lead_id")
    assert list(first) == ["lead_id", "email", "first_name", "last_name", "company_name", "campaign_id", "added_to_instantly",
                           "added_date", "sequence_completed", "sequence_completed_date", "last_email_status",
                           "cold_email_sent", "updated_at"]  # fmt: skip
    assert (first["first_name"], first["company_name"]) == (NAMES, 'O\'Brien "&" Co')
    assert first["added_to_instantly"] is True and first["cold_email_sent"] is True and first["sequence_completed"] is False
    assert first["added_date"] == {"type": "BigQueryTimestamp", "value": "2026-11-02T08:00:00.000Z"}
    assert first["last_email_status"] == "sent" and first["sequence_completed_date"] is None
    assert second["added_to_instantly"] is False and second["added_date"] is second["last_email_status"] is second["first_name"] is None
    events = read_back(user, client_folder, "SELECT kind, lead_id, person, ord, recorded_at, UNIX_MICROS(recorded_at) AS us, claim_id "
                       "FROM d.lead_events WHERE lead_id = 'A' ORDER BY recorded_at")
    assert events and {event["person"] for event in events} == {"a@example.com"}
    for event in events:
        assert isinstance(event["kind"], int) and isinstance(event["ord"], int)
        assert event["recorded_at"]["type"] == "BigQueryTimestamp"
        micros = event["recorded_at"]["value"].rstrip("Z").split(".")[1].ljust(6, "0")[:6]
        assert int(micros) == event["us"] % 1_000_000  # to the microsecond
    assert any(event["us"] % 1000 for event in events)
