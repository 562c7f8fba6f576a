"""A sync that takes a removed stop off the block list and puts a new one there, dead at each of its calls: in the end nobody
is stopped whom nobody stops, and nobody is free whom somebody does."""

import os
import pathlib

import pytest

from crashing import DIED, PEOPLE, STOPPED, World, is_long, judge, problem_of, shim, spread
from product import quiet_config

POINTS = 0 if is_long() else max(1, int(os.environ.get("LEADFERRY_CRASH_POINTS") or 300) // 10)
pytestmark = pytest.mark.timeout(7200 if is_long() else 300)


class Undoing(World):
    """gone@ was stopped and pushed, and is free again; mine@ stood on the list before us; new+x@ is stopped now."""

    def prepare(self):
        rows = [(f"L{i}", f"p{i}@example.com") for i in range(PEOPLE)] + [("L8", STOPPED), ("L9", "human@example.com")]
        self.product.import_rows(*rows, code=0)
        self.play("POST", "/block-lists-entries", {"bl_value": "mine@example.com"}, True)
        for who in (STOPPED, "gone@example.com", "mine@example.com"):
            self.product.run("suppress", "add", who, "--reason", "by phone", code=0)
        self.product.run("export", code=(0, 3))
        self.record_adds()
        self.product.run("sync", code=0)
        for value in (STOPPED, "gone@example.com"):
            self.script.append(("POST", "/block-lists-entries", {"bl_value": value}, True))
        for who in ("gone@example.com", "mine@example.com"):
            self.product.run("suppress", "remove", who, "--reason", "a mistake", code=0)
        self.product.run("suppress", "add", "new+x@example.com", "--reason", "by phone", code=0)
        self.save()

    def check_rules(self, found):
        super().check_rules(found)
        assert found["blocked"] == sorted([STOPPED, "mine@example.com", "new+x@example.com", "new@example.com"]), found
        stopped = {row[0] for row in self.rows("SELECT person FROM suppressions WHERE revoked_at IS NULL")}
        assert stopped == {STOPPED, "new+x@example.com", "new@example.com"}, stopped
        owned = self.rows("SELECT person FROM suppressions WHERE was_listed = 0 AND revoked_at IS NOT NULL")
        assert owned == [], owned


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    if not shim(pathlib.Path(leadferry_binary)).exists():
        pytest.skip("no shim: build it")
    return Undoing(start_sandbox(config=quiet_config()), pathlib.Path(leadferry_binary), tmp_path, "sync")


@pytest.mark.parametrize("when", ("before", "after"))
def test_death_while_the_block_list_changes(world, when, record_property):
    """Guarantee 52."""
    world.reset()
    calls = world.trace("sync")
    on_list = [call for call in calls if "block-lists" in call.data]
    assert {call.data.split("_")[0] for call in on_list} >= {"GET", "POST", "DELETE"}, on_list
    first, last = on_list[0].number - 10, on_list[-1].number + 10
    points = on_list + spread([call for call in calls if first <= call.number <= last and call not in on_list], POINTS)
    problems, died_n = [], 0

    def story():
        nonlocal died_n
        died_n += world.run(crash_at=call.number, when=when).returncode == DIED
        world.finish()

    for call in points:
        problem = problem_of(world, story)
        if problem:
            problems.append((f"{when} call {call.number} {call.name} {call.data}", problem))
    assert died_n >= len(points) * 9 // 10
    judge(problems, died_n, record_property)
