"""Escrow: a campaign is paused while it is filled, and runs only when list and ledger agree."""

import signal
import time

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.configure(campaigns=[{"id": product.campaign, "escrow": True}])
    return product


def campaign_status(world):
    return world.sandbox.api("GET", f"/campaigns/{world.campaign}").json["status"]


def calls(world):
    """What was asked of the campaign, in order: pause, add, activate."""
    words = {"/leads/add": "add", f"/{world.campaign}/pause": "pause", f"/{world.campaign}/activate": "activate"}
    return [word for request in world.sandbox.requests() for end, word in words.items() if request["path"].endswith(end)]


def test_it_is_paused_filled_and_activated(world):
    world.import_people(5)
    assert world.json("export")["added"] == 5
    assert calls(world) == ["pause", "add", "activate"] and campaign_status(world) == 1
    world.sandbox.advance(days=1)
    assert world.sandbox.totals()["mails_sent"] == 5 and world.sandbox.totals()["created_twice"] == 0


def test_nothing_to_send_pauses_nothing(world):
    world.import_people(2)
    world.run("export", code=0)
    world.run("export", code=0)
    assert calls(world) == ["pause", "add", "activate"]


def test_a_failed_activation_is_taken_up_again(world):
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/campaigns/{id}/activate", "status", count=20, params={"code": 400})
    world.run("export", code=1)
    assert campaign_status(world) == 2
    world.sandbox.advance(days=1)
    assert world.sandbox.totals()["mails_sent"] == 0
    world.sandbox.faults()
    world.run("export", code=0)
    assert campaign_status(world) == 1
    world.sandbox.advance(days=1)
    assert world.sandbox.totals()["mails_sent"] == 3


def test_list_and_ledger_must_agree(world):
    """Somebody deletes a row of ours while the campaign is filled: it stays paused, and the errors say so."""
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/campaigns/{id}/activate", "status", count=20, params={"code": 400})
    world.run("export", code=1)
    world.sandbox.faults()
    world.sandbox.control("POST", "/leads/delete", {"email": "p0@example.com", "campaign": world.campaign})
    world.run("export", code=3)
    assert campaign_status(world) == 2
    assert "escrow" in world.run("errors", "list", code=0).stdout


def test_a_pause_of_somebody_else_is_never_ended(world):
    world.sandbox.api("POST", f"/campaigns/{world.campaign}/pause")
    world.import_people(2)
    world.run("export", code=3)
    assert campaign_status(world) == 2 and "add" not in calls(world)


# -- whose a pause is ----------------------------------------------------------------------------------------------------

PAUSE, ACTIVATE = "POST /api/v2/campaigns/{id}/pause", "POST /api/v2/campaigns/{id}/activate"
GET = "GET /api/v2/campaigns/{id}"
BEFORE = ("status", {"code": 400})
LOST_BEFORE = ("reset_before", {})
LOST_AFTER = ("reset_after", {})


def person(world, what):
    """Somebody pauses or activates the campaign in Instantly's own pages."""
    world.sandbox.faults()
    assert world.sandbox.api("POST", f"/campaigns/{world.campaign}/{what}").status == 200


def note(world):
    """What the ledger says of the pause: pausing, paused, activating or nothing."""
    rows = world.sql("SELECT value FROM controls WHERE name = ?", f"escrow:{world.campaign}")
    return rows[0][0].split()[0] if rows else None


def assert_stays_paused(world):
    """Whatever runs, with leads waiting or without: nobody activates it, and nobody in it is mailed."""
    world.sandbox.faults()
    before = world.sandbox.totals()["mails_sent"]
    assert campaign_status(world) == 2
    for command in ("export", "sync", "recover", "run"):
        world.run(command, code=(0, 3))
        assert campaign_status(world) == 2, command
    world.import_rows(*((f"later{i}", f"later{i}@example.com") for i in range(9)))
    world.run("export", code=3)
    world.sandbox.advance(days=1)
    assert campaign_status(world) == 2 and world.sandbox.totals()["mails_sent"] == before


@pytest.mark.parametrize("fault, params", [BEFORE, LOST_BEFORE])
def test_a_pause_that_did_not_happen_leaves_no_note(world, fault, params):
    """The pause fails or gets lost; later a person pauses in an emergency: that pause is no escrow's."""
    world.import_people(3)
    world.sandbox.fault(PAUSE, fault, count=20, params=params)
    world.run("export", code=(1, 5))
    assert campaign_status(world) == 1 and note(world) is None and "add" not in calls(world)
    person(world, "pause")
    assert_stays_paused(world)


def test_a_pause_whose_answer_is_lost_is_nobodys_to_end(world):
    """Did our request pause it, or a person? It is said, and goes on when a person let it run."""
    world.import_people(3)
    world.sandbox.fault(PAUSE, *LOST_AFTER[:1], count=20, params={})
    world.run("export", code=(1, 5))
    assert campaign_status(world) == 2 and note(world) == "pausing"
    assert_stays_paused(world)
    assert "pause_unclear" in world.run("errors", "list", code=0).stdout
    assert "pause_unclear" in world.run("plan", code=(0, 3)).stdout
    person(world, "activate")
    assert world.json("export")["added"] == 12
    assert campaign_status(world) == 1 and note(world) is None


