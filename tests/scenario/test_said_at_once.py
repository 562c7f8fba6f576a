"""`lead mark`, `suppress add` and `hold on` say what has happened already and what the next run will do."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.configure(complete={"armed": False})
    product.import_people(3)
    product.run("export", code=0)
    product.sandbox.advance(hours=3)
    product.run("sync", code=0)
    return product


COMMANDS = [("lead", "mark", "p1@example.com", "replied", "--reason", "by phone"),
            ("suppress", "add", "p1@example.com", "--reason", "by letter")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_running_lead(world, command):
    done = world.run(*command, code=0)
    said = done.stdout + done.stderr
    assert "Lead L001 in Spring, first mailed 2026-" in said and "takes it out" in said and "@" not in said
    world.run("recover", code=0)  # as it said
    assert world.sandbox.leads(contacts=["p1@example.com"]) == []
    assert "it was taken out already" in world.run(*command, code=0).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_in_json(world, command):
    for args in ((*command, "--dry-run"), command):
        said = world.json(*args)
        assert [(lead["lead"], lead["phase"], lead["next"]) for lead in said["leads"]] == [("L001", "added", "taken_out")]
        assert said["leads"][0]["first_mailed_at"] and said["changed"] > 0
    world.run("sync", code=0)
    assert [lead["next"] for lead in world.json(*command)["leads"]] == ["none"]


def test_somebody_nobody_knows(world):
    assert "No export ever took it" in world.run("suppress", "add", "new@example.com", "--reason", "x", code=0).stderr
    assert world.json("suppress", "add", "new@example.com", "--reason", "x")["leads"] == []


def test_a_hold(world):
    done = world.run("hold", "on", "--reason", "wrong text", code=0)
    assert "3 leads of ours are in Instantly and go on being mailed" in done.stderr
    assert world.json("hold", "on", "--reason", "wrong text")["running"] == 3
    assert world.json("hold", "on", "--campaign", "Spring", "--reason", "wrong text", "--dry-run")["running"] == 3
    world.run("hold", "off", "--reason", "right now", code=0)


def test_while_a_job_runs(world):
    world.import_people(5)
    world.sandbox.fault("POST /api/v2/leads/add", "delay", count=1, params={"ms": 2500})
    process = world.start("export")
    done = None
    for _ in range(100):
        done = world.run("lead", "mark", "p1@example.com", "replied", "--reason", "by phone", code=0)
        break
    process.communicate(timeout=60)
    assert "Lead L001" in done.stderr and done.returncode == 0
    assert world.sandbox.leads(contacts=["p1@example.com"]) == [] or world.run("sync", code=0).returncode == 0
    assert world.sandbox.leads(contacts=["p1@example.com"]) == []
