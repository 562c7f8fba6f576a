"""The change gate: an export that finds everything as it was runs no job; whatever differs lets it run. The facts are
BigQuery's own (observed.py keeps the times that the emulator does not)."""

import json

import pytest
from dataset import Cloud


class Polled(Cloud):
    """An export that is polled. forget() before, so that what it cost can be told."""

    def __init__(self, sandbox, folder, observed):
        self.observed = observed
        super().__init__(sandbox, folder, observed.host)

    def poll(self, *args, code=0):
        self.observed.forget()
        return self.json("export", *args, code=code)

    def is_skipped(self, *args):
        said = self.poll(*args, code=(0, 3))
        is_free = not self.observed.jobs
        assert is_free == (said["unchanged_since"] is not None), (said, self.observed.jobs)
        assert is_free == (said["verdict"] == "unchanged")
        return is_free

    def settle(self):
        """Exports until one is skipped."""
        assert any(self.is_skipped() for _ in range(4))


@pytest.fixture
def user(sandbox, observed, tmp_path):
    user = Polled(sandbox, tmp_path, observed)
    user.run("schema", "apply", code=0)
    user.import_people(6)
    return user


def test_idle_polls_cost_no_job(user, observed):
    assert not user.is_skipped()  # adds six
    user.settle()
    calls_n = len(user.sandbox.requests())
    for _ in range(3):
        assert user.is_skipped()
        assert observed.jobs == [] and observed.dry_runs == []
        assert observed.streamed == ["pipeline_runs"]
    assert len(user.sandbox.requests()) == calls_n, "Instantly was asked"
    said = user.run("export", code=0).stdout
    assert "nothing changed since" in said and "unchanged" in said
    runs = user.json("runs", "list")["runs"]
    assert runs[0]["verdict"] == "unchanged" and runs[0]["exit_code"] == 0
    assert runs[0]["detail"]["unchanged_since"]
    assert user.json("status")["last_runs"]["export"]["verdict"] == "unchanged"
    assert not user.is_skipped("--no-gate")
    assert not user.is_skipped("--set", "export.change_gate=false")


def test_each_table_is_looked_at_once_a_moment(user, observed):
    """Starting and the gate share what tables.get says. What an export notes for the next one it asks anew right before it
    decides, whose the source is marked as once it has the lease, and what stands in its streaming buffer before it writes back."""
    decides_by = ["leads", "lead_state", "lead_events", "lead_fields", "suppressions", "controls"]
    user.poll()
    started = set(observed.looked)
    assert sorted(observed.looked) == sorted([*started, *decides_by, "leads", "leads"])
    user.settle()
    assert sorted(observed.looked) == sorted(started)


def test_each_change_lets_it_run(user, observed):
    """Each thing that a claim reads, changed alone. After each the gate shuts again by itself."""
    user.poll()
    changes = {
        "a row changed": lambda: observed.sql("UPDATE d.leads SET first_name = 'Ada' WHERE lead_id = 'L001'"),
        "a stop": lambda: user.run("suppress", "add", "new@example.com", "--reason", "manual", code=0),
        "a hold": lambda: user.run("hold", "on", "--campaign", user.campaign, "--reason", "look", code=0),
        "a fact": lambda: user.run("lead", "mark", "p1@example.com", "replied", "--reason", "called", code=0),
    }
    for what, change in changes.items():
        user.settle()
        change()
        assert not user.is_skipped(), what
    user.settle()
    assert not user.is_skipped("--set", "export.max_per_run=7")
    user.settle()


def test_doubt_lets_it_run(user, observed):
    user.poll()
    user.settle()
    for table in ("leads", "lead_events"):
        observed.overlay[table] = {"streamingBuffer": {"estimatedRows": "1", "oldestEntryTime": "1795378867000"}}
        assert not user.is_skipped(), f"rows in the streaming buffer of {table}"
        observed.overlay = {}
        user.settle()
    for doubt in ({"etag": None}, {"lastModifiedTime": None}, {"numRows": None}):
        observed.overlay["leads"] = doubt
        assert not user.is_skipped(), doubt
    observed.overlay = {}
    user.settle()


def test_waiting_leads_keep_it_open(user):
    """Leads that are left out because of Instantly, or deferred, may go as soon as that changes: nothing of ours does."""
    user.run("export", "--limit", "2", code=0)
    assert not user.is_skipped("--limit", "2")
    assert not user.is_skipped("--limit", "1")
    user.settle()
    user.sandbox.api("POST", f"/campaigns/{user.campaign}/pause", {})
    user.import_rows(("late", "late@example.com"))
    for _ in range(3):
        user.observed.forget()
        assert user.run("export", code=3).returncode == 3
        assert user.observed.jobs
    user.sandbox.api("POST", f"/campaigns/{user.campaign}/activate", {})
    assert not user.is_skipped()
    user.settle()
    assert user.json("status")["enrolled"] == 7


def test_a_stop_that_ends_is_due(user, observed):
    """The end of a stop changes no table: the note says when it comes, by the ledger's clock."""
    user.run("suppress", "add", "p1@example.com", "--reason", "manual", code=0)
    now = user.sandbox.advance(seconds=0)
    observed.sql(f"UPDATE d.suppressions SET expires_at = TIMESTAMP_ADD(TIMESTAMP '{now}', INTERVAL 600 SECOND) WHERE TRUE")
    user.settle()
    _, answer = observed.ask("GET", "/bigquery/v2/projects/test/datasets/d/tables/pipeline_runs", None, {})
    note = json.loads(json.loads(answer)["description"])
    assert 0 < int(note["due_us"]) - int(note["at_us"]) <= 600_000_000
    user.sandbox.advance(seconds=3600)
    assert user.is_skipped(), "Instantly's clock is not asked by a poll"
    user.poll("--no-gate")
    assert user.json("status")["enrolled"] == 6
