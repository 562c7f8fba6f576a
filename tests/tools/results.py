"""What test runners say, as one list of results.

Every reader here returns a list of Result and errs towards failure: a runner that died, timed out, was cut off or executed
nothing gives a failed result of its own, so that silence is never taken for success.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Result(NamedTuple):
    name: str
    status: str
    reason: str = ""


TAP_LINE = re.compile(r"^(not )?ok\b *(\d+)? *-? *(.*)$")
TAP_PLAN = re.compile(r"^1\.\.(\d+)(?: *# *(.*))?$")
TAP_DIRECTIVE = re.compile(r" # *(skip|todo)\S* *(.*)$", re.IGNORECASE)


def tap_result(match, notes):
    """One `ok` or `not ok` line with the diagnostic lines before it."""
    description = match.group(3)
    directive = TAP_DIRECTIVE.search(" " + description)
    name = TAP_DIRECTIVE.sub("", " " + description).strip() or f"test {match.group(2)}"
    if directive and directive.group(1).lower() == "skip":
        return Result(name, SKIPPED, directive.group(2).strip() or "no reason given")
    if match.group(1):
        return Result(name, FAILED, "\n".join(notes[-12:]) or "not ok")
    return Result(name, PASSED)


def read_tap(text, exit_status=0, name="tap"):
    """Results of one TAP producer. `exit_status` is that of its process; None where it was killed for taking too long."""
    results, plan, notes = [], None, []
    for line in text.splitlines():
        if match := TAP_LINE.match(line):
            results.append(tap_result(match, notes))
            notes = []
        elif match := TAP_PLAN.match(line):
            plan = int(match.group(1))
            if plan == 0 and (match.group(2) or "").lower().startswith("skip"):
                return [Result(name, SKIPPED, match.group(2)[4:].strip(" :") or "no reason given")]
        elif line.startswith("Bail out!"):
            results.append(Result(name, FAILED, line))
        elif line.startswith("#"):
            notes.append(line[1:].strip())
    return results + tap_complaints(results, plan, exit_status, name)


def tap_complaints(results, plan, exit_status, name):
    """What is wrong with a TAP stream as a whole; each complaint is a failed result."""
    has_failure = any(r.status == FAILED for r in results)
    complaints = []
    if exit_status is None:
        complaints.append("timed out")
    elif exit_status != 0 and not has_failure:
        complaints.append(f"exited with status {exit_status}")
    if not results:
        complaints.append("ran no test")
    elif plan is None:
        complaints.append("ended without a plan")
    elif plan > len(results) and not has_failure:
        complaints.append(f"planned {plan} tests, ran {len(results)}")
    return [Result(name, FAILED, text) for text in complaints]


MESON_TIMEOUT = ("TIMEOUT", "INTERRUPT")
MESON_FINE = ("OK", "EXPECTEDFAIL", "SKIP")


def read_meson_log(text):
    """Results of `meson test` from its testlog.json: the TAP of each binary, one JSON object a line."""
    results = []
    for line in filter(str.strip, text.splitlines()):
        test = json.loads(line)
        status = None if test["result"] in MESON_TIMEOUT else test.get("returncode", 0)
        own = read_tap(test.get("stdout") or "", status, test["name"])
        if test["result"] not in MESON_FINE and not any(r.status == FAILED for r in own):
            own.append(Result(test["name"], FAILED, f"meson says {test['result']}"))
        stderr = (test.get("stderr") or "").strip()[-3000:]
        results += [r._replace(reason=f"{r.reason}\n{stderr}".strip()) if r.status == FAILED else r for r in own]
    return results or [Result("meson test", FAILED, "ran no test")]


def junit_result(case):
    """One <testcase>; an error (in a fixture, at collection) is a failure."""
    name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
    for tag in ("failure", "error"):
        if (found := case.find(tag)) is not None:
            return Result(name, FAILED, (found.text or found.get("message") or tag)[-3000:])
    if (found := case.find("skipped")) is not None:
        return Result(name, SKIPPED, found.get("message") or "no reason given")
    return Result(name, PASSED)


def read_junit(text, exit_status=0, name="pytest"):
    """Results of a pytest run from its JUnit file; `text` is empty where pytest died before writing it."""
    if not text.strip():
        return [Result(name, FAILED, f"wrote no report (exit status {exit_status})")]
    results = [junit_result(case) for case in ElementTree.fromstring(text).iter("testcase")]
    if not results:
        results.append(Result(name, FAILED, "ran no test"))
    if exit_status != 0 and not any(r.status == FAILED for r in results):
        results.append(Result(name, FAILED, f"exited with status {exit_status}"))
    return results


def totals(results):
    """The closing line, which people and CI read."""
    count = {status: sum(r.status == status for r in results) for status in (PASSED, FAILED, SKIPPED)}
    return f"{count[PASSED]} passed, {count[FAILED]} failed, {count[SKIPPED]} skipped"


def is_success(results, strict):
    """At least one test passed, none failed; in strict mode none was skipped either."""
    statuses = {r.status for r in results}
    return PASSED in statuses and FAILED not in statuses and not (strict and SKIPPED in statuses)
