"""Replies of people whose leads were removed: leads/list does not know them any more, the mailboxes do."""

import json

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.import_people(4)
    product.run("export", code=0)
    return product


def finish(world):
    """Everybody heard the whole sequence and was removed, and nothing is left of them in Instantly."""
    world.sandbox.advance(days=4)
    world.run("sync", code=0)
    world.sandbox.advance(days=32)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 4 and world.sandbox.leads(campaign=world.campaign) == []


def reply(world, who, event="replied"):
    world.sandbox.outcome(f"p{who}@example.com", event)


def stops(world):
    return {row["person"]: row for row in world.json("suppress", "list")["suppressions"]}


def mails_asked(world):
    return [request for request in world.sandbox.requests() if request["path"] == "/api/v2/emails"]


def test_a_reply_sixty_days_after_removal_is_a_stop(world):
    """Guarantee 46. Whoever answers long after the row was deleted is out, and it shows."""
    finish(world)
    world.sandbox.advance(days=60)
    reply(world, 1)
    said = world.json("sync")
    assert (said["mails_read"], said["stopped_by_mail"]) == (1, 1)
    assert world.json("suppress", "check", "p1@example.com", code=(0, 3))
    (stop,) = world.sql("SELECT person, reason, source, actor FROM suppressions WHERE revoked_at IS NULL")
    assert stop == ("p1@example.com", "replied", "emails", "sync")
    assert world.row("L001")["last_email_status"] == "replied" and world.row("L000")["last_email_status"] != "replied"
    assert world.json("sync")["stopped_by_mail"] == 0  # read again, and known


def test_nothing_that_was_written_is_kept(world):
    finish(world)
    reply(world, 1)
    world.run("sync", code=0)
    everything = (world.folder / "lf.db").read_bytes()
    assert b"Thanks for your mail" not in everything and b"Re: Quick question" not in everything


def test_an_automatic_reply_stops_nobody(world):
    finish(world)
    reply(world, 1, "auto_replied")
    assert world.json("sync")["mails_read"] == 1
    assert world.sql("SELECT count(*) FROM suppressions") == [(0,)]


def test_an_exported_person_under_a_tag_is_the_same_person(world):
    world.import_rows(("T1", "ann+news@example.com"))
    world.run("export", code=0)
    finish_more(world)
    world.sandbox.outcome("ann+news@example.com", "replied")
    world.run("sync", code=0)
    world.import_rows(("T2", "ann@example.com"))
    assert "suppressed" in world.run("plan", code=(0, 3)).stdout


def finish_more(world):
    world.sandbox.advance(days=4)
    world.run("sync", code=0)
    world.sandbox.advance(days=32)
    world.run("sync", "--full", code=0)
    world.run("complete", code=0)


def test_reading_goes_on_where_it_ended(world):
    """The note moves to the newest mail, and the next reading begins ten minutes before it."""
    finish(world)
    reply(world, 0)
    world.run("sync", code=0)
    (note,) = world.sql("SELECT value FROM controls WHERE name = 'emails_until'")[0]
    world.sandbox.advance(hours=1)
    world.run("sync", code=0)
    assert len(mails_asked(world)) >= 2
    assert world.sql("SELECT value FROM controls WHERE name = 'emails_until'") == [(note,)]
    reply(world, 2)
    said = world.json("sync")
    assert (said["mails_read"], said["stopped_by_mail"]) == (2, 1)  # the one at the note itself once more
    assert world.json("sync")["mails_read"] == 1


def test_a_removed_stop_does_not_come_back_with_the_same_mail(world):
    finish(world)
    reply(world, 1)
    world.run("sync", code=0)
    world.run("suppress", "remove", "p1@example.com", "--reason", "asked to go on", code=0)
    assert world.json("sync")["stopped_by_mail"] == 0
    world.sandbox.advance(hours=1)
    reply(world, 1)
    assert world.json("sync")["stopped_by_mail"] == 1


def test_a_ledger_from_before_reads_from_its_first_enrolment(world):
    """The note is new: a reply that came before it was ever written is heard as well."""
    finish(world)
    world.sql("DELETE FROM controls WHERE name = 'emails_until'")
    reply(world, 3)
    world.sandbox.advance(days=20)
    assert world.json("sync")["stopped_by_mail"] == 1


def test_a_key_that_may_not_read_mails_is_said(world):
    finish(world)
    reply(world, 1)
    world.sandbox.fault("GET /api/v2/emails", "status", count=20, params={"code": 403})
    said = world.run("sync", code=3)
    assert "not read" in said.stdout
    listed = world.run("errors", "list", code=0).stdout
    assert "emails:read" in listed
    world.sandbox.faults()
    assert world.json("sync")["stopped_by_mail"] == 1


@pytest.mark.parametrize("fault", ["repeat_cursor", "endless_cursor", "garbled"])
def test_a_list_of_mails_that_never_ends_is_no_list(world, fault):
    finish(world)
    for who in range(4):
        reply(world, who)
    world.sandbox.fault("GET /api/v2/emails", fault, count=50)
    before = world.sql("SELECT value FROM controls WHERE name = 'emails_until'")
    assert world.run("sync", code=(0, 1), timeout=60).returncode in (0, 1)
    world.sandbox.faults()
    world.run("sync", code=0)
    assert len(json.loads(world.run("suppress", "list", "--json", code=0).stdout)["suppressions"]) == 4, before


def test_a_new_ledger_asks_for_no_mails(start_sandbox, leadferry_binary, tmp_path):
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.import_people(1)
    product.run("sync", code=0)
    assert mails_asked(product) == []
