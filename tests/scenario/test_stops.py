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
    world.sql("UPDATE pipeline_runs SET stops_read_at = NULL WHERE stops_read_at IS NOT NULL")  # as if nobody ever had
    world.run("export", code=3)
    assert stops(world, "ann@example.com") == [] and stops(world, "bob@example.com") == ["replied"]
    assert world.kinds("L1") == ["claimed", "found_elsewhere"] and world.kinds("L2") == []


def test_a_plan_tells_a_removed_stop_from_a_new_one(world):
    """It reads the workspace's stops as the export does, and writes them nowhere."""
    world.import_rows(("L1", "ann@example.com"), ("L2", "bob@example.com"))
    other = world.sandbox.campaign("Operations")
    world.sandbox.add(other, "ann@example.com", "bob@example.com")
    for email in ("ann@example.com", "bob@example.com"):
        world.sandbox.outcome(email, "replied")
    assert world.json("plan")["totals"]["add"] == 0
    world.run("export", code=0)
    assert world.json("suppress", "remove", "ann@example.com", "--reason", "x")["changed"] == 1
    world.sql("UPDATE pipeline_runs SET stops_read_at = NULL WHERE stops_read_at IS NOT NULL")  # as if nobody ever had
    assert world.json("plan")["totals"]["add"] == 1
    world.sandbox.advance(hours=1)
    world.sandbox.outcome("ann@example.com", "replied")
    assert world.json("plan")["totals"]["add"] == 0
    assert stops(world, "ann@example.com") == []


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


# -- a stop holds in Instantly too ------------------------------------------------------------------------------------


def emails(world, campaign=None):
    return {row["email"] for row in world.sandbox.leads(campaign=campaign or world.campaign)}


def never(world):
    totals = world.sandbox.totals()
    return [totals[name] for name in ("mailed_after_stop", "deleted_unfinished", "deleted_foreign", "deleted_replied",
                                      "subsequence_cut")] == [0] * 5


def deletes(world):
    return [r for r in world.sandbox.requests(limit=10000) if r["method"] == "DELETE"]


@pytest.fixture
def mailed(world):
    """p0 to p5 are enrolled and were mailed once, a second mail is to come; somebody else put p4 into the other campaign."""
    world.configure(complete={"armed": False})
    world.import_people(6)
    world.run("export", code=0)
    world.sandbox.control("POST", "/leads/add", {"email": "p4@example.com", "campaign": world.sandbox.campaign("Operations")})
    world.sandbox.advance(hours=3)
    assert {row["status"] for row in world.sandbox.leads(campaign=world.campaign)} == {1}
    return world


