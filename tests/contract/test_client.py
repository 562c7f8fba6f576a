"""The client's commands against the sandbox, quirks off, through Prism and the strict gate: the life of some leads, from
import to removal. What the client sends, and what it is answered, fits the specification."""

import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("LEADFERRY_BUILD", Path(__file__).resolve().parents[2] / "build"))
LEADS = "lead_id,email,first_name,last_name,company_name\n" + "".join(
    f"L{n:03},person{n}@contract.example,Person,Number {n},Contract & Sons\n" for n in range(60)
)


class Client:
    """Runs leadferry in a folder of its own, with the Recorder as its Instantly."""

    def __init__(self, folder, recorder, sandbox):
        self.folder = folder
        self.environment = {**os.environ, "INSTANTLY_API_KEY": sandbox.api_key, "LEADFERRY_CONFIG": "leadferry.yaml"}
        campaign = sandbox.campaigns[0]["id"]
        self("init", "--base-url", recorder.url, "--warehouse", "leads.db", "--campaign", campaign,
             "--set", f"export.default_campaign={campaign}", "--set", "complete.armed=true")  # fmt: skip
        (folder / "leads.csv").write_text(LEADS)

    def __call__(self, *arguments, expected=(0,)):
        said = subprocess.run(
            [BUILD / "leadferry", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        assert said.returncode in expected, f"leadferry {' '.join(arguments)}: {said.returncode}\n{said.stdout}\n{said.stderr}"
        return said.stdout


@pytest.fixture(scope="module")
def client(tmp_path_factory, recorder, sandbox):
    return Client(tmp_path_factory.mktemp("client"), recorder, sandbox)


@pytest.fixture
def judged(recorder, specification):
    """Checks, after the test, what was exchanged in it."""
    before = len(recorder.exchanges)
    yield
    exchanges = recorder.exchanges[before:]
    assert exchanges, "the command asked Instantly nothing"
    assert [(e.method, e.path, complaints) for e, complaints in exchanges if complaints] == []
    assert [problem for e, _ in exchanges for problem in specification.problems(e)] == []


def test_doctor(client, judged):
    client("doctor", expected=(0, 1))


def test_plan_and_export(client, judged):
    client("import", "leads.csv")
    client("plan")
    client("export")


def test_export_of_single_leads(client, judged):
    (client.folder / "more.csv").write_text("lead_id,email\nM1,one@contract.example\n")
    client("import", "more.csv")
    client("export", "--set", "export.endpoint=single")


def test_sync(client, sandbox_control, judged):
    for _ in range(3):
        sandbox_control("clock", {"advance_s": 86400})
    client("sync")


def test_complete(client, sandbox_control, judged):
    for _ in range(10):
        sandbox_control("clock", {"advance_s": 4 * 86400})
        client("sync")
    client("complete")


def test_run_and_the_rest(client, judged):
    client("run")
    client("status")
    client("lead", "show", "L001")
