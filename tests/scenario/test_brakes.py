"""The operator's brakes: stops, holds, marks, and what may be said while an export runs."""

import json
import time

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def sent_to(world):
    return {row["email"] for row in world.sandbox.leads(campaign=world.campaign)}


# -- suppress -------------------------------------------------------------------------------------------------------


def test_a_stop_is_honoured_until_it_is_removed(world):
    world.import_rows(("L1", "ann@example.com"), ("L2", "joe+x@rival.org"), ("L3", "bob@example.com"))
    assert world.json("suppress", "add", "Ann+News@Example.com", "--reason", "by phone")["changed"] == 1
    assert world.json("suppress", "add", "ann@example.com", "--reason", "by phone")["changed"] == 0
    assert world.json("suppress", "add", "RIVAL.org", "--reason", "a rival")["changed"] == 1
    world.run("export", code=0)
    assert sent_to(world) == {"bob@example.com"}
    shown = world.json("suppress", "check", "ann+other@example.com")
    assert shown["stopped"] and shown["entries"][0]["reason"] == "by phone" and shown["entries"][0]["source"] == "command"
    assert world.json("suppress", "check", "who@rival.org")["entries"][0]["domain"] == "rival.org"
    assert world.json("suppress", "check", "bob@example.com") == {"stopped": False, "entries": []}
    assert world.json("suppress", "remove", "ann@example.com", "--reason", "changed her mind")["changed"] == 1
    assert world.json("suppress", "remove", "ann@example.com", "--reason", "changed her mind")["changed"] == 0
    done = world.run("suppress", "remove", "joe@rival.org", "--reason", "a friend", code=0)
    assert "rival.org" in done.stderr and "no stop" in done.stdout
    world.run("export", code=0)
    assert sent_to(world) == {"bob@example.com", "ann@example.com"}
    revoked = world.sql("SELECT revoked_at IS NOT NULL, revoked_by FROM suppressions WHERE person IS NOT NULL")
    assert revoked[0][0] == 1 and revoked[0][1].startswith("changed her mind (")


def test_addresses_are_shown_with_show_pii_alone(world):
    world.run("suppress", "add", "ann@example.com", "--reason", "by phone", code=0)
    for args in (("list",), ("list", "--json"), ("check", "ann@example.com"), ("check", "ann@example.com", "--json")):
        done = world.run("suppress", *args, code=0)
        assert "ann@" not in done.stdout + done.stderr, args
    assert "ann@example.com" in world.run("suppress", "list", "--show-pii", code=0).stdout
    assert world.json("suppress", "list", "--show-pii")["suppressions"][0]["email"] == "ann@example.com"
    done = world.run("suppress", "export", code=2)
    assert "--show-pii" in done.stderr and "ann@" not in done.stdout
    assert world.run("suppress", "add", "x", "--reason", "y", code=2).stdout == ""


def test_a_stop_is_listed_by_its_whole_id(world):
    ids = [1_764_000_000_000_000 + i for i in range(3)]  # as BigQuery's are: microseconds, and no int
    for i in ids:
        world.run("suppress", "add", f"d{i}.org", "--reason", "a rival", code=0)
    world.sql("UPDATE suppressions SET id = id + 1763999999999999")
    assert [row["id"] for row in world.json("suppress", "list")["suppressions"]] == ids
    first = world.run("suppress", "list", "--limit", 2, code=0)
    assert [line.split()[0] for line in first.stdout.splitlines()[1:]] == [str(ids[0]), str(ids[1])]
    assert f"--after {ids[1]} goes on" in first.stderr
    rest = world.run("suppress", "list", "--after", ids[1], code=0).stdout.splitlines()[1:]
    assert [line.split()[0] for line in rest] == [str(ids[2])]


