"""`leadferry import` as people use it: files of every dialect, odd rows, big and broken files."""

import json
import os
import pty
import sqlite3
import subprocess

import pytest

CAMPAIGN = "01a19b45-b800-7000-8000-10c19a553d0c"


@pytest.fixture
def leadferry(leadferry_binary, tmp_path):
    """Runs leadferry in tmp_path with a minimal configuration; returns the finished process."""
    config = tmp_path / "leadferry.yaml"
    config.write_text(
        f'warehouse: {{path: "{tmp_path}/lf.db"}}\n'
        f'campaigns: [{{id: "{CAMPAIGN}", name: "Spring"}}]\n'
        f'instantly: {{api_key_env: INSTANTLY_API_KEY}}\n'
    )
    config.chmod(0o600)

    def run(*args, **more):
        return subprocess.run([str(leadferry_binary), *map(str, args)], cwd=tmp_path, capture_output=True, text=True, timeout=120, **more)

    return run


def rows(tmp_path, columns="email, first_name, last_name, company_name"):
    with sqlite3.connect(tmp_path / "lf.db") as db:
        return db.execute(f"SELECT {columns} FROM leads ORDER BY email").fetchall()


DIALECTS = {
    "commas": b"id,email,first name,last name,company\n1,a@x.com,Ann,Lee,\"Acme, Inc\"\n2,b@x.com,Bob,Kay,Bolt\n",
    "crlf": b"id,email,first name,last name,company\r\n1,a@x.com,Ann,Lee,\"Acme, Inc\"\r\n2,b@x.com,Bob,Kay,Bolt\r\n",
    "cr": b"id,email,first name,last name,company\r1,a@x.com,Ann,Lee,\"Acme, Inc\"\r2,b@x.com,Bob,Kay,Bolt\r",
    "bom": b"\xef\xbb\xbfid,email,first name,last name,company\n1,a@x.com,Ann,Lee,\"Acme, Inc\"\n2,b@x.com,Bob,Kay,Bolt\n",
    "semicolons": b"id;email;first name;last name;company\n1;a@x.com;Ann;Lee;Acme, Inc\n2;b@x.com;Bob;Kay;Bolt\n",
    "tabs": b"id\temail\tfirst name\tlast name\tcompany\n1\ta@x.com\tAnn\tLee\tAcme, Inc\n2\tb@x.com\tBob\tKay\tBolt\n",
    "bars": b"id|email|first name|last name|company\n1|a@x.com|Ann|Lee|Acme, Inc\n2|b@x.com|Bob|Kay|Bolt\n",
    "sep line": b"sep=;\r\nid;email;first name;last name;company\r\n1;a@x.com;Ann;Lee;Acme, Inc\r\n2;b@x.com;Bob;Kay;Bolt\r\n",
    "no newline at the end": b"id,email,first name,last name,company\n1,a@x.com,Ann,Lee,\"Acme, Inc\"\n2,b@x.com,Bob,Kay,Bolt",
    "blank lines": b"\n\nid,email,first name,last name,company\n\n1,a@x.com,Ann,Lee,\"Acme, Inc\"\n,,,,\n\n2,b@x.com,Bob,Kay,Bolt\n\n",
    "everything quoted": b'"id","email","first name","last name","company"\n"1","a@x.com","Ann","Lee","Acme, Inc"\n"2","b@x.com","Bob","Kay","Bolt"\n',
    "German header": "Kundennummer;E-Mail;Vorname;Nachname;Firma\n1;a@x.com;Ann;Lee;Acme, Inc\n2;b@x.com;Bob;Kay;Bolt\n".encode(),
    "French header": "Identifiant;Courriel;Prénom;Nom;Société\n1;a@x.com;Ann;Lee;Acme, Inc\n2;b@x.com;Bob;Kay;Bolt\n".encode(),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_give_the_same_leads(leadferry, tmp_path, dialect):
    (tmp_path / "leads.csv").write_bytes(DIALECTS[dialect])
    done = leadferry("import", "leads.csv")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path) == [("a@x.com", "Ann", "Lee", "Acme, Inc"), ("b@x.com", "Bob", "Kay", "Bolt")]
    assert rows(tmp_path, "lead_id") == [("1",), ("2",)]
    assert not (tmp_path / "leads.rejected.csv").exists()


def test_shared_file_imports_without_a_map(leadferry, tmp_path, shared_leads):
    done = leadferry("import", shared_leads, "--json")
    said = json.loads(done.stdout)
    # The rejected file would stand beside the original: nothing may be rejected in this one.
    assert done.returncode == 0, done.stderr
    assert (said["rows"], said["new"], said["rejected"]) == (10000, 10000, 0)
    assert said["map"]["lead_id"] == "Account Id" and said["map"]["email"] == "Email 1"
    with sqlite3.connect(tmp_path / "lf.db") as db:
        fields = json.loads(db.execute("SELECT fields FROM lead_fields LIMIT 1").fetchone()[0])
    assert {"Website", "Deal Stage", "Email 2"} <= set(fields)


