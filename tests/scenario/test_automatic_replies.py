"""A reply of which the list of leads says no more than that it came, and the mailbox that a machine wrote it."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    """p0 to p2 are ours and were mailed once; p1 is in somebody else's campaign as well."""
    config = quiet_config()
    config["campaigns"][1]["stop_on_auto_reply"] = True  # else the row says pause_until, which says it all
    product = Product(start_sandbox(config=config), leadferry_binary, tmp_path)
    product.configure(complete={"armed": False})
    product.import_people(3)
    product.run("export", code=0)
    product.theirs = product.sandbox.campaign("Operations")
    product.sandbox.control("POST", "/leads/add", {"email": "p1@example.com", "campaign": product.theirs})
    product.sandbox.advance(hours=3)
    product.run("sync", code=0)
    return product


def out_of_office(world, email="p1@example.com"):
    """It comes to their campaign, and nothing in the list says that it is automatic."""
    world.sandbox.outcome(email, "auto_replied", campaign=world.theirs)
    world.sandbox.outcome(email, "interest", value=None, campaign=world.theirs)


def stops(world):
    return world.sql("SELECT person, reason, source FROM suppressions WHERE revoked_at IS NULL")


def ours(world, email="p1@example.com"):
    return [row for row in world.sandbox.leads(campaign=world.campaign) if row["email"] == email]


def test_it_stops_nobody_and_takes_nothing_out(world):
    """Guarantee 66. The mails are read before rows are taken out."""
    out_of_office(world)
    said = world.json("sync", "--full")
    assert said["automatic_replies"] == 1 and said.get("stopped_removed", 0) == 0
    assert stops(world) == [] and ours(world)
    assert "automatic" in world.sql("SELECT revoked_by FROM suppressions")[0][0]
    again = world.json("sync", "--full")
    assert again.get("automatic_replies", 0) == 0 and stops(world) == [] and ours(world)


def test_a_real_answer_after_it_is_one(world):
    out_of_office(world)
    world.run("sync", "--full", code=0)
    world.sandbox.advance(hours=2)
    world.sandbox.outcome("p1@example.com", "replied", campaign=world.theirs)
    world.run("sync", "--full", code=0)
    assert [row[:2] for row in stops(world)] and ours(world) == []


def test_a_real_answer_before_it_stays_one(world):
    """Guarantee 66."""
    world.sandbox.outcome("p1@example.com", "replied", campaign=world.theirs)
    world.sandbox.outcome("p1@example.com", "interest", value=None, campaign=world.theirs)
    world.run("sync", "--full", code=0)
    before = stops(world)
    world.sandbox.advance(hours=30)
    out_of_office(world)
    assert world.json("sync", "--full").get("automatic_replies", 0) == 0
    assert before and stops(world) == before and ours(world) == []


def test_what_a_person_said_stays(world):
    """Guarantee 66."""
    out_of_office(world)
    world.run("lead", "mark", "p1@example.com", "replied", "--reason", "by phone", code=0)
    assert world.json("sync", "--full").get("automatic_replies", 0) == 0
    assert ("p1@example.com", "replied", "mark") in stops(world) and ours(world) == []


def test_found_out_late_it_ends_its_own_stop(world):
    """Guarantee 66. Nobody could read the mails; what was taken out meanwhile is not put back."""
    out_of_office(world)
    world.sandbox.fault("GET /api/v2/emails", "status", count=20, params={"code": 403})
    world.run("sync", "--full", code=3)
    assert len(stops(world)) == 1 and ours(world) == []
    world.sandbox.faults()
    done = world.run("sync", code=0).stdout
    assert "automatic replies 1" in done and "leadferry release" in done
    assert stops(world) == [] and ours(world) == []
    world.run("export", code=0)
    assert ours(world) == [] and world.shown("L001")["state"]["outcome"] == "stopped"
    world.sandbox.control("POST", "/leads/delete", {"email": "p1@example.com", "campaign": world.theirs})
    world.run("release", "--lead-id", "L001", "--reason", "was out of office", code=0)
    world.run("export", code=0)
    assert len(ours(world)) == 1


def test_a_mail_of_another_time_vouches_for_nothing(world):
    """The answer that the row shows was deleted from the mailbox: an automatic mail of last week is not it."""
    world.sandbox.outcome("p1@example.com", "auto_replied")
    world.sandbox.outcome("p1@example.com", "interest", value=0)
    world.run("sync", "--full", code=0)
    assert stops(world) == []
    world.sql("INSERT INTO suppressions (match_key, person, reason, source, created_at, evidence_at)"
              " VALUES ('p1@example.com', 'p1@example.com', 'replied', 'sync', 1, 1)")
    world.sandbox.control("POST", "/leads/delete", {"email": "p1@example.com"})
    assert world.json("sync").get("automatic_replies", 0) == 0
    assert len(stops(world)) == 1
