"""Escrow: a campaign is paused while it is filled, and runs only when list and ledger agree."""

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