def test_importing_twice_changes_nothing(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("email,name\na@x.com,A\nb@x.com,B\n")
    assert leadferry("import", "leads.csv").returncode == 0
    with sqlite3.connect(tmp_path / "lf.db") as db:
        before = list(db.iterdump())
    again = leadferry("import", "leads.csv", "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["unchanged"] == 2
    with sqlite3.connect(tmp_path / "lf.db") as db:
        assert list(db.iterdump()) == before


def test_bad_rows_go_beside_the_file(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_bytes(
        b"id,email,note\n"
        b"1,good@x.com,\"two\nlines\"\n"
        b"2,,empty\n"
        b"3,nonsense,bad\n"
        b"4,GOOD@X.com,again\n"
        b"5,m\xfcller@x.com,latin-1\n"
        b"6,x@x.com,a,b,c\n"
        b"7,\"unclosed@x.com,open\n"
        b"8,fine@x.com,ok\n"
    )
    done = leadferry("import", "leads.csv", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 3
    assert said["reasons"] == {
        "address_missing": 1,
        "address_invalid": 1,
        "duplicate_in_file": 1,
        "bad_utf8": 1,
        "too_many_columns": 1,
        "unclosed_quote": 1,
    }
    assert said["new"] == 2 and rows(tmp_path, "email") == [("fine@x.com",), ("good@x.com",)]
    rejected = (tmp_path / "leads.rejected.csv").read_bytes().split(b"\r\n")
    assert rejected[0] == b'line,reason,"id","email","note"'
    assert [line.split(b",")[:2] for line in rejected[1:-1]] == [
        [b"4", b"address_missing"],
        [b"5", b"address_invalid"],
        [b"6", b"duplicate_in_file"],
        [b"7", b"bad_utf8"],
        [b"8", b"too_many_columns"],
        [b"9", b"unclosed_quote"],
    ]
    assert (tmp_path / "leads.rejected.csv").stat().st_mode & 0o077 == 0
    assert b"x.com" not in done.stderr.encode() and "x.com" not in done.stdout


def test_a_clean_import_takes_the_old_rejected_file_away(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("email\nbad\na@x.com\n")
    assert leadferry("import", "leads.csv").returncode == 3
    (tmp_path / "leads.csv").write_text("email\na@x.com\n")
    assert leadferry("import", "leads.csv").returncode == 0
    assert not list(tmp_path.glob("leads.rejected.csv*"))


def test_dry_run_says_the_same_and_writes_nothing(leadferry, tmp_path):
    (tmp_path / "first.csv").write_text("email\nz@x.com\n")
    assert leadferry("import", "first.csv").returncode == 0
    (tmp_path / "leads.csv").write_text("id,email\n1,a@x.com\n1,b@x.com\n2,bad\n3,a@x.com\n")
    before = (tmp_path / "lf.db").read_bytes()
    dry = leadferry("import", "leads.csv", "--map", "lead_id=id", "--dry-run", "--json")
    assert (tmp_path / "lf.db").read_bytes() == before
    assert not (tmp_path / "leads.rejected.csv").exists()
    wet = leadferry("import", "leads.csv", "--map", "lead_id=id", "--json")
    dry_said, wet_said = json.loads(dry.stdout), json.loads(wet.stdout)
    assert dry.returncode == wet.returncode == 3
    assert {k: v for k, v in dry_said.items() if k not in ("dry_run", "rejected_file")} == {
        k: v for k, v in wet_said.items() if k not in ("dry_run", "rejected_file")
    }


def test_dry_run_needs_no_database(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("id,email\n1,a@x.com\n2,bad\n3,A@x.com\n4,b@x.com\n")
    dry = leadferry("import", "leads.csv", "--dry-run")
    assert dry.returncode == 3 and "lf.db does not exist yet" in dry.stderr
    assert not list(tmp_path.glob("lf.db*")) and not (tmp_path / "leads.rejected.csv").exists()
    wet = leadferry("import", "leads.csv")
    assert wet.returncode == 3
    assert dry.stdout.splitlines()[0].replace("would be ", "") == wet.stdout.splitlines()[0]


def test_a_rejected_file_comes_back_without_our_two_columns(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("id,email,city\n1,a@x.com,Rome\n2,bad,Oslo\n")
    assert leadferry("import", "leads.csv").returncode == 3
    text = (tmp_path / "leads.rejected.csv").read_text().replace("bad", "b@x.com")
    (tmp_path / "again.csv").write_text(text)
    again = leadferry("import", "again.csv")
    assert again.returncode == 0 and 'lead_fields: "city"\n' in again.stderr
    assert rows(tmp_path, "lead_id, email") == [("1", "a@x.com"), ("2", "b@x.com")]


def test_campaign_must_be_configured(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("email\na@x.com\n")
    wrong = leadferry("import", "leads.csv", "--campaign", "Sprint")
    assert wrong.returncode == 2 and 'did you mean "Spring"' in wrong.stderr
    assert leadferry("import", "leads.csv", "--campaign", "Spring").returncode == 0
    assert rows(tmp_path, "campaign_id") == [(CAMPAIGN,)]


@pytest.mark.parametrize(
    "content, code, sentence",
    [
        (b"", 1, "is empty"),
        (b"a@x.com,Ann\nb@x.com,Bob\n", 2, "no header line"),
        (b"name,city\nAnn,Oslo\n", 2, "--map email="),
        ("email\na@x.com\n".encode("utf-16"), 1, "UTF-16"),
        (b"PK\x03\x04\x14\x00", 1, "spreadsheet"),
        (b"\x1f\x8b\x08\x00", 1, "gzip"),
    ],
)
def test_files_that_are_none(leadferry, tmp_path, content, code, sentence):
    (tmp_path / "leads.csv").write_bytes(content)
    done = leadferry("import", "leads.csv")
    assert done.returncode == code and sentence in done.stderr
    assert "a@x.com" not in done.stderr and done.stdout == ""


def test_missing_file_and_unknown_header(leadferry, tmp_path):
    missing = leadferry("import", "nowhere.csv")
    assert missing.returncode == 1 and "nowhere.csv" in missing.stderr
    (tmp_path / "leads.csv").write_text("Ident,email\n1,a@x.com\n")
    unknown = leadferry("import", "leads.csv", "--map", "lead_id=Idents")
    assert unknown.returncode == 2 and 'did you mean "Ident"' in unknown.stderr


def test_mended_rejected_file_is_imported_like_the_original(leadferry, tmp_path):
    (tmp_path / "leads.csv").write_text("id,email,city\n1,a@x.com,Oslo\n2,b at x.com,Rome\n")
    assert leadferry("import", "leads.csv").returncode == 3
    path = tmp_path / "leads.rejected.csv"
    path.write_text(path.read_text().replace("b at x.com", "b@x.com"))
    assert leadferry("import", "leads.rejected.csv").returncode == 0
    with sqlite3.connect(tmp_path / "lf.db") as db:
        assert db.execute("SELECT lead_id, fields FROM lead_fields ORDER BY 1").fetchall() == [
            ("1", '{"city":"Oslo"}'),
            ("2", '{"city":"Rome"}'),
        ]


def on_terminal(binary, folder, answer):
    """Runs an import whose standard input and error are a terminal; returns the exit code and what the terminal showed."""
    primary, terminal = pty.openpty()
    process = subprocess.Popen(
        [str(binary), "import", "leads.csv"], cwd=folder, stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL
    )
    os.close(terminal)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(primary, 4096)
    os.write(primary, answer)
    while True:
        try:
            more = os.read(primary, 4096)
        except OSError:  # Linux: the other side was closed
            more = b""
        if not more:
            break
        shown += more
    os.close(primary)
    return process.wait(timeout=60), shown.decode()


def test_a_terminal_is_asked(leadferry, leadferry_binary, tmp_path):
    (tmp_path / "leads.csv").write_text("email\n" + "".join(f"p{i}@x.com\n" for i in range(3000)))
    code, shown = on_terminal(leadferry_binary, tmp_path, b"n\n")
    assert code == 1 and "Nothing was imported" in shown and 'email        <- "email"' in shown
    assert rows(tmp_path) == []
    code, shown = on_terminal(leadferry_binary, tmp_path, b"y\n")
    assert code == 0 and len(rows(tmp_path)) == 3000
    assert "x.com" not in shown


def test_rejected_file_that_cannot_be_made_stops_before_the_first_row(leadferry, tmp_path):
    name = "l" * 240 + ".csv"  # its rejected file would have a name that no file system takes; holds for root as well
    (tmp_path / name).write_text("email\na@x.com\nbad\n")
    done = leadferry("import", name)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert rows(tmp_path) == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(leadferry_binary, leadferry, tmp_path):
    def peak_kb(name, n):
        path = tmp_path / f"{name}.csv"
        with path.open("w") as file:
            file.write("id,email,notes\n")
            file.writelines(f"{name}{i},{name}{i}@example.com,{'x' * 200}\n" for i in range(n))
        script = (
            "import resource,subprocess,sys;"
            "code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL).returncode;"
            "print(code,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        done = subprocess.run(
            ["python3", "-c", script, str(leadferry_binary), "import", str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        code, kb = map(int, done.stdout.split())
        assert code == 0
        return kb

    small, large = peak_kb("a", 20_000), peak_kb("b", 200_000)
    assert large - small < 24 * 1024, (small, large)  # 45 MB of file; digests of 200,000 persons are 4 MB
