"""A ledger that was lost, or restored from an older backup, in front of campaigns that it once filled."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def refused(world, *args):
    calls = world.creating_calls()
    done = world.run(*args, code=6)
    assert "--bootstrap" in done.stderr and "@" not in done.stderr
    assert world.creating_calls() == calls
    return done


def test_an_empty_ledger_is_refused_and_rebuilt(world):
    """Guarantee 28. """
    world.import_people(4)
    world.run("export", code=0)
    world.sandbox.add(world.campaign, "p5@example.com", "nobody@example.com")  # by somebody else
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    before = [world.row(f"L{i:03d}") for i in range(4)]
    world.lose()
    world.import_people(7)
    for words in ("export", "plan"):
        said = refused(world, words).stderr
        assert "it is empty, and nobody was claimed" in said and "sync --full" not in said  # which would refuse as well
    refused(world, "sync", "--full")
    refused(world, "export")  # the sync has not made it a known one
    assert world.json("export", "--bootstrap")["added"] == 2  # L004 and L006: L005 is there already
    there = [row["email"] for row in world.sandbox.leads(campaign=world.campaign)]
    assert sorted(there) == ["nobody@example.com"] + [f"p{i}@example.com" for i in range(7)]
    for i, old in enumerate(before):
        new = world.row(f"L{i:03d}")
        for column in ("added_to_instantly", "added_date", "cold_email_sent", "last_email_status"):
            assert new[column] == old[column], (column, new)
    assert world.shown("L000")["state"]["phase"] == "added" and world.shown("L005")["state"]["phase"] == "adopted"
    assert world.row("L005")["added_to_instantly"] == 1
    assert world.sandbox.totals()["created_twice"] == 0


def test_a_rebuilt_ledger_goes_on(world):
    """Sequences end, and complete removes what the stamps say is ours, and nothing else."""
    world.import_people(3)
    world.run("export", code=0)
    world.sandbox.add(world.campaign, "p3@example.com")
    world.lose()
    world.import_people(4)
    world.run("export", "--bootstrap", code=0)
    for _ in range(4):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 3
    assert [row["email"] for row in world.sandbox.leads()] == ["p3@example.com"]
    assert world.sandbox.totals()["deleted_foreign"] == 0


def test_rebuilding_twice_is_rebuilding_once(world):
    world.import_people(5)
    world.run("export", code=0)
    world.lose()
    world.import_people(5)
    first = world.json("export", "--bootstrap")
    assert first["brought_home"] == 5 and first["added"] == 0
    events = world.sql("SELECT count(*) FROM lead_events")
    second = world.json("export", "--bootstrap")
    assert second["brought_home"] == 0 and second["added"] == 0
    assert world.sql("SELECT count(*) FROM lead_events") == events
    world.run("export", code=0)
    assert world.sandbox.totals()["created_by_api"] == 5


def test_nobody_is_sent_to_another_campaign(world):
    """Guarantee 37. The row names another campaign since; the ledger that knew better is gone."""
    other = world.sandbox.campaign("Operations")
    world.import_people(3)
    world.run("export", code=0)
    world.lose()
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}], export={"default_campaign": other})
    world.import_people(3)
    refused(world, "export")
    world.run("export", "--bootstrap", code=0)
    assert world.sandbox.leads(campaign=other) == []
    assert world.sandbox.totals()["created_twice"] == 0


def test_rows_of_ours_without_a_source_row_are_known_and_never_deleted(world):
    world.import_people(3)
    world.run("export", code=0)
    world.lose()
    world.import_rows(("L000", "p0@example.com"))
    world.run("export", "--bootstrap", code=0)
    world.configure(complete={"include_adopted": True})
    for _ in range(4):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 1
    assert len(world.sandbox.leads()) == 2
    world.import_people(3)  # now the source has them again
    world.run("export", code=0)
    assert world.row("L001")["added_to_instantly"] == 1
    assert world.sandbox.totals()["created_by_api"] == 3


def test_an_older_backup_is_seen_before_anybody_is_claimed(world):
    """Guarantee 27, c. """
    world.import_people(2)
    world.run("export", code=0)
    world.run("sync", "--full", code=0)
    world.keep()
    world.sandbox.advance(hours=1)
    world.import_people(5)
    assert world.json("export")["added"] == 3
    world.restore()
    world.import_people(5)
    assert "it is older than Instantly" in (said := refused(world, "export").stderr) and "adopt them with `leadferry sync --full`" in said
    world.sandbox.advance(hours=1)
    synced = world.json("sync", "--full", code=3)
    assert synced["brought_home"] == 3
    errors = world.json("errors", "list")["errors"]
    assert sorted(e["type"] for e in errors) == ["safety_stop", "unknown_stamp"]
    report = world.json("export")
    assert report["added"] == 0 and world.shown("L003")["state"]["phase"] == "adopted"
    assert world.json("sync", "--full")["brought_home"] == 0
    assert world.json("export", "--bootstrap")["brought_home"] == 3  # said to be ours
    assert world.shown("L003")["state"]["phase"] == "added"
    world.import_people(6)
    assert world.json("export")["added"] == 1
    assert world.sandbox.totals()["created_twice"] == 0


@pytest.fixture
def moved(world):
    """Three persons whose sequence is over and whom complete moved into a list; the campaign is empty."""
    done = world.sandbox.api("POST", "/lead-lists", {"name": "Done"}).json["id"]
    world.configure(complete={"outcomes": {"no_reply": {"action": "move", "move_to": done}}})
    world.import_people(3)
    world.run("export", code=0)
    for _ in range(4):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.keep()
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 3
    assert world.sandbox.leads(campaign=world.campaign) == [] and len(world.sandbox.leads(list_id=done)) == 3
    return world


def test_rows_that_complete_moved_into_a_list_are_known_again(moved):
    """Guarantee 28. No campaign shows that the ledger was lost: the list does."""
    moved.lose()
    moved.configure()  # the list's name went with it
    moved.sandbox.control("POST", f"/campaigns/{moved.campaign}", {"status": 1})
    moved.import_people(4)
    for words in ("export", "plan"):
        said = refused(moved, words).stderr
        assert "list " in said and "it is empty, and nobody was claimed" in said
    refused(moved, "sync", "--full")
    report = moved.json("export", "--bootstrap")
    assert report["brought_home"] == 3 and report["added"] == 1
    assert moved.row("L000")["added_to_instantly"] == 1 and moved.row("L000")["cold_email_sent"] == 1
    assert moved.shown("L000")["state"]["current_campaign_id"] is None
    assert moved.json("export", "--bootstrap")["brought_home"] == 0
    moved.run("run", code=0)
    assert moved.sandbox.totals()["created_twice"] == 0 and len(moved.sandbox.leads()) == 4


def test_rows_in_lists_that_an_older_backup_does_not_know(world):
    """Guarantee 27. Somebody moved a row of a run that the backup does not have into a list."""
    keep = world.sandbox.api("POST", "/lead-lists", {"name": "Later"}).json["id"]
    world.import_people(2)
    world.run("export", code=0)
    world.keep()
    world.sandbox.advance(hours=1)
    world.import_people(3)
    assert world.json("export")["added"] == 1
    world.sandbox.control("POST", "/leads/move", {"email": "p2@example.com", "to_list": keep})
    world.restore()
    world.import_people(3)
    assert "it is older than Instantly" in refused(world, "export").stderr
    assert world.json("sync", "--full", code=3)["brought_home"] == 1
    assert world.json("export")["added"] == 0
    assert world.shown("L002")["state"]["phase"] == "adopted" and world.row("L002")["added_to_instantly"] == 1
    assert world.sandbox.totals()["created_twice"] == 0


def test_lists_of_others_do_not_matter(world):
    """Cold leads that people keep in lists are nobody's of ours, however many."""
    keep = world.sandbox.api("POST", "/lead-lists", {"name": "Cold"}).json["id"]
    world.sandbox.api("POST", "/leads/add", {"list_id": keep, "leads": [{"email": f"p{i}@example.com"} for i in range(250)]})
    world.import_people(3)
    assert world.json("export")["added"] == 3
    assert world.json("sync", "--full")["brought_home"] == 0
    assert world.json("export", "--bootstrap")["brought_home"] == 0


def test_a_person_known_by_another_lead_is_not_sent_again(world):
    """The lost ledger knew the person under an id that the source has no more, and twice in two campaigns."""
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    world.import_people(1)
    world.run("export", code=0)
    stamp = world.sandbox.lead("p0@example.com")["payload"]["leadferry"]
    world.sandbox.add(other, {"email": "p0@example.com", "custom_variables": {"leadferry": "1:20250101T000000-aaaaaaaa.7"}})
    assert stamp
    world.lose()
    world.import_rows(("X1", " P0@Example.com"), ("X2", "p0@example.com"), ("X3", "new@example.com"), code=(0, 3))
    assert world.json("export", "--bootstrap")["added"] == 1
    assert world.sandbox.lead("new@example.com")
    assert len(world.sandbox.leads(contacts=["p0@example.com"])) == 2  # as before
