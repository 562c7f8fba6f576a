"""Death before, during and after each request that a job makes of BigQuery or of Instantly; then the program runs again, and
all is as if nothing had happened. What is streamed is seen late.

LEADFERRY_CLOUD_POINTS: how many deaths in all. LEADFERRY_LONG=1: all there are. The XML report counts points and violations.
"""

import os
import random

import pytest
from crashing import DIED, check_that_violations_are_noticed, is_long, judge, problem_of, spread
from relayed import LATE

JOBS = ("export", "sync", "complete", "recover")
# Nothing of the request is out; its first bytes are (all of a short one, so that it is worked on while nobody waits for
# it); it was answered, and nobody read that.
MOMENTS = ("before", "half", "unread")
POINTS = 0 if is_long() else int(os.environ.get("LEADFERRY_CLOUD_POINTS") or 16)
pytestmark = pytest.mark.timeout(6 * 3600 if is_long() else 1200)


def die(world, number, moment):
    done = world.run(crash_request=number, when=moment)
    assert done.returncode in (DIED, 0, 3), done
    return done.returncode == DIED


def deaths(world, points):
    """[(point, problem)] and how many died; a point is a list of (number, moment), one death after the other."""
    problems, died_n = [], 0

    def story():
        nonlocal died_n
        for number, moment in point:
            died_n += die(world, number, moment)
        world.finish()

    for point in points:
        problem = problem_of(world, story)
        if problem:
            problems.append((point, problem))
    return problems, died_n


@pytest.mark.slow
@pytest.mark.parametrize("job", [pytest.param(job, marks=pytest.mark.xdist_group(job)) for job in JOBS])
def test_death_at_each_request(world_of_job, job, record_property):
    """Guarantee 1, 12. Dead at once, with BigQuery as the warehouse: the next run brings all of it to its end."""
    world = world_of_job(job, **LATE)
    world.reset()
    requests = world.requests(job)
    every = [[(number, moment)] for number in range(1, len(requests) + 1) for moment in MOMENTS]
    points = spread(every, POINTS // len(JOBS))
    problems, died_n = deaths(world, points)
    assert died_n >= len(points) * 9 // 10, f"only {died_n} of {len(points)} runs died"
    judge([(f"{point} {requests[point[0][0] - 1]}", what) for point, what in problems], died_n, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("job", [pytest.param(job, marks=pytest.mark.xdist_group(job)) for job in JOBS])
def test_death_while_it_comes_back(world_of_job, job, record_property):
    """Two deaths: one in the job, one in the run that was to repair it."""
    world = world_of_job(job, **LATE)
    world.reset()
    count, chance = len(world.requests(job)), random.Random(7)
    points = [[(chance.randint(1, count), chance.choice(MOMENTS)) for _ in range(2)] for _ in range(15 if is_long() else 2)]
    problems, died_n = deaths(world, points)
    assert died_n > len(points), "the second runs never died"
    judge(problems, died_n, record_property)


@pytest.mark.xdist_group("export")
def test_violations_are_noticed(world_of_job):
    """Somebody lost, somebody created twice, a row that the ledger does not know."""
    check_that_violations_are_noticed(world_of_job("export", **LATE))
