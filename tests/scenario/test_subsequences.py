"""A lead whose sequence is over and that a subsequence goes on mailing: not finished before that is over, and then it is."""

import pytest

from product import STEPS, Product, quiet_config

SLOW = [{**step, "delay": 5} for step in STEPS]


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    config = quiet_config()
    config["campaigns"][0]["subsequences"] = [{"name": "After", "conditions": {"lead_activity": [91]}, "steps": SLOW}]
    world = Product(start_sandbox(config=config), leadferry_binary, tmp_path)
    world.import_people(3)
    world.run("export", code=0)
    return world


def days(world, n):
    """n days with a sync at the end of each; what the last one wrote on standard error."""
    for _ in range(n):
        world.sandbox.advance(days=1)
        said = world.run("sync", code=0).stderr
    return said


def phases(world):
    return {world.shown(f"L{i:03d}")["state"]["phase"] for i in range(3)}


def until_entered(world):
    for _ in range(6):
        days(world, 1)
        if phases(world) == {"in_subsequence"}:
            return
    raise AssertionError(f"nobody entered the subsequence: {world.sandbox.leads()}")


def subsequence_calls(world):
    return sum(r["path"].startswith("/api/v2/subsequences/") and r["method"] == "GET"
               for r in world.sandbox.requests(limit=10000))


def test_it_is_over_after_its_last_step(world):
    until_entered(world)
    asked = subsequence_calls(world)
    assert world.row("L000")["sequence_completed"] == 0
    days(world, 1)
    assert phases(world) == {"in_subsequence"}
    assert subsequence_calls(world) == asked + 1  # one question, not one per lead
    days(world, 9)
    assert phases(world) == {"finished"}
    lead = world.sandbox.lead("p0@example.com")
    last = lead["status_summary_subseq"]["timestampExecuted"]
    assert lead["subsequence_id"] and last >= lead["status_summary"]["lastStep"]["timestamp_executed"]
    finished = [event for event in world.shown("L000")["events"] if event["kind"] == "finished"]
    assert [event["reason"] for event in finished] == ["no_reply"]
    assert finished[0]["occurred_at"][:19] == last[:19]  # a grace is counted from the last mail of all
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    world.run("complete", code=0)
    totals = world.sandbox.totals()
    assert totals["deleted"] == 3 and totals["subsequence_cut"] == 0 and totals["deleted_unfinished"] == 0


def test_a_paused_one_is_kept_and_reported(world):
    until_entered(world)
    id_ = world.sandbox.lead("p0@example.com")["subsequence_id"]
    world.sandbox.api("POST", f"/subsequences/{id_}/pause")
    said = days(world, 40)
    assert phases(world) == {"in_subsequence"}
    assert said.count("subsequence does not say whether it is over") == 1 and id_ in said
    world.sandbox.api("POST", f"/subsequences/{id_}/resume")
    world.sandbox.api("POST", f"/campaigns/{world.campaign}/activate")  # completed meanwhile
    days(world, 9)
    assert phases(world) == {"finished"}


def test_a_key_that_may_not_read_them(world):
    """Cannot be told: kept, said, and nothing else fails because of it."""
    until_entered(world)
    world.sandbox.faults({"endpoint": "GET /api/v2/subsequences/{id}", "fault": "status", "params": {"code": 403}})
    said = days(world, 9)
    assert phases(world) == {"in_subsequence"} and "not readable" in said
    world.sandbox.faults()
    days(world, 1)
    assert phases(world) == {"finished"}


def test_who_unsubscribes_is_out(world):
    until_entered(world)
    world.sandbox.outcome("p0@example.com", "unsubscribed")
    days(world, 1)
    assert world.shown("L000")["state"]["phase"] == "finished"
    assert world.shown("L001")["state"]["phase"] == "in_subsequence"
