"""Leads in the user's own table or view: other names, other types, columns that are missing, and what cannot be used."""

import json

import pytest
from cloud import OwnCloud

COLUMNS = {"lead_id": "id", "email": "mail", "first_name": "vorname", "added_to_instantly": "in_instantly",
           "added_date": "since", "sequence_completed": "done", "sequence_completed_date": "done_at",
           "last_email_status": "status", "cold_email_sent": "mailed", "updated_at": "changed"}
CONTACTS = {"id": "INTEGER", "mail": "STRING", "vorname": "STRING", "last_name": "STRING", "company_name": "STRING",
            "campaign_id": "STRING",
            "in_instantly": "INTEGER", "since": "DATETIME", "done": "STRING", "done_at": "DATETIME", "status": "STRING",
            "mailed": "BOOLEAN", "changed": "DATETIME", "untouched": "STRING"}


@pytest.fixture
def user(sandbox, emulator, tmp_path):
    """Who has no tables of leadferry's yet."""
    return OwnCloud(sandbox, tmp_path, emulator)


def put_contacts(user, n):
    user.make_table("contacts", **CONTACTS)
    rows = ", ".join(f"({i}, 'p{i}@example.com', 'Ann', 'no', 'kept')" for i in range(1, n + 1))
    user.query(f"INSERT INTO d.contacts (id, mail, vorname, done, untouched) VALUES {rows}")


def test_main_job_over_a_mapped_table(user):
    put_contacts(user, 12)
    user.configure(source={"table": "contacts", "columns": COLUMNS})
    user.run("schema", "apply", code=0)
    assert user.json("schema", "check")["findings"] == []
    user.run("export", code=0)
    user.run("export", code=0)
    assert user.creating_calls() == 1
    user.sandbox.advance(hours=2)
    user.run("sync", code=0)
    added = user.query("SELECT in_instantly, since IS NOT NULL, done, status, mailed, untouched FROM d.contacts")
    assert added == [("1", "true", "no", "sent", "true", "kept")] * 12  # "no" says FALSE, and stays as it was written
    user.sandbox.advance(days=45)
    for job in ("sync", "complete", "sync"):
        user.run(job, code=(0, 3))
    ended = user.query("SELECT in_instantly, done, done_at > since, status FROM d.contacts")
    assert ended == [("1", "true", "true", "sent")] * 12
    assert {lead["lead_id"] for lead in exported(user)} == {str(i) for i in range(1, 13)}
    assert user.shown("7")["state"]["outcome"] == "no_reply"
    before = user.query("SELECT * FROM d.contacts ORDER BY id")
    user.run("sync", code=0)
    assert user.query("SELECT * FROM d.contacts ORDER BY id") == before  # nothing changed, so nothing is written


def test_one_column_for_two_of_ours(user):
    put_contacts(user, 3)
    user.configure(source={"table": "contacts", "columns": {**COLUMNS, "last_name": "Vorname"}})  # both are only read
    user.run("schema", "apply", code=0)
    user.run("export", code=0)
    assert [(lead["first_name"], lead["last_name"]) for lead in exported(user)] == [("Ann", "Ann")] * 3
    assert user.json("status")["enrolled"] == 3
    user.configure(source={"table": "contacts", "columns": {**COLUMNS, "last_email_status": "Vorname"}})
    assert "first_name and last_email_status name the same column Vorname" in user.run("sync", code=78).stderr


def exported(user):
    return [json.loads(line) for line in user.run("leads", "export", "--show-pii", "--json", code=0).stdout.splitlines()]


def test_main_job_over_a_view(user):
    put_contacts(user, 5)
    user.make_view("hot", "SELECT id AS lead_id, mail AS email, vorname AS first_name FROM d.contacts WHERE id > 2")
    user.configure(source={"table": "hot"})
    for words in (("schema", "apply"), ("export",), ("suppress", "add", "p3@example.com", "--reason", "manual")):
        assert "table hot is a view, which nobody can write to; set source.write_back: false" in user.run(*words, code=78).stderr
    user.configure(source={"table": "hot", "write_back": False})
    user.run("schema", "apply", code=0)
    assert user.json("schema", "check")["findings"] == []
    before = user.query("SELECT * FROM d.contacts ORDER BY id")
    assert "+ 3 to add" in user.run("plan", code=0).stdout
    for _ in range(2):
        user.run("export", code=0)
    user.sandbox.advance(hours=2)
    user.run("sync", code=0)
    assert user.creating_calls() == 1 and user.json("status")["enrolled"] == 3
    assert user.query("SELECT * FROM d.contacts ORDER BY id") == before
    assert "import writes only into a table" in user.import_rows(("x", "x@example.com"), code=78).stderr


