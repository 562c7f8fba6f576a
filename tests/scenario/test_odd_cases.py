"""The odd cases of an enrolment's life: somebody else's rows, rows that move or go, leads rebuilt. One test per rule."""

import pytest

from product import STEPS, Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def others_add(world, email, campaign="Founders"):
    return world.sandbox.control("POST", "/leads/add", {"email": email, "campaign": world.sandbox.campaign(campaign)})


def days_of_sync(world, days):
    for _ in range(days):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)


def test_a_duplicate_in_the_campaign_is_adopted(world):
    """Guarantee 22. Put there by somebody else: followed, never removed unless asked for."""
    theirs = others_add(world, "p0@example.com")
    world.sandbox.advance(hours=1)
    world.import_people(2)
    assert world.json("export")["added"] == 2
    adopted, own = world.row("L000"), world.row("L001")
    assert adopted["added_to_instantly"] == own["added_to_instantly"] == 1
    assert adopted["added_date"] == theirs["timestamp_created"].replace(".000Z", "Z")
    assert world.kinds("L000") == ["adopted", "claimed"] and "adopted" not in world.kinds("L001")
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    assert world.row("L000")["last_email_status"] == "sent"
    days_of_sync(world, 8)
    assert world.row("L000")["sequence_completed"] == 1 and world.row("L001")["sequence_completed"] == 0
    assert world.shown("L000")["next"]["action"] == "keep"
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    assert world.json("complete")["removed"] == 1
    assert world.sandbox.lead("p0@example.com") and not world.sandbox.lead("p1@example.com")
    assert world.row("L001")["sequence_completed"] == 1
    assert world.sandbox.totals()["deleted_foreign"] == 0
    world.configure(complete={"include_adopted": True})
    assert world.json("complete")["removed"] == 1 and not world.sandbox.lead("p0@example.com")


def test_a_duplicate_in_another_campaign_stays_there(world):
    others_add(world, "p0@example.com", "Operations")
    world.configure(export={"skip_if_in_workspace": True})
    world.import_people(1)
    world.run("export", code=3)
    row = world.row("L000")
    assert row["added_to_instantly"] == 0 and row["added_date"] is None
    lead = world.shown("L000")
    assert lead["state"]["phase"] == "found_elsewhere" and lead["next"]["action"] == "leave_out"
    assert lead["next"]["verdict"] == "settled"
    assert world.run("errors", "list", "--json").stdout.strip() == '{"errors":[]}'
    world.sandbox.control("POST", "/leads/move", {"email": "p0@example.com", "to_campaign": world.campaign})
    world.run("sync", "--full", code=0)
    assert world.row("L000")["added_to_instantly"] == 1 and "adopted" in world.kinds("L000")


def test_block_listed_at_add_becomes_a_suppression(world):
    world.import_people(1)
    world.run("export", code=0)
    world.sandbox.control("POST", "/block", {"value": "p1@example.com"})
    world.import_people(2)
    world.run("export", code=3)
    assert world.row("L001")["added_to_instantly"] == 0
    shown = world.json("lead", "show", "L001")
    stop = shown["suppressions"][0]
    assert (stop["scope"], stop["source"]) == ("person", "blocklist") and stop["expires_at"] is None
    assert shown["leads"][0]["state"]["phase"] == "skipped" and shown["leads"][0]["next"]["verdict"] == "suppressed"
    assert world.json("errors", "list")["errors"] == []
    calls = world.creating_calls()
    world.run("export", code=0)
    assert world.creating_calls() == calls


@pytest.mark.parametrize("is_configured", [True, False], ids=["to_a_configured_campaign", "to_a_foreign_campaign"])
def test_moved_by_hand(world, is_configured):
    """Guarantee 23. The enrolment follows its row."""
    other = world.sandbox.campaign("Operations")
    if is_configured:
        world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    world.import_people(1)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    world.sandbox.control("POST", "/leads/move", {"email": "p0@example.com", "to_campaign": other})
    world.sandbox.advance(hours=1)
    assert world.json("sync", "--full")["moved"] == 1
    assert world.shown("L000")["state"]["current_campaign_id"] == other
    assert world.row("L000")["campaign_id"] is None  # the user's column is the user's
    days_of_sync(world, 12)
    assert world.shown("L000")["state"]["outcome"] == "no_reply"
    assert world.row("L000")["sequence_completed"] == (0 if is_configured else 1)
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    assert world.json("complete", code=(0, 3))["removed"] == (1 if is_configured else 0)
    assert bool(world.sandbox.lead("p0@example.com")) == (not is_configured)
    assert world.row("L000")["sequence_completed"] == 1
    assert world.sandbox.totals()["created_twice"] == 0


