"""The same story on SQLite and on BigQuery: only the `warehouse:` block differs, and what is known in the end is the same."""

import json

import product
import ran
from dataset import Cloud, ask
from conftest import Sandbox
from emulated import build_folder

# What depends on the moment or on a random id.
VARYING = ("claim_id", "instantly_id", "run", "updated_at", "last_seen_at", "first_recorded_at", "recorded_at", "epoch")


def settled(leads):
    """The exported leads without what no two runs share."""
    return sorted(
        [{name: value for name, value in lead.items() if name not in VARYING} for lead in leads], key=lambda lead: lead["lead_id"]
    )


def story(user, sandbox):
    """Import, export, five days, sync, complete; twice the export adds nobody twice."""
    user.import_people(12)
    user.run("suppress", "add", "p3@example.com", "--reason", "manual", code=0)
    assert user.run("plan", code=0).stdout.startswith("+ 11 to add")
    user.run("export", code=0)
    user.run("export", code=0)
    assert user.creating_calls() == 1
    for _ in range(3):
        sandbox.advance(days=2)
        user.run("sync", code=0)
        user.run("complete", code=(0, 6))
    assert user.run("lease", "break", "--yes", code=0).stdout.startswith("nothing to break")
    user.run("suppress", "add", "p5@example.com", "--reason", "by letter", code=0)
    proof = user.json("verify", "--stops", "--deep", code=0)
    counts = user.json("status")
    assert counts["stop_proof"]["is_deep"] and counts["stopped_live_ours"] == 0
    counts["proof"] = [proof["stops"], proof["rows_read"], proof["mails_read"], proof["counts"]]
    lines = user.run("leads", "export", "--show-pii", "--json", code=0).stdout.splitlines()
    leads = [json.loads(line) for line in lines]
    return counts, leads


def test_same_rows_as_sqlite(emulator, tmp_path):
    told = []
    for name in ("sqlite", "bigquery"):
        folder = tmp_path / name
        folder.mkdir()
        sandbox = Sandbox(folder, "--seed", 7, config=product.quiet_config())
        try:
            if name == "bigquery":
                user = Cloud(sandbox, folder, emulator)
                said = user.run("export", code=78).stderr
                assert "schema apply" in said
                user.run("schema", "apply", code=0)
                assert "nothing was missing" in user.run("schema", "apply", code=0).stdout
            else:
                user = product.Product(sandbox, build_folder() / "leadferry", folder)
            told.append(story(user, sandbox))
        finally:
            sandbox.stop()
    (sqlite_counts, sqlite_leads), (cloud_counts, cloud_leads) = told
    for part in ("phases", "outcomes", "enrolled", "source_rows", "proof"):
        assert sqlite_counts[part] == cloud_counts[part]
    assert settled(sqlite_leads) == settled(cloud_leads)
    assert len(cloud_leads) == 12


# The look at the lease and the stops, once every 30 s while something is sent, is not one of the run's own.
LOOK = "watch"
JOBS_MAX = 12


def test_jobs_do_not_grow_with_leads(user, emulator):
    """At most twelve a run from its lease to what it prints, for 10 leads and for 100 of the same dataset: nothing is asked or
    written lead by lead."""
    jobs, asked = [], []
    for n, prefix in ((10, "a"), (100, "b")):
        user.import_rows(*((f"{prefix}{i:03d}", f"{prefix}{i}@example.com") for i in range(n)))
        user.sandbox.advance(days=2)
        for job in ("sync", "export", "sync", "complete", "recover"):
            said = ran.JOB.findall(user.run(job, code=(0, 6)).stderr)
            asked.append([line for line in said if LOOK not in line.split("+")])
            jobs.append(job)
    shown = user.json("runs", "show", user.json("runs", "list")["runs"][0]["run_id"])
    assert shown["costs"]["lease_take"] == {"jobs": 1, "bytes_billed": 0}
    assert "BigQuery jobs 4, 0 bytes billed" in user.run("runs", "show", shown["run_id"], code=0).stdout
    counted = ask(emulator, "SELECT job, statements FROM d.pipeline_runs WHERE is_end = 1 ORDER BY started_at")[1]
    assert [job for job, _ in counted] == jobs
    assert all(1 < len(said) <= JOBS_MAX for said in asked), asked
    looks = 1  # counted as well; not counted: giving the lease back, which comes after the row
    assert all(len(said) - 1 <= n <= len(said) - 1 + looks for said, (_, n) in zip(asked, counted)), (asked, counted)


def test_the_next_holder_knows_who_died(user):
    """Whoever takes over looks for what its predecessors left running; one that gave the lease back left nothing."""
    lease = "SELECT epoch, UNIX_MICROS(acquired_at), predecessors FROM leases"
    dies = "UPDATE leases SET released_at = NULL, expires_at = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 SECOND) WHERE TRUE"
    known = []
    for is_dying in (True, True, False, False):
        user.run("recover", code=0)
        epoch, acquired, predecessors = user.sql(lease)[0]
        assert predecessors == (",".join(known) or None)
        known = [*known, f"{epoch}_{acquired}"] if is_dying else []
        if is_dying:
            user.sql(dies)
    assert epoch == 4
