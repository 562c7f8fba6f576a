"""The worlds in which the cells of the matrix play: those of the crash tests, each prepared once per process."""

import pathlib
import re
import time

from crashing import DIED, NEVER, World
from matrix import FOREIGN, PEOPLE, STOPPED, WORLDS
from product import quiet_config

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAIN_KEY = "the-key-in-use"
SPARE_KEY = "the-spare-key-of-the-operator"
EVENTS = {1: "claimed", 3: "added", 4: "adopted", 5: "found_elsewhere", 6: "skipped", 7: "rejected", 8: "released",
          9: "held", 16: "removed", 19: "conflict"}
SETTLING = ("added", "adopted", "found_elsewhere", "skipped", "rejected", "released")


def config():
    return quiet_config(keys=[{"name": "main", "key": MAIN_KEY}, {"name": "spare", "key": SPARE_KEY}])


class FaultWorld(World):
    """`name` of WORLDS; the job meets one fault, then all of it is lifted and the jobs run again."""

    def __init__(self, sandbox, binary, folder, name):
        self.start = WORLDS[name]
        super().__init__(sandbox, pathlib.Path(binary), folder, self.start.world)
        if name == "crashed-complete":
            self.interrupt_complete()
        self.job = self.start.job

    def interrupt_complete(self):
        """Dies with its first DELETE on its way: it was done, and nobody read the answer."""
        self.reset()
        first = self.requests_of("complete", "DELETE")[0]
        self.reset()
        before = {row["id"] for row in self.sandbox.leads(campaign=self.product.campaign)}
        assert self.run(crash_request=first, when="unread").returncode == DIED
        gone = sorted(before - {row["id"] for row in self.sandbox.leads(campaign=self.product.campaign)})
        assert gone, "no row was deleted"
        body = {"campaign_id": self.product.campaign, "ids": gone, "limit": len(gone)}
        self.script.append(("DELETE", "/leads", body, True))
        self.save()

    # -- one cell ---------------------------------------------------------------------------------------------------

    def meet(self, rules):
        """The job with these rules in force. Its end, and how often they fired."""
        self.use_key(MAIN_KEY)
        self.reset()
        self.sandbox.faults(*rules)
        self.asked_before = self.sandbox.control("GET", "/requests?limit=1")["total"]
        done = self.run()
        self.wait_for_the_port()
        fired = sum(rule["fired"] for rule in self.sandbox.control("GET", "/faults")["rules"])
        return done, fired

    def rules_of(self, other):
        """The rules of a row of OTHERS, with the ids of this sandbox's campaigns."""
        rules = []
        for kind, params in other.rules:
            named = {"campaign": self.sandbox.campaign(params["campaign"])} if "campaign" in params else {}
            rules.append({"endpoint": other.endpoint, "fault": kind, "skip": other.skip, "count": 1,
                          "params": {**params, **named}})
        return rules

    def wait_for_the_port(self):
        """After "refused": a job that had connections left may be through before new ones are taken."""
        for _ in range(500):
            try:
                return self.sandbox.control("GET", "/clock")
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise AssertionError("the sandbox did not come back")

    def asked(self):
        """{endpoint: number of calls} of the job that met() just now; to be asked before anything else happens."""
        log = self.sandbox.control("GET", "/requests?limit=1000")
        found = {}
        for request in log["requests"]:
            if request["seq"] > self.asked_before:
                endpoint = f"{request['method']} {re.sub(UUID, '{id}', request['path'].split('?')[0])}"
                found[endpoint] = found.get(endpoint, 0) + 1
        return found

    def use_key(self, key):
        self.product.key = self.sandbox.api_key = key

    def lift(self):
        """Everything that a fault may have done to the workspace is put right by the operator."""
        self.sandbox.faults()
        self.sandbox.advance(60)  # whatever a list did not show yet
        self.sandbox.control("POST", "/plan", {"limit": 2000000, "is_paid": True})
        self.sandbox.control("POST", f"/campaigns/{self.product.campaign}", {"status": 1})
        if self.sandbox.api("GET", "/campaigns?limit=1").status == 401:
            self.use_key(SPARE_KEY)

    def remedy(self, what):
        """The operator has looked: what is held is free again, what was refused may be tried again."""
        leads = {"resolve": "SELECT lead_id FROM lead_state WHERE held_n > resolved_n",
                 "retry": "SELECT lead_id FROM lead_report WHERE state = 'rejected'"}[what]
        command = {"resolve": ("errors", "resolve", "--reason", "looked"), "retry": ("retry", "--yes")}[what]
        for (lead,) in self.rows(leads):
            done = self.product.run(*command, "--lead-id", lead)
            assert done.returncode == 0, done

    def repeat(self, before):
        """The same jobs in peace, after those that must run before. Their exit codes."""
        return [self.run(job).returncode for job in (*before, self.job, self.job, *self.start.after)]

    # -- what came of it --------------------------------------------------------------------------------------------

    def errors(self):
        """Types of pipeline_errors."""
        return {row[0] for row in self.rows("SELECT error_type FROM pipeline_errors")}

    def states(self):
        return dict(self.rows("SELECT lead_id, state FROM lead_report"))

    def settlements(self):
        """{claim: {(kind, reason), ...}} of the settling events."""
        found = {claim: set() for (claim,) in self.rows("SELECT claim_id FROM lead_events WHERE kind = 1")}
        for claim, kind, reason in self.rows("SELECT claim_id, kind, reason FROM lead_events WHERE claim_id IS NOT NULL"):
            if EVENTS.get(kind) in SETTLING:
                found[claim].add((EVENTS[kind], reason))
        return found

    def problems(self, changed):
        """What the rules of reliability.md 1.2 say about the end; changed: leads that somebody else moved or deleted."""
        found = self.found()
        wrong = [f"{name} = {found['totals'][name]}" for name in NEVER if found["totals"][name] != 0]
        if found["sound"] != [("ok",)]:
            wrong.append(f"integrity: {found['sound']}")
        if found["open"]:
            wrong.append(f"{found['open']} open or held claims")
        ours = {PEOPLE.get(lead, FOREIGN): row for lead, row in found["ids"].items()
                if lead not in found["removed"] and lead not in changed}
        there = {email: found["rows"].get(email) for email in ours}
        if ours != there:
            wrong.append(f"the ledger says {ours}, Instantly {there}")
        if STOPPED in found["rows"]:
            wrong.append("a suppressed person was added")
        return wrong
