"""source.exclude: whoever stands in a table of customers is not mailed, and no longer than that."""

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    made = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    made.import_people(20)
    made.sql("CREATE TABLE customers (name TEXT, email TEXT)")
    exclude(made)
    return made


def exclude(world, **more):
    world.configure(source={"exclude": {"table": "customers", **more}})


def customers(world, *emails):
    for email in emails:
        world.sql("INSERT INTO customers (email) VALUES (?)", email)


def gone(world, *emails):
    for email in emails:
        world.sql("DELETE FROM customers WHERE email IS ?", email)


def sent(world):
    return sorted(lead["email"] for lead in world.sandbox.leads())


def running(world):
    return {row[0] for row in world.sql("SELECT person FROM lead_state WHERE settlement = 8 AND finished_at IS NULL "
                                        "AND removed_at IS NULL AND instantly_id IS NOT NULL")}  # fmt: skip


def in_force(world):
    return world.sql("SELECT count(*) FROM suppressions WHERE source = 'exclusion' AND revoked_at IS NULL")[0][0]


def errors(world, kind):
    return [row[0] for row in world.sql("SELECT error_message FROM pipeline_errors WHERE error_type = ?", kind)]


def test_an_excluded_person_is_not_exported_until_its_row_is_gone(world):
    """Any spelling, the +tag folded; cells that say nothing bar nobody and are said."""
    customers(world, "P1@Example.com", " p2+billing@example.com ", None, "", "NULL", "n/a", "two@x.org; three@x.org", "7")
    plan = world.json("plan")
    assert plan["totals"]["add"] == 18 and plan["left_out"] == {"excluded": 2}
    assert plan["exclusion"] == {"table": "customers", "is_read": True, "rows": 8, "blank": 3, "not_understood": 3,
                                 "stopped": 2, "new": 2, "ended": 0, "kept_in_doubt": 0}
    said = world.run("plan", code=0).stdout
    assert "source.exclude: 2 stopped by 8 rows of customers" in said and "3 cells" in said
    assert in_force(world) == 0  # a plan writes nothing
    assert world.shown("p1@example.com")["next"]["verdict"] == "excluded"
    assert world.json("suppress", "check", "p2+other@example.com")["stopped"] is True
    assert world.json("export")["added"] == 18
    assert "p1@example.com" not in sent(world) and "p2@example.com" not in sent(world)
    assert "source.exclude" in world.run("lead", "show", "p1@example.com", code=0).stdout
    gone(world, "P1@Example.com")
    assert world.json("plan")["totals"]["add"] == 1
    assert world.json("export")["added"] == 1 and "p1@example.com" in sent(world)


def test_a_domain_stands_for_everybody_there(world):
    world.import_rows(("A", "ann@acme.example"), ("B", "bob@acme.example"), ("C", "cid@m\u00fcnchen.example"))
    customers(world, "Acme.example", "@xn--mnchen-3ya.example")
    assert world.json("export")["added"] == 0 + 20
    gone(world, "@xn--mnchen-3ya.example")
    customers(world, "CID@m\u00fcnchen.example")
    assert world.json("export")["added"] == 0
    gone(world, "CID@m\u00fcnchen.example", "Acme.example")
    assert world.json("export")["added"] == 3


@pytest.mark.parametrize("job", ["export", "sync"])
def test_who_becomes_a_customer_is_taken_out(world, job):
    """Guarantee 64."""
    world.run("export", code=0)
    customers(world, "p3@example.com", "p4+x@example.com")
    assert world.json("plan")["stop_hits"]["running_leads"] == 2
    world.run(job, code=0)
    assert running(world) == {f"p{i}@example.com" for i in range(20)} - {"p3@example.com", "p4@example.com"}
    assert len(sent(world)) == 18
    assert world.json("verify", code=0)["differences"] == []
    gone(world, "p3@example.com", "p4+x@example.com")
    assert world.json("export")["added"] == 0 and in_force(world) == 0  # over is over
    assert world.sandbox.api("GET", "/api/v2/block-lists-entries?limit=100").json["items"] == []


def test_many_of_them_wait_for_the_number(world):
    world.run("export", code=0)
    customers(world, *(f"p{i}@example.com" for i in range(12)))
    said = world.run("sync", code=3).stdout
    assert "--allow-hit=12" in said and len(running(world)) == 20
    world.run("sync", "--allow-hit=11", code=3)
    assert len(running(world)) == 20
    world.run("sync", "--allow-hit=12", code=0)
    assert len(running(world)) == 8


def test_a_table_that_lost_most_of_its_rows_frees_nobody(world):
    """Guarantee 64."""
    customers(world, *(f"p{i}@example.com" for i in range(12)))
    assert world.json("export")["added"] == 8
    world.sql("DELETE FROM customers WHERE email NOT IN ('p0@example.com', 'p1@example.com', 'p10@example.com', 'p11@example.com')")
    world.import_rows(("NEW", "new@example.com"))
    for job in ("plan", "export"):
        said = world.run(job, code=6).stderr
        assert "lost 8 of the 12" in said and "--allow-shrunk-exclusion=8" in said, job
    assert in_force(world) == 12 and len(sent(world)) == 8
    world.run("sync", code=3)
    assert in_force(world) == 12 and "lost 8 of the 12" in errors(world, "exclusion_shrunk")[0]
    world.run("export", "--allow-shrunk-exclusion=7", code=6)
    assert world.json("plan", "--allow-shrunk-exclusion=8")["totals"]["add"] == 9
    assert world.json("export", "--allow-shrunk-exclusion=8")["added"] == 9
    world.sql("DELETE FROM customers")
    assert world.json("export")["added"] == 4  # so few are let be


