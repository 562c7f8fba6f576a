"""What comes late or twice on BigQuery: a claim that is tried again over a table that changed, a run that wakes up after its lease,
claims that a later holder's hide, a clock that is days ahead."""

import os
import signal
import time

import pytest
from dataset import post
from relayed import LATE
from test_overlapping_claims import CAMPAIGNS, CLAIM, INSERT, LOST, PEOPLE, end_of, other_product, rows_of_people

EVENTS = "tabledata.insertAll:lead_events"
LOOK_S = 31  # behind this a run asks BigQuery about its lease before it sends
DAYS_S = 10 * 86400
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("export")]


def as_begun(world):
    world.reset()
    yield world
    world.configure()


@pytest.fixture
def world(world_of_job):
    yield from as_begun(world_of_job("export", **LATE))


@pytest.fixture
def interrupted(world_of_job):
    yield from as_begun(world_of_job("recover", **LATE))


def feed_both(world, default):
    world.product.configure(
        campaigns=[{"id": world.sandbox.campaign(name), "name": name} for name in CAMPAIGNS],
        export={"default_campaign": world.sandbox.campaign(default)}, instantly={"batch_size": 2, "request_timeout_s": 1})


def test_a_claim_tried_again_over_other_leads(world):
    """The script of the claim fails behind its INSERT and is tried again; meanwhile a lead that stands first goes to another
    campaign, so that everybody would have another number. There is one set of claims, and nobody goes twice."""
    cloud = world.cloud
    feed_both(world, CAMPAIGNS[0])
    cloud.faults({"call": CLAIM, "fault": "job_failed", "count": 1, "params": {
        "reason": "jobBackendError", "message": "Error encountered during execution.", "statements": 2}},
        {"call": CLAIM, "fault": "hold_before", "skip": 1, "count": 1})
    process = world.product.start("export")
    cloud.wait_held(1)
    assert world.rows("SELECT COUNT(*) FROM lead_events WHERE kind = 1")[0][0] > 1
    for i, name in enumerate(CAMPAIGNS[::-1]):
        cloud.sql(f"UPDATE leads SET campaign_id = '{world.sandbox.campaign(name)}' WHERE lead_id = 'L{i}'")
    cloud.control("release", {})
    assert end_of(process) in (0, 3)
    claims = world.rows("SELECT COUNT(*), COUNT(DISTINCT claim_id), COUNT(DISTINCT lead_id) FROM lead_events WHERE kind = 1")[0]
    assert len(set(claims)) == 1, claims
    assert set(rows_of_people(world.sandbox).values()) <= {1} and world.sandbox.totals()["created_twice"] == 0
    cloud.faults()
    assert world.product.run("export").returncode in (0, 3)
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)


def test_a_run_that_wakes_up_gives_nothing_of_the_next_back(world, tmp_path):
    """Guarantee 18. A sleeps in the middle of its sending until its lease is over; B takes it, settles what A left, and claims. A
    wakes up before B has sent any of that: these claims are not A's to give back."""
    cloud = world.cloud
    b = other_product(world, tmp_path, CAMPAIGNS[0])
    cloud.faults({"call": EVENTS, "fault": "hold", "count": 1})
    first = world.product.start("export")
    cloud.wait_held(1)
    begun = time.monotonic()
    first.send_signal(signal.SIGSTOP)
    cloud.sql("UPDATE leases SET expires_at = TIMESTAMP '2026-01-01 00:00:00+00' WHERE TRUE")
    cloud.faults({"call": CLAIM, "fault": "hold", "count": 1})
    second = b.start("export")
    cloud.wait_held(2)
    second.send_signal(signal.SIGSTOP)
    time.sleep(max(0.0, LOOK_S - (time.monotonic() - begun)))
    first.send_signal(signal.SIGCONT)
    cloud.control("release", {})
    assert end_of(first) in LOST[2:], "it still sends"
    second.send_signal(signal.SIGCONT)
    assert end_of(second) in (0, 3)
    runs = [run_id for (run_id,) in world.rows("SELECT run_id FROM lead_events WHERE kind = 1 GROUP BY run_id ORDER BY MIN(epoch)")]
    assert len(runs) == 2, runs
    taken = world.rows(f"SELECT claim_id FROM lead_events WHERE kind = 8 AND claim_id LIKE '{runs[1]}.%'")
    assert taken == []
    assert world.rows(f"SELECT lead_id FROM lead_events WHERE kind = 3 AND run_id = '{runs[0]}'") == []
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)


def hide_behind(cloud, run_id):
    """What a later holder does that claims the same leads, and gives them back because they are contested."""
    claims = [row for row in cloud.rows_to_stream("SELECT * FROM lead_events WHERE kind = 1") if row["run_id"] != run_id]
    for row in claims:
        row |= {"run_id": run_id, "claim_id": f"{run_id}.{row['ord']}", "event_id": f"hides-{row['ord']}",
                "epoch": str(int(row["epoch"]) + 1)}
    given = [{**row, "kind": "8", "reason": "never_sent", "event_id": "released-" + row["event_id"]} for row in claims]
    said = post(cloud.direct + INSERT, {"rows": [{"json": row} for row in claims + given]})
    assert not said.get("insertErrors"), said


