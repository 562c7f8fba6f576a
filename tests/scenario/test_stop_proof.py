"""`verify --stops`: it finds who is mailed after a stop, and nobody else; the sandbox's own audit says the same.

Commands record stops by this machine's clock, which is not the sandbox's: stop() sets them to the workspace's time.
"""

import datetime
import json

import pytest

from product import STEPS, Product, quiet_config


def config():
    return quiet_config(stop_grace_s=60)


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return began(Product(start_sandbox(config=config()), leadferry_binary, tmp_path))


def began(world):
    """p0 to p3 are enrolled and were mailed once; somebody else put p3 and q into a campaign that we do not know."""
    world.configure(complete={"armed": False})
    world.import_people(4)
    world.run("export", code=0)
    for email in ("p3@example.com", "q@example.com"):
        put(world, email)
    world.sandbox.advance(hours=3)
    world.run("sync", code=0)
    return world


def put(world, email, campaign="Operations"):
    world.sandbox.control("POST", "/leads/add", {"email": email, "campaign": world.sandbox.campaign(campaign)})


def row_of(world, email, campaign="Founders"):
    [row] = [r for r in world.sandbox.leads(contacts=[email]) if r.get("campaign") == world.sandbox.campaign(campaign)]
    return row["id"]


def stop(world, email, *words):
    """By mail, and Instantly does not know it: the audit is told."""
    world.run(*(words or ("lead", "mark", email, "unsubscribed", "--reason", "by phone")), code=0)
    world.sql("UPDATE suppressions SET created_at = ? WHERE person = ?", now_us(world), email)
    world.sql("DELETE FROM controls WHERE name = 'stops'")  # its sum would say that somebody changed them
    world.sandbox.stop_person(email)


def now_us(world):
    return world.sandbox.control("GET", "/clock")["now_ms"] * 1000


def mailed_after_stop(world):
    return world.sandbox.totals()["mailed_after_stop"]


def proof(world, *args, code):
    """{(what, whose, lead, row)}; what is printed has no address, and text and JSON say the same."""
    done = world.run("verify", "--stops", *args, "--json", code=code)
    assert "@" not in done.stdout + done.stderr
    report = json.loads(done.stdout)
    text = world.run("verify", "--stops", *args, code=code).stdout
    assert "@" not in text
    for found in report["differences"]:
        assert found["id"] in text and (found["lead"] or found["instantly_id"]) in text
    return {(d["id"], d["whose"], d["lead"], d["instantly_id"]) for d in report["differences"]}


def test_nobody_is_found_where_everything_was_done(world):
    """Whatever stops people: their rows are gone, nobody was mailed, and both sides say so."""
    stop(world, "p0@example.com")
    stop(world, "p1@example.com", "suppress", "add", "p1@example.com", "--reason", "on leave", "--expires", "30")
    world.sandbox.outcome("p2@example.com", "replied")
    world.run("sync", "--full", code=0)
    world.sandbox.advance(days=5)
    world.run("sync", "--full", code=0)
    assert proof(world, code=0) == set() and proof(world, "--deep", code=0) == set()
    assert mailed_after_stop(world) == 0


def test_a_row_that_mails_after_the_stop_is_found_by_both(world):
    """Guarantee 48. Ours stays since no job ran, one is somebody else's: each is named, and so is that it was mailed."""
    stop(world, "p0@example.com")
    stop(world, "q@example.com", "lead", "mark", "q@example.com", "replied", "--reason", "by phone")
    ours, theirs = row_of(world, "p0@example.com"), row_of(world, "q@example.com", "Operations")
    live = {("stopped_live", "ours", "L000", ours), ("stopped_live", "foreign", None, theirs)}
    assert proof(world, code=3) == live and mailed_after_stop(world) == 0
    world.sandbox.advance(days=5)
    mailed = {("stopped_mailed", "ours", "L000", ours), ("stopped_mailed", "foreign", None, theirs)}
    assert mailed_after_stop(world) == 2
    assert proof(world, code=3) == mailed and proof(world, "--deep", code=3) == mailed  # two steps: over, and not live
    assert [r["email"] for r in world.sandbox.leads(contacts=["p0@example.com"])]  # nothing was mended


def test_what_the_rows_do_not_show_the_mails_do(world):
    """A row that was mailed and then deleted, ours and a foreign one: only the mails know."""
    stop(world, "p0@example.com")
    stop(world, "q@example.com")
    world.sandbox.advance(days=2)
    for email in ("p0@example.com", "q@example.com"):
        world.sandbox.control("POST", "/leads/delete", {"email": email})
    assert mailed_after_stop(world) == 2
    assert proof(world, code=0) == set()
    found = proof(world, "--deep", code=3)
    named = {whose: lead for _, whose, lead, _ in found}
    assert named["ours"] == "L000" and named["foreign"].startswith("ref-")  # Instantly tells no id of what is gone


