"""What the contract tests share: the official specification, which is not ours to ship, and Prism."""

import os
from pathlib import Path

import prism as prism_tools
import pytest
import sandbox_process
from strict import Specification
from tour import Tour

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def specification_path():
    shared = Path(os.environ.get("LEADFERRY_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "instantly-api-v2-openapi.json"
    if not path.exists():
        pytest.skip(f"the official specification is not at {path}")
    return path


@pytest.fixture(scope="session")
def specification(specification_path):
    return Specification.load(specification_path)


@pytest.fixture(scope="session")
def npm_prism(specification_path):
    """Makes sure that Prism is installed."""
    try:
        prism_tools.install()
    except prism_tools.Unavailable as reason:
        pytest.skip(f"Prism: {reason}")


@pytest.fixture(scope="session")
def replay(npm_prism, specification_path, tmp_path_factory):
    """replay(exchanges) -> for each what Prism complains about, its answer being the recorded one."""
    replayer = prism_tools.Replayer([])
    log = tmp_path_factory.mktemp("prism") / "prism.log"
    with prism_tools.prism(specification_path, replayer.url, log) as url:

        def run(exchanges):
            replayer.exchanges = exchanges
            return [prism_tools.send_recorded(url, number, exchange) for number, exchange in enumerate(exchanges)]

        yield run
    replayer.close()


def off(quirks):
    return {name: False for name in quirks}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A sandbox with its quirks off, which is the workspace that the specification describes."""
    program = Path(os.environ.get("LEADFERRY_BUILD", ROOT / "build")) / "leadferry-sandbox"
    if not program.exists():
        pytest.fail(f"{program} is not built")
    with sandbox_process.running(program, tmp_path_factory.mktemp("sandbox")) as running:
        running.control("POST", "quirks", off(running.control("GET", "state")["quirks"]))
        yield running


@pytest.fixture(scope="module")
def sandbox_control(sandbox):
    return lambda name, body: sandbox.control("POST", name, body)


@pytest.fixture(scope="module")
def recorder(sandbox, npm_prism, specification_path, tmp_path_factory):
    """recorder.url: where a client speaks to the sandbox through Prism."""
    with prism_tools.prism(specification_path, sandbox.base_url, tmp_path_factory.mktemp("prism") / "log") as url:
        recorder = prism_tools.Recorder(url)
        yield recorder
        recorder.close()


@pytest.fixture(scope="module")
def tour(recorder, sandbox, specification):
    return Tour(recorder, specification, sandbox.api_key)


@pytest.fixture(scope="module")
def subsequence(tour):
    """The follow-up of the first campaign."""
    return tour.call("GET", "/subsequences", query={"limit": 1})["items"][0]
