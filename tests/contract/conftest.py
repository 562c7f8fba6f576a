"""What the contract tests share: the official specification, which is not ours to ship."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def specification_path():
    shared = Path(os.environ.get("LEADFERRY_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "instantly-api-v2-openapi.json"
    if not path.exists():
        pytest.skip(f"the official specification is not at {path}")
    return path