def test_an_answer_counts_from_when_it_came(world):
    """p3 answers somebody else on the first day, and our sequence mails on until the next read of the workspace."""
    world.sandbox.outcome("p3@example.com", "replied", campaign=world.sandbox.campaign("Operations"))
    world.sandbox.advance(days=2)
    world.run("sync", "--full", code=0)
    assert mailed_after_stop(world) == 1
    assert {(what, lead) for what, _, lead, _ in proof(world, "--deep", code=3)} == {("stopped_mailed", "L003")}


def test_the_subsequence_that_an_answer_began_may_go_on(start_sandbox, leadferry_binary, tmp_path):
    """But not after more than an answer."""
    subsequence = {"name": "After", "conditions": {"crm_status": [1]}, "steps": STEPS}
    setting = config()
    setting["campaigns"][0]["subsequences"] = [subsequence]
    world = Product(start_sandbox(config=setting), leadferry_binary, tmp_path)
    world.import_people(2)
    world.run("export", code=0)
    world.sandbox.advance(hours=3)
    for email in ("p0@example.com", "p1@example.com"):
        world.sandbox.outcome(email, "replied")
        world.sandbox.outcome(email, "interest", value=1)
    world.run("sync", "--full", code=0)
    world.sandbox.advance(hours=1)
    assert proof(world, "--deep", code=0) == set()
    world.run("lead", "mark", "p1@example.com", "unsubscribed", "--reason", "by phone", code=0)
    world.sql("UPDATE suppressions SET created_at = ? WHERE reason = 'unsubscribed'", now_us(world))
    world.sql("DELETE FROM controls WHERE name = 'stops'")
    world.sandbox.stop_person("p1@example.com")
    assert {(what, lead) for what, _, lead, _ in proof(world, "--deep", code=3)} == {("stopped_live", "L001")}
    world.sandbox.advance(days=4)
    assert mailed_after_stop(world) > 0
    assert ("stopped_mailed", "L001") in {(what, lead) for what, _, lead, _ in proof(world, "--deep", code=3)}
    assert not [1 for _, _, lead, _ in proof(world, "--deep", code=3) if lead == "L000"]


def test_rows_that_the_block_list_keeps_silent_are_not_live(world):
    """A foreign row of somebody whom Instantly itself mails no more; and a domain, a tag."""
    for target in ("q@example.com", "p3@example.com"):
        world.run("suppress", "add", target, "--reason", "by letter", code=0)
    world.run("sync", code=(0, 3))
    assert proof(world, code=0) == set()
    put(world, "q+x@example.com")  # the list does not know that it is the same person
    found = proof(world, code=3)
    assert found == {("stopped_live", "foreign", None, row_of(world, "q+x@example.com", "Operations"))}


def test_what_status_says(world):
    assert "stop proof: never" in world.run("status", code=0).stdout
    assert world.json("status")["stop_proof"] is None and world.json("status")["stopped_live_ours"] == 0
    stop(world, "p0@example.com")
    stop(world, "q@example.com")
    assert world.json("status")["stopped_live_ours"] == 1
    proof(world, code=3)
    said = world.json("status")["stop_proof"]
    assert (said["live_ours"], said["live_foreign"], said["mailed_ours"], said["mailed_foreign"]) == (1, 1, 0, 0)
    assert said["is_deep"] is False and said["at"]
    theirs = row_of(world, "q@example.com", "Operations")
    assert [(r["id"], r["instantly_id"]) for r in said["foreign"]] == [("stopped_live", theirs)]
    text = world.run("status", code=0).stdout
    assert "1 of ours and 1 foreign" in text and f"stopped_live: foreign row {theirs} in " in text
    world.run("sync", code=(0, 3))
    assert world.json("status")["stopped_live_ours"] == 0


@pytest.mark.parametrize("args", [("--deep",), ("--since", "7d"), ("--stops", "--since", "7d"),
                                  ("--stops", "--campaign", "Spring")])
def test_options_that_do_not_fit(world, args):
    world.run("verify", *args, code=2)


def test_mails_before_since_are_not_read(world):
    stop(world, "p0@example.com")
    world.sandbox.advance(days=2)
    world.sandbox.control("POST", "/leads/delete", {"email": "p0@example.com"})
    later = (datetime.datetime.fromtimestamp(now_us(world) / 1e6, datetime.timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert proof(world, "--deep", "--since", later, code=0) == set()
    assert len(proof(world, "--deep", code=3)) == 1


def test_a_key_that_may_not_read_mails_ends_it(world):
    stop(world, "p0@example.com")
    world.sandbox.fault("GET /api/v2/emails", "status", count=20, params={"code": 403})
    report = world.json("verify", "--stops", "--deep", code=4)
    assert report["is_complete"] is False
