"""Death and failure at every fallible call of a job, one after the other; then the program runs again, and all is as if
nothing had happened.

LEADFERRY_CRASH_POINTS: how many deaths in all; about as many failures are added. LEADFERRY_LONG=1: all there are. The XML report counts points and violations.
"""

import os
import random

import pytest

from crashing import (DIED, EXIT_CODES, check_that_violations_are_noticed, is_long, judge, problem_of, spread,
                      world_of)

JOBS = ("export", "sync", "complete", "recover")
POINTS = 0 if is_long() else int(os.environ.get("LEADFERRY_CRASH_POINTS") or 300)
RUN_LIMIT_S = 150  # a job may wait for a network that never answers, but not for ever
MOVES = ("read", "write", "pread64", "pwrite64", "send", "recv", "sendto", "recvfrom")
FILLS = ("write", "pwrite64", "ftruncate64", "fdatasync", "fsync", "open64", "openat64", "mkdir")
FAULTS = {
    "EIO": lambda call: True,
    "ENOSPC": lambda call: call.kind == "disk" and call.name in FILLS,
    "EAGAIN": lambda call: call.kind == "net" or call.name == "write",
    "SHORT": lambda call: call.name in MOVES,
}
DURATIONS = ("once", "for_ever")
pytestmark = pytest.mark.timeout(7200 if is_long() else 300)


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path, job):
    return world_of(start_sandbox, leadferry_binary, tmp_path, job)


def calls_of(world):
    world.reset()
    return world.trace(world.job)


# -- death --------------------------------------------------------------------------------------------------------------


def die(world, number, when, job=None):
    """Where the job needs fewer calls this time it ends as it should."""
    done = world.run(job, crash_at=number, when=when)
    assert done.returncode in (DIED, 0, 3), done
    return done.returncode == DIED


@pytest.mark.slow
@pytest.mark.parametrize("when", ("before", "after"))
@pytest.mark.parametrize("job", JOBS)
def test_death_at_each_call(world, when, record_property):
    """Guarantee 1, 12. Dead at once, nothing flushed: the next run brings all of it to its end."""
    points = spread(calls_of(world), 0 if is_long() else max(1, POINTS // (len(JOBS) * 2)))
    problems, died_n = [], 0

    def story():
        nonlocal died_n
        died_n += die(world, call.number, when)
        world.finish()

    for call in points:
        problem = problem_of(world, story)
        if problem:
            problems.append((f"{when} call {call.number} {call.name} {call.data}", problem))
    assert died_n >= len(points) * 9 // 10, f"only {died_n} of {len(points)} runs died"
    judge(problems, died_n, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_death_while_it_comes_back(world, record_property):
    """Two deaths: one in the job, one in the run that was to repair it."""
    chance = random.Random(7)
    count = len(calls_of(world))
    pairs = [(chance.randint(1, count), chance.randint(1, count)) for _ in range(200 if is_long() else 8)]
    problems, died_n = [], 0

    def story():
        nonlocal died_n
        for number in pair:
            died_n += die(world, number, chance.choice(("before", "after")))
        world.finish()

    for pair in pairs:
        problem = problem_of(world, story)
        if problem:
            problems.append((f"calls {pair}", problem))
    assert died_n > len(pairs), "the second runs never died"
    judge(problems, died_n, record_property)


# -- failure ------------------------------------------------------------------------------------------------------------


def fail(world, call, fault, duration):
    """It may fail, with a code of the documentation; where it says that all is well, all is well."""
    done = world.run(fail_at=call.number, fault=fault, for_ever=duration == "for_ever", timeout=RUN_LIMIT_S)
    assert done.returncode in EXIT_CODES, done
    if done.returncode == 0 and world.job != "recover":
        world.check()
    return done.returncode


def some(job, calls, fault, duration):
    """In the short form a few of each kind. A network that is gone for ever costs half a minute each time, in which the
    program waits for better times: one such run per job (five in the long form)."""
    chosen = [call for call in calls if FAULTS[fault](call)]
    lasts = duration == "for_ever" and fault != "SHORT"
    if is_long():
        return [c for c in chosen if c.kind == "disk" or not lasts] + spread(
            [c for c in chosen if c.kind == "net" and lasts], 5)
    share = max(1, POINTS // (len(JOBS) * len(FAULTS) * len(DURATIONS)))
    on_net = spread([call for call in chosen if call.kind == "net"], 3)
    if lasts:
        on_net = on_net[1:2] if fault == "EIO" and job != "recover" else []
    return on_net + spread([call for call in chosen if call.kind == "disk"], share)


@pytest.mark.slow
@pytest.mark.parametrize("duration", DURATIONS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", JOBS)
def test_failure_of_each_call(world, job, fault, duration, record_property):
    """Guarantee 14. The disk or the network says no, once or from then on."""
    points = some(job, calls_of(world), fault, duration)
    problems, codes = [], set()

    def story():
        codes.add(fail(world, call, fault, duration))
        world.finish()

    for call in points:
        problem = problem_of(world, story)
        if problem:
            problems.append((f"{fault} {duration} at call {call.number} {call.kind} {call.name} {call.data}", problem))
    judge(problems, len(points), record_property)
    record_property("codes", str(sorted(codes)))
    if fault in ("EIO", "ENOSPC"):
        assert codes - {0}, "no run minded: was anything injected?"


# -- the tests themselves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", ["export"])
def test_violations_are_noticed(world):
    """Somebody lost, somebody created twice, a row that the ledger does not know."""
    check_that_violations_are_noticed(world)


@pytest.mark.parametrize("job", ["recover"])
def test_recover_asks(world):
    """Without waiting, but not without asking: the batch on its way is looked for (in its campaign, then everywhere), the one
    never sent is not."""
    asked = [call.data for call in calls_of(world) if "contacts" in call.data]
    assert len(asked) == 2 and all("p2@example.com" in data for data in asked), asked
    assert not [data for data in asked if "p4@example.com" in data or "p5@example.com" in data], asked
