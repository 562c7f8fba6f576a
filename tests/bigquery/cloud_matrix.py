"""The faults of BigQuery as tables: what goes wrong, at which call of which job, and what must come of it.

CALLS says what each job asks of BigQuery (test_the_table_of_calls holds it against undisturbed runs); FAULTS what goes wrong,
as rules for bigquery-relay; EXPECTED how the run that met it ends. However it ended, the same jobs run again in peace must
bring every lead to where an undisturbed run brings it: nobody twice, nobody lost, nobody removed who should stay.
"""

from typing import NamedTuple

from crashing import is_long

# -- what the jobs ask --------------------------------------------------------------------------------------------------

QUERY, SCRIPT, ROWS = "jobs.query", "jobs.insert", "jobs.getQueryResults"
STREAM, TABLE, TOKEN = "tabledata.insertAll", "tables.get", "token"
EVERYWHERE = {
    SCRIPT: "lease_take fold_gather changes_gather lease_give_back",
    STREAM: "pipeline_runs lead_events",
    ROWS: "lease_take fold_gather changes_gather",
    TABLE: "leads lead_events controls",
}
CALLS = {
    "export": {SCRIPT: "claim_verdicts lease_renew", ROWS: "claim_verdicts lease_renew",
               QUERY: "claims_read campaign_counts"},
    "sync": {SCRIPT: "metrics_gather stops_gather stops_note_gather listing_gather pushed_gather matches_gather control_update",
             ROWS: "stops_gather matches_gather", STREAM: "sync_stage pipeline_errors",
             QUERY: "watched staged_stops unpushed stop_hits missing stopped_live"},
    "complete": {QUERY: "removal_counts removals"},
    "recover": {STREAM: "pipeline_errors", QUERY: "unsettled_claims claims_read"},
}


def calls_of(job):
    """Every call of the job: (kind, "jobs.query:claims_read")."""
    for table in (EVERYWHERE, CALLS[job]):
        for kind, subjects in table.items():
            for subject in subjects.split():
                yield kind, f"{kind}:{subject}"
    yield TOKEN, "token:"


# -- what goes wrong ----------------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """effect: the row of EXPECTED; kinds: of calls that it can happen to; count: how often it does."""

    name: str
    effect: str
    fault: str
    params: dict = {}
    kinds: tuple = (QUERY, SCRIPT, ROWS, STREAM, TABLE)
    count: int = 1


def refused(name, effect, code, reason, message, **more):
    return Fault(name, effect, "status", {"code": code, "reason": reason, "message": message}, **more)


def failed(name, effect, reason, message="", statements=0, kinds=(QUERY, SCRIPT), **more):
    return Fault(name, effect, "job_failed", {"reason": reason, "message": message, "statements": statements}, kinds, **more)


SERIALIZE = "Could not serialize access to table test:d.lead_state due to concurrent update"
OUTSTANDING = "Resources exceeded during query execution: Too many DML statements outstanding against table test:d.leases, limit is 20."
YOUNG = "UPDATE or DELETE statement over table test.d.leads would affect rows in the streaming buffer, which is not supported"
JOBS = (QUERY, SCRIPT)
FAULTS = [
    # It takes longer, or is not now.
    Fault("slow", "again", "delay", {"before_ms": 150, "ms": 150}),
    Fault("unfinished", "again", "unfinished", {"polls": 2}, JOBS),
    refused("503", "again", 503, "backendError", "Error encountered during execution. Retrying may solve the problem."),
    refused("429", "again", 429, "rateLimitExceeded", "slow down"),
    refused("rate", "again", 403, "rateLimitExceeded", "Exceeded rate limits: too many api requests per user"),
    # It was done or not, and nobody knows.
    Fault("reset-before", "again", "reset_before", kinds=(QUERY, SCRIPT, ROWS, STREAM, TABLE, TOKEN)),
    Fault("503-after", "again", "status_after", {"code": 503, "reason": "backendError"}),
    Fault("reset-after", "again", "reset_after", {"at": 0}),
    Fault("reset-in-the-answer", "again", "reset_after", {"at": 170}),
    Fault("half-an-answer", "again", "cut", {"at": 190}),
    Fault("garbled", "nonsense", "garbled"),
    Fault("empty", "nonsense", "empty"),
    # The job failed: before it did anything, and after some of its statements.
    failed("job-backend", "again", "jobBackendError"),
    failed("job-internal", "again", "jobInternalError"),
    failed("job-rate", "again", "jobRateLimitExceeded"),
    failed("serialize", "again", "invalidQuery", SERIALIZE),
    failed("outstanding", "again", "resourcesExceeded", OUTSTANDING),
    failed("job-half-done", "again", "jobBackendError", statements=1, kinds=(SCRIPT,)),
    failed("job-done-but-for-the-end", "again", "jobBackendError", statements=2, kinds=(SCRIPT,)),
    failed("serialize-for-ever", "later", "invalidQuery", SERIALIZE, count=4),
    # No.
    refused("quota", "later", 403, "quotaExceeded", "Quota exceeded: Your project exceeded quota for free query bytes scanned"),
    refused("billing", "person", 403, "billingNotEnabled", "Billing has not been enabled for this project", kinds=(*JOBS, STREAM)),
    refused("access", "person", 403, "accessDenied", "Access Denied: Table test:d.lead_state: User does not have permission"),
    refused("location", "person", 404, "notFound", "Not found: Dataset test:d was not found in location EU", kinds=JOBS),
    refused("invalid", "no", 400, "invalidQuery", "Syntax error: Unexpected end of script at [1:1]", kinds=JOBS),
    failed("streaming-buffer", "young", "invalidQuery", YOUNG, kinds=(SCRIPT,)),
    # The credentials end.
    Fault("expired", "again", "expired"),
    Fault("revoked", "key", "revoked"),
    # Rows of a stream.
    Fault("refused-row", "rows", "refused_row", {"row": 0}, (STREAM,)),
    Fault("stopped-rows", "later", "stopped_rows", {}, (STREAM,)),
    # Answers that do not add up.
    Fault("more-than-came", "miscount", "wrong_total", {"by": 3}, (QUERY, ROWS)),
]