def test_live_rows_of_stopped_persons_leave_in_the_same_run(mailed):
    mailed.sandbox.outcome("p3@example.com", "replied")
    mailed.run("suppress", "add", "p1@example.com", "--reason", "by letter", code=0)
    mailed.run("lead", "mark", "p2@example.com", "unsubscribed", "--reason", "by phone", code=0)
    mailed.run("suppress", "add", "p3@example.com", "--reason", "their lawyer", code=0)
    mailed.run("suppress", "add", "p4@example.com", "--reason", "by letter", code=0)
    mailed.run("suppress", "add", "p5@example.com", "--reason", "on leave", "--expires", "30", code=0)
    mailed.sandbox.stop_person("p5@example.com")
    said = mailed.json("sync")
    assert (said["stopped_removed"], said["stopped_deferred"], said["stopped_foreign"]) == (4, 0, 1)
    assert emails(mailed) == {"p0@example.com", "p3@example.com"}
    assert emails(mailed, mailed.sandbox.campaign("Operations")) == {"p4@example.com"}
    blocked = {e["bl_value"] for e in mailed.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"]}
    assert blocked == {f"p{i}@example.com" for i in (1, 2, 3, 4)}
    for lead in ("L001", "L002", "L004", "L005"):
        shown = mailed.shown(lead)
        kinds = [event["kind"] for event in shown["events"]]
        assert kinds.index("remove_claimed") < kinds.index("finished") <= len(kinds) - 2, kinds
        assert shown["state"]["outcome"] == "stopped" and shown["state"]["phase"] == "removed"
        row = mailed.row(lead)
        assert row["added_to_instantly"] == 1 and row["sequence_completed"] == 1 and row["sequence_completed_date"]
    [theirs] = mailed.sandbox.leads(campaign=mailed.sandbox.campaign("Operations"))
    named = [(row["type"], row["lead"]) for row in mailed.json("errors", "list")["errors"]]
    assert named == [("stopped_foreign", f"instantly:{theirs['id']}")]
    before = deletes(mailed)
    again = mailed.json("sync", "--full")
    assert again.get("stopped_removed", 0) == 0 and again.get("stopped_foreign", 0) == 0 and deletes(mailed) == before
    mailed.sandbox.advance(days=3)
    mailed.run("sync", code=0)
    assert never(mailed) and mailed.sandbox.totals()["deleted"] == 4
    assert mailed.sql("SELECT outcome FROM lead_report WHERE lead_id = 'L001'") == [("stopped",)]


def test_a_stopped_domain_and_a_tagged_address(world):
    world.import_rows(("L1", "ann+news@example.com"), ("L2", "joe@rival.org"), ("L3", "bob@example.com"))
    world.run("export", code=0)
    world.sandbox.advance(hours=3)
    world.run("suppress", "add", "ann@example.com", "--reason", "by letter", code=0)
    world.run("suppress", "add", "rival.org", "--reason", "a rival", code=0)
    assert world.json("sync")["stopped_removed"] == 2
    assert emails(world) == {"bob@example.com"} and never(world)
    blocked = {e["bl_value"] for e in world.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"]}
    assert blocked == {"ann@example.com", "ann+news@example.com", "rival.org"}
    world.run("suppress", "remove", "ann@example.com", "--reason", "x", code=0)
    assert stops(world, "ann+news@example.com") == []


def test_max_removals_is_not_for_stopped_persons(mailed):
    mailed.configure(complete={"armed": False, "max_removals": 2})
    for i in range(5):
        mailed.run("suppress", "add", f"p{i}@example.com", "--reason", "x", code=0)
    said = mailed.json("sync")
    assert (said["stopped_removed"], said["stopped_deferred"]) == (5, 0)
    assert emails(mailed) == {"p5@example.com"} and never(mailed)


def test_push_stops_governs_the_block_list_alone(mailed):
    mailed.configure(sync={"push_stops": False})
    mailed.run("suppress", "add", "p1@example.com", "--reason", "x", code=0)
    mailed.sandbox.stop_person("p1@example.com")
    assert mailed.json("sync")["stopped_removed"] == 1
    assert len(emails(mailed)) == 5 and never(mailed)
    assert mailed.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"] == []


@pytest.mark.waits
def test_a_row_goes_after_its_person_is_on_the_block_list(mailed):
    mailed.run("suppress", "add", "p1@example.com", "--reason", "x", code=0)
    mailed.sandbox.fault("POST /api/v2/block-lists-entries/bulk-create", "status", probability=1, count=20,
                         params={"code": 500})
    mailed.run("sync", code=(1, 5))
    assert len(emails(mailed)) == 6 and deletes(mailed) == []
    mailed.sandbox.faults()
    assert mailed.json("sync")["stopped_removed"] == 1 and never(mailed)


# -- a stop from anywhere, seen by any job ----------------------------------------------------------------------------

JOBS = ("sync", "export", "recover", "complete")


def live(world, email):
    """Rows of this address that a campaign may still mail, anywhere."""
    rows = world.sandbox.leads(contacts=[email])
    return [row for row in rows if row.get("campaign") and (row["status"] in (1, 2) or row.get("subsequence_id"))]


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("words", [
    ("lead", "mark", "p1@example.com", "replied", "--reason", "by phone"),
    ("lead", "mark", "p1@example.com", "bounced", "--reason", "letter came back"),
    ("suppress", "add", "p1@example.com", "--reason", "on leave", "--expires", "30"),
])
def test_every_job_takes_a_stopped_person_out(mailed, words, job):
    """Guarantee 48."""
    mailed.run("sync", code=0)
    mailed.run(*words, code=0)
    mailed.sandbox.stop_person("p1@example.com")
    mailed.run(job, code=(0, 6))  # complete is not armed
    assert live(mailed, "p1@example.com") == [] and len(emails(mailed)) == 5
    mailed.sandbox.advance(days=3)
    assert mailed.shown("L001")["state"]["outcome"] == "stopped" and never(mailed)
    before = deletes(mailed)
    mailed.run("sync", code=0)
    assert deletes(mailed) == before


@pytest.mark.parametrize("job", JOBS)
def test_what_a_row_says_is_kept_before_it_goes(mailed, job):
    """Nothing read yet that p1 was mailed, and the row leaves with whichever job comes first: the columns say it all the same."""
    mailed.run("suppress", "add", "p1@example.com", "--reason", "by letter", code=0)
    mailed.run(job, code=(0, 6))
    assert live(mailed, "p1@example.com") == []
    mailed.run("sync", code=0)
    row = mailed.row("L001")
    assert (row["cold_email_sent"], row["last_email_status"], row["sequence_completed"]) == (1, "sent", 1)


def test_an_answer_elsewhere_ends_our_sequence(mailed):
    """Guarantee 48. p4 answers somebody else's campaign; ours never hears of it, until the workspace's stops are read."""
    theirs = mailed.sandbox.campaign("Operations")
    row = next(r for r in mailed.sandbox.leads(contacts=["p4@example.com"]) if r["campaign"] == theirs)
    mailed.sandbox.outcome("p4@example.com", "replied", campaign=theirs)
    mailed.run("sync", "--full", code=0)
    assert live(mailed, "p4@example.com") == [] and "p4@example.com" not in emails(mailed)
    assert [r["id"] for r in mailed.sandbox.leads(contacts=["p4@example.com"])] == [row["id"]]  # it holds the answer
    assert never(mailed)


def test_a_held_lead_in_a_campaign_that_is_not_configured(mailed):
    """Guarantee 48."""
    theirs = mailed.sandbox.campaign("Operations")
    [row] = mailed.sandbox.leads(contacts=["p1@example.com"])
    mailed.sandbox.api("POST", "/leads/move", {"ids": [row["id"]], "campaign": mailed.campaign,
                                               "to_campaign_id": theirs})
    mailed.sandbox.advance(300)
    mailed.run("sync", "--full", code=0)
    mailed.sql("UPDATE lead_state SET held_n = 5, held_reason = 'x', resolved_n = 0 WHERE lead_id = 'L001'")
    mailed.run("lead", "mark", "p1@example.com", "unsubscribed", "--reason", "by phone", code=0)
    mailed.sandbox.stop_person("p1@example.com")
    mailed.run("recover", code=0)
    assert live(mailed, "p1@example.com") == [] and never(mailed)


def test_a_row_that_holds_an_answer_is_never_deleted(start_sandbox, leadferry_binary, tmp_path):
    """Guarantee 48. The campaign mails on after a reply: it is said with every run, and a list for stops ends it."""
    config = quiet_config()
    config["campaigns"][0]["stop_on_reply"] = False
    world = Product(start_sandbox(config=config), leadferry_binary, tmp_path)
    world.import_people(2)
    world.run("export", code=0)
    world.sandbox.advance(hours=3)
    world.sandbox.outcome("p0@example.com", "replied")
    [row] = world.sandbox.leads(contacts=["p0@example.com"])
    assert row["status"] == 1
    for job in ("sync", "export", "complete", "recover"):
        assert world.json(job, code=3)["answered_still_mailed"] == 1, job
    assert "answered_still_mailed" in {r["type"] for r in world.json("errors", "list")["errors"]}
    listing = world.sandbox.api("POST", "/lead-lists", {"name": "Stopped"}).json["id"]
    world.configure(stops={"list": listing})
    world.run("sync", code=0)
    [row] = world.sandbox.leads(contacts=["p0@example.com"])
    assert row.get("campaign") is None and row["list_id"] == listing
    assert world.sandbox.totals()["deleted"] == 0


def test_an_adopted_row_is_ours_where_that_is_configured(world):
    world.sandbox.add(world.campaign, "p0@example.com", "p1@example.com")
    world.import_people(2)
    world.run("export", code=0)
    assert world.shown("L000")["state"]["phase"] == "adopted"
    world.run("lead", "mark", "p0@example.com", "replied", "--reason", "x", code=0)
    world.run("sync", code=0)
    assert len(emails(world)) == 2  # somebody else's row: reported, not touched
    world.configure(complete={"include_adopted": True})
    world.run("sync", code=0)
    assert emails(world) == {"p1@example.com"}


@pytest.mark.waits
@pytest.mark.parametrize("fault", ["reset_after", "status_after", "truncate"])
def test_a_lost_answer_to_the_delete_is_settled_by_the_next_run(mailed, fault):
    mailed.run("suppress", "add", "p1@example.com", "--reason", "x", code=0)
    mailed.run("suppress", "add", "p2@example.com", "--reason", "x", code=0)
    mailed.sandbox.fault("DELETE /api/v2/leads", fault, probability=1, count=20, params={"code": 502})
    mailed.run("sync", code=(0, 1, 5))
    mailed.sandbox.faults()
    mailed.run("sync", code=0)
    assert len(emails(mailed)) == 4 and never(mailed)
    for lead in ("L001", "L002"):
        assert mailed.kinds(lead).count("removed") == 1 and mailed.shown(lead)["state"]["phase"] == "removed"


def test_what_somebody_else_put_in_its_place_stays(mailed):
    mailed.sandbox.control("POST", "/leads/delete", {"email": "p1@example.com"})
    mailed.sandbox.control("POST", "/leads/add", {"email": "p1@example.com", "campaign": mailed.campaign})
    mailed.run("suppress", "add", "p1@example.com", "--reason", "x", code=0)
    said = mailed.json("sync", code=(0, 3))
    assert said.get("stopped_removed", 0) == 0 and said["stopped_foreign"] == 1
    assert "p1@example.com" in emails(mailed) and never(mailed)


# -- a mailbox that bounces -------------------------------------------------------------------------------------------


def test_a_mailbox_that_bounces_holds_its_leads(start_sandbox, leadferry_binary, tmp_path):
    one_mailbox = [{"email": "us@sender.example", "daily_limit": 2000, "healthy": True}]
    world = Product(start_sandbox(config=quiet_config(accounts=one_mailbox)), leadferry_binary, tmp_path)
    world.import_people(60)
    world.run("export", code=0)
    world.sandbox.advance(hours=10)
    for i in range(3):
        world.sandbox.outcome(f"p{i}@example.com", "bounced")
    assert world.json("sync", code=0)["suppressed"] == 3  # 5 % of 60, not more
    world.sandbox.advance(hours=25)
    for i in range(3, 8):
        world.sandbox.outcome(f"p{i}@example.com", "bounced")
    said = world.json("sync", code=3)
    assert said["held_for_bounces"] == 5 and said.get("suppressed", 0) == 0
    assert stops(world, "p0@example.com") == ["bounced"] and stops(world, "p3@example.com") == []
    assert world.json("status")["held"] == {"bounce_spike": 5}
    (message,) = [row["message"] for row in world.json("errors", "list")["errors"] if row["type"] == "bounce_spike"]
    assert "(8 of 60)" in message or "(5 of " in message, message
    assert "sender.example" not in message and message.endswith("without --dry-run it lets them go")
    listed = world.run("errors", "resolve", "--held", "bounce_spike", "--dry-run", code=0).stdout.split("\n")
    assert [line for line in listed if line.startswith("L")] == [f"L{i:03d}" for i in range(3, 8)]
    assert world.json("status")["held"] == {"bounce_spike": 5}
    assert world.json("errors", "resolve", "--lead-id", "L003", "--reason", "the domain was listed")["changed"] == 1
    world.sandbox.advance(hours=25)
    world.run("sync", "--full", code=(0, 3))
    assert world.json("status")["held"] == {"bounce_spike": 4} and stops(world, "p3@example.com") == []


def test_one_command_lets_all_go_that_a_mailbox_held(start_sandbox, leadferry_binary, tmp_path):
    one_mailbox = [{"email": "us@sender.example", "daily_limit": 2000, "healthy": True}]
    world = Product(start_sandbox(config=quiet_config(accounts=one_mailbox)), leadferry_binary, tmp_path)
    world.import_people(60)
    world.run("export", code=0)
    world.sandbox.advance(hours=10)
    for i in range(5):
        world.sandbox.outcome(f"p{i}@example.com", "bounced")
    world.run("sync", code=3)
    assert world.json("status")["held"] == {"bounce_spike": 5}
    world.run("errors", "resolve", "--held", "bounce_spike", "--lead-id", "L001", code=2)
    assert world.json("errors", "resolve", "--held", "nothing", "--reason", "x")["changed"] == 0
    assert world.json("errors", "resolve", "--held", "bounce_spike", "--reason", "the domain was listed")["changed"] == 5
    world.sandbox.advance(hours=25)
    world.run("sync", "--full", code=(0, 3))
    assert world.json("status").get("held", {}) == {}
