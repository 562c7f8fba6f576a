"""A CRM export of 10,000 leads through import, export and sixty virtual days of the daily run: twice, with one result."""

import concurrent.futures
import csv
import io

import pytest

from product import Product

DAYS = 60
# Of this machine and this hour, not of the world.
NOT_COMPARED = ("updated_at",)


def leads_of(product):
    rows = csv.DictReader(io.StringIO(product.run("leads", "export", "--show-pii", code=0).stdout))
    return [{name: value for name, value in row.items() if name not in NOT_COMPARED} for row in rows]


def sixty_days(sandbox, binary, folder, file):
    """From scratch; what came of it."""
    folder.mkdir()
    product = Product(sandbox, binary, folder)
    product.configure(instantly={"writes_in_flight": 1})  # side by side, the order of arrival is of the machine
    imported = product.json("import", file)
    codes = []
    for _ in range(DAYS):
        codes.append(product.run("run", "--quiet").returncode)
        sandbox.advance(days=1)
    status = product.json("status")
    return {
        "imported": imported,
        "codes": codes,
        "status": {k: v for k, v in status.items() if k not in ("now", "last_runs", "stops_read_at", "full_scan_ended_at")},
        "audit": sandbox.totals(),
        "campaigns": sandbox.state()["campaigns"],
        "leads": leads_of(product),
        "errors": product.json("errors", "list", "--by", "type")["types"],
        "events": dict(product.sql("SELECT kind, count(*) FROM lead_events GROUP BY kind")),
        "campaign_status": product.sql("SELECT campaign_id, campaign_name, total_leads, leads_completed FROM campaign_status"),
    }


@pytest.fixture
def passes(start_sandbox, leadferry_binary, shared_leads, tmp_path):
    """The same thing twice, side by side, each with a sandbox and a folder of its own."""
    sandboxes = [start_sandbox("--no-rate-limit", "--stamp", "leadferry", "--seed", 7) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(
            lambda sandbox: sixty_days(sandbox, leadferry_binary, tmp_path / str(sandbox.port), shared_leads), sandboxes
        ))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_sixty_days_twice(passes):
    first, second = passes
    check_audit(first)
    check_ledger(first)
    for what in first:
        assert first[what] == second[what], what


def check_audit(world):
    """The other side's view: nobody twice, nobody after a stop, nobody deleted who was not ours, not over, or had answered."""
    audit = world["audit"]
    wrong = {name: audit[name] for name in ("created_twice", "mailed_after_stop", "deleted_unfinished", "deleted_foreign",
                                            "deleted_replied", "deleted_by_others", "created_by_others") if audit[name]}
    assert wrong == {}
    assert audit["created_by_api"] == 10000 and audit["deleted"] > 8000 and audit["mails_sent"] > 25000


def check_ledger(world):
    """Our own view: every lead came to an end, the columns agree with it, and with the other side."""
    status, leads, audit = world["status"], world["leads"], world["audit"]
    assert world["imported"]["new"] == 10000 and set(world["codes"]) == {0} and world["errors"] == []
    assert status["open_claims"] == 0 and status["held"] == {}
    assert status["phases"] == {"finished": 10000 - audit["deleted"], "removed": audit["deleted"]}
    assert len(leads) == 10000
    assert all(lead["added_to_instantly"] == "true" and lead["sequence_completed"] == "true" for lead in leads)
    kept = [lead for lead in leads if lead["phase"] == "finished"]
    assert all(lead["replied_at"] or lead["outcome"] in ("replied", "interest") for lead in kept)
    assert all(not lead["replied_at"] for lead in leads if lead["phase"] == "removed")
    mailed = [lead for lead in leads if lead["cold_email_sent"] == "true"]
    assert len(mailed) == 10000 - status["outcomes"]["skipped"]
    assert all(lead["last_email_status"] for lead in mailed)
    campaign = world["campaign_status"][0]
    assert campaign[2:] == (10000, 10000)
