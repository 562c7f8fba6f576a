"""Windows of the guarantee (the table in README.md) that no other suite opens: each test is one of its rows."""

import pytest

from product import Product, quiet_config

ADD, LIST = "POST /api/v2/leads/add", "POST /api/v2/leads/list"


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def both_campaigns(world, default):
    """Both campaigns configured, this one (by name) as the default."""
    ids = [world.sandbox.campaign(name) for name in ("Founders", "Operations")]
    world.configure(campaigns=[{"id": id} for id in ids], export={"default_campaign": world.sandbox.campaign(default)})


def export_that_stays_open(world):
    """The creating call reaches nobody, nor can anybody be asked: claims with a `sending` and no answer."""
    world.sandbox.faults({"endpoint": ADD, "fault": "reset_before"},
                         {"endpoint": LIST, "fault": "status", "skip": 6, "params": {"code": 400}})
    world.run("export", code=5)
    world.sandbox.faults()
    assert world.json("status")["open_claims"] > 0


def test_a_person_in_two_campaigns_gets_one(world):
    """Guarantee 20. Two rows of one person, each for a campaign of its own, in one run and in a later one."""
    both_campaigns(world, "Founders")
    founders, operations = (world.sandbox.campaign(name) for name in ("Founders", "Operations"))
    world.import_people(1)
    world.sql("INSERT INTO leads (lead_id, email, campaign_id) VALUES ('B', 'P0@example.com', ?)", operations)
    report = world.json("export")
    assert report["added"] == 1 and sum(report["left_out"].values()) == 1
    world.sql("INSERT INTO leads (lead_id, email, campaign_id) VALUES ('A', 'p0@EXAMPLE.com', ?)", operations)
    world.run("export", code=0)
    assert [row["campaign"] for row in world.sandbox.leads(contacts=["p0@example.com"])] == [world.sandbox.lead(
        "p0@example.com")["campaign"]]
    assert world.creating_calls() == 1 and world.sandbox.totals()["created_by_api"] == 1
    assert founders != operations


def test_lists_that_lag(world):
    """Guarantee 24. The row was made, the answer lost, and the list does not show it for two seconds: asked twice, the
    second question finds it, and nothing is sent again."""
    world.configure(settle={"wait_s": 0, "recheck_s": 3})
    world.import_people(5)
    world.sandbox.faults({"endpoint": ADD, "fault": "list_lag", "params": {"s": 2}, "count": 1},
                         {"endpoint": ADD, "fault": "reset_after", "count": 1})
    report = world.json("export", code=(0, 3))
    assert report["added"] == 5 and world.creating_calls() == 1
    questions = [r for r in world.sandbox.requests() if r["path"] == "/api/v2/leads/list"]
    assert len(questions) >= 3 + 2, questions  # the three reads of stops, the question in vain, the one that found them
    assert world.sandbox.totals()["created_twice"] == 0


def test_rows_that_come_late(world):
    """Guarantee 30. No watermark: a row with an older id and an older time than those that went is taken up."""
    world.import_rows(("M5", "m5@example.com"))
    assert world.json("export")["added"] == 1
    world.sql("INSERT INTO leads (lead_id, email, updated_at) VALUES ('A1', 'a1@example.com', '2001-01-01T00:00:00Z')")
    assert world.json("export")["added"] == 1
    assert world.sandbox.lead("a1@example.com") is not None and world.sandbox.totals()["created_twice"] == 0


def test_statuses_written_twice(world):
    """Guarantee 31. The same sync again: no new event, no changed row, but for the run itself."""
    world.import_people(4)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.run("sync", "--full", code=0)

    def truth():
        return (world.sql("SELECT count(*) FROM lead_events"), world.sql("SELECT * FROM leads ORDER BY lead_id"),
                world.sql("SELECT * FROM lead_state ORDER BY lead_id"))

    before = truth()
    assert before[1][0][11] == 1  # cold_email_sent: there was something to write
    for _ in range(2):
        world.run("sync", "--full", code=0)
    assert truth() == before


def test_statuses_come_without_webhooks(world):
    """Guarantee 33, 35. Nobody tells us anything: what happened is read by the next sync."""
    world.import_people(3)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.sandbox.outcome("p1@example.com", "replied")
    world.sandbox.outcome("p2@example.com", "unsubscribed")
    world.run("sync", code=0)
    assert [world.row(f"L{i:03d}")["last_email_status"] for i in range(3)] == ["sent", "replied", "unsubscribed"]


def test_a_timer_that_fires_twice(world):
    """Guarantee 36. The second start finds the lock taken; a third one, afterwards, finds nothing to do."""
    world.import_people(5)
    world.sandbox.fault(ADD, "delay", count=1, params={"ms": 2000})
    first = world.start("run")
    for _ in range(400):
        if world.creating_calls() == 1:
            break
    second = world.run("run", code=7)
    assert str(first.pid) in second.stderr and "since" in second.stderr
    assert first.communicate(timeout=60) and first.returncode == 0
    world.run("run", code=0)
    assert world.creating_calls() == 1 and world.sandbox.totals()["created_by_api"] == 5


