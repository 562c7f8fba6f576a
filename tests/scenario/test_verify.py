"""`verify`: a sound world is sound, each thing that is bent by hand is named, and nothing is mended."""

import re

import pytest

from product import Product, quiet_config


def exported(world):
    world.import_people(5)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", code=0)
    return world


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return exported(Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path))


def found(world, *args, code=3):
    """The ids of the differences, in the order of finding; the output never has an address."""
    done = world.run("verify", "--json", *args, code=code)
    assert "@" not in done.stdout
    text = world.run("verify", *args, code=code).stdout
    assert "@" not in text
    report = world.json("verify", *args, code=code)
    assert report["is_complete"]
    assert sum(report["counts"].values()) == len(report["differences"])
    for difference in report["differences"]:
        assert difference["id"] in text
    return [difference["id"] for difference in report["differences"]]


def test_nothing_differs(world):
    assert found(world, code=0) == []
    before = (world.sql("SELECT * FROM lead_events"), world.sql("SELECT * FROM lead_state"), world.sql("SELECT * FROM leads"))
    calls = len(world.sandbox.requests(limit=10000))
    assert "agrees" in world.run("verify", code=0).stdout
    assert before == (world.sql("SELECT * FROM lead_events"), world.sql("SELECT * FROM lead_state"),
                      world.sql("SELECT * FROM leads"))
    made = world.sandbox.requests(limit=10000)[calls:]
    assert {r["path"].split("?")[0] for r in made if r["method"] != "GET"} <= {"/api/v2/leads/list"}


def test_sixty_days_later_nothing_differs(world):
    world.sandbox.add(world.campaign, "q@example.com")
    world.import_rows(("Q", "q@example.com"))
    world.run("export", code=0)
    for _ in range(6):
        world.sandbox.advance(days=10)
        world.run("run", code=0)
    assert world.shown("L000")["state"]["phase"] == "removed"
    assert found(world, code=0) == []


BENT = {
    "event_altered": "UPDATE lead_events SET campaign_id = 'x' WHERE kind = 13 AND lead_id = 'L001'",
    "state_differs": "UPDATE lead_state SET email_status = 3 WHERE lead_id = 'L001'",
    "state_without_events": "INSERT INTO lead_state (lead_id, person, generation, settlement, email_status, outcome, held_n,"
                            " resolved_n) VALUES ('Z', 'z@example.com', 1, 0, 0, 0, 0, 0)",
    "added_unsent": "UPDATE lead_events SET ord_to = ord WHERE kind = 2",
    "columns_behind": "UPDATE leads SET added_to_instantly = 0 WHERE lead_id = 'L001'",
}


@pytest.mark.parametrize("name", BENT)
def test_what_was_bent_in_the_database(world, name):
    world.sql(BENT[name])
    assert name in found(world)


def test_a_state_that_is_gone(world):
    world.sql("DELETE FROM lead_state WHERE lead_id = 'L002'")
    report = world.json("verify", code=3)
    differences = {d["id"]: d for d in report["differences"]}
    assert differences["state_differs"]["lead"] == "L002" and differences["state_differs"]["detail"] == "no row"


def test_an_open_claim(world):
    world.import_people(6)
    world.sandbox.faults({"endpoint": "POST /api/v2/leads/add", "fault": "reset_after"},
                         {"endpoint": "POST /api/v2/leads/list", "fault": "status", "skip": 2, "params": {"code": 400}})
    world.run("export", code=5)
    world.sandbox.faults()
    assert "claim_open" in found(world)
    world.run("recover", code=0)
    assert found(world, code=0) == []


def test_a_row_that_is_gone(world):
    world.sandbox.control("POST", "/leads/delete", {"email": "p1@example.com"})
    report = world.json("verify", code=3)
    assert [(d["id"], d["lead"], d["campaign_id"]) for d in report["differences"]] == [("missing", "L001", world.campaign)]


def test_a_row_in_another_campaign(world):
    other = world.sandbox.campaign("Operations")
    world.sandbox.control("POST", "/leads/move", {"email": "p1@example.com", "to_campaign": other})
    assert found(world) == ["other_campaign"]
    world.sandbox.advance(hours=1)
    world.run("sync", "--full", code=0)
    assert found(world, code=0) == []


def test_rows_that_the_ledger_does_not_know(world):
    """A row with a stamp, nobody's; and a second one of a person who has one."""
    other = world.sandbox.campaign("Operations")
    world.configure(campaigns=[{"id": world.campaign}, {"id": other}])
    stamp = {"leadferry": "1:20250101T000000-aaaaaaaa.7"}
    world.sandbox.add(world.campaign, {"email": "x@example.com", "custom_variables": stamp})
    assert found(world) == ["unknown_row"]
    world.sandbox.add(other, {"email": "p1@example.com", "custom_variables": stamp})
    assert sorted(found(world)) == ["live_twice", "unknown_row", "unknown_row"]
    assert found(world, "--campaign", world.campaign) == ["unknown_row"]


def test_a_stopped_person_who_is_live(world):
    world.run("suppress", "add", "p1@example.com", "--reason", "asked by phone", code=0)
    report = world.json("verify", code=3)
    assert [(d["id"], d["lead"], d["detail"]) for d in report["differences"]] == \
        [("suppressed_live", "L001", "asked by phone")]


def test_a_withdrawn_lead_that_is_there(world):
    world.sql("INSERT INTO lead_events SELECT NULL, event_id, 21, fact, reason, lead_id, person, campaign_id, instantly_id,"
              " claim_id, batch_id, ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at,"
              " detail FROM lead_events WHERE kind = 3 AND lead_id = 'L003'")
    assert {"removed_live", "event_altered"} <= set(found(world))


def test_a_campaign_that_is_gone(world):
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"delete": True})
    ids = found(world)
    assert ids[0] == "campaign_missing" and set(ids[1:]) == {"missing"} and len(ids) == 6


def test_only_so_many_are_shown(world):
    for i in range(5):
        world.sandbox.control("POST", "/leads/delete", {"email": f"p{i}@example.com"})
    report = world.json("verify", "--limit", "2", code=3)
    assert len(report["differences"]) == 2 and report["counts"] == {"missing": 5}
    assert "missing: 5" in world.run("verify", "--limit", "2", code=3).stdout


def test_a_running_job_is_not_disturbed(world):
    """Exit 7 while somebody has the lock; killed in the middle it leaves nothing behind."""
    world.sandbox.fault("POST /api/v2/leads/list", "delay", count=1, params={"ms": 3000, "before_ms": 3000})
    process = world.start("verify")
    done = world.run("sync", code=(0, 7))
    process.kill()
    process.communicate(timeout=60)
    assert done.returncode in (0, 7)
    assert found(world, code=0) == []


def test_every_difference_has_its_section(world):
    page = world.run("help", "--differences").stdout
    ids = re.findall(r"^## ([a-z_]+)$", page, re.MULTILINE)
    assert len(ids) == len(set(ids)) == 20
    assert set(BENT) <= set(ids)
