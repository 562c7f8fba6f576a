"""Worlds that last as long as the process: preparing one takes a second, resetting it milliseconds."""

import importlib.util
import pathlib

import pytest
from worlds import FaultWorld, config

path = pathlib.Path(__file__).resolve().parents[1] / "scenario" / "conftest.py"
spec = importlib.util.spec_from_file_location("scenario_fixtures", path)
scenario = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scenario)


@pytest.fixture(scope="session")
def world_named(tmp_path_factory):
    """A function: the world of this name, made when it is asked for first."""
    binary = scenario.build_dir() / "leadferry"
    made = {}

    def get(name):
        if not binary.exists():
            pytest.skip(f"no leadferry in {scenario.build_dir()}: build it, or set LEADFERRY_BUILD")
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = FaultWorld(scenario.Sandbox(folder, config=config()), binary, folder, name)
        return made[name]

    yield get
    for world in made.values():
        assert world.sandbox.stop() == 0
