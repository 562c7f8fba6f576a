"""Each fault of BigQuery at each call that a job makes of it: the run that met it ends with the right code, and the next ones
bring everybody to where they belong, although what is streamed is seen late. cloud_matrix.py has the tables.

LEADFERRY_LONG=1: all cells; otherwise every fault once at each kind of call.
"""

import pytest
from cloud_matrix import CALLS, calls_of, chosen_cells
from crashing import is_long
from relayed import LATE

CELLS = chosen_cells()
LEAST = 400 if is_long() else 100


def grouped(cells):
    """A job's world is made once a worker; half of its cells go to another one, since those of sync alone take a quarter of an hour."""
    return [pytest.param(cell, id=cell.id, marks=pytest.mark.xdist_group(f"{cell.job}-{turn % 2}")) for turn, cell in enumerate(cells)]


def settled_twice(world):
    """Claims with more than one kind of end."""
    return world.rows("SELECT claim_id FROM lead_events WHERE kind BETWEEN 3 AND 8 AND claim_id IS NOT NULL "
                      "GROUP BY claim_id HAVING COUNT(DISTINCT kind) > 1")


@pytest.mark.slow
@pytest.mark.parametrize("cell", grouped(CELLS))
def test_cell(world_of_job, cell):
    world = world_of_job(cell.job, **LATE)
    world.reset()
    world.cloud.faults(cell.rule)
    done = world.run(timeout=200)
    fired = world.cloud.fired()
    world.cloud.faults()
    assert fired, "the fault never happened"
    assert done.returncode in cell.codes, (done.returncode, cell.codes, done.stderr[-900:])
    assert done.returncode in (0, 3) or done.stderr.strip(), "it failed without a word"
    world.finish()
    world.check()
    assert not settled_twice(world)


@pytest.mark.parametrize("job", [pytest.param(job, marks=pytest.mark.xdist_group(job)) for job in CALLS])
def test_the_table_of_calls(world_of_job, job):
    """It is what an undisturbed run asks for, and every call that changes something is in it."""
    world = world_of_job(job)
    world.reset()
    assert world.run().returncode == 0
    asked, listed = set(world.cloud.calls()), {call for _, call in calls_of(job)}
    assert listed <= asked, sorted(listed - asked)
    changing = {call for call in asked if call.startswith(("jobs.insert", "tabledata"))}
    assert changing <= listed, sorted(changing - listed)


def test_the_matrix_is_large_enough():
    ids = [cell.id for cell in CELLS]
    assert len(ids) == len(set(ids)) >= LEAST