@pytest.mark.parametrize("text, said", [
    ("SELECT id AS lead_id FROM d.contacts", "table bad, column email is missing; it is STRING: add it to the view"),
    ("SELECT mail AS lead_id, id AS email FROM d.contacts", "table bad, column email is INT64; it must be STRING"),
    ("SELECT CURRENT_TIMESTAMP() AS lead_id, mail AS email FROM d.contacts",
     "table bad, column lead_id is TIMESTAMP; it must be STRING or INT64"),
    ("SELECT id AS lead_id, mail AS email, since AS added_to_instantly FROM d.contacts",
     "table bad, column added_to_instantly is DATETIME; it must be BOOL or INT64 or STRING"),
])
def test_a_view_that_cannot_be_used(user, text, said):
    put_contacts(user, 1)
    user.configure(source={"table": "hot", "write_back": False})
    user.make_view("hot", "SELECT id AS lead_id, mail AS email FROM d.contacts")
    user.run("schema", "apply", code=0)
    user.make_view("bad", text)
    user.configure(source={"table": "bad", "write_back": False})
    for words in (("plan",), ("export",), ("sync",), ("leads", "export"), ("schema", "apply")):
        assert said in user.run(*words, code=78).stderr, words
    listed = user.run("schema", "check", code=78).stdout
    assert said.split("column ")[1].split(" ", 1)[1] in listed
    assert user.creating_calls() == 0
    assert user.query("SELECT COUNT(*) FROM d.lead_events") == [("0",)]


def test_a_name_that_no_column_has(user):
    put_contacts(user, 1)
    user.configure(source={"table": "contacts", "columns": {**COLUMNS, "first_name": "forename"}})
    said = user.run("schema", "apply", code=78).stderr
    assert "column forename is missing, and source.columns names it for first_name" in said and "nothing was changed" in said
    told = {(finding["id"], finding["subject"]) for finding in user.json("doctor", code=78)["findings"]}
    assert ("schema_wrong", "contacts.forename") in told


def test_columns_are_added_and_nothing_else_is_changed(user):
    nested = {"name": "origin", "type": "RECORD", "description": "where from", "fields": [{"name": "list", "type": "STRING"}]}
    user.ask("datasets/d/tables", {
        "tableReference": {"projectId": "test", "datasetId": "d", "tableId": "leads"},
        "schema": {"fields": [{"name": "lead_id", "type": "STRING"}, {"name": "email", "type": "STRING"}, nested]}})
    user.run("schema", "apply", code=0)
    fields = user.table("leads")["schema"]["fields"]
    assert [field["name"] for field in fields[:4]] == ["lead_id", "email", "origin", "first_name"] and len(fields) == 14
    assert fields[2]["description"] == "where from" and fields[2]["fields"][0]["name"] == "list"
    user.configure(source={"table": "bare", "write_back": False})
    user.make_table("bare", lead_id="STRING", email="STRING")
    user.run("schema", "apply", code=0)
    assert len(user.table("bare")["schema"]["fields"]) == 2  # nobody writes to it, so nothing is added


@pytest.mark.parametrize("kind, word", [("MATERIALIZED_VIEW", "materialized view"), ("SNAPSHOT", "snapshot"),
                                        ("EXTERNAL", "table of another storage (EXTERNAL)")])
def test_what_can_be_read_and_not_written(sandbox, observed, tmp_path, kind, word):
    user = OwnCloud(sandbox, tmp_path, observed.host)
    user.run("schema", "apply", code=0)
    user.import_people(2)
    observed.overlay["leads"] = {"type": kind}
    for words in (("export",), ("schema", "apply")):
        assert f"table leads is a {word}, which nobody can write to" in user.run(*words, code=78).stderr
    user.configure(source={"write_back": False})
    assert user.json("export")["added"] == 2


@pytest.mark.parametrize("table", ["leads", "lead_events"])
def test_a_table_that_demands_a_filter(sandbox, observed, tmp_path, table):
    """BigQuery would refuse nearly every statement over it, some of them after leads were added."""
    user = OwnCloud(sandbox, tmp_path, observed.host)
    user.run("schema", "apply", code=0)
    user.import_people(2)
    observed.overlay[table] = {"requirePartitionFilter": True}
    observed.forget()
    for words in (("export",), ("sync",), ("schema", "apply")):
        said = user.run(*words, code=78).stderr
        assert f"table {table} demands a filter by its partitions" in said and "take that option off" in said, words
        assert ("source.write_back: false" in said) == (table == "leads")
    assert observed.jobs == [] and observed.streamed == [] and user.creating_calls() == 0
    assert user.run("plan").returncode == (78 if table == "leads" else 0)
    assert "require_partition_filter" in user.run("schema", "check", code=78).stdout


