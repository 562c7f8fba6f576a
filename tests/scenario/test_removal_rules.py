"""Removal: graces, what is kept, and everything that stops it."""

import pytest

from product import Product, quiet_config

OVER = 4  # days until a sequence of two steps is over


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def exported(world, n):
    world.import_people(n)
    world.run("export", code=0)
    world.sandbox.advance(hours=2)
    world.run("sync", code=0)


def later(world, days):
    """Time passes, and a sync looks at everything."""
    world.sandbox.advance(days=days)
    world.run("sync", "--full", code=0)


def left(world):
    """Who is still in Instantly."""
    return {row["email"].split("@")[0] for row in world.sandbox.leads(campaign=world.campaign)}


def test_each_outcome_has_its_grace(world):
    exported(world, 5)
    world.sandbox.outcome("p1@example.com", "bounced")
    world.sandbox.outcome("p2@example.com", "unsubscribed")
    world.sandbox.outcome("p3@example.com", "replied")
    world.sandbox.outcome("p4@example.com", "interest", value=1)
    later(world, OVER)
    outcomes = {world.shown(f"L{i:03d}")["state"]["outcome"] for i in range(5)}
    assert outcomes == {"no_reply", "bounced", "unsubscribed", "replied", "interest"}
    assert world.json("complete")["removed"] == 0
    later(world, 4)
    assert world.json("complete")["removed"] == 1 and left(world) == {"p0", "p2", "p3", "p4"}  # bounced: 7 days
    later(world, 18)
    assert world.json("complete")["removed"] == 0
    later(world, 10)
    assert world.json("complete")["removed"] == 2 and left(world) == {"p3", "p4"}
    later(world, 300)
    assert world.json("complete")["removed"] == 0 and left(world) == {"p3", "p4"}
    assert all(row == (1,) for row in world.sql("SELECT sequence_completed FROM leads"))
    totals = world.sandbox.totals()
    assert totals["deleted"] == 3 and totals["deleted_replied"] == totals["deleted_unfinished"] == 0
    stop = world.json("lead", "show", "L002")["suppressions"][0]
    assert stop["reason"] == "unsubscribed" and stop["pushed_at"]  # on the block list before its row went


def test_actions_can_be_keep_and_move(world):
    shelf = world.sandbox.api("POST", "/lead-lists", {"name": "Done"}).json["id"]
    world.configure(complete={"outcomes": {"no_reply": {"action": "move", "move_to": shelf, "grace_days": 1},
                                           "bounced": {"action": "keep"}}})
    exported(world, 2)
    world.sandbox.outcome("p1@example.com", "bounced")
    later(world, OVER)
    assert world.row("L001")["sequence_completed"] == 1  # keep: at once
    later(world, 3)
    assert world.row("L000")["sequence_completed"] == 0
    assert world.json("complete")["removed"] == 1
    assert world.row("L000")["sequence_completed"] == 1
    assert [row["email"] for row in world.sandbox.leads(list_id=shelf)] == ["p0@example.com"] and left(world) == {"p1"}
    assert world.sandbox.totals()["deleted"] == 0


def test_not_armed(world):
    """The list, exit 6 if it is not empty, and nothing removed."""
    world.configure(complete={"armed": False})
    exported(world, 3)
    later(world, OVER)
    assert world.json("complete", code=0)["due"] == 0
    later(world, 40)
    report = world.json("complete", code=6)
    assert report["due"] == 3 and report["removed"] == 0 and len(report["due_leads"]) == 3 and "armed" in report["safety_stop"]
    text = world.run("complete", code=6)
    for lead_id in ("L000", "L001", "L002"):
        assert lead_id in text.stdout
    assert left(world) == {"p0", "p1", "p2"}
    world.import_people(4)
    assert world.json("run", code=6)["jobs"][-1]["added"] == 1  # it does not stop the export


def test_an_old_scan(world):
    exported(world, 2)
    later(world, OVER)
    world.sandbox.advance(days=40)
    done = world.run("complete", code=6)
    assert "full scan" in done.stdout and "leadferry sync --full" in done.stdout and left(world) == {"p0", "p1"}
    world.run("sync", "--full", code=0)
    world.sandbox.advance(hours=25)
    world.run("complete", code=6)
    world.run("sync", "--full", code=0)
    world.sandbox.advance(hours=23)
    assert world.json("complete")["removed"] == 2


