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
            ("'h'", "' H@Example.com '"), ("'i'", "'i@exa\\u0000mple.com'"), ("'j'", "'<script>'")]
    user.query("INSERT INTO d.leads (lead_id, email) VALUES " + ", ".join(f"({key}, {mail})" for key, mail in rows))
    assert user.json("export")["added"] == 2  # a and h: one person each, whatever the number of rows
    assert sorted(lead["email"] for lead in user.sandbox.leads()) == ["a@example.com", "h@example.com"]
    assert user.query("SELECT lead_id FROM d.leads WHERE added_to_instantly GROUP BY lead_id ORDER BY 1") == [("a",), ("h",)]
    assert user.json("export")["added"] == 0 and user.json("verify")["differences"] == []


@pytest.mark.parametrize("wrong", [{"dataset": "nowhere"}, {"project": "nobodys"}, {"ops_dataset": "nowhere"}])
def test_a_place_that_is_none(user, wrong):
    user.configure(warehouse={**BLOCK, **wrong})
    said = user.run("export", code=78).stderr
    assert "is missing" in said or "not found" in said, said
    assert "not found" in user.run("schema", "apply", code=(1, 78)).stderr
    assert user.creating_calls() == 0 and user.query("SELECT COUNT(*) FROM d.pipeline_runs") == [("0",)]
    told = {finding["id"]: finding["sentence"] for finding in user.json("doctor", code=(1, 78))["findings"]}
    assert "dataset_missing" in told or "warehouse_unusable" in told, told


@pytest.mark.parametrize("command", [("plan",), ("status",), ("leads", "export"), ("export",)])
def test_a_source_that_is_not_there(user, command):
    user.configure(source={"table": "nobodys"})
    said = user.run(*command, code=78).stderr
    assert "table nobodys is missing" in said and "schema apply" in said, said
