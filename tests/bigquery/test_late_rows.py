"""Rows that BigQuery took and does not show yet: it names no bound for that, so a claim whose `sending` or `added` is not seen is
no claim that was never sent."""

import pytest
from crashing import DIED
from dataset import BLOCK
from test_overlapping_claims import CAMPAIGNS, PEOPLE, rows_of_people

EVENTS = "tabledata.insertAll:lead_events"
STAGE = "tabledata.insertAll:sync_stage"
NEVER_MS = 3600 * 1000
SOON_MS = 1500
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("export")]


def late(call, ms, **more):
    return {"call": call, "fault": "late", "params": {"ms": ms}, **more}


@pytest.fixture
def world(world_of_job):
    world = world_of_job("export")
    world.reset()
    yield world
    world.configure()


def feed(world, default, wait_s=60):
    """Nothing in Instantly keeps a person from being added to both campaigns."""
    world.product.configure(
        warehouse={**BLOCK, "stream_wait_s": wait_s},
        campaigns=[{"id": world.sandbox.campaign(name), "name": name} for name in CAMPAIGNS],
        export={"default_campaign": world.sandbox.campaign(default), "skip_if_in_campaign": False},
        instantly={"batch_size": 2, "request_timeout_s": 1, "writes_in_flight": 1})


def show(world):
    world.cloud.faults()
    world.cloud.control("show", {})


def once_each(world):
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    assert world.rows("SELECT COUNT(*) FROM lead_state WHERE settlement = 1") == [(0,)]
    assert world.rows("SELECT claim_id FROM lead_events WHERE kind BETWEEN 3 AND 8 AND claim_id IS NOT NULL "
                      "GROUP BY claim_id HAVING COUNT(DISTINCT kind) > 1") == []


def test_nobody_is_sent_again_while_rows_are_not_seen(world):
    """Guarantee 50. An export ends well, and for an hour BigQuery shows none of what it streamed. The next ones feed another
    campaign: whoever was sent is asked about, and goes to nobody else."""
    feed(world, CAMPAIGNS[0], wait_s=0)
    world.cloud.faults(late(EVENTS, NEVER_MS))
    assert world.run().returncode in (0, 3)
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    feed(world, CAMPAIGNS[1], wait_s=0)
    for _ in range(2):
        assert world.run().returncode == 5, "it claims although events are missing"
        assert set(rows_of_people(world.sandbox).values()) == {1}
    show(world)
    for _ in range(2):
        assert world.run().returncode in (0, 3)
    once_each(world)


def test_a_full_scan_by_hand_takes_for_lost_what_never_comes(world):
    """Guarantee 50. What a run streamed may have gone with tables that were restored: exports wait for it in vain until somebody
    has Instantly's lists read to their end. Nobody is sent again."""
    feed(world, CAMPAIGNS[0], wait_s=0)
    world.cloud.faults(late(EVENTS, NEVER_MS))
    assert world.run().returncode in (0, 3)
    world.cloud.faults()
    feed(world, CAMPAIGNS[1], wait_s=0)
    refused = world.run()
    assert refused.returncode == 5 and "sync --full" in refused.stderr, refused.stderr
    assert world.product.run("sync", "--full", code=(0, 3))
    assert world.run().returncode in (0, 3), "it goes on waiting for what is lost"
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    show(world)
    assert world.run().returncode in (0, 3)
    once_each(world)


@pytest.mark.parametrize("which", range(6))
def test_each_request_of_events_late_by_itself(world, which):
    """One request of events is late, the others are seen: whichever it is."""
    feed(world, CAMPAIGNS[0], wait_s=0)
    world.cloud.faults(late(EVENTS, NEVER_MS, skip=which, count=1))
    assert world.run().returncode in (0, 3)
    assert world.cloud.fired() == 1, "there is no such request"
    feed(world, CAMPAIGNS[1], wait_s=0)
    assert world.run().returncode in (0, 3, 5)
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    show(world)
    assert world.run().returncode in (0, 3)
    once_each(world)


def test_a_run_waits_for_its_own_rows(world):
    """What is seen a moment later is folded and written back by the run itself."""
    feed(world, CAMPAIGNS[0])
    world.cloud.faults(late("tabledata.insertAll:*", SOON_MS))
    assert world.run().returncode in (0, 3)
    written = dict(world.rows("SELECT lead_id, added_to_instantly FROM leads"))
    assert [written[f"L{i}"] for i in range(len(PEOPLE))] == [1] * len(PEOPLE)
    feed(world, CAMPAIGNS[1])
    assert world.run().returncode in (0, 3)
    once_each(world)


@pytest.mark.parametrize("moment", ("before", "unread"))
@pytest.mark.parametrize("batch", range(3))
def test_a_run_that_was_killed_said_nothing(world, batch, moment):
    """Guarantee 50. Killed with a batch on its way, and nothing that it streamed is seen: every claim is asked about."""
    posts = world.requests_of("export", "leads/add")
    world.reset()
    feed(world, CAMPAIGNS[0], wait_s=0)
    world.cloud.faults(late(EVENTS, NEVER_MS))
    assert world.run(crash_request=posts[batch], when=moment).returncode == DIED
    feed(world, CAMPAIGNS[1], wait_s=0)
    for _ in range(2):
        assert world.run().returncode in (0, 3, 5)
        assert set(rows_of_people(world.sandbox).values()) <= {1}
    show(world)
    for _ in range(2):
        assert world.run().returncode in (0, 3, 5)
    once_each(world)


def test_a_sync_makes_nothing_of_half_of_what_it_read(world_of_job):
    """Staged rows that are not seen are no enrolments that are gone, and no replies that nobody wrote."""
    world = world_of_job("sync")
    world.reset()
    world.product.configure(warehouse={**BLOCK, "stream_wait_s": 0})
    world.cloud.faults(late(STAGE, NEVER_MS, count=1))
    before = world.rows("SELECT COUNT(*) FROM lead_events")
    done = world.product.run("sync", "--full")
    assert done.returncode == 5 and "before it shows all" in done.stderr, done
    assert world.rows("SELECT COUNT(*) FROM lead_events WHERE kind IN (14, 18)") == [(0,)], before
    world.configure()
    world.cloud.faults(late(STAGE, SOON_MS))
    world.finish()
    world.check()