def test_the_default_campaign_changes_between_tries(world):
    """Guarantee 37. The campaign is part of the claim: another default does not move who may be on the way."""
    both_campaigns(world, "Founders")
    world.import_people(3)
    export_that_stays_open(world)
    both_campaigns(world, "Operations")
    world.run("recover", code=(0, 3))
    assert world.json("export")["added"] == 3
    founders = world.sandbox.campaign("Founders")
    assert all(world.sandbox.lead(f"p{i}@example.com")["campaign"] == founders for i in range(3))
    world.import_rows(("Z", "new@example.com"))
    world.run("export", code=0)
    assert world.sandbox.lead("new@example.com")["campaign"] == world.sandbox.campaign("Operations")


def test_a_request_that_lands_after_all(world):
    """Guarantee 7. The request is applied four seconds after its connection broke: whoever waited long enough before
    asking finds it, and nobody is sent again."""
    world.configure(instantly={"request_timeout_s": 1}, settle={"wait_s": 4, "recheck_s": 1})
    world.import_people(3)
    world.sandbox.fault(ADD, "delay", count=1, params={"ms": 4000, "before_ms": 3500})
    report = world.json("export", code=(0, 3))
    assert report["added"] == 3 and world.creating_calls() == 1
    assert world.sandbox.totals()["created_twice"] == 0


def test_a_lead_moved_while_its_answer_is_open(world):
    """Guarantee 23. Created, the answer lost, and somebody moves the row before we ask: found in the workspace."""
    world.import_people(2)
    operations = world.sandbox.campaign("Operations")
    world.sandbox.faults({"endpoint": ADD, "fault": "reset_after", "count": 1},
                         {"endpoint": LIST, "fault": "lead_moved", "skip": 5, "count": 1,
                          "params": {"email": "p0@example.com", "campaign": operations}})
    world.run("export", code=(0, 3))
    world.sandbox.faults()
    for _ in range(2):
        world.run("run", code=(0, 3))
    assert world.sandbox.lead("p0@example.com")["campaign"] == operations
    assert world.creating_calls() == 1 and world.sandbox.totals()["created_twice"] == 0


def in_a_list(world, email):
    """The list that somebody keeps, and the one row of the person, which must be in it."""
    rows = world.sandbox.leads(contacts=[email])
    assert len(rows) == 1 and rows[0].get("list_id") and not rows[0].get("campaign"), rows
    return rows[0]


def test_a_lead_moved_into_a_list_while_its_answer_is_open(world):
    """Guarantee 23. As above, but into a list, before either question: the row carries this very claim's stamp."""
    world.import_people(2)
    keep = world.sandbox.api("POST", "/lead-lists", {"name": "Later"}).json["id"]
    world.sandbox.faults({"endpoint": ADD, "fault": "reset_after", "count": 1},
                         {"endpoint": LIST, "fault": "lead_moved", "skip": 5, "count": 1,
                          "params": {"email": "p0@example.com", "list": keep}})
    report = world.json("export", code=(0, 3))
    world.sandbox.faults()
    assert report["added"] == 2
    for _ in range(2):
        world.run("run", code=(0, 3))
    row = in_a_list(world, "p0@example.com")
    state = world.shown("p0@example.com")["state"]
    assert state["phase"] == "added" and state["instantly_id"] == row["id"] and state["current_campaign_id"] is None
    assert world.creating_calls() == 1 and world.sandbox.totals()["created_twice"] == 0
    world.run("verify", code=0)


def test_a_lead_moved_into_a_list_after_it_was_given_up(start_sandbox, leadferry_binary, tmp_path):
    """Guarantee 23. The list hid the row from every question, and it left the campaign since: where Instantly would take
    the person a second time, it is asked before."""
    world = Product(start_sandbox(config=quiet_config(list_lag_s=36000)), leadferry_binary, tmp_path)
    world.import_people(1)
    keep = world.sandbox.api("POST", "/lead-lists", {"name": "Later"}).json["id"]
    world.sandbox.fault(ADD, "reset_after", count=1)
    world.run("export", code=(3, 5))
    world.run("recover", code=(0, 3, 5))
    assert world.shown("L000")["state"]["phase"] == "released"
    calls = world.creating_calls()
    world.sandbox.advance(hours=11)
    world.sandbox.control("POST", "/leads/move", {"email": "p0@example.com", "to_list": keep})
    world.run("export", code=(0, 3))
    in_a_list(world, "p0@example.com")
    assert world.creating_calls() == calls and world.sandbox.totals()["created_twice"] == 0


def test_never_verified_on_import(world):
    """Guarantee 26. verify_leads_on_import would end in a background job, and its leads in nobody's answer."""
    world.import_people(2)
    world.run("export", code=0)
    shapes = [shape for shape in world.sandbox.shapes() if shape["path"] == "/api/v2/leads/add"]
    assert shapes and all(shape["request"]["verify_leads_on_import"] is False for shape in shapes), shapes