@pytest.mark.parametrize("reason", [None, "", "ask ann@example.com", "a\nb", "x" * 201])
def test_a_reason_is_needed_and_holds_no_address(world, reason):
    options = ["--reason", reason] if reason is not None else []
    for command in (["suppress", "add", "ann@example.com"], ["suppress", "remove", "ann@example.com"], ["hold", "on"],
                    ["lead", "mark", "ann@example.com", "replied"]):
        done = world.run(*command, *options, code=2)
        assert "reason" in done.stderr and "ann@" not in done.stderr
    assert world.json("suppress", "list")["suppressions"] == [] and world.json("hold", "list")["holds"] == []


def test_dry_run_writes_nothing(world):
    world.import_rows(("L1", "ann@example.com"))
    world.run("suppress", "add", "joe@example.com", "--reason", "x", code=0)
    world.run("hold", "on", "--reason", "x", code=0)
    before = world.db.read_bytes()
    for command, changed in ((["suppress", "add", "ann@example.com", "--reason", "x"], 1),
                             (["suppress", "add", "joe@example.com", "--reason", "x"], 0),
                             (["suppress", "remove", "joe@example.com", "--reason", "x"], 1),
                             (["suppress", "remove", "ann@example.com", "--reason", "x"], 0),
                             (["hold", "on", "--reason", "x"], 0), (["hold", "off", "--reason", "x"], 1),
                             (["lead", "mark", "L1", "unsubscribed", "--reason", "x"], 1),
                             (["errors", "resolve", "--lead-id", "L1"], 0)):
        said = world.json(*command, "--dry-run")
        outcome = {name: said[name] for name in ("dry_run", "changed", "left_in_inbox")}
        assert outcome == {"dry_run": True, "changed": changed, "left_in_inbox": False}, command
    assert world.db.read_bytes() == before


def test_stops_go_out_and_come_back_as_a_file(world):
    (world.folder / "stops.csv").write_text("Email,Domain,Reason,expires_at\nAnn@Example.com,,customer,\n,rival.org,,\n"
                                            "no address,,customer,\njoe@example.com,,,2099-01-01T00:00:00Z\n")
    said = world.json("suppress", "import", "stops.csv", "--reason", "list of May", code=3)
    assert (said["rows"], said["changed"], said["rejected"], said["rejected_lines"]) == (4, 3, 1, [4])
    assert world.json("suppress", "import", "stops.csv", "--reason", "list of May", code=3)["changed"] == 0
    exported = world.run("suppress", "export", "--show-pii", code=0).stdout
    lines = [line.split(",")[:4] for line in exported.splitlines()]
    assert lines[1:] == [["ann@example.com", "", "customer", "import"], ["", "rival.org", "list of May", "import"],
                         ["joe@example.com", "", "list of May", "import"]]
    assert exported.splitlines()[3].endswith(",2099-01-01T00:00:00Z")
    other = Product(world.sandbox, world.command()[0], world.folder)
    other.db = world.folder / "other.db"
    other.configure()
    (world.folder / "exported.csv").write_text(exported)
    assert other.json("suppress", "import", "exported.csv")["changed"] == 3
    assert other.run("suppress", "export", "--show-pii", code=0).stdout.splitlines()[0] == exported.splitlines()[0]
    (world.folder / "bare.csv").write_text("a@example.com\nb.org\n")
    assert other.json("suppress", "import", "bare.csv", "--reason", "bare")["changed"] == 2


def test_an_expired_stop_ends_and_a_lasting_one_reaches_the_block_list(world):
    world.run("suppress", "add", "ann@example.com", "--reason", "on leave", "--expires", "30", code=0)
    world.run("suppress", "add", "joe@example.com", "--reason", "asked by letter", code=0)
    assert world.json("suppress", "list")["suppressions"][0]["expires_at"] is not None
    world.run("sync", code=0)
    pushed = {row["reason"]: row["pushed_at"] for row in world.json("suppress", "list")["suppressions"]}
    assert pushed["asked by letter"] is not None and pushed["on leave"] is None
    world.sql("UPDATE suppressions SET expires_at = 1 WHERE expires_at IS NOT NULL")
    assert not world.json("suppress", "check", "ann@example.com")["stopped"]
    done = world.run("suppress", "remove", "joe@example.com", "--reason", "wrote again", code=0)
    assert "block list" in done.stderr


