"""`adopt`: leads contacted before leadferry came are followed, never sent, never removed as ours."""

import pytest

from product import Product, quiet_config

SCHEDULE = {"schedules": [{"name": "S", "timing": {"from": "09:00", "to": "17:00"}, "days": {"1": True},
                           "timezone": "America/Detroit"}]}


def contacted(world):
    """L000 to L002 are in the campaign, put there by an earlier script; L003 is in another campaign, L004 nowhere."""
    other = world.sandbox.campaign("Operations")
    world.sandbox.add(world.campaign, *(f"p{i}@example.com" for i in range(3)))
    world.sandbox.add(other, "p3@example.com")
    world.import_people(6)
    world.sql("UPDATE leads SET added_to_instantly = 1 WHERE lead_id < 'L005'")
    return world


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return contacted(Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path))


def test_those_that_are_found(world):
    planned = world.json("adopt", "--dry-run")
    assert (planned["adopted"], planned["elsewhere"], planned["absent"]) == (3, 1, 1)
    assert world.sql("SELECT count(*) FROM lead_events") == [(0,)]
    assert world.json("adopt", "--reason", "from the old script")["adopted"] == 3
    assert world.kinds("L000") == ["adopted"]
    assert world.json("adopt")["adopted"] == 0
    assert world.json("export")["added"] == 1  # L005
    world.sandbox.advance(days=2)
    world.run("sync", code=0)
    assert world.row("L000")["last_email_status"] == "sent" and world.row("L000")["added_to_instantly"] == 1
    assert world.row("L003")["last_email_status"] is None
    world.sandbox.advance(days=60)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 1 and len(world.sandbox.leads()) == 4
    assert world.sandbox.totals()["created_twice"] == 0


def test_one_campaign_alone(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other, "name": "Ops"}])
    assert world.json("adopt", "--campaign", "Ops")["adopted"] == 1
    assert world.shown("L003")["state"]["current_campaign_id"] == other
    assert world.json("adopt")["adopted"] == 3


def test_two_rows_of_a_person_are_adopted_once(world):
    world.sql("INSERT INTO leads (lead_id, email, cold_email_sent) VALUES ('M000', ' P0@example.com', TRUE)")
    assert world.json("adopt")["adopted"] == 3
    assert world.json("adopt")["adopted"] == 0


def test_a_dry_run_counts_what_a_run_adopts(world):
    """Persons with rows on several pages of the source, in two campaigns of Instantly, in another one, and nowhere."""
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign, "name": "Spring"}, {"id": other, "name": "Ops"}])
    world.sandbox.add(other, "p0@example.com")  # and in the campaign
    third = world.sandbox.api("POST", "/campaigns", {"name": "Theirs", "campaign_schedule": SCHEDULE}).json["id"]
    world.sandbox.add(third, "q1@example.com")
    world.import_rows(*((f"M{i:03d}", f"q{i}@example.com") for i in range(230)))
    again = ["p0", "p1", "q1", "p0", "q2"]
    world.sql("INSERT INTO leads (lead_id, email, campaign_id) VALUES " + ", ".join(
        f"('N{i}', '{name}@example.com', '{other}')" for i, name in enumerate(again)))
    world.sql("UPDATE leads SET cold_email_sent = 1 WHERE lead_id >= 'M'")
    counts = {"looked": 235, "adopted": 4, "elsewhere": 1, "absent": 230}
    assert world.json("adopt", "--dry-run") == {"dry_run": True, **counts}
    assert world.json("adopt") == {"dry_run": False, **counts}
    assert world.sql("SELECT count(*), count(DISTINCT person) FROM lead_events") == [(4, 4)]
    assert world.json("adopt") == {"dry_run": False, **counts, "looked": 231, "adopted": 0}


def test_killed_in_the_middle_and_run_again(world):
    world.sandbox.fault("POST /api/v2/leads/list", "delay", count=1, params={"ms": 2000, "before_ms": 2000})
    process = world.start("adopt")
    process.kill()
    process.communicate(timeout=60)
    world.run("adopt", code=0)
    assert [world.kinds(f"L00{i}") for i in range(3)] == [["adopted"]] * 3
