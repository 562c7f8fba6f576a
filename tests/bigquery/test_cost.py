"""`plan --cost`: the statements that a job runs stand in the estimate, those and as often, asked for by dry runs alone. The
bytes are a scripted BigQuery's (observed.py): the emulator knows none."""

from collections import Counter

from dataset import Cloud
from ran import JOB

MIB = 1 << 20


# Counted, and not run here: what follows a run that died, and what is due every 30 s.
SELDOM = {
    "export": Counter(unsettled_claims=1),
    "sync": Counter(lease_renew=1, watch=1),
    "complete": Counter(lease_renew=1, watch=1),
}


def statements_of(user, observed, *job):
    """How often a run with something to do ran each statement: by its log, which names the jobs that BigQuery's bill would."""
    observed.forget()
    jobs = JOB.findall(user.run(*job, code=(0, 3, 6)).stderr)
    assert Counter(observed.jobs) == Counter(names.split("+")[0] for names in jobs)
    return Counter(name for names in jobs for name in names.split("+"))


def busy_runs(user, observed):
    """Each job once, with new leads, a stop that somebody else's campaign shows, one for the block list, and removals."""
    sandbox, seen = user.sandbox, {}
    user.import_people(6)
    sandbox.add(sandbox.campaign("Operations"), "p5@example.com")
    sandbox.outcome("p5@example.com", "replied")
    seen["export"] = statements_of(user, observed, "export")
    sandbox.advance(days=2)
    user.run("sync", code=0)
    sandbox.outcome("p2@example.com", "unsubscribed")
    sandbox.advance(hours=2)
    seen["sync"] = statements_of(user, observed, "sync", "--full")
    sandbox.advance(days=60)
    user.run("sync", code=0)
    seen["complete"] = statements_of(user, observed, "complete")
    return seen


def test_cost_names_what_runs(sandbox, observed, tmp_path):
    user = Cloud(sandbox, tmp_path, observed.host)
    user.run("schema", "apply", code=0)
    user.sql("CREATE TABLE d.customers (email STRING)")
    user.configure(source={"exclude": {"table": "customers"}, "gone": "stop"})  # what the settings make run counts as well
    seen = busy_runs(user, observed)
    observed.bytes = {"claim_verdicts": 3 * 1024 * MIB + 1}
    observed.overlay["leads"] = {"numBytes": str(700 * MIB)}
    observed.forget()
    said = user.json("plan", "--cost")
    assert not observed.jobs and not observed.streamed, "nothing but dry runs"
    assert all("CREATE" not in sql for _, sql in observed.dry_runs)
    text = user.run("plan", "--cost", code=0).stdout
    assert said["is_free"] is False
    told = {job["job"]: {row["statement"]: row for row in job["statements"]} for job in said["jobs"]}
    for job in said["jobs"]:
        counted = Counter()
        for row in job["statements"]:
            counted[row["statement"]] += row["times"]
        assert counted == seen[job["job"]] + SELDOM[job["job"]], f"what {job['job']} runs is not what plan --cost says"
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
