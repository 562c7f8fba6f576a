"""`campaigns list` and `campaigns retire`: what is configured, and the end of what was deleted."""

import pytest

from product import Product, quiet_config

GONE = "0190a000-0000-7000-8000-00000000dead"


def exported(world):
    world.other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign, "name": "Spring"}, {"id": world.other}])
    world.import_people(4)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id = 'L003'", world.other)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    return world


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return exported(Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path))


def retire(world, *args, code=0):
    return world.json("campaigns", "retire", *args, "--reason", "deleted by mistake", code=code)


def test_the_list(world):
    first, second = world.json("campaigns", "list")["campaigns"]
    assert (first["name"], first["status"], first["added"], first["mailed"]) == ("Spring", "active", 3, 3)
    assert (second["id"], second["added"]) == (world.other, 1)
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"delete": True})
    assert world.json("campaigns", "list")["campaigns"][0]["status"] == "not_found"
    assert "not_found" in world.run("campaigns", "list", code=0).stdout


def test_a_campaign_that_is_gone_is_ended(world):
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"delete": True})
    world.sandbox.advance(days=1)
    world.run("sync", "--full", code=3)
    assert world.shown("L000")["state"]["held_reason"] == "campaign_gone"
    assert retire(world, "Spring", "--dry-run") == {"dry_run": True, "ended": 3}
    assert world.shown("L000")["state"]["outcome"] is None
    assert retire(world, world.campaign)["ended"] == 3
    assert retire(world, world.campaign)["ended"] == 0
    lead = world.shown("L000")
    assert lead["state"]["outcome"] == "removed_by_hand" and lead["state"]["phase"] == "finished"
    assert world.row("L000")["sequence_completed"] == 1 and world.row("L003")["sequence_completed"] == 0
    for _ in range(2):
        world.sandbox.advance(days=1)
        world.run("sync", "--full", code=(0, 3))
    assert world.shown("L000")["state"]["phase"] == "finished"  # not held again
    world.configure(campaigns=[{"id": world.other}], export={"default_campaign": world.other})
    assert world.json("export")["added"] == 0  # nobody goes to another campaign
    assert world.sandbox.totals()["created_by_api"] == 4


def test_every_sync_says_that_a_campaign_is_gone(world):
    """Not only the daily scan, and not only where a lead is left to be held."""
    world.sandbox.advance(hours=4)
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"delete": True})
    report = world.json("sync", code=3)
    assert not report["full_scan"] and (report["campaigns_gone"], report["held_with_them"]) == (1, 3)
    assert world.shown("L000")["state"]["held_reason"] == "campaign_gone"
    rows = [e for e in world.json("errors", "list")["errors"] if e["type"] == "campaign_gone"]
    assert len(rows) == 1 and world.campaign in rows[0]["message"]
    world.sandbox.advance(days=1)
    done = world.run("sync", "--full", code=3)  # nobody is left to hold
    assert "all configured campaigns were scanned" not in done.stdout and "still exist" in done.stdout
    assert world.json("run", code=3)
    world.configure(campaigns=[{"id": world.other}], export={"default_campaign": world.other})
    world.run("sync", "--full", code=0)
    assert world.sandbox.totals()["created_by_api"] == 4


def test_a_campaign_that_never_had_a_lead_is_gone(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.configure(campaigns=[{"id": world.campaign}, {"id": GONE}])
    for _ in range(2):
        assert world.json("sync", code=3)["campaigns_gone"] == 1
    assert [e["type"] for e in world.json("errors", "list")["errors"]] == ["campaign_gone"]


def test_one_that_exists_is_refused(world):
    done = world.run("campaigns", "retire", world.campaign, "--reason", "x", code=6)
    assert "exists in Instantly" in done.stderr
    assert world.shown("L000")["state"]["outcome"] is None


def test_words_that_name_none(world):
    world.run("campaigns", "retire", "Sprnig", "--reason", "x", code=2)
    world.run("campaigns", "retire", GONE, code=2)  # no reason
    assert retire(world, GONE)["ended"] == 0
