"""The conformance suite of the warehouses (tests/unit/warehouse) and the client's own test, over the emulator."""

import os
import subprocess

import pytest
from emulated import build_folder

SUITES = ("claims", "protocol", "source", "stage", "report")


def tests_of(suite):
    """Paths of the suite's tests, without those that need more than the emulator has: see docs of the suite."""
    program = build_folder() / "tests/unit/warehouse" / f"test_warehouse_{suite}"
    said = subprocess.run([program, "-l"], capture_output=True, text=True,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": "127.0.0.1:1"})
    return [line for line in said.stdout.splitlines() if line.startswith("/bigquery/")]


@pytest.mark.parametrize("suite", SUITES)
def test_suite(suite, emulator):
    paths = tests_of(suite)
    assert paths
    program = build_folder() / "tests/unit/warehouse" / f"test_warehouse_{suite}"
    done = subprocess.run([program, "--tap", "-k"], capture_output=True, text=True, timeout=900,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("\nok ") == len(paths)


def test_client(emulator):
    program = build_folder() / "tests/unit/google/test_google_emulator"
    done = subprocess.run([program, "--tap"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator})
    assert done.returncode == 0 and "SKIP" not in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