def test_a_hidden_claim_on_its_way_is_asked_about(interrupted):
    """Guarantee 17. A died with a batch on its way. A later holder's claims on the same leads hide A's, and more than a day is over,
    so that they contest nobody any more; the configuration names another campaign. Who was on the way is asked about, and goes to
    no other campaign."""
    world = interrupted
    hide_behind(world.cloud, "20260101T000000Z-0123456789ab")
    world.cloud.sql("UPDATE lead_events SET recorded_at = TIMESTAMP_SUB(recorded_at, INTERVAL 25 HOUR) WHERE TRUE")
    world.cloud.sql("UPDATE pipeline_runs SET folded_until = TIMESTAMP_SUB(folded_until, INTERVAL 25 HOUR) WHERE TRUE")
    feed_both(world, CAMPAIGNS[1])
    for _ in range(2):
        assert world.product.run("export").returncode in (0, 3)
        assert set(rows_of_people(world.sandbox).values()) <= {1}, rows_of_people(world.sandbox)
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    added = world.rows("SELECT lead_id FROM lead_state WHERE settlement = 8 AND lead_id LIKE 'L%' ORDER BY 1")
    assert added == [(f"L{i}",) for i in range(len(PEOPLE))], "somebody on the way was taken for somebody else's"


def test_a_process_of_another_container_is_not_dead(world):
    """Containers share the start of the machine, some its name: a process that is not seen may live in another one."""
    assert world.run().returncode in (0, 3)
    (space,) = world.rows("SELECT boot_id FROM leases")[0]
    process = world.product.start("version")
    process.communicate(timeout=60)
    for where, code in ((space.replace(os.readlink("/proc/self/ns/pid"), "pid:[1]"), 7), (space, 0)):
        world.cloud.sql(f"UPDATE leases SET released_at = NULL, holder = 'x', pid = {process.pid}, boot_id = '{where}', "
                        "expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 100 SECOND) WHERE TRUE")
        assert world.run().returncode == code, where


def test_leases_made_anew(world):
    """Somebody drops the table of the lease, and `schema apply` makes it again: its number goes on, since in the fold what has a lower
    one loses against what is there."""
    assert world.run().returncode in (0, 3)
    (last,) = world.rows("SELECT MAX(epoch) FROM lead_events")[0]
    world.cloud.sql("DELETE FROM leases WHERE TRUE")
    world.product.run("schema", "apply", code=0)
    assert last > 0 and world.rows("SELECT epoch FROM leases") == [(last,)]


def test_a_clock_that_is_days_ahead(world):
    """A machine whose clock is ten days ahead exports once: the runs of others see what is recorded after it."""
    assert world.run(step_at=1, step_s=DAYS_S).returncode in (0, 3)
    (ahead,) = world.rows("SELECT COUNT(*) FROM pipeline_runs WHERE folded_until > TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)")[0]
    assert ahead == 0
    world.cloud.sql("INSERT INTO leads (lead_id, email, first_name) VALUES ('L5a', 'late@example.com', 'Late')")
    assert world.run().returncode in (0, 3)
    assert world.rows("SELECT added_to_instantly FROM leads WHERE lead_id = 'L5a'") == [(1,)]


@pytest.mark.parametrize("step_s", [-DAYS_S, DAYS_S])
def test_a_date_that_is_days_off(world, step_s):
    """A proxy writes its own Date, ten days off: what this run records is seen by the folds of all others."""
    assert world.run().returncode in (0, 3)
    world.cloud.sql("INSERT INTO leads (lead_id, email, first_name) VALUES ('L5b', 'proxied@example.com', 'Late')")
    world.cloud.control("settings", {"date_step_s": step_s})
    assert world.run().returncode in (0, 3)
    assert world.product.run("lead", "mark", "p0@example.com", "replied", "--reason", "x").returncode == 0
    world.cloud.control("settings", {"date_step_s": 0})
    off = "ABS(TIMESTAMP_DIFF(recorded_at, CURRENT_TIMESTAMP(), SECOND)) > 86400"
    assert world.rows(f"SELECT COUNT(*) FROM lead_events WHERE {off}") == [(0,)]
    assert world.run().returncode in (0, 3)
    assert world.rows("SELECT settlement FROM lead_state WHERE lead_id = 'L5b'") == [(8,)]
    assert world.rows("SELECT COUNT(*) FROM lead_events WHERE kind = 1 AND lead_id = 'L5b'") == [(1,)]


def test_rows_that_go_or_change_hands_while_a_run_sends(world):
    """All rows are read at once, and sent for as long as that takes: who is gone from `leads` meanwhile, or whose row is somebody
    else's, is not sent, and not taken for sent."""
    cloud = world.cloud
    feed_both(world, CAMPAIGNS[0])
    world.product.configure(
        campaigns=[{"id": world.sandbox.campaign(name), "name": name} for name in CAMPAIGNS],
        export={"default_campaign": world.sandbox.campaign(CAMPAIGNS[0])},
        instantly={"batch_size": 1, "writes_in_flight": 1, "request_timeout_s": 1})
    cloud.faults({"call": EVENTS, "fault": "hold", "count": 1})
    process = world.product.start("export")
    cloud.wait_held(1)
    begun = time.monotonic()
    cloud.sql("DELETE FROM leads WHERE lead_id = 'L5'")
    cloud.sql("UPDATE leads SET email = 'other@example.com' WHERE lead_id = 'L4'")
    cloud.sql("UPDATE leads SET email = ' P3@EXAMPLE.com ' WHERE lead_id = 'L3'")
    time.sleep(max(0.0, LOOK_S - (time.monotonic() - begun)))
    cloud.control("release", {})
    assert end_of(process) in (0, 3)
    there = rows_of_people(world.sandbox)
    assert {person: n for person, n in there.items() if n} == dict.fromkeys(PEOPLE - {"p4@example.com", "p5@example.com"}, 1), there
    released = world.rows("SELECT lead_id FROM lead_events WHERE kind = 8 AND reason = 'source_row_gone' ORDER BY 1")
    assert released == [("L4",), ("L5",)]
