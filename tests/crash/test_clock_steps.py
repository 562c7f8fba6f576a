"""Somebody sets this machine's clock by an hour while a job runs: all ends as if nobody had.

LEADFERRY_LONG=1: at every call; else at some of them. The XML report counts points and violations.
"""

import datetime
import sqlite3

import pytest

from crashing import is_long, spread, world_of
from test_crash_points import JOBS, calls_of, judge, problem_of

HOUR_S = 3600
POINTS = 5  # of each job and direction, in the short form
pytestmark = pytest.mark.timeout(7200 if is_long() else 300)


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path, job):
    return world_of(start_sandbox, leadferry_binary, tmp_path, job)


@pytest.mark.slow
@pytest.mark.parametrize("step_s", (HOUR_S, -HOUR_S))
@pytest.mark.parametrize("job", JOBS)
def test_clock_is_set(world, step_s, record_property):
    """The run may say that something waits (5); the next one, with the right time again, brings it to its end."""
    points = spread(calls_of(world), 0 if is_long() else POINTS)
    problems = []

    def story():
        done = world.run(step_at=call.number, step_s=step_s)
        assert done.returncode in (0, 3, 5), done
        world.finish()

    for call in points:
        problem = problem_of(world, story)
        if problem:
            problems.append((f"{step_s} s at call {call.number} {call.name} {call.data}", problem))
    judge(problems, len(points), record_property)


@pytest.mark.parametrize("job", ["export"])
def test_clock_was_set(world):
    """The control: the ledger's own times show the step."""
    sending = next(call for call in calls_of(world) if "leads/add" in call.data)
    world.reset()
    assert world.run(step_at=sending.number, step_s=HOUR_S).returncode in (0, 3)
    with sqlite3.connect(world.product.db) as db:
        first, last = db.execute("SELECT min(recorded_at), max(recorded_at) FROM lead_events WHERE kind IN (1, 3)").fetchone()
    assert datetime.timedelta(microseconds=last - first) >= datetime.timedelta(seconds=HOUR_S - 60)
