"""What all other suites have sent to the sandbox and got from it, through both gates.

./test runs this suite last and names the folder in $LEADFERRY_SHAPES; run alone, there is nothing to replay.
"""

import json
import os
import re
from pathlib import Path

import pytest
import shapes
from strict import ABSENT, UNREAD

DEVIATIONS = json.loads(Path(__file__).with_name("known-deviations.json").read_text())
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


def is_known(problem):
    """Is it a deviation of the answers that has a source?"""
    return any(
        "response" in problem and entry.get("path", "") in problem and re.search(rf"[.]{entry['field']}: ", problem)
        for entry in DEVIATIONS
    )


def test_known_deviations_are_of_answers_and_have_sources():
    assert all(entry["source"] for entry in DEVIATIONS)
    assert is_known("POST /api/v2/leads/list: response 200.items[3].last_step_id: x")
    assert not is_known("POST /api/v2/leads/list: request.last_step_id: x")
    assert not is_known("POST /api/v2/leads/list: response 200.items[3].status: x")


def test_strict(recorded, specification):
    problems = {problem for shape in recorded for problem in specification.problems(shapes.exchange_of(shape))}
    assert sorted(problem for problem in problems if not is_known(problem)) == []


def test_prism(recorded, replay):
    exchanges = [shapes.exchange_of(shape) for shape in recorded]
    declared = [e for e in exchanges if e.status and e.request is not UNREAD and (e.response is not ABSENT or e.status == 204)]
    complaints = replay(declared)
    found = {f"{e.method} {e.path}: {text}" for e, texts in zip(declared, complaints) for text in texts}
    assert sorted(text for text in found if not is_known(text)) == []
