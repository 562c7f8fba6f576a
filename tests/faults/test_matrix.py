"""Each fault at each endpoint in each state: nobody is lost, nobody is added
twice, nobody is deleted who should stay, and the run that met the fault says so with the right code. matrix.py has the
tables.

LEADFERRY_LONG=1: all cells; otherwise every fault at every endpoint, and in every state where something changes. A cell
that fails says how it is run alone.
"""

import os

import pytest
from matrix import FINE, WORLDS, all_cells, some_cells
from others import OTHERS

CELLS = list(all_cells() if os.environ.get("LEADFERRY_LONG") else some_cells())
LEAST = 300


def ends(world, rules, expected, end=None, changed=()):
    """What is wrong after a job met the rules, all was lifted and the jobs ran again, in words."""
    done, fired = world.meet(rules)
    wrong = [] if fired else ["the fault never happened"]
    if done.returncode not in expected.codes:
        wrong.append(f"exit code {done.returncode}, not {expected.codes}: {done.stderr[-600:]}")
    found = world.errors() - set(world.start.types)
    if found - set(expected.types) or (expected.types and done.returncode not in (0, 5) and not found):
        wrong.append(f"errors {sorted(found)}, not {expected.types}")
    world.lift()
    if expected.remedy:
        world.remedy(expected.remedy)
    codes = world.repeat(expected.before)
    if set(codes) - set(expected.peace):
        wrong.append(f"the runs in peace ended with {codes}")
    return wrong + settled(world, expected, {**world.start.end, **(end or {})}) + world.problems(changed)


def settled(world, expected, end):
    """Every claim has one settling event, of the kind that the tables know, and every lead is where it must be."""
    wrong = []
    may = {("added", None), ("adopted", None), *expected.settled}
    may |= {("released", "never_sent")} if world.start.world == "recover" else set()
    for claim, events in world.settlements().items():
        if len(events) != 1 or events - may:
            wrong.append(f"claim {claim.rsplit('.', 1)[1]} was settled by {sorted(events)}")
    states = world.states()
    return wrong + [f"{lead} is {states.get(lead)}, not {state}" for lead, state in end.items() if states.get(lead) != state]


def judge(wrong, test):
    again = f"LEADFERRY_LONG=1 python3 -m pytest -c tests/pytest.ini 'tests/faults/test_matrix.py::{test}'"
    assert not wrong, "\n".join([*wrong, f"run it alone: {again}"])


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.id)
def test_cell(world_named, cell):
    judge(ends(world_named(cell.world), cell.rules, cell.expected), f"test_cell[{cell.id}]")


@pytest.mark.slow
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.id)
def test_somebody_else(world_named, other):
    world = world_named(other.world)
    wrong = ends(world, world.rules_of(other), other, other.end, other.changed)
    judge(wrong, f"test_somebody_else[{other.id}]")


# -- the tables themselves ----------------------------------------------------------------------------------------------


def test_the_matrix_is_large_enough():
    ids = [cell.id for cell in CELLS + OTHERS]
    assert len(ids) == len(set(ids)) >= LEAST


@pytest.mark.parametrize("name", WORLDS)
def test_the_table_of_calls(world_named, name):
    """It is what an undisturbed run asks for, and that run brings every lead to its end."""
    world = world_named(name)
    done, _ = world.meet([])
    assert done.returncode == 0, done
    assert world.asked() == {endpoint: len(calls) for endpoint, calls in world.start.calls.items()}
    assert set(world.repeat(())) == {0} and settled(world, FINE, world.start.end) == []
    assert world.problems(changed=()) == []


def test_violations_are_noticed(world_named):
    """Somebody lost, somebody created twice, a claim settled in another way, a fault that never happened."""
    world = world_named("export")

    def vanish():
        world.sandbox.control("POST", "/leads/delete", {"email": "p2@example.com"})

    def twice():
        vanish()
        world.sandbox.add(world.product.campaign, "p2@example.com")

    def settle_otherwise():
        world.product.sql("UPDATE lead_events SET kind = 7 WHERE lead_id = 'L3' AND kind = 3")

    def lose():
        world.product.sql("UPDATE lead_state SET settlement = 2 WHERE lead_id = 'L1'")

    for mistake in (vanish, twice, settle_otherwise, lose):
        world.meet([])
        assert not settled(world, FINE, world.start.end) + world.problems(())
        mistake()
        assert settled(world, FINE, world.start.end) + world.problems(()), mistake.__name__
    cell = next(cell for cell in all_cells() if cell.fault.name == "empty")
    rules = [{**rule, "skip": 99} for rule in cell.rules]
    assert "the fault never happened" in ends(world_named(cell.world), rules, cell.expected)
