"""The BigQuery warehouse over goccy's emulator: built once (emulated.py), started anew for each test, because it gets
slower with every table and job that it has seen; and bigquery-relay before one that lasts as long as the process, whose
tables are put back for each test."""

import importlib.util
import pathlib
import subprocess
import time

import pytest
import ran
from cloud import OwnCloud
from emulated import NO_GO, answers, binary, build_folder, free_port, go_is_new_enough
from observed import Observed
from product import quiet_config
from relayed import Cloud, CloudWorld, relay_binary

path = pathlib.Path(__file__).resolve().parents[1] / "scenario" / "conftest.py"
spec = importlib.util.spec_from_file_location("scenario_fixtures", path)
scenario = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scenario)


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


@pytest.fixture
def observed(emulator):
    """The emulator behind a proxy that keeps what it does not."""
    observed = Observed(emulator)
    yield observed
    observed.stop()


@pytest.fixture
def sandbox(tmp_path):
    """An Instantly of the test's own, in which nothing happens by itself."""
    sandbox = scenario.Sandbox(tmp_path, "--seed", 7, config=quiet_config())
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def user(sandbox, emulator, tmp_path):
    """Whose dataset has leadferry's tables, and nobody in them."""
    user = OwnCloud(sandbox, tmp_path, emulator)
    user.run("schema", "apply", code=0)
    return user


@pytest.fixture(scope="session")
def cloud(emulator_binary, tmp_path_factory):
    """The relay before an emulator."""
    if not relay_binary().exists():
        pytest.skip(f"no {relay_binary()}: build it")
    cloud = Cloud(emulator_binary, tmp_path_factory.mktemp("cloud"))
    yield cloud
    assert cloud.stop() == 0


@pytest.fixture(scope="session")
def world_of_job(cloud, tmp_path_factory):
    """A function: the world of this job, made when it is asked for first."""
    made = {}

    def get(job, **settings):
        name = "-".join([job, *settings])
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            sandbox = scenario.Sandbox(folder, config=quiet_config())
            made[name] = CloudWorld(sandbox, build_folder() / "leadferry", folder, job, cloud, **settings)
        return made[name]

    yield get
    for world in made.values():
        assert world.sandbox.stop() == 0
