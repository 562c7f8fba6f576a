"""Stops that Instantly shows: how they come into the ledger, stay removed, and come back."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def stops(world, email):
    return [row["reason"] for row in world.json("suppress", "check", email)["entries"]]


def read_everything(world):
    """The full scan and the read of the whole workspace, as each of them finds out about a stop."""
    world.sandbox.advance(hours=25)
    world.run("sync", "--full", code=0)


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_removed_stop_stays_removed_until_something_new_shows(world, is_ours):
    other = world.sandbox.campaign("Operations")
    if is_ours:
        world.import_rows(("L1", "ann@example.com"))
        world.run("export", code=0)
    else:
        world.sandbox.add(other, "ann@example.com")
        world.import_rows(("L1", "bob@example.com"))
    world.sandbox.outcome("ann@example.com", "replied")
    read_everything(world)
    assert stops(world, "ann@example.com") == ["replied"]
    assert world.json("suppress", "remove", "ann@example.com", "--reason", "it was another Ann")["changed"] == 1
    for _ in range(2):
        read_everything(world)
        assert stops(world, "ann@example.com") == []
    world.run("export", code=0)  # reads the workspace's stops too, when that is a day ago
    assert stops(world, "ann@example.com") == []
    world.sandbox.outcome("ann@example.com", "replied")
    read_everything(world)
    assert stops(world, "ann@example.com") == ["replied"]


def test_an_export_reads_the_workspace_and_keeps_what_was_removed(world):
    world.import_rows(("L1", "ann@example.com"), ("L2", "bob@example.com"))
    other = world.sandbox.campaign("Operations")
    world.sandbox.add(other, "ann@example.com", "bob@example.com")
    for email in ("ann@example.com", "bob@example.com"):
        world.sandbox.outcome(email, "replied")
    world.run("export", code=0)
    assert world.sql("SELECT count(*) FROM lead_events") == [(0,)]  # nobody was claimed
    assert world.json("suppress", "remove", "ann@example.com", "--reason", "x")["changed"] == 1
    world.sql("UPDATE pipeline_runs SET stops_read_at = 1 WHERE stops_read_at IS NOT NULL")  # long ago
    world.run("export", code=3)
    assert stops(world, "ann@example.com") == [] and stops(world, "bob@example.com") == ["replied"]
    assert world.kinds("L1") == ["claimed", "found_elsewhere"] and world.kinds("L2") == []


def test_a_bounce_ends_180_days_after_it_happened_not_after_it_was_read(world):
    other = world.sandbox.campaign("Operations")
    world.sandbox.add(other, "ann@example.com", "bob@example.com")
    world.import_rows(("L1", "ann@example.com"))
    world.sandbox.advance(hours=2)
    world.sandbox.outcome("ann@example.com", "bounced")
    bounced_on = world.sandbox.leads(contacts=["ann@example.com"])[0]["timestamp_last_contact"][:10]
    world.sandbox.advance(days=30)
    world.run("sync", code=0)
    entry = world.json("suppress", "check", "ann@example.com")["entries"][0]
    assert entry["reason"] == "bounced"
    days = world.sql("SELECT julianday(substr(?, 1, 10)) - julianday(?)", entry["expires_at"], bounced_on)[0][0]
    assert days == 180
    world.sandbox.outcome("bob@example.com", "bounced")
    world.sandbox.advance(days=181)
    world.run("sync", code=0)  # long over when it is read for the first time
    assert stops(world, "bob@example.com") == []
    world.run("export", code=3)
    assert "found_elsewhere" in world.kinds("L1")  # not stopped any more
