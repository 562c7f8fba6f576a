"""The fault matrix as tables: each fault, at each endpoint that the four jobs call, in each state; and what must come of it.

Nothing here asks the program. WORLDS says where a job begins, which calls it makes (test_the_table_of_calls holds that
against an undisturbed run) and how each lead must end; FAULTS says what goes wrong and to which effect; EXPECTED says
what an effect means for a kind of call: the exit codes of the run that met it, the types of `pipeline_errors` it may
leave, and why claims may be released. However the run went, the same jobs run again without the fault must bring every
lead to its end in WORLDS, or to the one that a fault of OTHERS names.
"""

from typing import NamedTuple

FOREIGN, STOPPED = "human@example.com", "no@example.com"
PEOPLE = {f"L{i}": f"p{i}@example.com" for i in range(6)}

# -- where a job begins, and what it calls ------------------------------------------------------------------------------

LIST, ADD, DELETE = "POST /api/v2/leads/list", "POST /api/v2/leads/add", "DELETE /api/v2/leads"
CAMPAIGN, PLAN = "GET /api/v2/campaigns/{id}", "GET /api/v2/workspace-billing/plan-details"
TOTALS, DAILY, STEPS = (f"GET /api/v2/campaigns/analytics{part}" for part in ("", "/daily", "/steps"))
MAILS = "GET /api/v2/emails"
DOWNLOAD, BLOCK = "GET /api/v2/block-lists-entries/download", "POST /api/v2/block-lists-entries/bulk-create"

# What a call is for decides what its failure means.
KINDS = {"c": "create", "1": "lone",  # leads/add, of several leads and of one
         "w": "write",  # the DELETE of leads, and the block list
         "r": "read",  # what the job must know: stops, analytics, plan, the rows of a scan or of a removal
         "m": "mails",  # of people who are gone; where Instantly says no, the rest goes on
         "f": "feed",  # the campaign, to see whether it may be fed
         "s": "scan",  # the campaign, to see whether it is there for a full scan
         "p": "probe",  # the campaign, before its open claims are asked about
         "a": "ask",  # where is this person? asked about open claims
         "e": "explain"}  # why was this lead not created? asked again when there is no answer

SLUGS = {LIST: "list", ADD: "add", DELETE: "delete", CAMPAIGN: "campaign", PLAN: "plan", TOTALS: "totals",
         DAILY: "daily", STEPS: "steps", DOWNLOAD: "download", BLOCK: "block",
         MAILS: "mails"}

ADDED = {**{lead: "added" for lead in PEOPLE}, "L7": None, "L8": None, "L9": "adopted"}
SYNCED = {**ADDED, "L0": "finished", "L1": "finished", "L2": "finished", "L4": "removed"}  # p4 said stop by letter
COMPLETED = {**{lead: "removed" for lead in PEOPLE}, "L0": "finished", "L7": None, "L8": None, "L9": "finished"}


class Start(NamedTuple):
    """A beginning: the world of crashing.py, the job that meets the fault, the jobs that follow it in peace, what each
    call of the job is for, in their order, how the leads end, and types of errors that the world itself brings."""

    world: str
    job: str
    after: tuple
    calls: dict
    end: dict
    types: tuple = ()


WORLDS = {
    "export": Start("export", "export", (), {DOWNLOAD: "r", LIST: "rrrrree", CAMPAIGN: "f", PLAN: "r", ADD: "ccc1"}, ADDED),
    "sync": Start("sync", "sync", (), {TOTALS: "r", DAILY: "r", STEPS: "r", CAMPAIGN: "s", LIST: "rrrrrrrr",
                                       DOWNLOAD: "rrr", BLOCK: "w", DELETE: "w", MAILS: "m"}, SYNCED, ("stopped_foreign",)),
    "complete": Start("complete", "complete", (), {PLAN: "r", TOTALS: "r", LIST: "rrrrrrr", DELETE: "www"}, COMPLETED),
    "recover": Start("recover", "recover", ("export",), {CAMPAIGN: "p", LIST: "aa"}, ADDED),
    # After a crash: an export died with one batch on its way and one never sent; a complete died with a DELETE on its way.
    "crashed-export": Start("recover", "export", (), {CAMPAIGN: "pf", LIST: "aarrrrree", DOWNLOAD: "r", PLAN: "r", ADD: "c1"},
                            ADDED),
    "crashed-sync": Start("recover", "sync", ("export",), {TOTALS: "r", CAMPAIGN: "s", LIST: "rrrrr", DOWNLOAD: "rrr",
                                                           BLOCK: "w", MAILS: "m"}, ADDED),
    "crashed-complete": Start("complete", "complete", (), {PLAN: "r", TOTALS: "r", LIST: "rrrrrrr", DELETE: "ww"},
                              COMPLETED),
}