# -- what must come of it -----------------------------------------------------------------------------------------------

GOOD, FAILED, LATER, PERSON, KEY = (0,), (1,), (5,), (78,), (4,)
EXPECTED = {"again": GOOD, "later": LATER, "person": PERSON, "no": FAILED, "key": KEY, "young": LATER, "rows": FAILED,
            "nonsense": FAILED, "miscount": FAILED}
# A call, or a kind of calls, where the same effect means something else. What cannot be read is asked for again: a page by
# its request id, a job by its own; a stream and a table's description are not.
OTHERWISE = {("nonsense", kind): GOOD for kind in (QUERY, SCRIPT, ROWS)}
OTHERWISE[("young", f"{SCRIPT}:changes_gather")] = GOOD  # the write-back is left to the next run
# What no run fails for: the lease runs out by itself, and the next run notes what stops there are.
LENIENT = {f"{SCRIPT}:lease_give_back", f"{SCRIPT}:stops_note_gather"}


class Cell(NamedTuple):
    job: str
    kind: str
    call: str
    fault: Fault

    @property
    def id(self):
        return f"{self.job}.{self.call.replace('jobs.', '').replace('tabledata.', '').replace(':', '.')}.{self.fault.name}"

    @property
    def codes(self):
        effect = self.fault.effect
        usual = OTHERWISE.get((effect, self.call)) or OTHERWISE.get((effect, self.kind)) or EXPECTED[effect]
        if self.call in LENIENT:  # a key that is gone is missed by what comes after
            return GOOD if effect != "key" else (*GOOD, *usual)
        return usual

    @property
    def rule(self):
        return {"call": self.call, "fault": self.fault.fault, "params": self.fault.params, "count": self.fault.count}


def all_cells():
    """A call that changes something meets every fault, in one job that makes it; of the others each meets a few, in turn, so
    that each kind meets every fault."""
    seen, turns = set(), {}
    for job in CALLS:
        for kind, call in calls_of(job):
            for fault in FAULTS:
                if kind not in fault.kinds or (call, fault.name) in seen:
                    continue
                seen.add((call, fault.name))
                if kind in (SCRIPT, STREAM):
                    yield Cell(job, kind, call, fault)
                else:
                    turns.setdefault((kind, fault.name), []).append(Cell(job, kind, call, fault))
    for turn, cells in enumerate(turns.values()):
        for n in sorted({turn % len(cells), (turn * 7 + 3) % len(cells)}):
            yield cells[n]


def some_cells():
    """Each fault at each kind of call, at one of its calls in turn."""
    kinds = {}
    for cell in all_cells():
        kinds.setdefault((cell.kind, cell.fault.name), []).append(cell)
    return [cells[turn * 5 % len(cells)] for turn, cells in enumerate(kinds.values())]


def chosen_cells():
    return sorted(all_cells() if is_long() else some_cells(), key=lambda cell: cell.id)
