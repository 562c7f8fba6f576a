"""source.opt_out: a column of the user's own table says who does not want mail. Who says yes there is stopped before anybody
is claimed in the same run, and taken out where a row of ours runs."""

import pytest

from product import Product, quiet_config

PEOPLE = 4


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(PEOPLE)
    world.sql("ALTER TABLE leads ADD COLUMN dnc TEXT")
    world.configure(source={"opt_out": {"column": "dnc"}})
    return world


def say(world, lead_id, value):
    world.sql("UPDATE leads SET dnc = ? WHERE lead_id = ?", value, lead_id)


def emails(world):
    return {row["email"] for row in world.sandbox.leads(campaign=world.campaign)}


def test_who_says_yes_is_never_exported_and_ends_what_runs(world):
    """Guarantee 55."""
    say(world, "L001", "yes")
    plan = world.json("plan", code=(0, 3))
    assert plan["opt_outs"] == {"stopped": 1, "removed_before": 0} and plan["totals"]["add"] == 3
    assert not world.sql("SELECT 1 FROM suppressions"), "plan wrote"
    world.run("export", code=0)
    assert emails(world) == {"p0@example.com", "p2@example.com", "p3@example.com"}
    say(world, "L002", "2026-03-01 10:00:00 UTC")
    said = world.json("sync", code=(0, 3))
    assert said["opt_outs"]["stopped"] == 1
    assert emails(world) == {"p0@example.com", "p3@example.com"}, "an opt-out left its row running"
    assert world.sql("SELECT person, reason, source FROM suppressions WHERE source = 'opt_out' ORDER BY id") == [
        ("p1@example.com", "opted_out", "opt_out"), ("p2@example.com", "opted_out", "opt_out")]
    assert "opted_out" in world.run("suppress", "list", code=0).stdout


def test_a_row_without_a_lead_id_names_its_person(world):
    world.sql("CREATE TABLE people AS SELECT * FROM leads")
    world.sql("INSERT INTO people (email, dnc) VALUES (' P1+old@Example.com', '1')")
    world.configure(source={"table": "people", "opt_out": {"column": "dnc"}})
    world.run("export", code=(0, 3))
    assert emails(world) == {"p0@example.com", "p2@example.com", "p3@example.com"}


def test_a_value_that_nobody_understands_stops_exports_alone(world):
    """Guarantee 55."""
    world.run("export", code=0)
    say(world, "L001", "yes")
    for lead_id in ("L002", "L003"):
        say(world, lead_id, "perhaps")
    for command in (("plan",), ("export",), ("schema", "check"), ("doctor",)):
        done = world.run(*command, code=78)
        assert "dnc" in done.stdout + done.stderr and "`perhaps` in 2 rows" in done.stdout + done.stderr, command
    world.run("sync", code=(0, 3))
    assert emails(world) == {"p0@example.com", "p2@example.com", "p3@example.com"}
    world.run("complete", code=(0, 3, 6))
    world.run("recover", code=0)
    world.run("hold", "on", "--reason", "r", code=0)
    world.run("hold", "off", "--reason", "r", code=0)
    world.configure(source={"opt_out": {"column": "dnc", "values": ["Perhaps "]}})
    world.run("export", code=(0, 3))
    assert emails(world) == {"p0@example.com"}
    assert world.json("suppress", "check", "p3+tag@example.com")["stopped"]


def test_what_somebody_removed_stays_removed(world):
    """Guarantee 55."""
    say(world, "L001", "yes")
    world.run("export", code=(0, 3))
    world.run("suppress", "remove", "p1@example.com", "--reason", "asked for it", code=0)
    said = world.json("export", code=(0, 3))
    assert said["opt_outs"] == {"stopped": 0, "removed_before": 1}
    assert "p1@example.com" in emails(world)
    say(world, "L001", "no")
    world.run("sync", code=(0, 3))
    say(world, "L001", "yes")
    world.run("sync", code=(0, 3))
    assert "p1@example.com" not in emails(world)


def test_many_at_once_wait_for_a_permission(world):
    """Guarantee 55."""
    world.configure(source={"opt_out": {"column": "dnc"}}, suppress={"max_hit": 1, "max_hit_percent": 0})
    world.run("export", code=0)
    for lead_id in ("L001", "L002"):
        say(world, lead_id, "1")
    assert world.json("sync", code=3)["stop_hits"]["waits"]
    assert len(emails(world)) == PEOPLE
    world.run("sync", "--allow-hit=2", code=(0, 3))
    assert emails(world) == {"p0@example.com", "p3@example.com"}


def test_a_column_that_is_missing_stops_exports_alone(world):
    world.configure(source={"opt_out": {"column": "do_not_contact"}})
    for command in (("plan",), ("export",), ("schema", "check")):
        done = world.run(*command, code=78)
        assert "do_not_contact" in done.stdout + done.stderr, command
    world.run("sync", code=3)
    assert ("opt_out_unread",) in world.sql("SELECT error_type FROM pipeline_errors")


def test_the_configuration_is_checked(world):
    world.configure(source={"opt_out": {"values": ["x"]}})
    assert "source.opt_out.values" in world.run("validate", code=78).stderr
    world.configure(source={"opt_out": {"column": "email_opt_in"}})
    assert "wants mail" in world.run("validate", code=78).stderr
    world.configure(source={"opt_out": {"column": "dnc", "values": "a, b", "ignore": ["B"]}})
    assert "names too" in world.run("validate", code=78).stderr
    world.configure(source={"opt_out": {"column": "dnc", "values": [True, 7, "c"]}})
    shown = {row["path"]: row["value"] for row in world.json("config", "show")["settings"]}
    assert shown["source.opt_out.values"] == "true, 7, c"
