"""The BigQuery warehouse over goccy's emulator: built once (emulated.py), started anew for each test, because it gets
slower with every table and job that it has seen."""

import subprocess
import time

import pytest
import ran
from emulated import NO_GO, answers, binary, free_port, go_is_new_enough


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # the one that starts the others
        ran.forget()


@pytest.fixture(scope="session")
def emulator_binary():
    if binary().exists():
        return binary()
    if not go_is_new_enough():
        pytest.skip(NO_GO)
    pytest.fail("the emulator is not built yet: python3 tests/bigquery/emulated.py builds it, in minutes")


@pytest.fixture
def emulator(emulator_binary, tmp_path):
    """host:port of an emulator that has the project test and the dataset d, and nothing in it."""
    port = free_port()
    command = [emulator_binary, "--project=test", "--dataset=d", f"--port={port}", f"--grpc-port={free_port()}"]
    with open(tmp_path / "emulator.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    for _ in range(300):
        if answers(port) or process.poll() is not None:
            break
        time.sleep(0.1)
    assert process.poll() is None, (tmp_path / "emulator.log").read_text()[-2000:]
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()