def test_deleted_by_hand(world):
    """Guarantee 21. Seen as gone twice, a day apart: over, and never sent again."""
    world.import_people(2)
    world.run("export", code=0)
    world.sandbox.advance(hours=6)
    world.run("sync", "--full", code=0)
    world.sandbox.control("POST", "/leads/delete", {"email": "p0@example.com"})
    world.sandbox.advance(hours=1)
    assert world.json("sync", "--full")["vanished"] == 1
    world.sandbox.advance(hours=12)
    world.run("sync", "--full", code=0)  # twice, but less than 24 hours apart
    assert world.shown("L000")["state"]["outcome"] is None and world.row("L000")["sequence_completed"] == 0
    world.sandbox.advance(hours=13)
    world.run("sync", "--full", code=0)
    assert world.shown("L000")["state"]["outcome"] == "removed_by_hand"
    row = world.row("L000")
    assert row["sequence_completed"] == 1 and row["added_to_instantly"] == 1
    assert world.row("L001")["sequence_completed"] == 0
    world.run("export", code=0)
    assert world.sandbox.lead("p0@example.com") is None
    assert world.shown("L000")["next"]["action"] == "done"
    assert world.sandbox.totals()["created_twice"] == 0


def test_a_deleted_campaign_holds_its_leads(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    world.import_people(2)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id = 'L001'", other)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"delete": True})
    for _ in range(3):
        world.sandbox.advance(days=1)
        world.run("sync", "--full", code=(0, 3))
    lead = world.shown("L000")
    assert lead["state"]["held_reason"] == "campaign_gone"
    assert lead["state"]["outcome"] is None  # nobody removed it: its campaign went
    assert world.row("L000")["sequence_completed"] == 0
    alerts = [e for e in world.json("errors", "list")["errors"] if "campaign" in e["type"]]
    assert len(alerts) == 1, alerts
    assert world.shown("L001")["state"]["held_reason"] is None


def test_a_paused_lead_is_never_finished(world):
    world.import_people(2)
    world.run("export", code=0)
    world.sandbox.advance(hours=12)
    world.sandbox.control("POST", "/leads/status", {"email": "p0@example.com", "status": 2})
    days_of_sync(world, 5)
    world.sandbox.advance(days=60)
    world.run("sync", code=0)
    assert world.shown("L000")["state"]["outcome"] is None
    assert world.shown("L001")["state"]["outcome"] == "no_reply"
    assert world.json("complete")["removed"] == 1
    assert world.sandbox.lead("p0@example.com")["status"] == 2
    assert world.row("L000")["sequence_completed"] == 0


SUBSEQUENCE = {"name": "After", "conditions": {"lead_activity": [91]}, "steps": [{**STEPS[0], "pre_delay": 20}, STEPS[1]]}


@pytest.fixture
def with_subsequence(start_sandbox, leadferry_binary, tmp_path):
    """Whoever completes without a reply enters a subsequence that mails 20 and 21 days later."""
    config = quiet_config()
    config["campaigns"][0]["subsequences"] = [SUBSEQUENCE]
    return Product(start_sandbox(config=config), leadferry_binary, tmp_path)


def test_in_a_running_subsequence_nobody_is_finished(with_subsequence):
    world = with_subsequence
    world.import_people(1)
    world.run("export", code=0)
    days_of_sync(world, 6)
    assert world.sandbox.lead("p0@example.com")["status"] == 3
    lead = world.shown("L000")
    assert lead["state"]["phase"] == "in_subsequence" and lead["state"]["outcome"] is None
    assert lead["next"]["action"] == "wait" and world.row("L000")["sequence_completed"] == 0
    world.sandbox.advance(days=90)
    world.run("sync", code=0)
    world.run("complete", code=0)
    totals = world.sandbox.totals()
    assert totals["subsequence_cut"] == 0 and totals["deleted_unfinished"] == 0


def test_a_subsequence_is_cut_where_it_is_asked_for(with_subsequence):
    world = with_subsequence
    world.configure(complete={"outcomes": {"no_reply": {"grace_days": 2, "cut_subsequence": True}}})
    world.import_people(1)
    world.run("export", code=0)
    days_of_sync(world, 6)
    assert world.shown("L000")["state"]["outcome"] == "no_reply"
    assert world.json("complete")["removed"] == 1
    totals = world.sandbox.totals()
    assert totals["subsequence_removed"] == 1 and totals["subsequence_cut"] == 0 and totals["deleted"] == 1


def test_a_removed_lead_seen_again_is_foreign(world):
    world.import_people(1)
    world.run("export", code=0)
    days_of_sync(world, 4)
    world.sandbox.advance(days=35)
    world.run("sync", code=0)
    assert world.json("complete")["removed"] == 1
    others_add(world, "p0@example.com")
    world.sandbox.advance(days=10)
    assert world.json("sync", "--full")["foreign"] == 1
    assert world.shown("L000")["state"]["phase"] == "removed"
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 0 and world.sandbox.lead("p0@example.com")
    world.run("export", code=0)
    assert world.sandbox.totals()["created_by_api"] == 1


def test_the_campaign_of_a_row_changed_after_export(world):
    """No effect."""
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    world.import_people(3)
    world.run("export", code=0)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id < 'L002'", other)
    report = world.json("export")
    assert report["added"] == 0 and world.sandbox.leads(campaign=other) == []
    world.run("sync", "--full", code=0)
    assert world.row("L000")["campaign_id"] == other and world.row("L000")["added_to_instantly"] == 1


def test_changed_campaigns_are_counted(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    world.import_people(3)
    world.run("export", code=0)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id < 'L002'", other)
    world.run("export", code=0)
    assert world.json("status")["notices"]["campaign_changed"] == 2


def test_a_row_reset_to_false_is_restored(world):
    world.import_people(3)
    world.run("export", code=0)
    before = world.row("L000")
    world.sql("UPDATE leads SET added_to_instantly = 0, added_date = NULL WHERE lead_id < 'L002'")
    calls = world.creating_calls()
    report = world.json("export")
    assert world.creating_calls() == calls
    assert world.row("L000") == {**before, "updated_at": world.row("L000")["updated_at"]}
    assert report["added"] == 0 and report["written_back"] == 2  # the run says so


def rebuild(world, rename):
    """dbt drops and fills the table: all columns of ours are empty, lead_ids as rename says."""
    world.sql("UPDATE leads SET added_to_instantly = 0, added_date = NULL, last_email_status = NULL, cold_email_sent = 0,"
              " sequence_completed = NULL, sequence_completed_date = NULL, updated_at = NULL")
    for old, new in rename.items():
        world.sql("UPDATE leads SET lead_id = ? WHERE lead_id = ?", new, old)


@pytest.mark.parametrize("has_new_ids", [False, True], ids=["same_ids", "new_ids"])
def test_leads_rebuilt(world, has_new_ids):
    """Guarantee 39. """
    world.import_people(4)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    before = [world.row(f"L{i:03d}") for i in range(4)]
    rebuild(world, {f"L{i:03d}": f"N{i}" for i in range(4)} if has_new_ids else {})
    calls = world.creating_calls()
    world.run("export", code=0)
    assert world.creating_calls() == calls
    for i, old in enumerate(before):
        new = world.row(f"N{i}" if has_new_ids else f"L{i:03d}")
        for column in ("added_to_instantly", "added_date", "last_email_status", "cold_email_sent"):
            assert new[column] == old[column], (column, new)
    world.sandbox.advance(days=5)
    world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    assert world.json("complete")["removed"] == 4
    assert world.row("N0" if has_new_ids else "L000")["sequence_completed"] == 1
    assert world.sandbox.totals()["created_twice"] == 0


def test_reused_ids_stop_everything_above_one_percent(world):
    world.import_people(150)
    world.run("export", code=0)
    world.sql("UPDATE leads SET email = 'new0@example.com', added_to_instantly = 0 WHERE lead_id = 'L000'")
    report = world.json("export")
    assert report["added"] == 0 and report["left_out"] == {"lead_id_reused": 1}
    world.sql("UPDATE leads SET email = 'new1@example.com', added_to_instantly = 0 WHERE lead_id = 'L001'")
    world.import_rows(("X1", "another@example.com"))
    done = world.run("export", code=6)
    assert "lead_id" in done.stderr and world.sandbox.lead("another@example.com") is None
    assert world.sandbox.lead("new0@example.com") is None
    world.run("sync", code=0)  # nobody else's state is written over the new person's row
    assert world.row("L000")["added_to_instantly"] == 0


def test_a_row_gone_from_leads_keeps_its_enrolment(world):
    world.import_people(3)
    world.run("export", code=0)
    world.sql("DELETE FROM leads WHERE lead_id = 'L000'")
    report = world.json("export")
    assert report["added"] == 0
    days_of_sync(world, 4)
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    assert world.json("complete")["removed"] == 3
    world.import_rows(("L000", "p0@example.com"))
    world.run("export", code=0)
    assert world.row("L000")["added_to_instantly"] == 1 and world.sandbox.totals()["created_twice"] == 0


def test_enrolled_rows_gone_from_leads_are_counted(world):
    world.import_people(3)
    world.run("export", code=0)
    world.sql("DELETE FROM leads WHERE lead_id = 'L000'")
    assert world.json("status")["notices"]["gone_from_source"] == 1
    assert "gone_from_source" in world.run("status", code=0).stdout


def test_rows_that_are_never_taken_are_counted(world):
    """In a table of the user's own, whose lead_id is no key."""
    world.import_people(1)
    world.sql("CREATE TABLE contacts AS SELECT * FROM leads")
    for lead_id, name in (("L000", "p0"), ("L000", "p9"), (None, "p1")):
        world.sql("INSERT INTO contacts (lead_id, email, company_name) VALUES (?, ?, 'Acme')", lead_id, f"{name}@example.com")
    other = world.sandbox.campaign("Operations")
    world.sql("INSERT INTO contacts (lead_id, email, company_name, campaign_id) VALUES ('L000', 'p0@example.com', 'Acme', ?)", other)
    world.configure(source={"table": "contacts"}, campaigns=[{"id": world.campaign}, {"id": other}])
    assert world.json("status")["notices"] == {"no_lead_id": 1, "repeated_lead_id": 3}
    assert world.json("export")["added"] == 1  # and what becomes of that person is written into no other's row
    assert world.json("export")["added"] == 0 and world.json("verify")["differences"] == []
    written = world.sql("SELECT DISTINCT email, added_to_instantly FROM contacts WHERE lead_id = 'L000' ORDER BY email")
    assert written == [("p0@example.com", 1), ("p9@example.com", None)], written


def test_rows_contacted_before_us_are_never_eligible(world):
    world.import_people(6)
    world.sql("UPDATE leads SET added_to_instantly = 1 WHERE lead_id = 'L000'")
    world.sql("UPDATE leads SET cold_email_sent = 1 WHERE lead_id = 'L001'")
    world.sql("UPDATE leads SET sequence_completed = 1 WHERE lead_id = 'L002'")
    world.sql("UPDATE leads SET last_email_status = 'opened' WHERE lead_id = 'L003'")
    world.sql("INSERT INTO leads (lead_id, email) VALUES ('M000', ' P0@EXAMPLE.com')")  # the same person, an untouched row
    report = world.json("export")
    assert report["added"] == 2 and report["left_out"] == {"contacted_before_us": 5}
    assert world.shown("M000")["next"]["verdict"] == "contacted_before_us"
    assert world.row("L000")["added_to_instantly"] == 1 and world.row("L001")["cold_email_sent"] == 1
    assert {row["email"] for row in world.sandbox.leads(campaign=world.campaign)} == {"p4@example.com", "p5@example.com"}
