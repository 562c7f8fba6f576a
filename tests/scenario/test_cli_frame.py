"""The frame around every command: help, usage errors, exit codes, standard output, signals, start-up time."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

ID = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def ferry(leadferry_binary, tmp_path):
    def run(*words, stdout=subprocess.PIPE, environment=None):
        own = {k: v for k, v in os.environ.items() if not k.startswith("LEADFERRY_")}
        own.update(environment or {})
        return subprocess.run(
            [str(leadferry_binary), *words], cwd=tmp_path, env=own, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60
        )

    return run


def commands(ferry):
    """Every command of the overview: its name is what stands before two blanks."""
    part = ferry("help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    return [line.strip().split("  ")[0] for line in part.splitlines()]


def test_every_command_has_a_page_with_an_example(ferry):
    names = commands(ferry)
    assert {"init", "validate", "doctor", "config show", "schema apply", "version"} <= set(names)
    for name in names:
        page = ferry(*name.split(), "--help")
        assert page.returncode == 0 and page.stderr == "", name
        assert page.stdout.startswith(f"Usage: leadferry {name} ")
        assert f"Example:\n  leadferry " in page.stdout
        assert ferry("help", *name.split()).stdout == page.stdout


@pytest.mark.parametrize("words", [["--help"], ["help"], ["-h"]])
def test_overview(ferry, words):
    said = ferry(*words)
    assert said.returncode == 0 and "Commands:" in said.stdout and said.stderr == ""


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "Commands:"),
        (["config"], "config show"),
        (["validat"], "did you mean 'validate'?"),
        (["config", "shwo"], "did you mean 'config show'?"),
        (["version", "--jsn"], "did you mean --json?"),
        (["version", "x"], "one argument too many"),
        (["version", "--limit", "x"], "expected a whole number"),
        (["version", "--config"], "needs a value"),
        (["validate", "--dry-run"], "has no option --dry-run"),
        (["help", "nothing"], "no command 'nothing'"),
    ],
)
def test_usage_errors(ferry, words, said):
    run = ferry(*words)
    assert run.returncode == 2 and run.stdout == "" and said in run.stderr


def test_version(ferry):
    assert ferry("version").stdout == ferry("--version").stdout
    assert set(json.loads(ferry("version", "--json").stdout)) == {"version", "glib", "libyaml"}


def test_a_full_disk_is_a_failure_and_a_closed_pipe_none(ferry):
    with open("/dev/full", "w") as full:
        run = ferry("config", "schema", stdout=full)
    assert run.returncode == 1 and "standard output" in run.stderr
    reader, writer = os.pipe()
    os.close(reader)
    run = ferry("config", "schema", stdout=writer)
    os.close(writer)
    assert run.returncode == 141 and run.stderr == ""


def test_schema_apply_check_and_dry_run(ferry, tmp_path):
    assert ferry("init", "--campaign", ID).returncode == 0
    assert ferry("schema", "check").returncode == 78
    assert not (tmp_path / "leadferry.db").exists()
    assert ferry("schema", "apply").stdout == "made what was missing\n"
    assert ferry("schema", "apply").stdout == "nothing was missing\n"
    check = ferry("schema", "check", "--json")
    assert check.returncode == 0 and json.loads(check.stdout) == {"findings": []}


@pytest.fixture
def silent_server():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_cleanly(ferry, leadferry_binary, tmp_path, silent_server, number, code):
    assert ferry("init", "--campaign", ID, "--base-url", f"http://127.0.0.1:{silent_server}").returncode == 0
    own = {**os.environ, "INSTANTLY_API_KEY": "k" * 20}
    process = subprocess.Popen([str(leadferry_binary), "doctor"], cwd=tmp_path, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 10
    while "SigCgt" not in (status := pathlib.Path(f"/proc/{process.pid}/status").read_text()) or not catches(status, number):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert "leadferry: stopped" in said


def catches(status, number):
    mask = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(mask >> (number - 1) & 1)
