"""A ledger on BigQuery whose states do not carry their events any more: rows of lead_state are deleted, the table is dropped, an
older one is put back, somebody edits it. Nobody is sent again, and the next run makes it anew."""

import pytest
from test_overlapping_claims import PEOPLE, rows_of_people

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("export")]
STATES = "SELECT * EXCEPT (version, first_recorded_at) FROM lead_state ORDER BY lead_id"
CLAIMS = "SELECT COUNT(*) FROM lead_events WHERE kind = 1"
DAMAGES = {
    "no rows": "DELETE FROM lead_state WHERE TRUE",
    "some rows": "DELETE FROM lead_state WHERE lead_id IN ('L1', 'L3')",
    "released": "UPDATE lead_state SET settlement = 2, settlement_epoch = 99, added_at = NULL, ever_added_at = NULL WHERE TRUE",
    "opened again": "UPDATE lead_state SET generation = 7, settlement = 0, reopened_at = TIMESTAMP '2200-01-01 00:00:00+00' WHERE TRUE",
    "other ids": "UPDATE lead_state SET lead_id = CONCAT('x', lead_id) WHERE TRUE",
    "no runs": "DELETE FROM pipeline_runs WHERE TRUE",
}


@pytest.fixture
def world(world_of_job):
    world = world_of_job("export")
    world.reset()
    yield world
    world.configure()


def grow_old(world):
    """More days go by than a fold reads again; what was streamed then is seen by everybody."""
    world.cloud.sql("UPDATE leases SET streams = NULL WHERE TRUE")
    world.cloud.sql("UPDATE lead_events SET recorded_at = TIMESTAMP_SUB(recorded_at, INTERVAL 10 DAY) WHERE TRUE")


def rebuild(world):
    """What dbt does every night: the user's columns are as they were before anybody was sent."""
    world.cloud.sql("UPDATE leads SET added_to_instantly = FALSE, added_date = NULL, last_email_status = NULL WHERE TRUE")


@pytest.mark.parametrize("damage", DAMAGES)
def test_nobody_is_sent_again(world, damage):
    """Guarantee 49. More time is over than a fold reads again, and the user's table was rebuilt: the ledger alone knows."""
    assert world.run().returncode in (0, 3)
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    before, claims = world.rows(STATES), world.rows(CLAIMS)
    grow_old(world)
    rebuild(world)
    world.cloud.sql(DAMAGES[damage])
    done = world.run()
    assert done.returncode in (0, 3)
    assert ("folded anew" in done.stderr) == (damage != "no runs"), done.stderr
    assert world.rows(CLAIMS) == claims, "claimed again"
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    after = world.rows(STATES)
    assert damage == "other ids" or after == before
    again = world.run()
    assert "folded anew" not in again.stderr, "the state was made good, and is taken for thinned again"


def test_a_table_that_was_dropped(world):
    assert world.run().returncode in (0, 3)
    before = world.rows(STATES)
    grow_old(world)
    rebuild(world)
    world.cloud.sql("DROP TABLE d.lead_state")
    assert world.run().returncode == 78
    world.product.run("schema", "apply", code=0)
    assert world.run().returncode in (0, 3)
    assert world.rows(STATES) == before
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)


def test_verify_shows_it_and_mends_it_when_told(world):
    assert world.run().returncode in (0, 3)
    before = world.rows(STATES)
    grow_old(world)
    world.cloud.sql("UPDATE lead_state SET first_recorded_at = TIMESTAMP_SUB(first_recorded_at, INTERVAL 10 DAY) WHERE TRUE")
    world.cloud.sql("DELETE FROM lead_state WHERE lead_id = 'L1'")
    world.cloud.sql("UPDATE lead_state SET settlement = 2, reason = 'x' WHERE lead_id = 'L2'")
    for _ in range(2):
        found = world.product.json("verify", code=3)
        assert found["counts"].get("state_differs") == 2, found
    found = world.product.json("verify", "--refold", code=(0, 3))
    assert found["refolded"] and found["events_are_whole"] and "state_differs" not in found["counts"], found
    assert world.rows(STATES) == before
    assert "folded anew" not in world.run().stderr


def test_stops_that_somebody_deleted(world):
    """Guarantee 53. A brake's stop is noted with it, one that a job finds at the job's end; then the rows are gone."""
    assert world.rows("SELECT COUNT(*) FROM suppressions") == [("1",)] or world.rows("SELECT COUNT(*) FROM suppressions") == [(1,)]
    world.cloud.sql("DELETE FROM suppressions WHERE TRUE")
    done = world.run()
    assert done.returncode == 6 and "--allow-lost-stops=1" in done.stderr, done.stderr
    assert world.product.run("plan", code=6).stderr.count("--allow-lost-stops=1") == 1
    assert set(rows_of_people(world.sandbox).values()) <= {0}, "nobody is sent before somebody says so"
    assert world.product.json("sync", code=3)["stops_deleted_by_somebody_else"] == 1
    world.product.run("export", "--allow-lost-stops=1", code=(0, 3))
    assert rows_of_people(world.sandbox) == dict.fromkeys(PEOPLE, 1)
    assert world.run().returncode in (0, 3)
