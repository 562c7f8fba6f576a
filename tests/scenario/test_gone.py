"""source.gone: an enrolled person whom no row of the table has any more is mailed on, or taken out."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    made = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    made.import_people(20)
    made.configure(source={"gone": "stop"})
    made.run("export", code=0)
    return made


def drop(world, *ids):
    for lead_id in ids:
        world.sql("DELETE FROM leads WHERE lead_id = ?", lead_id)


def put(world, lead_id, email):
    world.sql("INSERT INTO leads (lead_id, email) VALUES (?, ?)", lead_id, email)


def rows(world):
    return len(world.sandbox.leads())


def in_force(world):
    return world.sql("SELECT count(*) FROM suppressions WHERE source = 'gone' AND revoked_at IS NULL")[0][0]


def test_kept_by_default(world):
    world.configure()
    drop(world, "L001", "L002")
    assert world.json("plan")["gone"] == {"rule": "keep", "is_doubted": False, "persons": 2, "new": 0, "ended": 0}
    assert "source.gone: keep; 2 enrolled persons are in no row of the source any more, and are mailed on" in world.run("plan", code=0).stdout
    assert "source.gone: keep" in world.run("status", code=(0, 3)).stdout and world.json("status", code=(0, 3))["source_gone"] == "keep"
    world.run("sync", code=0)
    world.run("export", code=0)
    assert rows(world) == 20 and in_force(world) == 0


@pytest.mark.parametrize("job", ["sync", "export"])
def test_taken_out(world, job):
    """Guarantee 65."""
    drop(world, "L001", "L002")
    plan = world.json("plan")
    assert plan["gone"]["persons"] == 2 and plan["stop_hits"]["running_leads"] == 2 and in_force(world) == 0
    assert "source.gone: stop" in world.run("status", code=(0, 3)).stdout
    world.run(job, code=0)
    assert rows(world) == 18 and in_force(world) == 2
    assert world.shown("p1@example.com")["state"]["outcome"] == "stopped"
    assert world.sandbox.api("GET", "/api/v2/block-lists-entries?limit=100").json["items"] == []
    # a row that comes back ends the stop; nobody is sent again by it
    put(world, "N001", "P1+again@example.com")
    assert world.json(job)["gone"]["ended"] == 1 and in_force(world) == 1
    assert world.json("export")["added"] == 0 and rows(world) == 18


def test_the_person_counts_and_not_the_lead_id(world):
    world.sql("UPDATE leads SET lead_id = 'n' || lead_id")  # rebuilt under new ids
    drop(world, "nL003")
    put(world, "other", " P3+x@EXAMPLE.com ")
    world.sql("UPDATE leads SET email = 'swapped@example.com' WHERE lead_id = 'nL004'")  # another person has the row
    world.run("sync", code=0)
    assert rows(world) == 19 and "p4@example.com" not in {lead["email"] for lead in world.sandbox.leads()}


def test_many_wait_for_the_number_and_a_row_that_comes_back_is_spared(world):
    drop(world, *(f"L{i:03}" for i in range(12)))
    assert "--allow-hit=12" in world.run("sync", code=3).stdout and rows(world) == 20
    put(world, "B", "p5@example.com")
    world.run("sync", "--allow-hit=12", code=3)
    assert rows(world) == 20
    world.run("sync", "--allow-hit=11", code=0)
    assert rows(world) == 9


def test_a_table_that_looks_like_an_accident_takes_nobody_out(world):
    world.sql("CREATE TABLE aside AS SELECT * FROM leads")
    world.sql("DELETE FROM leads")
    report = world.json("sync", "--allow-hit=20", code=3)
    assert report["gone"]["is_doubted"] is True and rows(world) == 20 and in_force(world) == 0
    assert "the source is empty" in world.sql("SELECT error_message FROM pipeline_errors WHERE error_type = 'source_shrunk'")[0][0]
    world.sql("INSERT INTO leads SELECT * FROM aside")
    world.import_people(80)
    world.run("export", code=0)
    world.sql("DELETE FROM leads WHERE lead_id > 'L009'")
    world.run("sync", "--allow-hit=70", code=3)
    assert rows(world) == 80 and in_force(world) == 0
    world.run("sync", "--allow-shrunk-source=10", "--allow-hit=70", code=0)
    assert rows(world) == 10


def test_keep_again_ends_them(world):
    drop(world, *(f"L{i:03}" for i in range(12)))
    world.run("sync", code=3)
    assert in_force(world) == 12
    world.configure()
    world.run("sync", code=0)
    assert in_force(world) == 0 and rows(world) == 20


def test_rows_that_others_put_there_are_not_gone(world):
    world.configure(source={"gone": "stop"}, complete={"include_adopted": True})
    world.sandbox.api("POST", "/api/v2/leads", {"campaign": world.campaign, "email": "stranger@example.com"})
    world.run("sync", "--full", code=(0, 3))
    world.run("sync", "--full", code=(0, 3))
    assert "stranger@example.com" in {lead["email"] for lead in world.sandbox.leads()} and in_force(world) == 0
