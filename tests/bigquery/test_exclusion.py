"""source.exclude and source.gone on BigQuery: what `plan` shows, what an export bars, what ends, and a table that is not what it ought to be."""

EXCLUDE = {"exclude": {"table": "customers", "column": "contact"}}


def in_force(user):
    return user.query("SELECT COUNT(*) FROM d.suppressions WHERE source = 'exclusion' AND revoked_at IS NULL")[0][0]


def running(user):
    return user.query("SELECT COUNT(*) FROM d.lead_state WHERE settlement = 8 AND finished_at IS NULL AND removed_at IS NULL")[0][0]


def test_customers(user):
    """Guarantee 64."""
    user.import_people(14)
    user.query("CREATE TABLE d.customers (contact STRING, age INT64)")
    user.query("INSERT INTO d.customers (contact) VALUES ('P1@example.com'), ('p2+x@example.com'), (NULL), ('n/a'), "
               "('m\u00fcnchen.example'), ('o\\'neill@example.org')")
    user.configure(source=EXCLUDE)
    plan = user.json("plan")
    assert plan["left_out"] == {"excluded": 2} and plan["totals"]["add"] == 12 and in_force(user) == "0"
    assert (plan["exclusion"]["blank"], plan["exclusion"]["not_understood"], plan["exclusion"]["new"]) == (1, 1, 4)
    assert user.shown("p1@example.com")["next"]["verdict"] == "excluded"
    assert user.json("export")["added"] == 12 and in_force(user) == "4"
    # whoever becomes a customer is taken out; many of them wait
    user.query("DELETE FROM d.customers WHERE contact = 'P1@example.com'")
    user.query("INSERT INTO d.customers (contact) VALUES ('p3@example.com')")
    plan = user.json("plan")
    assert plan["totals"]["add"] == 1 and plan["stop_hits"]["running_leads"] == 1
    assert user.json("export")["added"] == 1
    assert running(user) == "12" and len(user.sandbox.leads()) == 12
    user.query("INSERT INTO d.customers (contact) VALUES ('example.com')")
    assert "--allow-hit=12" in user.run("sync", code=3).stdout and running(user) == "12"
    user.query("DELETE FROM d.customers WHERE contact = 'example.com'")
    user.run("sync", code=0)
    assert in_force(user) == "4" and running(user) == "12"


def test_a_table_that_is_not_what_it_ought_to_be(user):
    user.import_people(3)
    user.query("CREATE TABLE d.customers (contact STRING, age INT64)")
    user.query("INSERT INTO d.customers (contact) VALUES " + ", ".join(f"('p{i}@example.com')" for i in range(1, 13)))
    user.configure(source=EXCLUDE)
    assert user.json("export")["added"] == 1
    user.query("DELETE FROM d.customers WHERE TRUE")
    assert "lost 12 of the 12" in user.run("export", code=6).stderr and "lost 12 of the 12" in user.run("plan", code=6).stderr
    user.run("sync", code=3)
    assert in_force(user) == "12"
    for column, said in (("age", "table customers, column age is INTEGER, and addresses are STRING"),
                         ("mail", "table customers, column mail is missing; correct source.exclude.column")):  # fmt: skip
        user.configure(source={"exclude": {"table": "customers", "column": column}})
        assert said in user.run("export", code=78).stderr and said in user.run("plan", code=78).stderr
        assert "source.exclude.column" in user.run("schema", "check", code=78).stdout
    user.query("DROP TABLE d.customers")
    assert "table customers is missing in dataset d; make it" in user.run("export", code=78).stderr
    user.run("sync", code=3)
    user.run("suppress", "add", "p9@example.com", "--reason", "asked", code=0)
    assert in_force(user) == "12"


def test_who_left_the_source(user):
    """Guarantee 65."""
    user.import_people(6)
    user.run("export", code=0)
    user.query("DELETE FROM d.leads WHERE lead_id IN ('L001', 'L002')")
    user.query("UPDATE d.leads SET lead_id = 'new', email = ' P3+x@Example.com ' WHERE lead_id = 'L003'")
    assert user.json("plan")["gone"]["persons"] == 2 and "source.gone: keep" in user.run("status", code=(0, 3)).stdout
    user.configure(source={"gone": "stop"})
    plan = user.json("plan")
    assert (plan["gone"]["persons"], plan["stop_hits"]["running_leads"]) == (2, 2)
    user.run("sync", code=0)
    assert sorted(lead["email"] for lead in user.sandbox.leads()) == [f"p{i}@example.com" for i in (0, 3, 4, 5)]
    user.query("INSERT INTO d.leads (lead_id, email) VALUES ('back', 'p1@example.com')")
    assert user.json("sync")["gone"]["ended"] == 1 and user.json("export")["added"] == 0
    user.query("DELETE FROM d.leads WHERE TRUE")
    assert user.json("sync", code=3)["gone"]["is_doubted"] is True and running(user) == "4"
