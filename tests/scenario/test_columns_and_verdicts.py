"""What the user's columns mean, and each reason for which a lead is not exported, as plan and lead show tell it."""

import pytest

from product import STEPS, Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def synced(world, **advance):
    world.sandbox.advance(**advance)
    return world.json("sync", code=(0, 3))


def status_of(world, lead_id="L000"):
    return world.row(lead_id)["last_email_status"]


# ---- the user's columns ----


def test_columns_through_a_life(world):
    world.import_people(1)
    fresh = world.row("L000")
    assert (fresh["added_to_instantly"], fresh["cold_email_sent"], fresh["sequence_completed"]) == (0, 0, 0)
    assert fresh["last_email_status"] is fresh["added_date"] is fresh["sequence_completed_date"] is None
    world.run("export", code=0)
    added = world.row("L000")
    assert added["added_to_instantly"] == 1 and added["added_date"] == "2026-11-02T08:00:00Z"
    assert added["last_email_status"] is None and added["cold_email_sent"] == 0  # added is not mailed
    synced(world, hours=2)
    sent = world.row("L000")
    assert sent["last_email_status"] == "sent" and sent["cold_email_sent"] == 1
    assert sent["added_date"] == added["added_date"] and sent["sequence_completed"] == 0
    world.run("sync", code=0)
    assert world.row("L000") == sent  # updated_at changes only when another column changed
    synced(world, days=4)
    assert world.row("L000")["sequence_completed"] == 0  # over, and its row still there
    ended = world.shown("L000")["state"]["finished_at"]
    synced(world, days=40)
    world.run("complete", code=0)
    done = world.row("L000")
    assert done["sequence_completed"] == 1 and done["sequence_completed_date"] == ended  # when it ended, not when it was removed
    assert done["last_email_status"] == "sent" and done["added_to_instantly"] == 1


def test_last_email_status_rises_and_never_falls(world):
    world.import_people(1)
    world.run("export", code=0)
    synced(world, hours=2)
    for event, status in (("clicked", "clicked"), ("opened", "clicked"), ("replied", "replied"),
                          ("unsubscribed", "unsubscribed"), ("opened", "unsubscribed")):
        world.sandbox.outcome("p0@example.com", event)
        synced(world, hours=1)
        assert status_of(world) == status, event


def test_a_late_reply_still_raises_it(world):
    world.import_people(1)
    world.run("export", code=0)
    synced(world, days=5)
    assert world.shown("L000")["state"]["outcome"] == "no_reply"
    world.sandbox.outcome("p0@example.com", "replied")
    synced(world, days=1)
    assert status_of(world) == "replied"
    synced(world, days=60)
    world.run("complete", code=(0, 3))
    assert world.sandbox.lead("p0@example.com") and world.sandbox.totals()["deleted_replied"] == 0
    assert world.row("L000")["sequence_completed"] == 1  # kept counts at once


def test_an_automatic_reply_is_neither_reply_nor_end(world):
    world.import_people(1)
    world.run("export", code=0)
    synced(world, hours=2)
    world.sandbox.outcome("p0@example.com", "auto_replied")
    synced(world, hours=1)
    assert status_of(world) == "sent"
    assert world.json("lead", "show", "L000")["suppressions"] == []
    synced(world, days=6)
    synced(world, days=40)
    assert world.shown("L000")["state"]["outcome"] == "no_reply"


def test_bounced_is_contacted_and_skipped_is_not(start_sandbox, leadferry_binary, tmp_path):
    for chance, sent, status in (("bounce", 1, "bounced"), ("skip", 0, None)):
        folder = tmp_path / chance
        folder.mkdir()
        config = quiet_config()
        config["chances"][chance] = 1
        world = Product(start_sandbox(config=config), leadferry_binary, folder)
        world.import_people(1)
        world.run("export", code=0)
        synced(world, days=1)
        row = world.row("L000")
        assert (row["cold_email_sent"], row["last_email_status"]) == (sent, status), chance
        assert row["added_to_instantly"] == 1
        lead = world.shown("L000")
        assert lead["state"]["outcome"] == {"bounce": "bounced", "skip": "skipped"}[chance]


def test_campaign_status(world):
    world.sandbox.control("POST", "/leads/add", {"email": "p0@example.com", "campaign": world.campaign})
    world.import_people(3)
    world.run("export", code=0)
    synced(world, days=5)
    rows = world.sql("SELECT campaign_id, campaign_name, total_leads, leads_completed FROM campaign_status")
    assert rows == [(world.campaign, "Founders", 3, 1)]  # adopted and over: completed at once
    synced(world, days=40)
    world.run("complete", code=0)
    synced(world, days=1)
    assert world.sql("SELECT total_leads, leads_completed FROM campaign_status") == [(3, 3)]
    assert world.sql("SELECT last_sync FROM campaign_status")[0][0] > "2026-12-17"
    assert world.sql("SELECT count(*) FROM campaign_metrics")[0][0] > 0


