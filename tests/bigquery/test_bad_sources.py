"""Sources that are not what they ought to be, on BigQuery: one that shrank, NULL and repeated keys, addresses that are none."""

import pytest
from dataset import BLOCK


def test_a_source_that_shrank(user):
    user.import_people(60)
    user.run("export", "--limit", 50, code=0)
    user.query("DELETE FROM d.leads WHERE lead_id < 'L036'")
    events = user.query("SELECT COUNT(*) FROM d.lead_events")
    said = user.run("export", code=6).stderr
    assert "the source has 24 rows, and the last export counted 60: it lost 60 %" in said and "--allow-shrunk-source=24" in said
    assert user.query("SELECT COUNT(*) FROM d.lead_events") == events and user.creating_calls() == 1
    assert user.json("export", "--allow-shrunk-source", 24)["added"] == 10


def test_keys_and_addresses_that_are_none(user):
    rows = [("'a'", "'a@example.com'"), ("'a'", "'a@example.com'"), ("NULL", "'b@example.com'"), ("'c'", "'not an address'"),
            ("'d'", "NULL"), ("'e'", "''"), ("'f'", "'a@example.com'"), ("'g'", "'g@example.com, h@example.com'"),
            ("'h'", "' H@Example.com '"), ("'h'", "'z@example.com'"), ("'i'", "'i@exa\\u0000mple.com'"), ("'j'", "'<script>'")]
    user.query("INSERT INTO d.leads (lead_id, email) VALUES " + ", ".join(f"({key}, {mail})" for key, mail in rows))
    assert user.json("export")["added"] == 2  # a and h: one person each, whatever the number of rows
    assert sorted(lead["email"] for lead in user.sandbox.leads()) == ["a@example.com", "h@example.com"]
    assert user.query("SELECT lead_id FROM d.leads WHERE added_to_instantly GROUP BY lead_id ORDER BY 1") == [("a",), ("h",)]
    assert user.query("SELECT added_to_instantly FROM d.leads WHERE email = 'z@example.com'") == [(None,)]  # not that person's
    assert user.json("export")["added"] == 0 and user.json("verify")["differences"] == []
    assert user.json("status")["notices"] == {"no_lead_id": 1, "repeated_lead_id": 2}  # what is never taken is said
    user.query("INSERT INTO d.leads (lead_id, email) VALUES ('k', 'k2@example.com'), ('k', 'k1@example.com'), ('k', 'k3@example.com')")
    assert user.shown("k")["repeats"] == 2 and user.shown("k")["next"]["action"] == "add" and user.shown("d")["repeats"] == 0
    shown = user.run("lead", "show", "k3@example.com", "--show-pii", code=0).stdout
    assert shown.count("Next: ") == 1 and "email                 k1@example.com" in shown and "3 rows of the source" in shown
    assert user.json("export")["added"] == 1 and user.sandbox.lead("k1@example.com")


def test_a_contacted_row_that_is_no_lead_bars_its_person(user):
    """Guarantee 56. Without a lead_id, with a blank one, or with one that an earlier row has."""
    rows = [("'a'", "a", "FALSE"), ("NULL", "A", "TRUE"), ("'b'", "b", "NULL"), ("' '", "b+x", "TRUE"), ("'d'", "d", "FALSE"),
            ("'d'", "d", "TRUE"), ("'e'", "e", "FALSE"), ("NULL", "é", "TRUE"), ("'g'", "é", "FALSE")]
    user.query("INSERT INTO d.leads (lead_id, email, cold_email_sent) VALUES "
               + ", ".join(f"({key}, '{name}@bücher.example', {sent})" if name == "é" else f"({key}, '{name}@example.com', {sent})"
                           for key, name, sent in rows).replace("é@", "eve@"))
    assert user.json("export", code=(0, 3))["added"] == 1
    assert [lead["email"] for lead in user.sandbox.leads()] == ["e@example.com"]
    assert user.json("status")["notices"]["no_lead_id"] == 3
    assert "contacted_before_us" in str(user.shown("a@example.com"))