@pytest.mark.parametrize("fault, params, seen", [
    ("reset_after", {}, None), ("status_after", {"code": 502}, None),  # it happened: seen running, the note goes
    ("reset_before", {}, "activating"), ("status", {"code": 502}, "activating"),  # it may still happen
])
def test_an_activation_whose_answer_is_lost(world, fault, params, seen):
    """Guarantee 45. Seen running afterwards the note goes; where it may still happen it is nobody's pause to end."""
    world.import_people(3)
    world.sandbox.fault(ACTIVATE, fault, count=20, params=params)
    world.run("export", code=(0, 1, 5))
    assert note(world) == seen and campaign_status(world) == (1 if seen is None else 2)
    person(world, "pause")
    assert_stays_paused(world)


@pytest.mark.parametrize("step, is_paused", [(PAUSE, False), (PAUSE, True), (ACTIVATE, False), (ACTIVATE, True)])
def test_killed_at_each_step(world, step, is_paused):
    """Guarantee 45. kill -9 before or after a pause or an activation had its effect; then a person pauses."""
    world.import_people(3)
    world.sandbox.fault(step, "delay", params={"before_ms": 0, "ms": 60000} if is_paused else {"before_ms": 700})
    process = world.start("export")
    deadline = time.monotonic() + 20
    while not any(r["path"].endswith(step.rsplit("/", 1)[1]) for r in world.sandbox.requests()) and note(world) not in (
            {PAUSE: "pausing", ACTIVATE: "activating"}[step],):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if is_paused:
        wanted = 2 if step == PAUSE else 1
        while campaign_status(world) != wanted:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    world.interrupt(process, signal.SIGKILL)
    if not is_paused:
        time.sleep(0.8)  # the request arrives although nobody waits for its answer
    person(world, "pause")
    assert_stays_paused(world)


def test_a_person_lets_it_run_and_pauses_it_later(world):
    """Our pause is over as soon as any job sees the campaign running."""
    world.import_people(3)
    world.sandbox.fault(ACTIVATE, "status", count=20, params={"code": 400})
    world.run("export", code=1)
    assert note(world) == "paused"
    person(world, "activate")
    world.run("sync", code=0)
    assert note(world) is None
    person(world, "pause")
    world.sandbox.advance(days=1)
    assert_stays_paused(world)


def test_a_paused_campaign_that_is_fed_stays_paused(world):
    """on_paused: feed with escrow: the pause was there before, so it is no escrow's."""
    world.configure(campaigns=[{"id": world.campaign, "escrow": True, "on_paused": "feed"}])
    person(world, "pause")
    world.import_people(2)
    assert world.json("export")["added"] == 2
    assert campaign_status(world) == 2 and "activate" not in calls(world)[1:]


def test_a_note_of_an_earlier_version_ends_no_pause(world):
    world.import_people(1)
    world.run("export", code=0)
    world.sql("INSERT INTO controls (name, value) VALUES (?, '20261101T000000-00000000')", f"escrow:{world.campaign}")
    person(world, "pause")
    assert_stays_paused(world)


@pytest.mark.parametrize("escrow", [False, True])
@pytest.mark.parametrize("status", [2, -2])
def test_a_pause_made_while_leads_went_up_is_kept(world, escrow, status):
    """Guarantee 45. on_completed: activate wakes what is completed, and only that: it looks again before it does."""
    world.configure(campaigns=[{"id": world.campaign, "escrow": escrow}])
    world.import_people(1)
    world.run("export", code=0)
    world.sandbox.fault("POST /api/v2/leads/list", "campaign_status", params={"status": 3}, count=1)
    world.run("sync", code=(0, 3))
    assert campaign_status(world) == 3
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/leads/add", "campaign_status",
                        params={"status": status, "campaign": world.campaign}, count=1)
    before = calls(world).count("activate")
    world.run("export", code=3)
    assert campaign_status(world) == status and calls(world).count("activate") == before


def test_a_completed_campaign_in_escrow_wakes_after_the_comparison(world):
    world.import_people(1)
    world.run("export", code=0)
    world.sandbox.fault("POST /api/v2/leads/list", "campaign_status", params={"status": 3}, count=1)
    world.run("sync", code=(0, 3))
    world.import_people(3)
    assert world.json("export")["added"] == 2
    assert calls(world) == ["pause", "add", "activate", "add", "activate"] and campaign_status(world) == 1


def test_a_hold_keeps_escrow_from_waking(world):
    """Guarantee d. The way to stop a campaign that escrow has paused: the hold is seen before the next batch, and before it wakes."""
    world.import_people(3)
    world.sandbox.fault(ACTIVATE, "status", count=20, params={"code": 400})
    world.run("export", code=1)
    world.sandbox.faults()
    world.run("hold", "on", "--campaign", world.campaign, "--reason", "stop", code=0)
    world.run("export", code=(0, 3))
    assert campaign_status(world) == 2
    world.run("hold", "off", "--campaign", world.campaign, "--reason", "go on", code=0)
    world.run("export", code=0)
    assert campaign_status(world) == 1


def test_a_hold_during_the_export_keeps_escrow_from_waking(world):
    world.configure(campaigns=[{"id": world.campaign, "escrow": True}], instantly={"batch_size": 1})
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/leads/add", "delay", params={"ms": 1500}, count=1)
    process = world.start("export")
    deadline = time.monotonic() + 20
    while "add" not in calls(world):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    world.run("hold", "on", "--reason", "stop", code=0)
    process.communicate(timeout=60)
    assert process.returncode == 3 and campaign_status(world) == 2
