"""A source that lost most of its rows: nobody is claimed and nothing removed until somebody has said that it is meant."""

import pytest
from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(100)
    world.run("export", "--limit", 90, code=0)
    return world


def shrink(world, kept):
    world.sql("DELETE FROM leads WHERE lead_id < ?", f"L{100 - kept:03d}")


def over(world):
    """All that was sent is over and past its grace."""
    world.sandbox.advance(days=45)
    world.run("sync", "--full", code=(0, 3))


def events(world):
    return world.sql("SELECT count(*) FROM lead_events")[0][0]


def test_nothing_claimed_and_nothing_removed(world):
    over(world)
    shrink(world, 40)
    before, calls = events(world), world.creating_calls()
    for job in ("export", "plan"):
        said = world.run(job, code=6).stderr
        assert "the source has 40 rows, and the last export counted 100: it lost 60 %" in said, job
        assert "--allow-shrunk-source=40" in said and "source.max_shrink_percent" in said
    assert world.run("plan", "--allow-shrunk-source", 40, code=0).stdout.startswith("+ 10 to add")
    assert "it lost 60 %" in world.run("complete", code=6).stdout
    assert events(world) == before and world.creating_calls() == calls
    assert len(world.sandbox.leads()) == 90
    assert world.sql("SELECT count(*) FROM pipeline_errors WHERE error_type = 'safety_stop' AND error_message LIKE '%60 %'")[0][0] >= 2


def test_a_flag_with_the_right_number_goes_on_once(world):
    shrink(world, 40)
    said = world.run("export", "--allow-shrunk-source", 41, code=6).stderr
    assert "the number given with --allow-shrunk-source is another" in said
    assert world.json("export", "--allow-shrunk-source", 40)["added"] == 10
    world.import_rows(("M1", "m1@example.com"))
    assert world.json("export")["added"] == 1  # 40 rows are what there is now


def test_complete_with_the_flag(world):
    over(world)
    shrink(world, 40)
    report = world.json("complete", "--allow-shrunk-source", 40, code=(0, 3))
    assert report["removed"] == 90


def test_the_limit_is_a_setting(world):
    shrink(world, 40)
    world.configure(source={"max_shrink_percent": 60})
    assert world.json("export")["added"] == 10  # more than 60 %, not 60
    world.sql("DELETE FROM leads")
    world.run("export", code=0)  # 40 rows were too few to be judged


def test_none(world):
    world.sql("DELETE FROM leads")
    said = world.run("export", code=6).stderr
    assert "it lost 100 %" in said and "--allow" not in said
    world.configure(source={"max_shrink_percent": 0})
    world.run("export", code=0)
