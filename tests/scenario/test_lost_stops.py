"""Rows of the table of stops that somebody deletes: nobody whom they stopped is mailed before a person says so."""

import pytest

from product import Product, quiet_config

DAMAGES = {
    "one row": ("DELETE FROM suppressions WHERE person = 'p1@example.com'", 1),
    "all rows": ("DELETE FROM suppressions", 3),
    "the newest row": ("DELETE FROM suppressions WHERE id = (SELECT max(id) FROM suppressions)", 1),
}


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(4)
    for i in (1, 2, 3):
        world.run("suppress", "add", f"p{i}@example.com", "--reason", "by letter", code=0)
    return world


def mailed(world):
    return {row["email"] for row in world.sandbox.leads(campaign=world.campaign)}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_export_misses_stops_that_somebody_deleted(world, damage):
    """Guarantee 53."""
    statement, n = DAMAGES[damage]
    world.sql(statement)
    for command in ("export", "plan"):
        said = world.run(command, code=6).stderr
        assert f"{n} rows of the table of stops" in said and f"--allow-lost-stops={n}" in said
    assert mailed(world) == set()
    assert world.json("sync", code=3)["stops_deleted_by_somebody_else"] == n
    assert "stops_lost" in {row["type"] for row in world.json("errors", "list")["errors"]}
    world.run("suppress", "add", "other@example.com", "--reason", "x", code=0)  # brakes work, and hide nothing
    world.run("export", code=6)
    world.run("export", "--allow-lost-stops=9", code=6)
    world.run("plan", f"--allow-lost-stops={n}", code=0)
    world.run("export", code=6)
    assert world.json("export", f"--allow-lost-stops={n}")["added"] == n + 1
    world.run("export", code=(0, 3))
    assert world.json("sync").get("stops_deleted_by_somebody_else", 0) == 0


def test_a_table_that_was_made_anew_and_filled_again(world):
    """Guarantee 53."""
    world.sql("DROP TABLE suppressions")
    world.run("schema", "apply", code=0)
    for i in (1, 2, 5, 6):
        world.run("suppress", "add", f"p{i}@example.com", "--reason", "by letter", code=0)
    assert "--allow-lost-stops" in world.run("export", code=6).stderr
    assert mailed(world) == set()


def test_rows_that_are_put_back_are_missed_no_more(world):
    rows = world.sql("SELECT * FROM suppressions")
    world.sql("DELETE FROM suppressions")
    world.run("export", code=6)
    for row in rows:
        world.sql(f"INSERT INTO suppressions VALUES ({','.join('?' * len(row))})", *row)
    assert world.json("export")["added"] == 1 and mailed(world) == {"p0@example.com"}


def test_stops_that_a_sync_found_are_noted_as_well(world):
    world.run("export", code=0)
    world.sandbox.outcome("p0@example.com", "replied")
    world.run("sync", code=0)
    assert world.sql("SELECT count(*) FROM suppressions WHERE reason = 'replied'") == [(1,)]
    world.sql("DELETE FROM suppressions WHERE reason = 'replied'")
    world.run("export", code=6)


def test_what_ends_as_it_should_is_not_missed(world):
    world.run("suppress", "remove", "p1@example.com", "--reason", "x", code=0)
    assert world.json("export")["added"] == 2
