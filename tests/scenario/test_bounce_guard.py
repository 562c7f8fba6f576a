"""A campaign whose list bounces, over twenty mailboxes of which each one alone has sent too little to be judged."""

import pytest

from product import Product, quiet_config

MAILBOXES = [{"email": f"us{i}@sender.example", "daily_limit": 2000, "healthy": True} for i in range(20)]


def bounced_world(start_sandbox, binary, folder, bounced_n, **campaign):
    world = Product(start_sandbox(config=quiet_config(accounts=MAILBOXES)), binary, folder)
    world.configure(campaigns=[{"id": world.campaign, "name": "Spring", **campaign}])
    world.import_people(60)
    world.run("export", code=0)
    world.sandbox.advance(hours=10)
    for i in range(bounced_n):
        world.sandbox.outcome(f"p{i}@example.com", "bounced")
    world.import_rows(("N1", "n1@example.com"))
    return world


def status_of(world):
    return world.json("campaigns", "list")["campaigns"][0]["status"]


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_a_campaign_that_bounces_is_not_fed_until_somebody_says_so(start_sandbox, leadferry_binary, tmp_path, full):
    world = bounced_world(start_sandbox, leadferry_binary, tmp_path, 31)
    said = world.json("sync", *full, code=3)
    assert said["campaigns_stopped_for_bounces"] == 1 and said.get("held_for_bounces", 0) == 0
    error = next(row for row in world.json("errors", "list")["errors"] if row["type"] == "bounce_guard")
    assert "31 of 60" in error["message"] and world.campaign in error["message"] and "campaigns resume" in error["message"]
    assert status_of(world) == "active"
    assert "bounces" in world.run("plan").stdout
    assert world.json("export", code=3)["added"] == 0
    # said once, and it lasts
    assert world.json("sync", code=(0, 3)).get("campaigns_stopped_for_bounces", 0) == 0
    assert world.json("export", code=3)["added"] == 0
    assert world.run("campaigns", "resume", "Spring").returncode == 2  # no reason
    assert world.json("campaigns", "resume", "Spring", "--reason", "cleaned", "--dry-run")["changed"]
    assert world.json("export", code=3)["added"] == 0
    assert world.json("campaigns", "resume", "Spring", "--reason", "cleaned")["changed"]
    assert not world.json("campaigns", "resume", "Spring", "--reason", "cleaned")["changed"]
    # what was mailed before does not stop it again
    assert world.json("sync", code=(0, 3)).get("campaigns_stopped_for_bounces", 0) == 0
    assert world.json("export", code=(0, 3))["added"] == 1


def test_it_pauses_by_choice_alone(start_sandbox, leadferry_binary, tmp_path):
    world = bounced_world(start_sandbox, leadferry_binary, tmp_path, 31, on_bounces="pause", on_paused="feed")
    assert world.json("sync", code=3)["campaigns_stopped_for_bounces"] == 1
    assert status_of(world) == "paused"
    assert world.json("export", code=3)["added"] == 0
    world.run("campaigns", "resume", "Spring", "--reason", "cleaned", code=0)
    assert status_of(world) == "paused"  # a person starts it


def test_few_bounces_stop_nothing(start_sandbox, leadferry_binary, tmp_path):
    world = bounced_world(start_sandbox, leadferry_binary, tmp_path, 4)  # 6.7 %, and by chance as little as 2.6 %
    assert world.json("sync", code=(0, 3)).get("campaigns_stopped_for_bounces", 0) == 0
    assert world.json("export", code=0)["added"] == 1


def test_a_lost_pause_is_asked_for_again(start_sandbox, leadferry_binary, tmp_path):
    world = bounced_world(start_sandbox, leadferry_binary, tmp_path, 31, on_bounces="pause")
    world.sandbox.fault("POST /api/v2/campaigns/{id}/pause", "status", probability=1, count=20, params={"code": 500})
    world.run("sync", code=(1, 5))
    world.sandbox.faults()
    assert world.json("sync", code=3)["campaigns_stopped_for_bounces"] == 1
    assert status_of(world) == "paused"