# -- what goes wrong ----------------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """A rule of the sandbox. effect: the row of EXPECTED; only: the endpoints it can happen to, if not all; then:
    what the same calls meet from the next one on."""

    name: str
    effect: str
    kind: str
    params: dict = {}
    only: tuple = ()
    then: str = ""


def statuses(effect, kind, *codes, **params):
    return [Fault(f"{kind}-{code}", effect, kind, {"code": code, **params}) for code in codes]


WITH_BODY = (ADD, LIST, DELETE, BLOCK)
# A block list that is cut at a length that HTTP calls its own cannot be told from a shorter one: it is CSV, not JSON.
JSON = tuple(endpoint for endpoint in SLUGS if endpoint != DOWNLOAD)
FAULTS = [
    # It takes longer, or says more.
    Fault("delay", "harmless", "delay", {"ms": 50}),
    Fault("delay-before", "harmless", "delay", {"ms": 0, "before_ms": 50}),
    Fault("drip", "harmless", "drip", {"bytes": 200, "ms": 2}),
    Fault("long", "harmless", "overlong", {"bytes": 50000}),
    # Not now.
    Fault("429", "throttled", "status", {"code": 429}),
    Fault("429-retry-after", "throttled", "status", {"code": 429, "retry_after": 1}),
    # Nothing was done, and the client cannot know.
    *statuses("undone", "status", 500, 503),
    *statuses("undone", "status", 502, 504, html=True),
    Fault("reset-at-once", "undone", "reset_before", {"at": 0}),
    Fault("reset-in-the-body", "undone", "reset_before", {"at": 30}, WITH_BODY),
    Fault("reset-after-the-body", "undone", "reset_before", {"at": 1000000}),
    Fault("refused", "undone", "refuse", {"ms": 30}),
    Fault("timeout-before", "undone-or-done", "delay", {"ms": 0, "before_ms": 1300}, (ADD, DELETE, BLOCK, CAMPAIGN)),
    # It was done, and the client cannot know.
    *statuses("done", "status_after", 500),
    *statuses("done", "status_after", 502, 504, html=True),
    Fault("reset-after", "done", "reset_after", {"at": 0}),
    Fault("reset-in-the-head", "done", "reset_after", {"at": 40}),
    Fault("reset-in-the-answer", "done", "reset_after", {"at": 130}),
    Fault("closed", "done", "close_after", {"at": 0}),
    Fault("truncated", "done", "truncate", {"at": 130}),
    Fault("too-short", "done", "wrong_length", {"length": 1000000}),
    Fault("timeout-after", "done", "delay", {"ms": 1300}, (ADD, DELETE, BLOCK, CAMPAIGN)),
    # It was done, and the answer is nonsense.
    Fault("garbled", "nonsense", "garbled"),
    Fault("empty", "nonsense", "empty_200"),
    Fault("error-200", "nonsense", "error_200"),
    Fault("html-200", "nonsense", "status_after", {"code": 200, "html": True}),
    Fault("too-long", "nonsense", "wrong_length", {"length": 1}, JSON),
    Fault("endless", "done", "overlong", {"bytes": 100 * 1024 * 1024}, (ADD, LIST, DELETE)),
    # It was done, and the answer does not add up.
    Fault("fewer-created", "miscounted", "fewer_created", {}, (ADD,)),
    Fault("one-more", "miscounted", "wrong_counts", {"by": 1}, (ADD,)),
    Fault("one-less", "miscounted", "wrong_counts", {"by": -1}, (ADD,)),
    Fault("wrong-index", "miscounted", "wrong_index", {"by": 1}, (ADD,)),
    # No.
    *statuses("refused", "status", 400, 413, 422),
    *statuses("key", "status", 401, 403),
    *statuses("plan", "status", 402),
    *statuses("gone", "status", 404),
    Fault("302", "redirected", "redirect", {"code": 302}),
    Fault("307", "redirected", "redirect", {"code": 307}),
    # Pages that mislead.
    Fault("repeating", "pages", "endless_cursor", {}, (LIST,), then="repeat_cursor"),
    Fault("never-ending", "pages", "endless_cursor", {}, (LIST,), then="endless_cursor"),
    Fault("empty-cursor", "harmless", "empty_cursor", {}, (LIST,)),
]


# -- what must come of it -----------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """codes: of the run that met it; types: that it leaves in pipeline_errors, one of them at least; settled: how claims may
    end beside added and adopted; remedy: what the operator has to do, "resolve" or "retry"."""

    codes: tuple = (0,)
    types: tuple = ()
    settled: tuple = ()
    remedy: str = ""
    before: tuple = ()  # jobs that have to run before this one runs again
    peace: tuple = (0,)  # how the runs without the fault may end


def released(*reasons):
    return tuple(("released", reason) for reason in reasons)


FINE = Outcome()  # tried again, or asked about: nothing to be seen from outside
# The answer cannot be used, asking again would not help: the run ends and says so, nothing is concluded.
NONSENSE, REFUSED = Outcome((1,), ("corrupt", "request_refused")), Outcome((1,), ("request_refused",))
OPEN = Outcome((5,))  # asking failed: the claims stay open, the next run asks
KEY, PLAN_ENDED = Outcome((4,), ("key_refused", "scope_missing")), Outcome((4,), ("plan_refused",))
# (effect, kind of call); what is not here is FINE.
EXPECTED = {
    **{("nonsense", kind): NONSENSE for kind in ("read", "write", "feed", "scan")},
    **{(effect, kind): REFUSED for effect in ("refused", "redirected") for kind in ("read", "write", "feed", "scan")},
    **{("gone", kind): REFUSED for kind in ("read", "write")},
    **{(effect, "ask"): OPEN for effect in ("nonsense", "refused", "redirected", "gone")},
    **{("key", kind): KEY for kind in KINDS.values()},
    **{("plan", kind): PLAN_ENDED for kind in KINDS.values()},
    **{(effect, kind): outcome for kind in ("create", "lone") for effect, outcome in {
        "key": KEY._replace(settled=released("key_refused", "scope_missing", "never_sent")),
        "plan": PLAN_ENDED._replace(settled=released("plan_refused", "never_sent")),
        "gone": Outcome((3,), ("campaign_gone",), released("campaign_gone", "never_sent")),
    }.items()},
    # Of several leads each is tried alone; one that is refused alone is a matter for the operator.
    ("refused", "lone"): Outcome((3,), ("rejected",), (("rejected", "refused_by_api"),), "retry"),
    ("nonsense", "mails"): Outcome((1, 3), ("corrupt", "request_refused")),
    **{(effect, "mails"): Outcome((3,), ("request_refused",)) for effect in ("refused", "redirected", "gone")},
    ("key", "mails"): Outcome((3, 4), ("key_refused", "scope_missing")),
    ("gone", "feed"): Outcome((3,), ("campaign_not_fed",)),
    ("gone", "scan"): Outcome((3,), ("campaign_gone",), remedy="resolve"),
    ("gone", "probe"): Outcome((3,), ("campaign_gone",), remedy="resolve"),
    # A walk ends at an empty page whatever its cursor says, and a question for named rows is one page.
    # What follows it misleads as well, so the question that comes after may be the one that fails.
    ("pages", "read"): Outcome((0, 1, 5), ("corrupt",)),
    ("pages", "ask"): Outcome((0, 5)),
    ("pages", "explain"): Outcome((0, 5)),
}


class Cell(NamedTuple):
    world: str
    endpoint: str
    fault: Fault
    state: str  # which of the calls: first, middle, last
    skip: int

    @property
    def id(self):
        return f"{self.world}.{SLUGS[self.endpoint]}.{self.fault.name}.{self.state}"

    @property
    def expected(self):
        return EXPECTED.get((self.fault.effect, KINDS[WORLDS[self.world].calls[self.endpoint][self.skip]]), FINE)

    @property
    def rules(self):
        """The rules for the sandbox: once, at that call; what is to follow, from the next call on."""
        rule = {"endpoint": self.endpoint, "fault": self.fault.kind, "params": self.fault.params, "skip": self.skip}
        then = {"endpoint": self.endpoint, "fault": self.fault.then, "skip": self.skip + 1}
        return [{**rule, "count": 1}] + ([then] if self.fault.then else [])


def positions(calls_n):
    """first, middle, last: as many as there are calls."""
    found = {"first": 0, "middle": calls_n // 2, "last": calls_n - 1}
    return [(state, skip) for i, (state, skip) in enumerate(found.items()) if skip not in list(found.values())[:i]]


def all_cells():
    for world, start in WORLDS.items():
        for endpoint, calls in start.calls.items():
            for fault in FAULTS:
                if not fault.only or endpoint in fault.only:
                    for state, skip in positions(len(calls)):
                        yield Cell(world, endpoint, fault, state, skip)


def some_cells():
    """Fewer, for every day: calls that change something meet every fault in every state; each other endpoint meets
    every fault once, in worlds and states that take turns."""
    turns = {}
    for cell in all_cells():
        if cell.endpoint in (ADD, DELETE) and cell.fault.effect not in ("harmless", "throttled"):
            yield cell
        else:
            turns.setdefault((cell.endpoint, cell.fault.name), []).append(cell)
    for turn, cells in enumerate(turns.values()):
        yield cells[turn % len(cells)]
