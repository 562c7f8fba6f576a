"""A stop that a command leaves for a running job survives a power cut: the file, its name and the folder's name are synced
before the command says that it is done."""

import subprocess
import time

import pytest

from crashing import shim
from product import Product, quiet_config


@pytest.fixture
def busy(start_sandbox, leadferry_binary, tmp_path):
    """A job that has the lock, in the middle of a request."""
    if not shim(leadferry_binary).exists():
        pytest.skip(f"no {shim(leadferry_binary)}: build it")
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.import_people(3)
    product.sandbox.faults({"endpoint": "POST /api/v2/leads/add", "fault": "delay", "params": {"ms": 4000}})
    process = product.start("export")
    while not product.creating_calls():
        time.sleep(0.02)
    yield product
    process.communicate(timeout=60)


def traced(product, *command):
    """The calls of a command since it first looked at the database, by name."""
    calls = product.folder / "calls"
    env = {**product.environment(), "LD_PRELOAD": str(shim(product.binary)), "LEADFERRY_CALLS_FROM": "lf.db",
           "LEADFERRY_COUNT_FILE": str(calls)}
    done = subprocess.run(product.command(*command), cwd=product.folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return [line.split()[1] for line in calls.read_text().splitlines()]


def test_left_for_good(busy):
    calls = traced(busy, "suppress", "add", "p1@example.com", "--reason", "by phone")
    kept = [name for name in calls[calls.index("mkdir"):] if name in ("mkdir", "write", "fsync", "renameat")]
    assert kept == ["mkdir", "write", "fsync", "renameat", "fsync", "fsync"], calls
    assert [path.suffix for path in (busy.folder / "lf.db.inbox").iterdir()] == [".ndjson"]
