"""One mistyped domain, one wrong file: exports stop at once, and what runs in Instantly goes on until somebody names the number."""

import pytest

from product import Product, quiet_config

PEOPLE = [(f"L{i:02}", f"p{i:02}@gmail.example") for i in range(14)]


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    made = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    made.import_rows(*PEOPLE, ("OTHER", "ann@example.com"))
    made.run("export", code=0)
    return made


def rows(world):
    return world.sql("SELECT count(*) FROM lead_state WHERE settlement = 8 AND finished_at IS NULL AND removed_at IS NULL")[0][0]


def listed(world):
    return {entry["bl_value"] for entry in world.sandbox.api("GET", "/api/v2/block-lists-entries?limit=100").json["items"]}


def test_a_mistyped_domain_takes_nobody_out_until_the_number_is_said(world):
    """Guarantee 51."""
    planned = world.json("suppress", "add", "gmail.example", "--reason", "rival", "--dry-run")
    assert planned["stop_hits"] == {"running_leads": 14, "max_unasked": 10, "waits": True}
    assert world.json("plan")["stop_hits"]["running_leads"] == 0  # nothing was written
    assert world.json("suppress", "add", "gmail.example", "--reason", "rival")["stop_hits"]["waits"] is True
    assert world.json("plan")["stop_hits"] == {"running_leads": 14, "max_unasked": 10, "waits": True}
    said = world.run("run", code=3).stdout
    assert "--allow-hit=14" in said and rows(world) == 15 and listed(world) == set()
    assert world.sql("SELECT count(*) FROM pipeline_errors WHERE error_type = 'stops_wait'") != [(0,)]
    world.run("sync", "--allow-hit=13", code=3)
    assert rows(world) == 15
    # a person's own stop is not kept waiting by it
    world.json("suppress", "add", "ann@example.com", "--reason", "asked by phone")
    world.run("sync", code=3)
    assert rows(world) == 14 and listed(world) == {"ann@example.com"}
    world.run("sync", "--allow-hit=14", code=0)
    assert rows(world) == 0 and listed(world) == {"ann@example.com", "gmail.example"}
    world.run("sync", code=0)


def test_the_command_carries_the_number_and_an_import_counts_as_one(world):
    path = world.folder / "list.csv"
    path.write_text("email\n" + "".join(email + "\n" for _, email in PEOPLE[:12]))
    world.run("suppress", "import", str(path), "--reason", "a list", code=0)
    world.run("sync", code=3)
    assert rows(world) == 15
    world.run("suppress", "import", str(path), "--reason", "a list", "--allow-hit=12", code=0)
    world.run("sync", code=0)
    assert rows(world) == 3


def test_a_small_list_does_not_wait_and_a_wrong_one_is_taken_back(world):
    path = world.folder / "list.csv"
    path.write_text("email\n" + "".join(email + "\n" for _, email in PEOPLE))
    run_id = world.json("suppress", "import", str(path), "--reason", "a list")["run_id"]
    world.run("sync", code=3)
    assert world.json("suppress", "remove", "--run", run_id, "--reason", "the wrong file")["changed"] == 14
    world.run("sync", code=0)
    assert rows(world) == 15 and listed(world) == set()
    path.write_text("email\n" + "".join(email + "\n" for _, email in PEOPLE[:10]))
    world.run("suppress", "import", str(path), "--reason", "a list", code=0)
    world.run("sync", code=0)
    assert rows(world) == 5
