"""The conformance suite of the warehouses (tests/unit/warehouse) over the emulator, each test on one of its own, and the
client's own test. What is left out is in NOT_HERE, with the reason."""

import os
import re
import subprocess

import pytest
import ran
from emulated import build_folder

SUITES = ("claims", "persons", "protocol", "source", "stage", "stops", "report", "brakes", "stop_hits", "unlisting", "exclusion", "opt_out", "retire", "home", "verify")
PATH = re.compile(r"^(?:# )?(/bigquery/\S+)$", re.M)  # newer GLibs list the tests as comments of TAP
NOT_HERE = {
    "/bigquery/retire/lease": "the lease is a row by BigQuery's own clock, and `lease break` ends an active one",
}
WORLDS = 16


def program(suite):
    return build_folder() / "tests/unit/warehouse" / f"test_warehouse_{suite}"


def paths_of(suite):
    """The suite's tests; with an address in the environment it lists those of BigQuery."""
    said = subprocess.run([program(suite), "-l"], capture_output=True, text=True,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": "127.0.0.1:1"})
    return PATH.findall(said.stdout)


def all_tests():
    return [(suite, path) for suite in SUITES if program(suite).exists() for path in paths_of(suite)]


@pytest.mark.parametrize("suite, path", [test for test in all_tests() if test[1] not in NOT_HERE])
def test_conformance(suite, path, emulator):
    """-p also runs what lies below a path: fold runs fold/hold-number."""
    done = subprocess.run([program(suite), "--tap", "-p", path], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator})
    ran.record(done.stderr)
    assert done.returncode == 0 and "\nok " in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize("world", range(WORLDS))
def test_worlds(world, emulator):
    """The property test of memory and SQLite, a world on each emulator: it gets slower with every job and table."""
    done = subprocess.run([program("worlds"), "--tap"], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator, "LEADFERRY_WORLDS_FROM": str(world),
                               "LEADFERRY_WORLDS": "1"})
    ran.record(done.stderr)
    assert done.returncode == 0 and "\nok " in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]


def test_what_is_left_out_exists():
    listed = {path for _, path in all_tests()}
    assert set(NOT_HERE) <= listed and len(listed) > 60


def test_client(emulator):
    client = build_folder() / "tests/unit/google/test_google_emulator"
    done = subprocess.run([client, "--tap"], capture_output=True, text=True, timeout=280,
                          env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator})
    assert done.returncode == 0 and "SKIP" not in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