# -- hold -----------------------------------------------------------------------------------------------------------


def test_a_hold_stops_exports_until_it_is_off(world):
    world.import_people(3)
    assert world.json("hold", "on", "--reason", "wrong text")["changed"] == 1
    assert world.json("hold", "on", "--reason", "another")["changed"] == 0
    world.run("export", code=3)
    assert world.creating_calls() == 0
    hold = world.json("status")["holds"]
    assert [(row["campaign_id"], row["reason"]) for row in hold] == [(None, "wrong text")] and hold[0]["since"]
    assert "wrong text" in world.run("status", code=0).stdout and "wrong text" in world.run("hold", "list", code=0).stdout
    assert world.json("hold", "off", "--reason", "right now")["changed"] == 1
    assert world.json("hold", "off", "--reason", "right now")["changed"] == 0
    world.run("hold", "on", "--campaign", "Nobody", "--reason", "x", code=2)
    world.run("hold", "on", "--campaign", "Spring", "--reason", "x", code=0)
    world.run("export", code=3)
    assert world.creating_calls() == 0
    world.run("hold", "off", "--campaign", world.campaign, "--reason", "x", code=0)
    assert world.json("export")["added"] == 3


# -- lead mark, errors resolve --------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["replied", "unsubscribed", "bounced"])
def test_a_mark_is_stop_and_history_in_one(world, word):
    world.import_rows(("L1", "ann@example.com"))
    world.run("export", code=0)
    assert world.json("lead", "mark", "L1", word, "--reason", "called us")["changed"] == 3  # stop, its event, the fact
    assert world.json("lead", "mark", "ANN@example.com", word, "--reason", "again")["changed"] == 0
    row = world.row("L1")
    assert row["last_email_status"] == word and row["added_to_instantly"] == 1
    events = {event["kind"]: event for event in world.shown("L1")["events"]}
    assert "suppressed" in events and "status" in events
    stop = world.json("suppress", "check", "ann@example.com")["entries"][0]
    assert stop["reason"] == word and (stop["expires_at"] is not None) == (word == "bounced")
    detail = world.sql("SELECT detail FROM lead_events WHERE kind = 20")[0][0]
    assert json.loads(detail)["reason"] == "called us"


def test_a_mark_stops_somebody_unknown_and_makes_no_history(world):
    world.import_rows(("L1", "ann@example.com"))
    assert world.json("lead", "mark", "ann@example.com", "unsubscribed", "--reason", "letter")["changed"] == 1
    assert world.json("lead", "mark", "nobody@example.com", "replied", "--reason", "letter")["changed"] == 1
    assert world.sql("SELECT count(*) FROM lead_events") == [(0,)]
    world.run("export", code=0)
    assert world.creating_calls() == 0
    world.run("lead", "mark", "L77", "replied", "--reason", "x", code=1)
    world.run("lead", "mark", "L1", "angry", "--reason", "x", code=2)


def test_resolve_ends_a_hold(world):
    world.import_people(1)
    world.run("export", code=0)
    world.sql("INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, ord, ord_to, attempt, generation,"
              " epoch, occurred_at, recorded_at) SELECT x'00', 9, 0, 'relaunched', 'L000', 'p0@example.com', 0, 0, 5, 1, 0,"
              " max(recorded_at), max(recorded_at) FROM lead_events")
    world.run("sync", code=(0, 3))
    assert world.json("status")["held"] == {"relaunched": 1}
    assert world.json("errors", "resolve", "--lead-id", "L000", "--reason", "looked")["changed"] == 1
    assert world.json("errors", "resolve", "--lead-id", "L000")["changed"] == 0
    assert world.json("status")["held"] == {}
    world.run("errors", "resolve", code=2)
    world.run("errors", "resolve", "nothing", code=1)


