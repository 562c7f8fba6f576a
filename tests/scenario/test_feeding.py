"""How much goes out: campaign states, caps, the plan, the canary; and what becomes of what does not get through."""

import pytest

from product import Product, quiet_config

ADD = "POST /api/v2/leads/add"
LIST = "POST /api/v2/leads/list"


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def set_status(world, status):
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"status": status})


def status_of(world):
    return world.sandbox.api("GET", f"/campaigns/{world.campaign}").json["status"]


# ---- campaign states ----


def test_paused_may_be_fed_and_is_not_activated(world):
    set_status(world, 2)
    world.configure(campaigns=[{"id": world.campaign, "on_paused": "feed"}])
    world.import_people(3)
    assert world.json("export")["added"] == 3
    assert status_of(world) == 2 and world.sandbox.totals()["mails_sent"] == 0


def test_completed_is_activated_again_if_we_fed_it_before(world):
    world.import_people(1)
    world.run("export", code=0)
    world.sandbox.advance(days=6)
    assert status_of(world) == 3
    world.import_people(3)
    assert world.json("export")["added"] == 2
    assert status_of(world) == 1
    world.sandbox.advance(days=6)
    world.configure(campaigns=[{"id": world.campaign, "on_completed": "refuse"}])
    world.import_people(4)
    assert world.json("export", code=3)["left_out"] == {"campaign_not_fed(completed)": 1}
    assert status_of(world) == 3


def test_completed_by_somebody_else_is_not_woken(world):
    set_status(world, 3)
    world.import_people(2)
    assert world.json("export", code=3)["left_out"] == {"campaign_not_fed(completed)": 2}
    assert status_of(world) == 3 and world.creating_calls() == 0


def test_one_campaign_that_is_refused_does_not_keep_the_others(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    set_status(world, -2)
    world.import_people(4)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id > 'L001'", other)
    report = world.json("export", code=3)
    assert report["added"] == 2 and report["left_out"] == {"campaign_not_fed(bounce_protect)": 2}
    assert len(world.sandbox.leads(campaign=other)) == 2


# ---- caps defer, they do not exclude ----


def test_max_per_run(world):
    world.configure(export={"max_per_run": 4})
    world.import_people(10)
    assert world.json("plan")["deferred"] == {"max_per_run": 6}
    for added, deferred in ((4, {"max_per_run": 6}), (4, {"max_per_run": 2}), (2, {}), (0, {})):
        report = world.json("export", code=0)
        assert (report["added"], report["deferred"]) == (added, deferred)
    assert world.sandbox.totals()["created_by_api"] == 10


def test_max_per_run_counts_over_all_campaigns(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}], export={"max_per_run": 5})
    world.import_people(8)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id > 'L003'", other)
    assert world.json("export", "--limit", 3)["added"] == 3
    assert world.json("export")["added"] == 5


def test_max_per_day(world):
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}], export={"max_per_day": 3})
    world.import_people(10)
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id > 'L006'", other)
    report = world.json("export", code=0)
    assert report["added"] == 6 and report["deferred"] == {"max_per_day": 4}  # three of each campaign
    world.sandbox.advance(hours=15)  # 23:00 of the same UTC day
    assert world.json("export", code=0)["added"] == 0
    world.sandbox.advance(hours=2)
    assert world.json("export", code=0)["added"] == 3


def test_canary(world):
    """The first N, until one of them was mailed."""
    world.configure(export={"canary": 2})
    world.import_people(6)
    report = world.json("export", code=0)
    assert report["added"] == 2 and report["deferred"] == {"canary": 4}
    report = world.json("export", code=0)
    assert report["added"] == 0 and report["deferred"] == {"canary": 4}
    world.sandbox.advance(hours=2)
    world.run("sync", code=0)
    assert world.json("export", code=0)["added"] == 4


def test_plan_full(world):
    """Before Instantly is asked to take more than the plan has, a reserve left free."""
    world.sandbox.control("POST", "/plan", {"limit": 10})
    world.import_people(14)
    report = world.json("export", code=3)
    assert report["added"] == 9 and report["deferred"] == {"plan_full": 5}
    report = world.json("export", code=3)
    assert report["added"] == 0 and report["deferred"] == {"plan_full": 5}
    world.sandbox.control("POST", "/plan", {"limit": 100})
    assert world.json("export", code=0)["added"] == 5