def test_a_column_that_is_too_short(user):
    fields = [{"name": column, "type": word} for column, word in CONTACTS.items()]
    for field in fields:
        field.update({"done": {"maxLength": "1"}, "status": {"maxLength": "8"}, "mail": {"maxLength": "3"}}.get(field["name"], {}))
    user.ask("datasets/d/tables", {"tableReference": {"projectId": "test", "datasetId": "d", "tableId": "contacts"},
                                   "schema": {"fields": fields}})
    user.configure(source={"table": "contacts", "columns": COLUMNS})
    assert "table contacts, column done is STRING(1), and `false` is written to it" in user.run("schema", "apply", code=78).stderr
    listed = user.run("schema", "check", code=78).stdout
    assert "is STRING(8), and `unsubscribed` is written to it; make it longer" in listed and "mail" not in listed
    user.configure(source={"table": "contacts", "columns": COLUMNS, "write_back": False})
    user.run("schema", "apply", code=0)


WORDS = {"id": "INTEGER", "mail": "STRING", "first_name": "STRING", "last_name": "STRING", "company_name": "STRING",
         "campaign_id": "STRING", "added": "STRING", "since": "DATETIME", "done": "INTEGER", "done_at": "DATETIME",
         "status": "STRING", "mailed": "STRING", "changed": "DATETIME"}
NAMES = {"lead_id": "id", "email": "mail", "added_to_instantly": "added", "added_date": "since", "sequence_completed": "done",
         "sequence_completed_date": "done_at", "last_email_status": "status", "cold_email_sent": "mailed", "updated_at": "changed"}


def test_flags_that_are_words(user):
    """Guarantee 44."""
    user.make_table("contacts", **WORDS)
    user.configure(source={"table": "contacts", "columns": NAMES})
    user.run("schema", "apply", code=0)
    words = {1: "' TRUE'", 2: "'t'", 3: "'Yes'", 4: "'y'", 5: "'1'", 6: "'False\\r'", 7: "'no'", 8: "''", 9: "'NULL'", 10: "NULL"}
    rows = ", ".join(f"({i}, 'p{i}@example.com', {word}, 0, NULL, NULL)" for i, word in words.items())
    user.query("INSERT INTO d.contacts (id, mail, added, done, status, campaign_id) VALUES " + rows)
    user.query("INSERT INTO d.contacts (id, mail, status, campaign_id) VALUES (11, 'p11@example.com', ' Sent ', NULL), "
               f"(12, 'p12@example.com', ' null', ' {user.campaign} '), (13, 'p13@example.com', '', 'NULL')")
    assert user.json("plan")["left_out"] == {"contacted_before_us": 6}
    user.query("INSERT INTO d.contacts (id, mail, added, done) VALUES (20, 'p20@example.com', 'ja', 2)")
    said = user.run("export", code=78).stderr
    assert "table contacts, column added holds `ja` in 1 row, which says neither TRUE" in said and "there is more" in said
    assert "column added holds `ja`" in user.run("plan", code=78).stderr
    assert "`2` in 1 row" in user.run("schema", "check", code=78).stdout and user.creating_calls() == 0
    user.run("schema", "apply", code=0)
    for words in (("sync",), ("complete",), ("recover",), ("suppress", "add", "p13@example.com", "--reason", "manual")):
        user.run(*words, code=0)
    user.query("UPDATE d.contacts SET added = 'f', done = 0 WHERE id = 20")
    user.run("export", code=0)
    added = user.query("SELECT id, added FROM d.contacts WHERE since IS NOT NULL ORDER BY id")
    assert added == [(str(i), "true") for i in (6, 7, 8, 9, 10, 12, 20)]
    user.query("UPDATE d.contacts SET added = ' Y' WHERE id = 6")
    before = user.query("SELECT * FROM d.contacts ORDER BY id")
    user.run("sync", code=0)
    assert user.query("SELECT * FROM d.contacts ORDER BY id") == before


END = "1900000000000"


