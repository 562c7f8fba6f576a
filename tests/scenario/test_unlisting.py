"""What we put on Instantly's block list leaves it with the stop that asked for it; what stood there before us stays."""

import pytest

from product import Product, quiet_config

ANN = "ann@example.com"


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_rows(("L1", ANN), ("L2", "bob@example.com"))
    return world


def listed(world):
    return {e["bl_value"] for e in world.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"]}


def block(world, *values):
    for value in values:
        assert world.sandbox.api("POST", "/block-lists-entries", {"bl_value": value}).status == 200


def stops(world, email):
    return [row["reason"] for row in world.json("suppress", "check", email)["entries"]]


def suppress(world, what):
    world.run("suppress", "add", what, "--reason", "by letter", code=0)


def free(world, what):
    return world.run("suppress", "remove", what, "--reason", "a mistake", code=0)


def read_everything(world):
    world.sandbox.advance(hours=25)
    return world.json("sync", "--full")


def freed(world, job):
    world.run("export", code=0)
    suppress(world, ANN)
    assert world.json("sync")["stopped_removed"] == 1 and listed(world) == {ANN}
    said = free(world, ANN)
    assert "the next `leadferry sync` takes away" in said.stderr
    assert listed(world) == {ANN} and stops(world, ANN) == []  # offline: the command itself asks Instantly nothing
    if job == "sync":
        assert world.json("sync")["taken_off_the_block_list"] == 1
        assert listed(world) == set()
    assert world.json("release", "--lead-id", "L1", "--reason", "wants it after all")["changed"] == 1
    assert world.json("export")["added"] == 1
    assert listed(world) == set() and world.row("L1")["added_to_instantly"] == 1
    for _ in range(2):
        read_everything(world)
        assert stops(world, ANN) == []
    assert world.sandbox.totals()["created_twice"] == 1  # who was released


@pytest.mark.parametrize("job", ["sync", "export"])
def test_a_stop_that_is_removed_frees_the_person_for_good(world, job):
    """Guarantee 52."""
    freed(world, job)


def test_a_person_is_freed_by_the_sync_before_the_release(world):
    freed(world, "sync")


def test_a_domain_leaves_it_as_well(world):
    suppress(world, "rival.org")
    world.run("sync", code=0)
    assert listed(world) == {"rival.org"}
    free(world, "rival.org")
    read_everything(world)
    assert listed(world) == set() and stops(world, "rival.org") == []


def test_what_stood_there_before_us_stays(world):
    block(world, ANN, "example.org", "joanne@example.com")
    suppress(world, ANN)
    suppress(world, "example.org")
    world.run("sync", code=0)
    assert world.sql("SELECT sum(was_listed), count(pushed_at) FROM suppressions WHERE source = 'command'") == [(2, 2)]
    said = free(world, ANN)
    assert "delete it there as well" in said.stderr and "the next `leadferry sync` takes away" not in said.stderr
    free(world, "example.org")
    world.json("sync")
    assert listed(world) == {ANN, "example.org", "joanne@example.com"}
    read_everything(world)
    assert stops(world, ANN) == ["blocklisted"]  # as the command said


def test_only_the_very_value_is_taken_away(world):
    suppress(world, ANN)
    world.run("sync", code=0)
    near = {"joann@example.com", "ann@example.com.au", "example.com"}
    block(world, *near)
    free(world, ANN)
    world.json("sync")
    assert listed(world) == near


def test_a_tag_is_pushed_as_instantly_matches_it_and_goes_again(world):
    suppress(world, "ann+news@example.com")
    world.run("sync", code=0)
    assert listed(world) == {ANN, "ann+news@example.com"}
    free(world, ANN)
    world.json("sync")
    assert listed(world) == set() and stops(world, ANN) == []


def test_an_import_that_is_undone_takes_its_other_spellings_along(world):
    world.import_rows(("L3", "cid+x@example.com"))
    world.run("export", code=0)
    (world.folder / "stops.csv").write_text("email\ncid@example.com\ndan+y@example.com\n")
    world.run("suppress", "import", "stops.csv", "--reason", "the old list", code=0)
    world.run("sync", code=0)
    assert listed(world) == {"cid@example.com", "cid+x@example.com", "dan+y@example.com", "dan@example.com"}
    run_id = world.sql("SELECT run_id FROM suppressions WHERE person = 'dan+y@example.com'")[0][0]
    assert world.json("suppress", "remove", "--run", run_id, "--reason", "the wrong file")["changed"] == 2
    world.json("sync")
    assert listed(world) == set()
    assert world.sql("SELECT count(*) FROM suppressions WHERE revoked_at IS NULL") == [(0,)]


def test_a_stop_that_another_one_keeps_stays_on_the_list(world):
    suppress(world, ANN)
    (world.folder / "stops.csv").write_text(f"email\n{ANN}\n")
    world.run("suppress", "import", "stops.csv", "--reason", "the old list", code=0)
    world.run("sync", code=0)
    run_id = world.sql("SELECT run_id FROM suppressions WHERE source = 'import'")[0][0]
    world.run("suppress", "remove", "--run", run_id, "--reason", "x", code=0)
    world.json("sync")
    assert listed(world) == {ANN} and stops(world, ANN) == ["by letter"]


def test_a_stop_made_again_before_the_sync_stays(world):
    suppress(world, ANN)
    world.run("sync", code=0)
    free(world, ANN)
    suppress(world, ANN)
    world.json("sync")
    assert listed(world) == {ANN}
    free(world, ANN)
    world.json("sync")
    assert listed(world) == set()


def test_a_stop_with_an_end_never_goes_there(world):
    world.run("suppress", "add", ANN, "--reason", "manual", "--expires", "30", code=0)
    world.run("sync", code=0)
    assert listed(world) == set()


def test_without_the_right_to_delete_it_is_said_and_the_rest_goes_on(world):
    suppress(world, ANN)
    world.run("sync", code=0)
    free(world, ANN)
    world.sandbox.fault("DELETE /api/v2/block-lists-entries/{id}", "status", probability=1, count=20,
                        params={"code": 403})
    said = world.json("sync", code=3)
    assert said["unlisting_refused"] is True and stops(world, ANN) == []
    assert "scope_missing" in {row["type"] for row in world.json("errors", "list")["errors"]}
    read = world.run("sync", "--full", code=3)
    assert "still on the block list" in read.stdout and stops(world, ANN) == []
    world.sandbox.faults()
    world.run("sync", code=0)
    assert listed(world) == set()


def test_what_an_older_version_pushed_is_not_ours_to_delete(world):
    suppress(world, ANN)
    world.run("sync", code=0)
    world.sql("UPDATE suppressions SET was_listed = NULL")
    assert "delete it there as well" in free(world, ANN).stderr
    world.json("sync")
    assert listed(world) == {ANN}
