"""What `lead show` says comes next is what comes."""

import re

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(3)
    world.run("export", code=0)
    return world


def next_of(world, what):
    return world.shown(what)["next"]


def test_a_reply_that_only_we_know_of(world):
    """Nobody is added again, and our row goes, whatever Instantly knows; the block list hears of wishes alone."""
    world.run("lead", "mark", "p0@example.com", "replied", "--reason", "by phone", code=0)
    said = next_of(world, "L000")
    assert said["action"] == "stop" and "next `leadferry sync`" in said["text"] and "deletes our row" in said["text"]
    world.run("sync", code=0)
    assert len(world.sandbox.leads()) == 2
    assert world.sandbox.api("GET", "/block-lists-entries?limit=10").json["items"] == []


def test_a_stop_of_an_operator(world):
    world.run("suppress", "add", "p1@example.com", "--reason", "asked by phone", code=0)
    said = next_of(world, "L001")
    assert said["action"] == "stop" and "next `leadferry sync`" in said["text"]
    world.run("sync")
    assert {lead["email"] for lead in world.sandbox.leads()} == {"p0@example.com", "p2@example.com"}
    assert "left Instantly" in next_of(world, "L001")["text"]


def test_after_withdraw(world):
    run = world.json("runs", "list")["runs"][0]["run_id"]
    world.run("withdraw", "--run", run, "--reason", "wrong list", "--yes", code=0)
    said = next_of(world, "L002")
    assert "withdrawn" in said["text"] and "leadferry release --lead-id L002" in said["text"]
    shown = world.run("lead", "show", "L002", code=0).stdout
    assert "was enrolled in" in shown and "mailed twice" not in shown
    world.run("export", code=0)
    assert len(world.sandbox.leads()) == 0
    world.run("release", "--lead-id", "L002", "--reason", "right list now", code=0)
    assert next_of(world, "L002")["action"] == "add"
    assert world.json("export")["added"] == 1


def test_ages_are_of_one_clock(world):
    """The sandbox's clock is another one: a scan that ended a moment ago is a moment old."""
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    status = world.json("status")
    assert status["full_scan_finished_at"] > status["full_scan_ended_at"]
    age = r"(just now|\d+ s ago)"
    assert re.search(f"last full scan {age}, workspace's stops read {age}", world.run("status", code=0).stdout)


def test_a_lead_id_that_the_source_repeats(world):
    """In a table of the user's own. One lead, as an export takes it, and how many rows there are."""
    world.sql("CREATE TABLE contacts AS SELECT * FROM leads")
    for name in ("q2@example.com", "p9@example.com", "q is no address", "p9@example.com"):
        world.sql("INSERT INTO contacts (lead_id, email, campaign_id) VALUES ('L7', ?, ?)", name, world.campaign)
    world.configure(source={"table": "contacts"})
    for what in ("L7", "p9@example.com", "q2@example.com"):
        shown = world.run("lead", "show", what, "--show-pii", code=0).stdout
        assert shown.count("lead L7") == 1 and shown.count("Next: ") == 1 and "p9@example.com" in shown
        assert "repeated_lead_id      4 rows of the source have it; the first by address counts" in shown
        assert "email                 q2@" not in shown
        assert world.shown(what)["repeats"] == 3 and next_of(world, what)["action"] == "add"
    assert world.shown("L000")["repeats"] == 0
    assert "repeated_lead_id" not in world.run("lead", "show", "L000", code=0).stdout
    world.run("suppress", "add", "p9@example.com", "--reason", "asked by phone", code=0)
    assert world.shown("q2@example.com")["next"]["verdict"] == "suppressed"  # as the row that counts is
    done = world.run("retry", "--lead-id", "L7", "--dry-run", code=0)
    assert "leads of one person" not in done.stderr
    world.run("suppress", "remove", "p9@example.com", "--reason", "a mistake", code=0)
    world.run("export", code=0)
    assert world.sandbox.lead("p9@example.com") and not world.sandbox.lead("q2@example.com")
    world.sql("INSERT INTO contacts (lead_id) VALUES ('L7')")  # without an address is before all others
    assert next_of(world, "L7")["action"] == "wait"
