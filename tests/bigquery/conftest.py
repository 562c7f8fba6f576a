"""The BigQuery warehouse over goccy's emulator: built from tests/bigquery/emulator once, started anew for each test, because
it gets slower with every table and job that it has seen."""

import os
import subprocess
import time

import pytest
from emulated import PACKAGE, SOURCE, answers, build_folder, free_port, go_is_new_enough


@pytest.fixture(scope="session")
def emulator_binary():
    binary = build_folder() / "emulator" / "bigquery-emulator"
    if binary.exists():
        return binary
    if not go_is_new_enough():
        pytest.skip("the BigQuery emulator is built with Go 1.25 or newer, which is not here")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    subprocess.run(["go", "build", "-o", str(binary), PACKAGE], cwd=SOURCE, env=environment, check=True, timeout=1700)
    return binary


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
