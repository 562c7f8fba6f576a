"""A run that ends early for reasons of its own: stopped persons leave Instantly all the same."""

import pytest

from product import Product, quiet_config

PEOPLE = 60


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.import_people(PEOPLE)
    product.run("export", code=0)
    product.sandbox.advance(hours=3)
    product.run("sync", code=0)
    return product


def shrink(world):
    world.sql("DELETE FROM leads WHERE lead_id > 'L005'")


def spell_a_flag(world):
    world.sql("UPDATE leads SET added_to_instantly = 'perhaps' WHERE lead_id = 'L009'")


def reuse_ids(world):
    world.sql("UPDATE leads SET email = 'x' || email WHERE lead_id > 'L050'")


def restore(world):
    """From before somebody else was added."""
    world.keep()
    world.import_rows(("X", "x@example.com"))
    world.run("export", code=0)
    world.restore()


@pytest.mark.parametrize("trouble,code", [(shrink, 6), (spell_a_flag, 78), (reuse_ids, 6), (restore, 6)])
def test_an_export_that_adds_nobody_takes_the_stopped_out(world, trouble, code):
    """Guarantee 48."""
    trouble(world)
    world.run("lead", "mark", "p1@example.com", "unsubscribed", "--reason", "by phone", code=0)
    world.run("lead", "mark", "p2@example.com", "replied", "--reason", "by phone", code=0)
    said = world.run("export", code=code).stderr
    assert "rows of stopped persons: 2 were taken out, 0 are left" in said and "@" not in said
    assert world.sandbox.leads(contacts=["p1@example.com", "p2@example.com"]) == []
    assert len(world.sandbox.leads(campaign=world.campaign)) >= PEOPLE - 2
    assert {world.shown(lead)["state"]["phase"] for lead in ("L001", "L002")} == {"removed"}
    again = world.run("export", code=code).stderr
    assert "rows of stopped persons" not in again


def test_a_sync_whose_reading_fails_takes_the_stopped_out(world):
    world.run("lead", "mark", "p1@example.com", "unsubscribed", "--reason", "by phone", code=0)
    world.sandbox.fault("POST /api/v2/leads/list", "status", count=1, params={"code": 400})
    assert "1 were taken out" in world.run("sync", "--full", code=1).stderr
    assert world.sandbox.leads(contacts=["p1@example.com"]) == []


def test_nothing_is_tried_where_instantly_does_not_answer(world):
    world.run("lead", "mark", "p1@example.com", "unsubscribed", "--reason", "by phone", code=0)
    world.sql("UPDATE pipeline_runs SET stops_read_at = NULL WHERE stops_read_at IS NOT NULL")
    world.sandbox.fault("GET /api/v2/block-lists-entries/download", "status", count=50, params={"code": 401})
    world.sandbox.fault("POST /api/v2/leads/list", "status", count=50, params={"code": 401})
    world.run("export", code=4)
    world.sandbox.faults()
    world.run("export", code=0)
    assert world.sandbox.leads(contacts=["p1@example.com"]) == []


def hours_pass(world, hours):
    """Since the last reading, by the ledger's clock, which is this machine's."""
    world.sql("UPDATE pipeline_runs SET stops_read_at = stops_read_at - ? WHERE stops_read_at IS NOT NULL", hours * 3600 * 10**6)


def calls_of(world, *job):
    before = world.sandbox.control("GET", "/requests?limit=1")["total"]
    world.run(*job, code=0)
    return world.sandbox.control("GET", "/requests?limit=1")["total"] - before


def test_what_reading_the_stops_at_every_sync_costs(world):
    """Guarantee 48. A sync that comes four hours later knows what happened elsewhere; docs/how-it-works.md has the figures."""
    theirs = world.sandbox.campaign("Operations")
    for event, n in (("unsubscribed", 50), ("replied", 250), ("bounced", 120)):
        people = [f"{event}{i}@elsewhere.example" for i in range(n)]
        world.sandbox.add(theirs, *people)
        for email in people:
            world.sandbox.outcome(email, event)
    world.sandbox.control("POST", "/leads/add", {"email": "p1@example.com", "campaign": theirs})
    calls_of(world, "sync")  # whatever there is to do the first time
    world.sandbox.outcome("p1@example.com", "unsubscribed", campaign=theirs)
    hours_pass(world, 2)
    without = calls_of(world, "sync")
    assert len(world.sandbox.leads(contacts=["p1@example.com"])) == 2
    hours_pass(world, 2)
    world.run("sync", code=0)
    assert [row["campaign"] for row in world.sandbox.leads(contacts=["p1@example.com"])] == [theirs]
    hours_pass(world, 4)
    assert calls_of(world, "sync") - without == 1 + 1 + 3 + 2