def test_source_columns_under_other_names(world):
    world.import_people(1)
    world.sql("ALTER TABLE leads RENAME COLUMN added_to_instantly TO in_instantly")
    world.sql("ALTER TABLE leads RENAME TO contacts")
    world.configure(source={"table": "contacts", "columns": {"added_to_instantly": "in_instantly"}})
    world.run("export", code=0)
    assert world.sql("SELECT in_instantly FROM contacts") == [(1,)]


def test_one_column_for_two_of_ours(world):
    world.import_people(2)
    world.sql("UPDATE leads SET first_name = 'Ford Prefect'")
    world.configure(source={"columns": {"last_name": "first_name"}})  # both are only read
    world.run("export", code=0)
    synced(world, days=1)
    assert [world.shown(lead)["next"]["action"] for lead in ("L000", "L001")] == ["wait", "wait"]
    assert world.run("leads", "export", "--show-pii", code=0).stdout.count("Ford Prefect,Ford Prefect") == 2
    assert world.run("verify", code=0)
    before = world.row("L000")
    world.configure(source={"columns": {"cold_email_sent": "First_Name"}})  # 1 would stand where the name does
    refused = world.run("sync", code=78).stderr
    assert "source.columns: first_name and cold_email_sent name the same column First_Name" in refused
    assert "a column of its own, or set source.write_back: false" in refused and world.row("L000") == before


def test_no_write_back(world):
    world.import_people(2)
    before = world.row("L000")
    world.configure(source={"write_back": False})
    world.run("export", code=0)
    synced(world, days=1)
    assert world.row("L000") == before and world.json("status")["enrolled"] == 2
    assert world.json("export")["added"] == 0


# ---- verdicts ----


def prepare_verdicts(world):
    """One lead for each reason. Returns lead_id -> reason."""
    paused = world.sandbox.campaign("Paused")
    tagged = world.sandbox.campaign("Tagged")
    world.configure(campaigns=[{"id": world.campaign}, {"id": paused}, {"id": tagged}])
    world.import_rows(("A1", "added@example.com"), ("A2", "reused@example.com"), *((f"Z{i:03d}", f"z{i}@example.com") for i in range(200)))
    world.run("export", code=0)
    world.sandbox.outcome("z0@example.com", "opened")
    world.sql("UPDATE leads SET email = 'other@example.com', added_to_instantly = 0 WHERE lead_id = 'A2'")
    world.sandbox.control("POST", "/block", {"value": "blocked.example"})
    world.run("sync", "--full", code=0)
    insert = "INSERT INTO leads (lead_id, email, first_name, campaign_id, added_to_instantly) VALUES (?, ?, ?, ?, ?)"
    for lead_id, email, name, campaign, added in (
        ("B1", "", "Ann", None, 0), ("B2", "no address", "Ann", None, 0), ("B3", "jörg@example.com", "Ann", None, 0),
        ("C1", "before@example.com", "Ann", None, 1), ("D1", "who@blocked.example", "Ann", None, 0),
        ("E1", " ADDED@example.com ", "Ann", None, 0), ("F1", "stray@example.com", "Ann", world.sandbox.campaign("Operations"), 0),
        ("G1", "pause@example.com", "Ann", paused, 0), ("H1", "tag@example.com", "", tagged, 0),
        ("I1", "twin@example.com", "Ann", None, 0), ("I2", "TWIN@example.com", "Ann", None, 0),
    ):
        world.sql(insert, lead_id, email, name, campaign, added)
    return {
        "B1": "address_missing", "B2": "address_invalid", "B3": "address_not_ascii", "A2": "lead_id_reused",
        "C1": "contacted_before_us", "D1": "suppressed(blocklisted)", "E1": "contacted", "F1": "unknown_campaign",
        "G1": "campaign_not_fed(paused)", "H1": "missing_variable(firstName)", "I2": "duplicate_of",
    }


@pytest.fixture
def tagged_world(start_sandbox, leadferry_binary, tmp_path):
    config = quiet_config()
    step = {**STEPS[0], "variants": [{"subject": "Hi {{firstName}}", "body": "Hello {{lastName|you}}"}]}
    config["campaigns"] += [{"name": "Paused", "status": 2, "steps": STEPS}, {"name": "Tagged", "status": 1, "steps": [step]}]
    return Product(start_sandbox(config=config), leadferry_binary, tmp_path)