# -- release --------------------------------------------------------------------------------------------------------


def refusals(said):
    return [row["reason"] for row in said["refused"]]


def test_release_opens_the_next_generation_once(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign, "name": "Spring"}, {"id": other, "name": "Autumn"}])
    world.import_people(2)
    world.run("export", code=0)
    release = ["release", "--lead-id", "L000", "--reason", "new project", "--campaign", "Autumn"]
    assert refusals(world.json(*release, code=3)) == ["still_in_instantly"]
    world.sandbox.control("POST", "/leads/delete", {"email": "p0@example.com"})
    world.run("suppress", "add", "p0@example.com", "--reason", "x", code=0)
    assert refusals(world.json(*release, code=3)) == ["suppressed"]
    world.run("suppress", "remove", "p0@example.com", "--reason", "x", code=0)
    assert world.row("L000")["added_to_instantly"] == 1
    assert world.json(*release, "--dry-run") == {"dry_run": True, "changed": 1, "left_in_inbox": False, "refused": []}
    assert world.row("L000")["added_to_instantly"] == 1
    assert world.json(*release)["changed"] == 1
    assert world.json(*release)["changed"] == 0
    row = world.row("L000")
    assert row["added_to_instantly"] == 0 and row["added_date"] is None
    assert world.kinds("L000").count("reopened") == 1
    assert world.json("export")["added"] == 1
    assert [row["campaign"] for row in world.sandbox.leads(contacts=["p0@example.com"])] == [other]
    assert world.row("L000")["added_to_instantly"] == 1 and world.row("L001")["added_to_instantly"] == 1
    world.run("export", code=0)
    assert len(world.sandbox.leads(contacts=["p0@example.com"])) == 1


def test_release_by_file_says_which_were_refused(world):
    world.import_people(2)
    world.run("export", code=0)
    world.import_people(3)
    world.sandbox.control("POST", "/leads/delete", {"email": "p0@example.com"})
    (world.folder / "again.csv").write_text("lead_id\nL000\nL001\nL002\nL999\n")
    said = world.json("release", "--file", "again.csv", "--reason", "x", code=3)
    assert said["changed"] == 1
    assert [(row["lead"], row["reason"]) for row in said["refused"]] == [
        ("L001", "still_in_instantly"), ("L002", "never_enrolled"), (None, "unknown")]
    world.run("release", "--reason", "x", code=2)
    world.run("release", "--file", "missing.csv", "--reason", "x", code=(1, 2))


# -- withdraw -------------------------------------------------------------------------------------------------------


def test_withdraw_takes_back_what_was_never_mailed(world):
    world.import_people(5)
    world.sandbox.control("POST", "/leads/add", {"email": "p4@example.com", "campaign": world.campaign})
    run_id = world.json("export")["run_id"]
    world.sandbox.outcome("p0@example.com", "opened")
    withdraw = ["withdraw", "--run", run_id, "--reason", "wrong file", "--yes"]
    said = world.json(*withdraw, "--dry-run", code=3)
    assert (said["withdrawn"], said["deferred"], said["absent"]) == (3, 0, 0) and len(sent_to(world)) == 5
    world.configure(complete={"armed": False, "max_removals": 2})
    said = world.json(*withdraw, code=3)
    assert (said["withdrawn"], said["deferred"]) == (2, 1)
    assert [(row["lead"], row["reason"]) for row in said["left"]] == [("L000", "contacted"), ("L004", "foreign")]
    assert world.json(*withdraw, code=3)["withdrawn"] == 1
    said = world.json(*withdraw, code=3)
    assert (said["withdrawn"], said["deferred"], said["absent"]) == (0, 0, 3)
    assert sent_to(world) == {"p0@example.com", "p4@example.com"}
    rows = {f"L{i:03d}": world.row(f"L{i:03d}") for i in range(5)}
    assert [row["added_to_instantly"] for row in rows.values()] == [1, 0, 0, 0, 1]
    assert rows["L001"]["added_date"] is None and world.shown("L001")["state"]["phase"] == "withdrawn"
    assert world.sandbox.totals()["deleted_foreign"] == 0
    world.run("export", code=0)
    assert sent_to(world) == {"p0@example.com", "p4@example.com"}
    assert world.json("release", "--lead-id", "L001", "--reason", "right now")["changed"] == 1
    assert world.json("export")["added"] == 1 and "p1@example.com" in sent_to(world)
    world.run("withdraw", "--run", "no such run", "--reason", "x", code=1)
    world.run("withdraw", "--reason", "x", code=2)