def test_plan_full_in_the_middle(world):
    """Somebody else used it up meanwhile: the rest is free again, no try, and nobody twice."""
    world.configure(instantly={"batch_size": 5, "writes_in_flight": 1})
    world.import_people(20)
    world.sandbox.fault(ADD, "plan_full", skip=1, count=1, params={"left": 2})
    report = world.json("export", code=(3, 4))
    assert 5 <= report["added"] <= 7, report
    assert world.json("status")["open_claims"] == 0
    world.sandbox.control("POST", "/plan", {"limit": 1000})
    world.run("export", code=0)
    totals = world.sandbox.totals()
    assert totals["created_by_api"] == 20 and totals["created_twice"] == 0
    assert world.sql("SELECT max(attempts) FROM lead_state") == [(1,)]


def test_single_endpoint(world):
    world.configure(export={"endpoint": "single"})
    world.sandbox.control("POST", "/leads/add", {"email": "p0@example.com", "campaign": world.campaign})
    world.import_people(3)
    assert world.json("export")["added"] == 3
    assert {r["path"] for r in world.sandbox.requests() if r["method"] == "POST" and "list" not in r["path"]} == {"/api/v2/leads"}
    assert "adopted" in world.kinds("L000") and "added" in world.kinds("L001")


# ---- tries ----


def failing_try(world):
    """An answer that stays unknown: nothing was created, and nobody has the lead."""
    world.configure(instantly={"request_timeout_s": 1})
    world.sandbox.faults({"endpoint": ADD, "fault": "status", "params": {"code": 500}})
    report = world.json("export", code=(3, 5))
    world.sandbox.faults()
    world.run("recover", code=(0, 3))
    return report


def test_five_tries_then_held(world):
    """Guarantee 43. """
    world.import_people(1)
    for n in range(1, 6):
        failing_try(world)
        rows = world.sql("SELECT error_id, max(retry_count), count(*) FROM pipeline_errors WHERE error_type <> 'held' "
                         "AND lead_id IS NOT NULL GROUP BY error_id")
        assert len(rows) == 1 and rows[0][1] == n - 1, (n, rows)  # retry_count: tries - 1, the same thing the same id
        assert world.shown("L000")["state"]["held_reason"] == (None if n < 5 else "tries_used_up"), n
    lead = world.shown("L000")
    assert lead["next"]["action"] == "held" and "retry --lead-id" in lead["next"]["text"]
    held = world.json("errors", "list", "--type", "held")["errors"]
    assert len(held) == 1 and "@" not in held[0]["message"]
    calls = world.creating_calls()
    assert world.json("export")["left_out"] == {"held": 1} and world.creating_calls() == calls
    assert world.json("retry", "--all")["retried"] == 0  # a held lead is let go only by name
    assert world.json("retry", "--lead-id", "L000")["retried"] == 1
    assert world.json("export")["added"] == 1
    assert world.sandbox.totals()["created_by_api"] == 1 and world.row("L000")["added_to_instantly"] == 1


def test_a_temporary_failure_is_taken_up_by_the_next_run(world):
    world.import_people(3)
    failing_try(world)
    assert world.row("L000")["added_to_instantly"] == 0
    assert world.json("export")["added"] == 3
    assert world.sandbox.totals()["created_twice"] == 0


def test_a_permanent_failure_waits_for_retry(world):
    world.import_people(1)
    world.sandbox.fault(ADD, "status", count=1, params={"code": 400})
    assert world.json("export", code=3)["refused"] == 1
    assert world.shown("L000")["state"]["phase"] == "rejected"
    assert world.json("export")["added"] == 0 and world.creating_calls() == 1
    assert world.json("retry", "--all")["retried"] == 1
    assert world.json("export")["added"] == 1


def test_throttling_is_no_try(world):
    world.import_people(1)
    world.sandbox.fault(ADD, "status", count=3, params={"code": 429, "retry_after": 0})
    assert world.json("export")["added"] == 1
    assert world.sql("SELECT max(attempts) FROM lead_state") == [(1,)]
    assert world.json("errors", "list")["errors"] == []


# ---- exit codes ----


def test_eligible_and_none_added_is_not_green(world):
    """5 if all failed for the time being, else 3."""
    world.import_people(2)
    world.configure(instantly={"request_timeout_s": 1})
    world.sandbox.faults({"endpoint": ADD, "fault": "reset_before"})
    report = world.json("export", code=5)
    assert report["added"] == 0
    world.sandbox.faults()
    world.run("recover", code=(0, 3))
    world.sandbox.fault(ADD, "status", params={"code": 400})
    assert world.json("export", code=3)["refused"] == 2


def test_nothing_to_do_is_green(world):
    world.import_people(1)
    for command in ("export", "export", "sync", "complete", "recover", "run"):
        world.run(command, code=0)
