"""The product as a user meets it: a folder with a configuration, a sandbox, and the program. For scenario tests."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess

HEADER = "lead_id,email,first name,last name,company\n"
STEPS = [
    {"type": "email", "delay": 1, "delay_unit": "days", "variants": [{"subject": "Hello", "body": "A question."}]},
    {"type": "email", "delay": 1, "delay_unit": "days", "variants": [{"subject": "", "body": "Did you see it?"}]},
]
CHANCES = ("open", "click", "reply", "auto_reply", "bounce", "unsubscribe", "skip", "positive", "late_reply")


def quiet_config(**more):
    """A workspace in which nothing happens that a test did not ask for: two campaigns of two steps a day apart."""
    campaigns = [
        {"name": name, "status": 1, "daily_limit": 2000, "stop_on_reply": True, "disable_bounce_protect": True,
         "steps": STEPS}
        for name in ("Founders", "Operations")
    ]
    return {"chances": {name: 0 for name in CHANCES}, "rate": {"enabled": False}, "stamp": "leadferry", "job_s": 1,
            "campaigns": campaigns, **more}


class Product:
    """Runs `leadferry` in a folder of its own against a sandbox.

    The configuration feeds the campaign Founders with everything armed and unlimited, unless configure() says otherwise.
    """

    def __init__(self, sandbox, binary, folder):
        self.sandbox, self.binary, self.folder = sandbox, binary, folder
        self.campaign = sandbox.campaign("Founders")
        self.db = folder / "lf.db"
        self.key = sandbox.api_key
        self.configure()

    # -- configuration ----------------------------------------------------------------------------------------------

    def configure(self, **sections):
        """Writes the configuration; a section given here is merged into the default one, a list replaces it."""
        config = {
            "warehouse": {"path": str(self.db)},
            "instantly": {"base_url": self.sandbox.base_url, "api_key_env": "KEY", "requests_per_second": 100000,
                          "request_timeout_s": 5},
            "campaigns": [{"id": self.campaign, "name": "Spring"}],
            "export": {"default_campaign": self.campaign, "max_per_run": "unlimited", "max_per_day": "unlimited"},
            "complete": {"armed": True, "max_removals": "unlimited"},
            "settle": {"wait_s": 0, "recheck_s": 0},
        }
        for name, section in sections.items():
            config[name] = section if isinstance(section, list) else {**config.get(name, {}), **section}
        path = self.folder / "leadferry.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        path.chmod(0o600)

    # -- the program ------------------------------------------------------------------------------------------------

    def command(self, *args):
        return [str(self.binary), *map(str, args)]

    def environment(self):
        return {**os.environ, "KEY": self.key}

    def run(self, *args, code=None, timeout=120):
        """Runs a command; code: the exit code it must end with (a number or several)."""
        done = subprocess.run(self.command(*args), cwd=self.folder, env=self.environment(), capture_output=True,
                              text=True, timeout=timeout)
        if code is not None:
            assert done.returncode in (code if isinstance(code, tuple) else (code,)), done
        return done

    def json(self, *args, code=0, timeout=120):
        """Runs a command with --json and returns what it said."""
        return json.loads(self.run(*args, "--json", code=code, timeout=timeout).stdout)

    def start(self, *args):
        """Starts a command and leaves it running."""
        return subprocess.Popen(self.command(*args), cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def interrupt(self, process, number=signal.SIGTERM):
        """Sends a signal; the exit code and both outputs once it ended."""
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    # -- leads ------------------------------------------------------------------------------------------------------

    def import_rows(self, *rows, code=0):
        """rows: (lead_id, email), (lead_id, email, {column: value}) or whole CSV lines."""
        lines = []
        for row in rows:
            if isinstance(row, str):
                lines.append(row)
                continue
            lead_id, email, *more = row
            lines.append(f"{lead_id},{email},First,Surname{lead_id},Acme {lead_id}")
            assert not more
        (self.folder / "leads.csv").write_text(HEADER + "\n".join(lines) + "\n")
        return self.run("import", "leads.csv", "--map", "lead_id=lead_id", code=code)

    def import_people(self, n, prefix="p"):
        """n leads L000, L001, ... with the addresses p0@example.com, p1@..."""
        return self.import_rows(*((f"L{i:03d}", f"{prefix}{i}@example.com") for i in range(n)))

    # -- losing the warehouse ---------------------------------------------------------------------------------------

    def lose(self):
        """The database is gone, as after a bad day; the user's leads are in it, so they have to be imported again."""
        for path in self.folder.glob("lf.db*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def keep(self):
        """A backup of the database as it is now."""
        self.sql("VACUUM INTO ?", str(self.folder / "backup.db"))

    def restore(self):
        self.lose()
        shutil.copy(self.folder / "backup.db", self.db)

    # -- looking ----------------------------------------------------------------------------------------------------

    def sql(self, query, *values):
        """Reads or changes the database as somebody else's tool would."""
        with sqlite3.connect(self.db) as db:
            return db.execute(query, values).fetchall()

    def row(self, lead_id):
        """The row of `leads`, by column."""
        with sqlite3.connect(self.db) as db:
            db.row_factory = sqlite3.Row
            return dict(db.execute("SELECT * FROM leads WHERE lead_id = ?", (lead_id,)).fetchone())

    def shown(self, what, code=0):
        """The one lead of `lead show`."""
        leads = self.json("lead", "show", what, code=code)["leads"]
        assert len(leads) == 1, leads
        return leads[0]

    def kinds(self, what):
        """The kinds of a lead's events, in the order of time."""
        return [event["kind"] for event in self.shown(what)["events"]]

    def creating_calls(self):
        """How many requests tried to create leads."""
        return sum(r["path"].split("?")[0] in ("/api/v2/leads/add", "/api/v2/leads") and r["method"] == "POST"
                   for r in self.sandbox.requests(limit=10000))
