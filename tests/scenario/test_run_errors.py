"""A job that fails as a whole leaves one row of pipeline_errors: typed, counted while it goes on, without a lead."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(3)
    world.run("export", code=0)
    return world


def rows(world):
    return world.sql("SELECT error_type, lead_id, retry_count, error_message FROM pipeline_errors ORDER BY rowid")


@pytest.mark.parametrize("job", ["export", "sync"])
def test_a_refused_key(world, job):
    """The same thing is the same error until a run of the job ends well."""
    key, world.key = world.key, "wrong"
    for count in range(2):
        world.run(job, code=4)
        assert [row[:3] for row in rows(world)] == [("key_refused", None, n) for n in range(count + 1)]
    assert f"{job} failed: " in rows(world)[-1][3]
    errors = world.json("errors", "list")["errors"]
    assert [(e["type"], e["retry_count"], e["lead"]) for e in errors] == [("key_refused", 1, None)]
    world.key = key
    world.run(job, code=0)
    world.key = "wrong"
    world.run(job, code=4)
    assert rows(world)[-1][2] == 0


@pytest.mark.parametrize("status, kind", [(402, "plan_refused"), (403, "scope_missing")])
def test_plan_and_scope(world, status, kind):
    world.sandbox.fault("POST /api/v2/leads/list", "status", count=1, params={"code": status})
    world.run("sync", "--full", code=4)
    assert [row[0] for row in rows(world)] == [kind]


def test_the_key_is_refused_in_the_middle(world):
    """Leads are claimed already: one row for the run, none for each of them or for the batch."""
    world.import_people(9)
    world.sandbox.fault("POST /api/v2/leads/add", "status", count=1, params={"code": 401})
    world.run("export", code=4)
    assert [row[:3] for row in rows(world)] == [("key_refused", None, 0)]


def finish(world):
    """Every sequence is over, and every lead due for removal."""
    for _ in range(3):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)


def test_a_safety_stop(world):
    finish(world)
    world.configure(complete={"armed": False})
    world.run("complete", code=6)
    assert [row[:3] for row in rows(world)] == [("safety_stop", None, 0)]
    assert "armed" in rows(world)[0][3]


def test_complete_that_is_not_armed_is_one_error(world):
    """However often it runs, the operator sees one error with a count, and each run ends with 6. Once it is armed and has
    removed what was due, the next time counts from the start again."""
    finish(world)
    world.configure(complete={"armed": False})
    for count in range(3):
        world.run("complete", code=6)
        listed = world.json("errors", "list")["errors"]
        assert [(e["type"], e["retry_count"]) for e in listed] == [("safety_stop", count)]
    assert len({row[0] for row in world.sql("SELECT error_id FROM pipeline_errors")}) == 1
    assert [run["verdict"] for run in world.json("runs", "list", "--limit", 3)["runs"]] == ["safety"] * 3
    assert len(world.sandbox.leads()) == 3
    world.configure(complete={"armed": True})
    assert world.json("complete")["removed"] == 3
    world.import_rows(("M000", "new@example.com"))
    world.run("export", code=0)
    finish(world)
    world.configure(complete={"armed": False})
    world.run("complete", code=6)
    listed = world.json("errors", "list")["errors"]
    assert [(e["type"], e["retry_count"]) for e in listed] == [("safety_stop", 0)]


def test_nothing_failed(world):
    """Neither a good run, nor a dry one, nor one that found the lock taken writes a row."""
    world.sandbox.fault("POST /api/v2/leads/add", "delay", count=1, params={"ms": 3000})
    world.import_people(5)
    first = world.start("export")
    while world.creating_calls() < 2:
        assert first.poll() is None
    world.run("sync", code=7)
    first.communicate(timeout=60)
    world.key = "wrong"
    world.run("export", "--dry-run", code=4)
    world.run("plan", code=4)
    assert rows(world) == []


def test_a_campaign_that_is_gone_is_told_once(world):
    """Eight batches are on their way when the first answer says so."""
    world.configure(instantly={"batch_size": 1, "writes_in_flight": 8})
    world.import_rows(*((f"Q{i}", f"q{i}@example.com") for i in range(9)))
    world.sandbox.fault("POST /api/v2/leads/add", "status", params={"code": 404})
    world.run("export", code=3)
    assert [row[:3] for row in rows(world)] == [("campaign_gone", None, 0)]
