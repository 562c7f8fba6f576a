"""The same story on SQLite and on BigQuery: only the `warehouse:` block differs, and what is known in the end is the same."""

import json

import product
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
    counts = user.json("status")
    lines = user.run("leads", "export", "--show-pii", "--json", code=0).stdout.splitlines()
    leads = [json.loads(line) for line in lines]
    return counts, leads


def test_same_rows_as_sqlite(emulator, tmp_path):
    told = []
    for name in ("sqlite", "bigquery"):
        folder = tmp_path / name
        folder.mkdir()
        sandbox = Sandbox(folder, "--seed", 7, "--stamp", "leadferry", config=product.quiet_config())
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
    for part in ("phases", "outcomes", "enrolled", "source_rows"):
        assert sqlite_counts[part] == cloud_counts[part]
    assert settled(sqlite_leads) == settled(cloud_leads)
    assert len(cloud_leads) == 12


def jobs_of_runs(emulator):
    """[(job, statements)] of the runs that ended, in their order, as the table has them."""
    return ask(emulator, "SELECT job, statements FROM d.pipeline_runs WHERE is_end = 1 ORDER BY started_at")[1]


def test_jobs_do_not_grow_with_leads(emulator, tmp_path):
    """Some two dozen at most, for 10 leads and for 100 of the same dataset: nothing is asked or written lead by lead. (One
    or two come and go with what there is to decide.)"""
    counts = []
    sandbox = Sandbox(tmp_path, "--seed", 7, "--stamp", "leadferry", config=product.quiet_config())
    try:
        user = Cloud(sandbox, tmp_path, emulator)
        user.run("schema", "apply", code=0)
        for n, prefix in ((10, "a"), (100, "b")):
            user.import_rows(*((f"{prefix}{i:03d}", f"{prefix}{i}@example.com") for i in range(n)))
            sandbox.advance(days=2)
            for job in ("sync", "export", "sync", "complete"):
                user.run(job, code=(0, 6))
            counts.append(jobs_of_runs(emulator)[-4:])
    finally:
        sandbox.stop()
    assert [job for job, _ in counts[0]] == ["sync", "export", "sync", "complete"]
    assert all(n <= 24 for of_size in counts for _, n in of_size), counts
