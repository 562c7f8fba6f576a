"""`plan --cost`: every statement that a job runs stands in the estimate, asked for by dry runs alone. The bytes are a
scripted BigQuery's (observed.py): the emulator knows none."""

from dataset import Cloud
from ran import JOB

MIB = 1 << 20


def ran(said):
    """{statement: how often} of a run, by its log."""
    counts = {}
    for job in JOB.findall(said):
        for name in job.split("+"):
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_cost_names_what_runs(sandbox, observed, tmp_path):
    user = Cloud(sandbox, tmp_path, observed.host)
    user.run("schema", "apply", code=0)
    user.import_people(3)
    seen = {}
    for job in ("export", "sync", "complete"):
        seen[job] = ran(user.run(job, code=(0, 3, 6)).stderr)
        assert seen[job]
        sandbox.advance(days=3)
    observed.bytes = {"claim_verdicts": 3 * 1024 * MIB + 1}
    observed.overlay["leads"] = {"numBytes": str(700 * MIB)}
    observed.forget()
    said = user.json("plan", "--cost")
    assert not observed.jobs and not observed.streamed, "nothing but dry runs"
    assert all("CREATE" not in sql for _, sql in observed.dry_runs)
    text = user.run("plan", "--cost", code=0).stdout
    assert said["is_free"] is False
    told = {job["job"]: {row["statement"]: row for row in job["statements"]} for job in said["jobs"]}
    for job, counts in seen.items():
        missing = {name: n for name, n in counts.items() if name not in told[job]}
        assert not missing, f"{job} runs what plan --cost does not know"
    verdicts = told["export"]["claim_verdicts"]
    assert (verdicts["bytes"], verdicts["billed_bytes"]) == (3 * 1024 * MIB + 1, (3 * 1024 + 1) * MIB)
    assert told["export"]["changes_apply"]["bytes"] == 700 * MIB, "a MERGE bills its whole target"
    assert told["export"]["claim_counts"]["bytes"] is None
    assert told["export"]["claim_counts"]["billed_bytes"] == 10 * MIB
    assert told["sync"]["fold_gather"]["billed_bytes"] == told["sync"]["fold_gather"]["times"] * 10 * MIB
    for job in said["jobs"]:
        assert job["billed_bytes"] == sum(row["billed_bytes"] for row in job["statements"])
        assert abs(job["usd"] - job["billed_bytes"] / (1 << 40) * 6.25) < 1e-6
    assert "6.25 USD a TiB" in text and "claim_verdicts" in text
