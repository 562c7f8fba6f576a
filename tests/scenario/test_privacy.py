"""No address, no name and no key where they do not belong: marked ones go through everything, then all output is searched."""

import re

import pytest

from product import Product, quiet_config

ADD = "POST /api/v2/leads/add"
LIST = "POST /api/v2/leads/list"
# Whatever is personal carries this word; what is only a number or a word of ours does not.
MARK = re.compile(r"zaphod|beeblebrox|magrathea|\+?4930551234|@", re.IGNORECASE)


class Spied(Product):
    """Keeps everything that was said without --show-pii."""

    def __init__(self, *args):
        self.heard = []
        super().__init__(*args)

    def run(self, *args, **more):
        done = super().run(*args, **more)
        if "--show-pii" not in args:
            self.heard.append((" ".join(map(str, args)), done.stdout, done.stderr))
        return done

    def every_way(self, *args):
        """As text and as JSON, and with all that the log has to say."""
        for more in ((), ("--json",), ("--verbose",), ("--json", "--verbose"), ("--set", "log.format=json", "--verbose")):
            self.run(*args, *more)


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    config = quiet_config()
    config["keys"] = [{"key": "zaphodkey-0123456789abcdef", "name": "main", "scopes": ["all:all"]}]
    return Spied(start_sandbox(config=config), leadferry_binary, tmp_path)


def hits(text):
    return sorted({match.group(0) for match in MARK.finditer(text)})


def import_marked(world, n=8):
    """Addresses everywhere: as ids, in names, in further fields; some rows are bad."""
    lines = ["lead_id,email,first name,last name,company,phone,notes"]
    for i in range(n):
        lead_id = f"zaphod{i}@magrathea.example" if i == 0 else f"ID{i}"
        lines.append(f"{lead_id},zaphod{i}@magrathea.example,Zaphod,Beeblebrox,Magrathea Ltd,+4930551234,call zaphod{i}@magrathea.example")
    lines += ["BAD1,zaphod at magrathea,Zaphod,Beeblebrox,Magrathea,,", "BAD2,zaphod1@magrathea.example,Zaphod,Beeblebrox,Magrathea,,",
              "BAD3,zäphod@magrathea.example,Zaphod,Beeblebrox,Magrathea,,,,zaphod"]
    (world.folder / "leads.csv").write_text("\n".join(lines) + "\n")
    world.every_way("import", "leads.csv", "--map", "lead_id=lead_id", "--dry-run")
    world.run("import", "leads.csv", "--map", "lead_id=lead_id", "--verbose", code=3)
    for row in (("X1", "no zaphod"), ("X2", "zäphod@magrathea.example"), ("zaphod@beeblebrox.example", "")):
        world.sql("INSERT INTO leads (lead_id, email, first_name) VALUES (?, ?, 'Zaphod')", *row)


# What an answer may carry back into an error: an address anywhere, and what the request brought.
ECHO = "body/leads/0/email zaphod1@magrathea.example must match format"


def trouble_with_adding(world):
    echo = ECHO + " (Zaphod BEEBLEBROX of 'Magrathea Ltd', \"+4930551234\")"
    world.configure(instantly={"request_timeout_s": 1, "batch_size": 2},
                    export={"fields": {"phone": "phone"}, "custom_variables": {"notes": "notes"}})
    for fault in (
        {"fault": "status", "count": 2, "params": {"code": 400, "message": echo}},
        {"fault": "status_after", "count": 1, "params": {"code": 500, "message": echo}},
        {"fault": "error_200", "count": 1, "params": {"error": echo}},
        {"fault": "garbled", "count": 1},
        {"fault": "truncate", "count": 1, "params": {"at": 250}},
    ):
        world.sandbox.faults({"endpoint": ADD, **fault})
        world.run("export", "--verbose", "--limit", 2)
        world.run("retry", "--all", "--json")
    world.sandbox.faults({"endpoint": "GET /api/v2/campaigns/{id}", "fault": "status", "params": {"code": 401, "message": f"{ECHO} {world.key} x{world.key}"}})
    world.run("export", "--verbose", code=4)
    world.sandbox.faults()
    world.every_way("run")


