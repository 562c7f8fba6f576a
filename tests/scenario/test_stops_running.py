"""A stop that is recorded while an export waits for an answer is honoured before its next batch, whichever way it is said."""

import time

import pytest

from product import Product, quiet_config

PEOPLE = 6


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.configure(instantly={"batch_size": 1, "writes_in_flight": 1, "batch_delay_ms": 1, "request_timeout_s": 60})
    world.import_people(PEOPLE)
    return world


@pytest.fixture
def paused(world):
    """An export whose first request the server has and does not answer for some seconds."""
    world.sandbox.fault("POST /api/v2/leads/add", "delay", probability=1, count=1, params={"ms": 4000})
    process = world.start("export")
    until = time.monotonic() + 20
    while not emails(world) and time.monotonic() < until:
        time.sleep(0.05)
    assert emails(world) == {"p0@example.com"} and process.poll() is None
    yield process
    if process.poll() is None:
        world.interrupt(process)


def emails(world):
    return {row["email"] for row in world.sandbox.leads(campaign=world.campaign)}


def ended(process, *codes):
    _, err = process.communicate(timeout=120)
    assert process.returncode in codes, (process.returncode, err)
    return err


@pytest.mark.parametrize("command", [
    ("suppress", "add", "p1@example.com"), ("suppress", "add", "P1+news@Example.com"),
    ("lead", "mark", "p1@example.com", "replied"), ("lead", "mark", "L001", "unsubscribed"),
    ("lead", "mark", "L001", "bounced")])
def test_the_person_of_the_very_next_batch_is_not_sent(world, paused, command):
    assert world.json(*command, "--reason", "by phone")["left_in_inbox"]
    assert emails(world) == {"p0@example.com"} and paused.poll() is None, "the export went on before the stop was said"
    ended(paused, 0, 3)
    assert emails(world) == {f"p{i}@example.com" for i in range(PEOPLE)} - {"p1@example.com"}
    assert world.json("suppress", "check", "p1@example.com")["stopped"]


@pytest.mark.parametrize("which", [(), ("--campaign", "Spring")])
def test_a_hold_stops_the_very_next_batch(world, paused, which):
    assert world.json("hold", "on", *which, "--reason", "wrong text")["left_in_inbox"]
    ended(paused, 3)
    assert emails(world) == {"p0@example.com"}


@pytest.mark.parametrize("text", [b"", b"not json\n", b'{"brake":"suppress","person":"p1@exam', b"\x00\xff\n"])
def test_an_inbox_that_cannot_be_read_stops_the_export(world, paused, text):
    """What was meant is not known, so nobody more is sent; a file of no bytes says nothing."""
    assert world.json("suppress", "add", "p1@example.com", "--reason", "by phone")["left_in_inbox"]
    folder = world.db.with_name(world.db.name + ".inbox")
    file = next(folder.iterdir())
    whole = file.read_bytes()
    file.write_bytes(text)
    err = ended(paused, 1, 4) if text else ended(paused, 0, 1, 3, 4)
    assert "p1@example.com" not in err
    if text:
        assert emails(world) == {"p0@example.com"} and "inbox" in err
        file.write_bytes(whole)
        world.run("export", code=(0, 3))
        assert "p1@example.com" not in emails(world)


def test_a_file_that_is_still_being_written_waits(world, paused):
    world.json("hold", "list")
    folder = world.db.with_name(world.db.name + ".inbox")
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / ".half.tmp").write_bytes(b'{"brake":"hold","rea')
    ended(paused, 0, 3)
    assert len(emails(world)) == PEOPLE
