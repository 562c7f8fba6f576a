"""A crash leaves no core file, and nobody looks inside a process that works: both would show addresses and the key."""

import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import time

import pytest

from product import Product, quiet_config

ADD = "POST /api/v2/leads/add"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def crash(process):
    """Ends it as a failed assertion would (sanitizers take SIGSEGV for themselves), with the limit on core files lifted
    from outside where that is allowed. Returns whether the kernel dumped it."""
    with contextlib.suppress(PermissionError):
        resource.prlimit(process.pid, resource.RLIMIT_CORE, UNLIMITED)
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)  # subprocess need not ask again
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    return os.WCOREDUMP(status)


@pytest.fixture
def busy(start_sandbox, leadferry_binary, tmp_path):
    """An export in the middle of a request."""
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.import_people(3)
    product.sandbox.faults({"endpoint": ADD, "fault": "delay", "params": {"ms": 20000}})
    product.configure(instantly={"request_timeout_s": 60})
    process = product.start("export")
    for _ in range(500):
        if product.creating_calls():
            break
        time.sleep(0.02)
    assert product.creating_calls() == 1 and process.poll() is None
    yield process
    if process.returncode is None:
        process.kill()
    process.communicate(timeout=60)


def test_nobody_looks_inside(busy):
    proc = pathlib.Path(f"/proc/{busy.pid}")
    limits = (proc / "limits").read_text()
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")] == [["0", "0"]]
    assert (proc / "environ").stat().st_uid == 0  # not its owner's: the kernel's mark of a process that is not dumpable


def test_no_core_file(busy, tmp_path):
    assert not crash(busy)
    assert [path.name for path in tmp_path.rglob("*core*")] == []


def test_a_core_file_would_be_seen(tmp_path):
    """The control, where this machine makes core files in the folder of a program: another program leaves one."""
    other = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    time.sleep(0.1)
    was_dumped = crash(other)
    is_beside = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith("core")
    assert (list(tmp_path.glob("core*")) != []) == (was_dumped and is_beside)