def trouble_with_reading_and_removing(world):
    for params in ({"code": 400, "message": ECHO}, {"code": 403, "message": ECHO}, {"code": 404, "message": ECHO}):
        world.sandbox.faults({"endpoint": LIST, "fault": "status", "params": params})
        world.run("sync", "--full", "--verbose")
        world.run("lead", "show", "ID1", "--json")
    world.sandbox.faults({"endpoint": "DELETE /api/v2/leads", "fault": "status", "params": {"code": 400, "message": ECHO}})
    world.sandbox.advance(days=2)
    world.run("sync", "--full", "--verbose")
    world.sandbox.advance(days=50)
    world.run("sync", "--full", "--verbose")
    world.run("complete", "--verbose")
    world.sandbox.faults()


def whole_life(world):
    world.sandbox.control("POST", "/leads/add", {"email": "zaphod7@magrathea.example", "campaign": world.campaign})
    world.sandbox.control("POST", "/block", {"value": "zaphod6@magrathea.example"})
    trouble_with_adding(world)
    for email, event in (("zaphod2", "replied"), ("zaphod3", "unsubscribed"), ("zaphod4", "bounced")):
        world.sandbox.outcome(f"{email}@magrathea.example", event)
    world.sandbox.advance(days=1)
    world.every_way("sync", "--full")
    trouble_with_reading_and_removing(world)
    world.sandbox.control("POST", "/leads/delete", {"email": "zaphod5@magrathea.example"})
    for _ in range(3):
        world.sandbox.advance(days=20)
        world.every_way("run", "--full")


def ask_everything(world):
    """Every command that prints."""
    for command in ("plan", "status", "doctor", "runs list", "errors list", "errors list --by type", "leads export",
                    "leads export --format ndjson", "config show", "config schema", "schema check", "schema apply --dry-run",
                    "validate", "version", "export --dry-run", "sync --dry-run", "complete --dry-run", "recover", "retry --all",
                    "lead show ID1", "lead show ID3", "lead show zaphod2@magrathea.example", "lead show nobody@magrathea.example",
                    "lead show X1", "retry --lead-id zaphod2@magrathea.example", "retry --lead-id nobody@magrathea.example",
                    "errors show nothing", "runs show nothing"):
        world.every_way(*command.split())
    for run in world.json("runs", "list")["runs"]:
        world.run("runs", "show", run["run_id"], "--json")
    for error in world.json("errors", "list")["errors"]:
        world.run("errors", "show", error["error_id"])
    for line in world.run("leads", "export", "--format", "ndjson").stdout.splitlines():
        assert not hits(line)


@pytest.mark.waits
def test_no_personal_data_anywhere(world):
    import_marked(world)
    whole_life(world)
    ask_everything(world)
    search_what_was_said(world)
    search_the_tables(world)


def search_what_was_said(world):
    assert len(world.heard) > 150
    wrong = [(command, where, hits(text)) for command, out, err in world.heard
             for where, text in (("stdout", out), ("stderr", err)) if hits(text)]
    assert wrong == [], wrong[:10]
    keys = [command for command, out, err in world.heard if world.key in out + err]
    assert keys == []


def search_the_tables(world):
    assert world.sql("SELECT count(*) FROM pipeline_errors")[0][0] > 0
    for table in ("pipeline_errors", "pipeline_runs", "leases", "controls", "campaign_metrics", "campaign_status"):
        rows = world.sql(f"SELECT * FROM {table}")
        # A blob is the random key of references: any byte may be in it, '@' too.
        wrong = [row for row in rows if hits(" ".join(str(value) for value in row if not isinstance(value, bytes)))]
        assert wrong == [], (table, wrong[:3])
    details = world.sql("SELECT reason, detail FROM lead_events WHERE coalesce(reason, '') || coalesce(detail, '') LIKE '%zaphod%'")
    assert details == []
    key = world.key.encode()
    for path in world.folder.iterdir():
        if path.is_file() and path.name != "sandbox-config.json":
            assert key not in path.read_bytes(), path.name


def test_show_pii_shows(world):
    """The search above would also pass if nothing was ever printed."""
    import_marked(world)
    world.run("export", code=(0, 3))
    assert "zaphod1@magrathea.example" in world.run("leads", "export", "--show-pii", code=0).stdout
    assert "zaphod1@magrathea.example" in world.run("lead", "show", "ID1", "--show-pii", code=0).stdout
    assert "zaphod" in (world.folder / "leads.rejected.csv").read_text()
