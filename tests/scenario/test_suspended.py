"""A run that somebody suspended in the middle of a transaction: the others say whose it is, and it goes on where it was."""

import os
import signal
import time

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.configure(instantly={"batch_size": 1000})
    world.import_people(20000)
    return world


def suspend_while_writing(world, process):
    """Stops the process at a moment when a transaction is open, which its journal shows."""
    journal = world.db.with_name("lf.db-journal")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if not journal.exists() or journal.stat().st_size == 0:
            continue
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        if journal.exists() and journal.stat().st_size > 0:
            return
        os.kill(process.pid, signal.SIGCONT)
    raise AssertionError("it was never seen writing")


def test_it_is_named(world):
    process = world.start("export")
    try:
        while not world.db.with_name("lf.db.lock").exists():
            assert process.poll() is None
        suspend_while_writing(world, process)
        others = [world.start("sync"), world.start("export")]
        for other in others:
            _, err = other.communicate(timeout=120)
            assert other.returncode == 7, err
            assert "another run holds the lock" in err
            assert f"job export, process {process.pid} on " in err and ", since 20" in err
    finally:
        os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert world.sandbox.totals()["created_by_api"] == 20000
    assert world.sandbox.totals()["created_twice"] == 0