def test_values_with_nul(user):
    """A CRM's rubbish in one cell keeps nobody else from being read; a key with it is none."""
    user.query("INSERT INTO d.leads (lead_id, email, first_name) VALUES ('a', 'a@example.com', 'A\\u0000nn'), "
               "('b', 'b@\\u0000example.com', 'B'), ('c\\u0000', 'c@example.com', 'C')")
    assert "+ 1 to add" in user.run("plan", code=0).stdout and user.json("export")["added"] == 1
    assert [(lead["email"], lead["first_name"]) for lead in user.sandbox.leads()] == [("a@example.com", "A\ufffdnn")]
    assert user.run("leads", "export", code=0).stdout.count("\n") == 4
    assert user.json("export")["added"] == 0 and user.json("status")["notices"] == {"no_lead_id": 1}


@pytest.mark.parametrize("wrong, said", [
    ({"dataset": "nowhere"}, "there is no dataset nowhere in the project test"),
    ({"project": "nobodys"}, "there is no dataset d in the project nobodys, or no such project"),
    ({"ops_dataset": "nowhere"}, "correct warehouse.project and warehouse.ops_dataset, or make the dataset: `bq mk"),
])
def test_a_place_that_is_none(user, wrong, said):
    user.configure(warehouse={**BLOCK, **wrong})
    for words in (("export",), ("plan",), ("plan", "--cost"), ("suppress", "check", "a@example.com"), ("schema", "apply")):
        assert said in user.run(*words, code=78).stderr, words
    assert user.creating_calls() == 0 and user.query("SELECT COUNT(*) FROM d.pipeline_runs") == [("0",)]
    told = {finding["id"]: finding["sentence"] for finding in user.json("doctor", code=(1, 78))["findings"]}
    assert "dataset_missing" in told or "warehouse_unusable" in told, told


def test_nothing_is_made_where_a_dataset_is_missing(user):
    user.configure(warehouse={**BLOCK, "ops_dataset": "nowhere"}, source={"table": "fresh"})
    user.run("schema", "apply", code=78)
    assert "fresh" not in str(user.ask("datasets/d/tables"))


READERS = (("plan",), ("status",), ("leads", "export"), ("runs", "list"), ("errors", "list"), ("suppress", "list"),
           ("suppress", "check", "a@example.com"), ("hold", "list"), ("campaigns", "list"), ("export", "--dry-run"),
           ("sync", "--dry-run"), ("complete", "--dry-run"), ("recover", "--dry-run"))  # fmt: skip


def test_only_leads_are_there(user):
    """Who reads needs none of our tables; who writes, or asks what writing costs, is told to make them."""
    user.import_people(2)
    user.ask("datasets", {"datasetReference": {"projectId": "test", "datasetId": "ops"}})
    user.configure(warehouse={**BLOCK, "ops_dataset": "ops"})
    for words in READERS:
        user.run(*words, code=0)
    assert "+ 2 to add" in user.run("plan", code=0).stdout
    for words in (("export",), ("plan", "--cost"), ("hold", "on", "--reason", "x")):
        assert "run `leadferry schema apply`" in user.run(*words, code=78).stderr, words
    made = user.run("schema", "print", code=0).stdout
    assert made.count("\nCREATE TABLE `test`.`ops`.`") == 11 and "SELECT" not in made


def test_a_table_that_was_dropped(user):
    """Taken for empty it would let everybody go who was stopped."""
    user.import_people(1)
    user.ask("datasets", {"datasetReference": {"projectId": "test", "datasetId": "ops"}})
    user.configure(warehouse={**BLOCK, "ops_dataset": "ops"})
    fields = [{"name": "name", "type": "STRING"}, {"name": "value", "type": "STRING"}]
    user.ask("datasets/ops/tables", {"tableReference": {"projectId": "test", "datasetId": "ops", "tableId": "controls"},
                                     "schema": {"fields": fields}})
    for words in (("plan",), ("status",), ("suppress", "check", "a@example.com"), ("export", "--dry-run"), ("export",)):
        assert "is missing" in user.run(*words, code=78).stderr, words
    assert "suppressions" in user.run("schema", "check", code=78).stdout


@pytest.mark.parametrize("command", [("plan",), ("status",), ("leads", "export"), ("export",)])
def test_a_source_that_is_not_there(user, command):
    user.configure(source={"table": "nobodys"})
    said = user.run(*command, code=78).stderr
    assert "table nobodys is missing" in said and "schema apply" in said, said
