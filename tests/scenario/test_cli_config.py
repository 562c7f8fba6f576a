"""Configuration from outside: init, validate, config show, the JSON Schema, where the file is found, secrets."""

import json
import os
import stat
import subprocess

import pytest
import yaml

ID = "0190a000-0000-7000-8000-000000000001"
OTHER_ID = "0190a000-0000-7000-8000-000000000002"
SECRET = "s3cret-s3cret-s3cret"


@pytest.fixture
def ferry(leadferry_binary, tmp_path):
    """Runs leadferry in an empty folder with an environment that has nothing of ours but what is given."""

    def run(*words, environment=None, folder=tmp_path, stdin=subprocess.DEVNULL):
        own = {k: v for k, v in os.environ.items() if not k.startswith(("LEADFERRY_", "INSTANTLY_"))}
        own.update(environment or {})
        said = subprocess.run(
            [str(leadferry_binary), *map(str, words)], cwd=folder, env=own, stdin=stdin, capture_output=True, text=True, timeout=60
        )
        assert SECRET not in said.stdout + said.stderr
        return said

    return run


def write(folder, text, name="leadferry.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def test_init_writes_a_good_file_once(ferry, tmp_path):
    assert ferry("init", "--campaign", f"{ID},{OTHER_ID}", "--api-key-file", "key", "--warehouse", "x.db").returncode == 0
    path = tmp_path / "leadferry.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = yaml.safe_load(path.read_text())
    assert [c["id"] for c in written["campaigns"]] == [ID, OTHER_ID] and "default_campaign" not in written["export"]
    assert written["instantly"] == {"api_key_file": "key"}
    assert written["warehouse"] == {"path": "x.db"}

    path.write_text("mine")
    again = ferry("init")
    assert again.returncode == 2 and "exists already" in again.stderr and path.read_text() == "mine"
    assert ferry("init", "--yes").returncode == 0
    assert yaml.safe_load(path.read_text())["instantly"] == {"api_key_env": "INSTANTLY_API_KEY"}


def test_init_with_one_campaign_makes_it_the_default(ferry, tmp_path):
    assert ferry("init", "--campaign", ID).returncode == 0
    written = yaml.safe_load((tmp_path / "leadferry.yaml").read_text())
    assert written["export"]["default_campaign"] == ID
    assert ferry("init", "--yes", "--campaign", ID, "--set", f"export.default_campaign={OTHER_ID}").returncode == 78


def test_init_refuses_what_would_not_validate(ferry, tmp_path):
    said = ferry("init", "--campaign", "abc", "--base-url", "http://example.org")
    assert said.returncode == 78 and "2 problems" in said.stderr
    assert ferry("init", "--set", f"instantly.api_key={SECRET}").returncode == 2
    assert not list(tmp_path.iterdir())


def test_init_dry_run_and_unwritable_folder(ferry, tmp_path):
    said = ferry("init", "--dry-run", "--set", "export.max_per_run=unlimited")
    assert said.returncode == 0 and yaml.safe_load(said.stdout)["export"]["max_per_run"] == "unlimited"
    assert not list(tmp_path.iterdir())
    assert ferry("init", "--config", tmp_path / "nowhere" / "x.yaml").returncode == 1


def test_the_file_is_found_by_flag_then_variable_then_place(ferry, tmp_path):
    for name, n in (("leadferry.yaml", 1), ("b.yaml", 2), ("c.yaml", 3)):
        write(tmp_path, f"export: {{canary: {n}}}\n", name)

    def canary(*words, **more):
        shown = json.loads(ferry(*words, "config", "show", "--json", **more).stdout)
        return next((s["value"], s["source"]) for s in shown["settings"] if s["path"] == "export.canary")

    assert canary() == ("1", "leadferry.yaml:1")
    assert canary(environment={"LEADFERRY_CONFIG": "b.yaml"}) == ("2", "b.yaml:1")
    assert canary("--config", "c.yaml", environment={"LEADFERRY_CONFIG": "b.yaml"}) == ("3", "c.yaml:1")
    by_variable = {"LEADFERRY_EXPORT_CANARY": "4"}
    assert canary(environment=by_variable) == ("4", "$LEADFERRY_EXPORT_CANARY")
    assert canary("--set", "export.canary=5", environment=by_variable) == ("5", "--set")


@pytest.mark.parametrize("content, said", [(None, "there is no configuration leadferry.yaml"), ("", "the file is empty")])
def test_missing_and_empty_file(ferry, tmp_path, content, said):
    if content is not None:
        write(tmp_path, content)
    for command in (["config", "show"], ["validate"], ["schema", "check"], ["status"]):
        run = ferry(*command)
        if "no command" in run.stderr:
            continue
        assert run.returncode == 78, command
        assert said in run.stderr and run.stdout == ""


def test_folder_and_unreadable_file(ferry, tmp_path):
    assert "is a folder" in ferry("validate", "--config", tmp_path).stderr
    path = write(tmp_path, "{}")
    path.chmod(0)
    if not os.access(path, os.R_OK):
        assert ferry("validate").returncode == 78


def test_all_problems_at_once_with_places(ferry, tmp_path):
    write(tmp_path, "export:\n  max_per_rum: 5\n  canary: x\ninstantly:\n  api_key: [%s]\n" % SECRET)
    said = ferry("validate")
    assert said.returncode == 78
    assert said.stderr.splitlines() == [
        "leadferry: 4 problems in the configuration:",
        "leadferry.yaml:2:3: export.max_per_rum: is no setting; did you mean export.max_per_run?",
        "leadferry.yaml:3:11: export.canary: expected a whole number from 0 to 1000000, found text: x",
        "leadferry.yaml:5:12: instantly.api_key: expected text, found a list",
        "leadferry.yaml: instantly: needs one of api_key_env, api_key_file and api_key",
    ]
    report = json.loads(ferry("validate", "--json").stdout)
    assert not report["is_valid"]
    assert [(p["line"], p["column"]) for p in report["problems"]] == [(2, 3), (3, 11), (5, 12), (0, 0)]


def test_validate_warns_about_the_key(ferry, tmp_path):
    write(tmp_path, f"instantly: {{api_key_file: key}}\ncampaigns: [{{id: {ID}}}]\n")
    said = ferry("validate")
    assert said.returncode == 78 and "cannot open key" in said.stderr
    key = write(tmp_path, SECRET + "\n", "key")
    key.chmod(0o644)
    said = ferry("validate")
    assert said.returncode == 0 and "others may read the key file key" in said.stderr
    key.chmod(0o600)
    said = ferry("validate")
    assert (said.returncode, said.stderr) == (0, "") and said.stdout == "leadferry.yaml: no problems, 1 campaign\n"


def test_config_show_hides_the_key_and_knows_every_source(ferry, tmp_path):
    write(tmp_path, f"instantly: {{api_key: {SECRET}}}\nexport: {{custom_variables: {{title: job}}}}\ncampaigns: [{{id: {ID}}}]\n")
    shown = {s["path"]: s for s in json.loads(ferry("config", "show", "--json").stdout)["settings"]}
    assert shown["instantly.api_key"]["value"] == "(hidden)"
    assert shown["export.custom_variables.title"] == {"path": "export.custom_variables.title", "value": "job", "source": "leadferry.yaml:2"}
    assert shown["campaigns[0].on_completed"]["value"] == "activate"
    assert shown["export.max_per_run"]["source"] == "default"
    text = ferry("config", "show").stdout
    assert "(hidden)" in text and "leadferry.yaml:1" in text


def test_the_key_is_refused_in_arguments(ferry, tmp_path):
    write(tmp_path, "{}")
    said = ferry("config", "show", "--set", f"instantly.api_key={SECRET}")
    assert said.returncode == 78 and "a key on the command line can be read by others" in said.stderr


# ---- the JSON Schema says the same as the parser ----

GOOD = [
    "{}",
    f"campaigns: [{{id: {ID}, name: a, on_draft: refuse, on_paused: feed, on_completed: refuse, escrow: true}}]",
    "export: {max_per_run: unlimited, max_per_day: 5, fields: {website: url}, custom_variables: {title: job}}",
    "export:\nsync:\ncampaigns:\n",
    "export: {default_campaign: }",
    "complete: {armed: true, outcomes: {no_reply: {action: keep, grace_days: 3, cut_subsequence: true}}}",
    "source: {table: my-leads, columns: {email: mail}, write_back: false}",
    "instantly: {base_url: 'http://127.0.0.1:1', api_key_env: K}",
    "log: {level: debug, format: json}",
]
BAD = [
    "exprot: {}",
    "export: {max_per_rum: 1}",
    "export: {max_per_run: many}",
    "export: {max_per_run: 0}",
    "export: {max_per_run: '5'}",
    "export: {max_per_run: 5.5}",
    "export: {canary: unlimited}",
    "export: {canary: }",
    "export: []",
    "export: {endpoint: both}",
    "export: {default_campaign: abc}",
    "export: {fields: {colour: x}}",
    "export: {custom_variables: {title: 5}}",
    "export: {cooldown_days: {no_reply: -1}}",
    "campaigns: {}",
    "campaigns: [{name: a}]",
    "campaigns: [{id: abc}]",
    f"campaigns: [{{id: {ID}, on_draft: feed}}]",
    f"campaigns: [{{id: {ID}, colour: red}}]",
    "complete: {armed: 1}",
    "complete: {outcomes: {no_reply: delete}}",
    "complete: {outcomes: {no_reply: {grace_days: 4000}}}",
    "complete: {outcomes: {removed_by_hand: {grace_days: 4}}}",
    "source: {table: 'a b'}",
    "source: {columns: {mail: x}}",
    "instantly: {batch_size: 1001}",
    "instantly: {api_key_env: ''}",
    "warehouse: {type: bigtable}",
    "warehouse: {path: 5}",
    "log: {level: loud}",
    "- a",
]


def test_schema_and_parser_agree(ferry, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(ferry("config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text, is_good in [(t, True) for t in GOOD] + [(t, False) for t in BAD]:
        write(tmp_path, text)
        assert validator.is_valid(yaml.safe_load(text)) == is_good, text
        assert ferry("config", "show").returncode == (0 if is_good else 78), text


def test_schema_takes_the_written_file(ferry, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(ferry("config", "schema").stdout)
    written = yaml.safe_load(ferry("init", "--dry-run", "--campaign", ID).stdout)
    jsonschema.Draft202012Validator(schema).validate(written)