def test_a_dataset_whose_tables_end(sandbox, observed, tmp_path):
    """60 days where billing was never set up: the ledger would forget whom it contacted."""
    user = OwnCloud(sandbox, tmp_path, observed.host)
    observed.ends_at = END
    user.run("schema", "apply", code=0)
    assert [table for table, members in observed.overlay.items() if members] == []
    user.import_people(2)
    user.run("export", code=0)
    for table in ("lead_events", "suppressions", "controls"):
        observed.overlay[table] = {"expirationTime": END}
        for words in (("export",), ("sync",), ("complete",), ("suppress", "add", "x@example.com", "--reason", "manual")):
            assert f"table {table} goes away by itself at 2030-03-17T" in user.run(*words, code=78).stderr, words
        assert "`leadferry schema apply`" in user.run("export", code=78).stderr
        told = {(finding["id"], finding["subject"]) for finding in user.json("doctor", code=78)["findings"]}
        assert any(id.startswith("schema_") and table in subject for id, subject in told), told
        user.run("schema", "apply", code=0)
        user.run("export", code=0)
    observed.overlay["lead_events"] = {"timePartitioning": {"type": "DAY", "field": "recorded_at", "expirationMs": "5184000000"}}
    assert "table lead_events loses its partitions after 1440 hours" in user.run("export", code=78).stderr
    user.run("schema", "apply", code=0)
    user.run("export", code=0)
    observed.overlay["leads"] = {"expirationTime": END}  # when that ends is its maker's business
    user.run("export", code=0)


def test_an_end_that_cannot_be_taken_off(sandbox, observed, tmp_path):
    user = OwnCloud(sandbox, tmp_path, observed.host)
    observed.ends_at, observed.may_end = END, False
    assert "would go away by itself, and that cannot be taken off" in user.run("schema", "apply", code=78).stderr


def test_types_in_the_words_of_sql(sandbox, observed, tmp_path):
    user = OwnCloud(sandbox, tmp_path, observed.host)
    user.run("schema", "apply", code=0)
    user.import_people(2)
    words = {"INTEGER": "INT64", "BOOLEAN": "BOOL"}
    for table in ("leads", "lead_events"):
        schema = user.table(table)["schema"]
        for field in schema["fields"]:
            field["type"] = words.get(field["type"], field["type"])
        observed.overlay[table] = {"schema": schema}
    assert user.json("schema", "check")["findings"] == []
    assert user.json("export")["added"] == 2


def test_a_table_of_ours_as_source(user):
    user.run("schema", "apply", code=0)
    for name in ("lead_events", "Lead_State", "suppressions", "campaign_status"):
        user.configure(source={"table": name})
        for words in (("export",), ("plan",), ("schema", "apply")):
            assert "is a table of leadferry's own" in user.run(*words, code=78).stderr, (name, words)
    user.configure(source={"table": "lead_events"}, warehouse={**user_block(), "ops_dataset": "elsewhere"})
    assert "of leadferry's own" not in user.run("plan").stderr


def user_block():
    return {"type": "bigquery", "project": "test", "dataset": "d"}


@pytest.mark.parametrize("kind, yes, no", [("BOOL", "TRUE", "FALSE"), ("TIMESTAMP", "TIMESTAMP '2026-01-02 03:04:05+00'", "NULL")])
def test_a_column_that_says_who_does_not_want_mail(user, kind, yes, no):
    """Guarantee 55."""
    user.query(f"CREATE TABLE d.people (lead_id STRING, email STRING, first_name STRING, last_name STRING, company_name STRING, "
               f"campaign_id STRING, added_to_instantly BOOL, added_date TIMESTAMP, sequence_completed BOOL, "
               f"sequence_completed_date TIMESTAMP, last_email_status STRING, cold_email_sent BOOL, updated_at TIMESTAMP, dnc {kind}, "
               f"note STRING)")
    user.query(f"INSERT INTO d.people (lead_id, email, dnc) VALUES ('a', 'a@example.com', {no}), ('b', 'b@example.com', NULL), "
               f"(NULL, ' A+x@example.com', {yes}), ('c', 'c@example.com', {no})")
    user.configure(source={"table": "people", "opt_out": {"column": "dnc"}})
    user.run("schema", "apply", code=0)
    assert user.json("plan")["opt_outs"]["stopped"] == 1
    user.run("export", code=0)
    assert sorted(lead["email"] for lead in user.sandbox.leads()) == ["b@example.com", "c@example.com"]
    user.query(f"UPDATE d.people SET dnc = {yes} WHERE lead_id = 'b'")
    assert user.json("sync", code=(0, 3))["opt_outs"]["stopped"] == 1
    assert [lead["email"] for lead in user.sandbox.leads()] == ["c@example.com"]
    user.query("UPDATE d.people SET note = 'perhaps' WHERE lead_id = 'c'")
    user.configure(source={"table": "people", "opt_out": {"column": "note"}})
    for command in (("export",), ("schema", "check")):
        done = user.run(*command, code=78)
        assert "`perhaps` in 1 row" in done.stdout + done.stderr
    user.run("sync", code=(0, 3))