def test_an_empty_table(world):
    customers(world, *(f"p{i}@example.com" for i in range(12)))
    world.run("export", code=0)
    world.sql("DELETE FROM customers")
    assert "lost 12 of the 12" in world.run("export", code=6).stderr
    world.configure(source={"exclude": {"table": "customers"}, "max_shrink_percent": 0})
    assert world.json("export")["added"] == 12


@pytest.mark.parametrize("made, said", [
    (None, "table customers is missing; make it, or correct source.exclude.table"),
    ("mail TEXT", "table customers, column email is missing; correct source.exclude.column"),
    ("email INTEGER", "table customers, column email has the type INTEGER"),
])
def test_a_table_that_is_not_there(world, made, said):
    customers(world, "p1@example.com")
    assert world.json("export", "--limit", 3)["added"] == 3
    world.sql("DROP TABLE customers")
    if made:
        world.sql(f"CREATE TABLE customers ({made})")
    for words in (("export",), ("plan",)):
        assert said in world.run(*words, code=78).stderr, words
    assert "customers" in world.run("schema", "check", code=78).stdout
    assert "customers" in world.run("doctor", code=(1, 3, 78)).stdout
    world.run("suppress", "add", "p0@example.com", "--reason", "asked", code=0)
    world.run("hold", "on", "--reason", "look", code=0)
    world.run("complete", code=(0, 3, 6))
    world.run("sync", code=3)
    assert said in errors(world, "exclusion_unreadable")[0] and len(sent(world)) == 2 and in_force(world) == 1


def test_without_the_setting_its_stops_end(world):
    customers(world, "p1@example.com")
    assert world.json("export")["added"] == 19
    world.configure()
    assert world.json("export")["added"] == 1 and in_force(world) == 0


@pytest.mark.parametrize("table, said", [
    ("leads", "source.exclude.table: leads is the table of leads itself"),
    ("suppressions", "source.exclude.table: suppressions is a table of leadferry's own"),
])
def test_tables_that_are_none_of_customers(world, table, said):
    exclude(world, table=table)
    assert said in world.run("export", code=78).stderr


def test_a_view_will_do(world):
    world.sql("CREATE VIEW open_deals AS SELECT email AS contact FROM customers WHERE name = 'open'")
    world.sql("INSERT INTO customers VALUES ('open', 'p1@example.com'), ('lost', 'p2@example.com')")
    exclude(world, table="open_deals", column="CONTACT")
    assert world.json("export")["added"] == 19 and "p2@example.com" in sent(world)


@pytest.mark.parametrize("kind", ["STRING", "VARCHAR(80)", "any"])
def test_other_words_for_text(world, kind):
    world.sql("DROP TABLE customers")
    world.sql(f"CREATE TABLE customers (email {kind})")
    customers(world, "p1@example.com")
    assert world.json("export")["added"] == 19


def test_a_view_that_is_broken(world):
    customers(world, "p1@example.com")
    world.run("export", code=0)
    world.sql("CREATE VIEW deals AS SELECT email FROM customers")
    world.sql("DROP TABLE customers")
    exclude(world, table="deals")
    for words in (("plan",), ("export",), ("schema", "check")):
        done = world.run(*words, code=78)
        assert "deals" in done.stderr + done.stdout, words
    assert "deals" in world.run("doctor", code=(1, 3, 78)).stdout
    world.run("sync", code=3)
    assert in_force(world) == 1 and "deals" in errors(world, "exclusion_unreadable")[0]
    assert world.shown("p1@example.com")["next"]["verdict"] == "excluded"


def test_what_a_person_removes_the_table_brings_back_and_says_so(world):
    customers(world, "p1@example.com")
    world.run("export", code=0)
    said = world.run("suppress", "remove", "p1@example.com", "--reason", "a mistake", code=0)
    assert "A row of source.exclude names it" in said.stderr + said.stdout
    assert world.json("export")["added"] == 0 and in_force(world) == 1
    assert "other words" in world.run("suppress", "add", "p2@example.com", "--reason", "excluded", code=2).stderr
    # a person's own stop stays when the row goes, and the other way round
    world.run("suppress", "add", "p1@example.com", "--reason", "by phone", code=0)
    gone(world, "p1@example.com")
    assert world.json("plan")["left_out"] == {"suppressed(by phone)": 1}


def test_a_plan_before_there_are_tables_of_ours(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.sql("CREATE TABLE leads (lead_id TEXT, email TEXT, first_name TEXT, last_name TEXT, company_name TEXT, campaign_id TEXT, "
              "added_to_instantly INTEGER, added_date TEXT, sequence_completed INTEGER, sequence_completed_date TEXT, "
              "last_email_status TEXT, cold_email_sent INTEGER, updated_at TEXT)")  # fmt: skip
    world.sql("INSERT INTO leads (lead_id, email) VALUES ('a', 'a@example.com'), ('b', 'b@example.com')")
    world.sql("CREATE TABLE customers (email TEXT)")
    customers(world, "A@example.com")
    world.configure(source={"exclude": {"table": "customers"}, "gone": "stop"})
    plan = world.json("plan")
    assert plan["left_out"] == {"excluded": 1} and plan["totals"]["add"] == 1
    assert world.json("export")["added"] == 1