def test_each_reason_is_seen_in_plan_and_lead_show(tagged_world):
    world = tagged_world
    expected = prepare_verdicts(world)
    plan = world.json("plan")
    left_out = {reason.split("(I1)")[0] if reason.startswith("duplicate_of") else reason: n
                for reason, n in plan["left_out"].items()}
    assert left_out == {reason: 1 for reason in expected.values()}, plan["left_out"]
    assert plan["totals"]["add"] == 1 and plan["already_added"] == 201
    for lead_id, reason in expected.items():
        if lead_id == "B1":
            continue  # has no person to look for besides its id; below
        leads = world.json("lead", "show", lead_id)["leads"]
        shown = next(lead for lead in leads if lead["lead"] == lead_id)
        assert shown["next"]["action"] == "leave_out", (lead_id, shown["next"])
        assert shown["next"]["verdict"] == reason.split("(")[0], (lead_id, shown["next"])
        assert reason.split("(")[0] in shown["next"]["text"]
    assert world.json("lead", "show", "B1")["leads"][0]["next"]["verdict"] == "address_missing"
    text = world.run("plan", code=0).stdout
    for reason in expected.values():
        assert reason in text, reason
    report = world.json("export")
    assert report["added"] == 1 and report["left_out"] == plan["left_out"]
    assert world.row("I1")["added_to_instantly"] == 1 and world.row("I2")["added_to_instantly"] == 0


def test_a_tag_without_any_source_refuses_the_campaign(start_sandbox, leadferry_binary, tmp_path):
    config = quiet_config()
    config["campaigns"][0]["steps"] = [{**STEPS[0], "variants": [{"subject": "About {{projectName}}", "body": "x"}]}]
    world = Product(start_sandbox(config=config), leadferry_binary, tmp_path)
    world.import_people(2)
    report = world.json("export", code=3)
    assert report["left_out"] == {"campaign_not_fed(tag_without_source)": 2} and world.creating_calls() == 0
    tags = world.json("plan")["campaigns"][0]["merge_tags"]
    assert [(tag["tag"], tag["source"]) for tag in tags] == [("projectName", None)]
    world.configure(export={"custom_variables": {"projectName": "company_name"}})
    assert world.json("export")["added"] == 2


def test_one_person_under_many_spellings_is_added_once(world):
    """Guarantee 19. The canonical address is the person."""
    world.import_people(1)
    for i, email in enumerate(("P1@Example.com", " p1@example.com ", "p1@EXAMPLE.COM", "p2@bücher.example", "p2@xn--bcher-kva.example")):
        world.sql("INSERT INTO leads (lead_id, email) VALUES (?, ?)", f"S{i}", email)
    report = world.json("export")
    assert report["added"] == 3 and sum(report["left_out"].values()) == 3
    assert {row["email"] for row in world.sandbox.leads(campaign=world.campaign)} == {
        "p0@example.com", "p1@example.com", "p2@xn--bcher-kva.example"}
    world.configure(export={"default_campaign": world.sandbox.campaign("Operations")},
                    campaigns=[{"id": world.campaign}, {"id": world.sandbox.campaign("Operations")}])
    world.sql("INSERT INTO leads (lead_id, email) VALUES ('A', 'p1@eXample.com')")
    assert world.json("export")["added"] == 0  # nor by another campaign
    assert world.sandbox.totals()["created_by_api"] == 3


def test_tags_and_cooldowns(world):
    """ann@ and ann+news@ are mailed once; after the cooldown once more, when complete took the row out, and not before."""
    config = {"export": {"once": "cooldown", "cooldown_days": {"no_reply": 60, "replied": 1}}, "complete": {"armed": False}}
    world.configure(**config)
    world.import_rows(("A", "ann@example.com"), ("B", "Ann+news@Example.com"), ("C", "an.n@example.com"))
    said = world.run("plan", code=0)
    assert "no cooldown ends while complete.armed is false" in said.stdout
    assert "export.cooldown_days.replied has no effect" in said.stderr + world.run("validate", code=0).stdout
    world.run("export", code=0)
    assert {row["email"] for row in world.sandbox.leads()} == {"ann@example.com", "an.n@example.com"}
    first = world.row("A")["added_date"]
    synced(world, days=5)
    synced(world, days=70)
    assert world.json("plan", code=(0, 3))["left_out"] == {"still_in_instantly": 3}
    world.run("export", code=(0, 3))
    assert world.creating_calls() == 1
    world.configure(**{**config, "complete": {"armed": True}})
    world.run("complete", code=(0, 3))
    assert world.row("A")["sequence_completed"] == 1
    world.run("export", code=0)
    assert world.creating_calls() == 2 and {row["email"] for row in world.sandbox.leads()} == {"ann@example.com", "an.n@example.com"}
    again = world.row("A")
    assert again["added_to_instantly"] == 1 and again["added_date"] > first
    assert again["sequence_completed"] == 0 and again["sequence_completed_date"] is None
    assert world.kinds("A").count("reopened") == 1 and world.shown("A")["state"]["generation"] == 2
    synced(world, days=5)
    assert world.json("verify", code=0)["differences"] == [] and world.row("A")["cold_email_sent"] == 1
