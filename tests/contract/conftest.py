"""What the contract tests share: the official specification, which is not ours to ship, and Prism."""

import os
from pathlib import Path

import prism as prism_tools
import pytest
from strict import Specification

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