# -- while a job runs ------------------------------------------------------------------------------------------------


@pytest.fixture
def running(world):
    """An export of 40 leads in batches of one with half a second between, with the first of them out."""
    world.configure(instantly={"batch_size": 1, "batch_delay_ms": 400, "writes_in_flight": 1})
    world.import_people(40)
    process = world.start("export")
    until = time.monotonic() + 20
    while world.creating_calls() == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert world.creating_calls() > 0
    yield process
    if process.poll() is None:
        world.interrupt(process)


def inbox(world):
    folder = world.db.with_name(world.db.name + ".inbox")
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.waits
def test_a_stop_recorded_during_an_export_is_honoured(world, running):
    """Guarantee 40. """
    done = world.run("suppress", "add", "p39@example.com", "--reason", "by phone", "--json", code=0)
    assert json.loads(done.stdout) == {"dry_run": False, "changed": 0, "left_in_inbox": True, "leads": []}
    assert "inbox" in done.stderr
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in inbox(world))
    lease = world.json("lease", "show")
    assert lease["locked"] and lease["holder"]["job"] == "export" and lease["holder"]["pid"] == running.pid
    done = world.run("lease", "break", "--yes", code=7)
    assert str(running.pid) in done.stderr
    world.run("sync", code=7)
    out, err = running.communicate(timeout=120)
    assert running.returncode in (0, 3), err
    assert sent_to(world) == {f"p{i}@example.com" for i in range(39)}
    assert world.shown("L039")["state"]["phase"] == "skipped" and inbox(world) == []
    assert world.json("suppress", "check", "p39@example.com")["stopped"]
    assert world.json("lease", "show") == {"locked": False, "inbox_files": 0, "holder": None}


def test_a_hold_and_a_mark_during_an_export(world, running):
    """Guarantee 40. """
    assert world.json("lead", "mark", "p0@example.com", "replied", "--reason", "called")["left_in_inbox"]
    assert world.json("retry", "--all") == {"dry_run": False, "retried": 0, "left_in_inbox": True}
    assert world.json("hold", "on", "--reason", "wrong text")["left_in_inbox"]
    out, err = running.communicate(timeout=60)
    assert running.returncode == 3, err
    assert 0 < world.sandbox.totals()["created_by_api"] < 40 and inbox(world) == []
    assert "p0@example.com" not in sent_to(world)  # the mark took it out at the end of the same run
    world.run("sync", code=(0, 3))
    assert world.row("L000")["last_email_status"] == "replied"
    assert world.json("hold", "list")["holds"][0]["reason"] == "wrong text"


def test_what_a_dead_holder_left_is_taken_up_by_the_next(world, running):
    assert world.json("suppress", "add", "p39@example.com", "--reason", "by phone")["left_in_inbox"] in (True, False)
    running.kill()
    running.communicate(timeout=20)
    lease = world.json("lease", "show")
    assert not lease["locked"] and lease["holder"]["pid"] == running.pid
    assert world.json("lease", "break", "--dry-run")["changed"] == 1
    world.run("lease", "break", code=2)
    assert world.json("lease", "break", "--yes")["changed"] == 1
    assert world.json("lease", "break", "--yes")["changed"] == 0
    world.configure()
    world.run("export", code=(0, 3))
    assert inbox(world) == [] and "p39@example.com" not in sent_to(world)
    assert world.sandbox.totals()["created_twice"] == 0