def test_an_empty_source(world):
    exported(world, 2)
    later(world, OVER + 40)
    rows = world.sql("SELECT lead_id, email FROM leads")
    world.sql("DELETE FROM leads")
    done = world.run("complete", code=6)
    assert "empty" in done.stdout and left(world) == {"p0", "p1"}
    world.sql("INSERT INTO leads (lead_id, email) VALUES (?, ?)", *rows[0])
    assert world.json("complete")["removed"] == 2


def test_max_removals_defers_the_rest_oldest_first(world):
    exported(world, 2)
    world.sandbox.advance(days=1)
    world.import_people(5)
    world.run("export", code=0)
    later(world, OVER)
    later(world, 40)
    world.configure(complete={"max_removals": 2})
    report = world.json("complete")
    assert (report["due"], report["removed"], report["deferred"]) == (5, 2, 3) and left(world) == {"p2", "p3", "p4"}
    assert world.json("complete", "--limit", 1)["removed"] == 1
    assert world.json("complete")["removed"] == 2


def test_more_than_the_campaign_can_explain(world):
    exported(world, 3)
    later(world, OVER)
    later(world, 40)
    # The campaign's numbers no longer show what the ledger says: our reading of it must be wrong. (The events say it: a
    # state that differs from them is made anew.)
    others = ("fact, lead_id, person, campaign_id, instantly_id, claim_id, batch_id, ord, ord_to, body_hash, attempt, "
              "generation, epoch, run_id, occurred_at, recorded_at, detail")
    world.sql(f"INSERT INTO lead_events (event_id, kind, reason, {others}) SELECT randomblob(32), 14, 'bounced', {others} "
              "FROM lead_events WHERE kind = 14 AND lead_id IN ('L000', 'L001')")
    done = world.run("complete", code=6)
    assert "--allow-mass-removal=3" in done.stdout and left(world) == {"p0", "p1", "p2"}
    world.run("complete", "--allow-mass-removal", "2", code=6)
    assert left(world) == {"p0", "p1", "p2"}
    report = world.json("complete", "--allow-mass-removal", "3", code=(0, 3))
    assert report["removed"] == 1 and left(world) == {"p0", "p1"}  # and still only what is over in the way we think


def test_only_what_instantly_confirms_gone_is_removed(world):
    """Guarantee 42. """
    exported(world, 2)
    later(world, OVER)
    later(world, 40)
    world.sandbox.fault("DELETE /api/v2/leads", "status", count=20, params={"code": 404})
    report = world.run("complete", "--json")
    assert report.returncode != 0 and left(world) == {"p0", "p1"}
    assert world.row("L000")["sequence_completed"] == 0
    world.sandbox.faults()
    assert world.json("complete")["removed"] == 2


def test_a_lost_answer_to_the_removal(world):
    """Guarantee 42. """
    exported(world, 2)
    later(world, OVER)
    later(world, 40)
    world.sandbox.fault("DELETE /api/v2/leads", "reset_after", count=1)
    assert world.json("complete", code=(0, 3, 5))["removed"] in (0, 2)
    world.run("complete", code=0)
    assert world.row("L000")["sequence_completed"] == world.row("L001")["sequence_completed"] == 1
    assert world.sandbox.totals()["deleted"] == 2


def test_an_answer_in_the_last_moment(world):
    """Guarantee 41. It replied after the last sync: read again, and left alone."""
    exported(world, 2)
    later(world, OVER)
    later(world, 40)
    world.sandbox.outcome("p0@example.com", "replied")
    report = world.json("complete", code=(0, 3))
    assert report["removed"] == 1 and report["changed"] == 1 and left(world) == {"p0"}
    later(world, 1)
    assert world.shown("L000")["state"]["replied_at"] and world.row("L000")["sequence_completed"] == 1
    later(world, 60)
    assert world.json("complete")["removed"] == 0 and left(world) == {"p0"}


def test_every_delete_names_its_ids(world):
    """A DELETE without ids empties a campaign."""
    exported(world, 3)
    world.sandbox.control("POST", "/leads/add", {"email": "theirs@example.com", "campaign": world.campaign})
    later(world, OVER)
    later(world, 40)
    world.run("complete", code=0)
    assert left(world) == {"theirs"}
    deletes = [r for r in world.sandbox.requests(limit=10000) if r["method"] == "DELETE"]
    assert deletes and all(r["path"] == "/api/v2/leads" for r in deletes)
    assert world.sandbox.totals()["deleted_foreign"] == 0
