"""The fixtures of the scenarios: start_sandbox and leadferry_binary."""
import importlib.util
import pathlib

path = pathlib.Path(__file__).resolve().parents[1] / "scenario" / "conftest.py"
spec = importlib.util.spec_from_file_location("scenario_fixtures", path)
scenario = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scenario)
start_sandbox, leadferry_binary = scenario.start_sandbox, scenario.leadferry_binary
