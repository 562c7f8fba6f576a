"""What all other suites have sent to the sandbox and got from it, through both gates.

./test runs this suite last and names the folder in $LEADFERRY_SHAPES; run alone, there is nothing to replay.
"""

import os

import pytest
import shapes
from strict import ABSENT

FEWEST_OPERATIONS = 10  # an almost empty replay would prove nothing


@pytest.fixture(scope="module")
def recorded():
    folder = os.environ.get("LEADFERRY_SHAPES")
    found = shapes.read(folder) if folder else []
    if not found:
        pytest.skip("no suite has left shapes: run ./test")
    return found


def test_the_recording_is_not_hollow(recorded):
    operations = {(shape["method"], shape["path"]) for shape in recorded}
    assert len(operations) >= FEWEST_OPERATIONS, sorted(operations)
    assert any(shape["request"] is not None for shape in recorded)


def test_strict(recorded, specification):
    problems = [problem for shape in recorded for problem in specification.problems(shapes.exchange_of(shape))]
    assert sorted(set(problems)) == []


def test_prism(recorded, replay):
    exchanges = [shapes.exchange_of(shape) for shape in recorded]
    declared = [e for e in exchanges if e.status and (e.response is not ABSENT or e.status == 204)]
    complaints = replay(declared)
    found = {f"{e.method} {e.path}: {text}" for e, texts in zip(declared, complaints) for text in texts}
    assert sorted(found) == []
