"""Flags, campaigns and times of the user's table as they come out of a CSV file: words, blanks, other forms."""

import pytest

from product import Product, quiet_config

TYPES = {"BOOLEAN": "what the README says", "TEXT": "what `sqlite3 .import` makes by itself"}
TRUE = ("true", "TRUE", "yes", "t", "Y", " True ", "1", 1, 1.0)
FALSE = ("false", "FALSE", "no", "f", "N", " ", "", "0", 0, None, "NULL", "null\r")


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def table(world, kind="BOOLEAN", time="TEXT"):
    world.sql(f"CREATE TABLE leads (lead_id TEXT PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, company_name TEXT, "
              f"campaign_id TEXT, added_to_instantly {kind}, added_date {time}, sequence_completed {kind}, "
              f"sequence_completed_date {time}, last_email_status TEXT, cold_email_sent {kind}, updated_at {time})")


def put(world, lead_id, **columns):
    columns = {"lead_id": lead_id, "email": f"{lead_id}@example.com", **columns}
    world.sql(f"INSERT INTO leads ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", *columns.values())


def left_out(world, verdict):
    return world.json("plan", code=(0, 3))["left_out"].get(verdict, 0)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("column", ("added_to_instantly", "sequence_completed", "cold_email_sent"))
def test_a_word_says_that_a_person_was_contacted(world, kind, column):
    """Guarantee 44."""
    table(world, kind)
    true = TRUE if kind == "BOOLEAN" else TRUE[:-1]  # a text column makes "1.0" of 1.0, which is none of the words
    for i, word in enumerate(true):
        put(world, f"t{i}", **{column: word})
    for i, word in enumerate(FALSE):
        put(world, f"f{i}", **{column: word})
    put(world, "status", last_email_status=" Sent")
    put(world, "blank", last_email_status=" null ")
    assert left_out(world, "contacted_before_us") == len(true) + 1
    world.run("export", code=0)
    mailed = {row["email"].split("@")[0] for row in world.sandbox.leads()}
    assert mailed == {f"f{i}" for i in range(len(FALSE))} | {"blank"}


@pytest.mark.parametrize("kind", TYPES)
def test_write_back_does_not_play_ping_pong(world, kind):
    table(world, kind)
    put(world, "a", added_to_instantly="false", cold_email_sent="f", sequence_completed="FALSE", last_email_status="")
    put(world, "b")
    world.run("export", code=0)
    world.sandbox.advance(hours=2)
    world.run("sync", code=0)
    first = [world.row(lead_id) for lead_id in "ab"]
    assert [str(row["added_to_instantly"]) for row in first] == ["1", "1"]
    assert [str(row["cold_email_sent"]) for row in first] == ["1", "1"] and first[0]["sequence_completed"] == "FALSE"
    world.sql("UPDATE leads SET added_to_instantly = 'true', cold_email_sent = 'Yes', last_email_status = 'Sent' WHERE lead_id = 'a'")
    words = [world.row(lead_id) for lead_id in "ab"]
    world.run("sync", code=0)
    world.run("export", code=0)
    assert [world.row(lead_id) for lead_id in "ab"] == words  # it says the same, so nothing is written
    world.sandbox.outcome("a@example.com", "replied")
    world.sandbox.advance(hours=1)
    world.run("sync", code=(0, 3))
    assert world.row("a")["last_email_status"] == "replied"
    columns = world.shown("a")
    assert columns["added_to_instantly"] is True and columns["cold_email_sent"] is True


@pytest.mark.parametrize("word", ("ja", "1.0x", "2", "x@example.org"))
def test_a_word_that_nobody_knows_stops_who_decides(world, word):
    """Guarantee 44."""
    table(world)
    put(world, "odd", added_to_instantly=word)
    put(world, "odd2", added_to_instantly=word)
    put(world, "free", cold_email_sent="no")
    shown = "a text with an @" if "@" in word else f"`{word}`"
    for words in (("plan",), ("export",), ("run",), ("export", "--dry-run")):
        said = world.run(*words, code=78).stderr
        assert f"column added_to_instantly holds {shown} in 2 rows" in said and "odd" not in said, words
    assert world.creating_calls() == 0
    assert shown in world.run("schema", "check", code=78).stdout
    assert "leads.added_to_instantly" in str(world.json("doctor", code=78))
    for words in (("sync",), ("complete",), ("recover",), ("hold", "on", "--reason", "x"), ("hold", "off", "--reason", "x"),
                  ("suppress", "add", "free@example.com", "--reason", "manual")):
        world.run(*words, code=0)
    assert "contacted_before_us" in str(world.shown("odd"))
    world.sql("UPDATE leads SET added_to_instantly = 'no' WHERE lead_id LIKE 'odd%'")
    world.run("export", code=0)
    assert {row["email"] for row in world.sandbox.leads()} == {"odd@example.com", "odd2@example.com"}


def test_blanks_around_a_campaign(world):
    table(world)
    put(world, "a", campaign_id=f" {world.campaign}\r")
    put(world, "b", campaign_id="  ")
    put(world, "c", campaign_id="NULL")
    put(world, "d", campaign_id="x")
    assert left_out(world, "unknown_campaign") == 1
    world.run("export", code=(0, 3))
    assert {row["email"][0] for row in world.sandbox.leads()} == set("abc")


def test_a_contacted_row_that_is_no_lead_bars_its_person(world):
    """Guarantee 56. Without a lead_id, with a blank one, or with one that an earlier row has."""
    table(world)
    world.sql("CREATE TABLE people AS SELECT * FROM leads")
    world.configure(source={"table": "people"})
    for lead_id, email, sent in (
            ("a", "a@example.com", None), (None, "A@example.com", "true"),
            ("b", "b@example.com", None), ("", "b+x@example.com", "yes"),
            ("c", "c@example.com", None), (" \t", " c@example.com", 1),
            ("d", "d@example.com", 0), ("d", "d@example.com", 1),
            ("e", "e@example.com", None), ("f", "f@example.com", None), ("f", "zz+e@example.com", "t"), ("g", "zz@example.com", None),
            ("h", "h@example.com", None), (" ", "h@example.com", "no")):
        world.sql("INSERT INTO people (lead_id, email, cold_email_sent) VALUES (?, ?, ?)", lead_id, email, sent)
    world.run("export", code=(0, 3))
    assert {row["email"] for row in world.sandbox.leads()} == {"e@example.com", "f@example.com", "h@example.com"}
    assert "contacted_before_us" in str(world.shown("a@example.com"))
    notices = world.json("status")["notices"]
    assert notices["no_lead_id"] == 4, notices


def test_an_odd_flag_of_a_row_without_a_lead_id_stops_who_decides(world):
    table(world)
    world.sql("INSERT INTO leads (email, cold_email_sent) VALUES ('a@example.com', 'ja')")
    put(world, "b")
    assert "`ja` in 1 row" in world.run("export", code=78).stderr
