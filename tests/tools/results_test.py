"""That the counter cannot be fooled: each way in which a run can go wrong is reported as a failure."""

import json
import sys

sys.dont_write_bytecode = True
from results import FAILED, PASSED, SKIPPED, is_success, read_junit, read_meson_log, read_tap, totals  # noqa: E402


def statuses(results):
    return [r.status for r in results]


def meson(result, stdout, returncode=0):
    return json.dumps({"name": "t", "result": result, "stdout": stdout, "returncode": returncode, "stderr": ""})


def junit(inner):
    return f"<testsuites><testsuite>{inner}</testsuite></testsuites>"


CASES = [
    ("a plain TAP run passes", statuses(read_tap("1..2\nok 1 - a\nok 2 /b\n")) == [PASSED, PASSED]),
    ("a plan at the end is fine", statuses(read_tap("ok 1 a\n1..1\n")) == [PASSED]),
    ("'not ok' fails", statuses(read_tap("1..2\nok 1 a\nnot ok 2 b\n")) == [PASSED, FAILED]),
    ("'not ok' keeps its notes", read_tap("1..1\n# why\nnot ok 1 b\n")[0].reason == "why"),
    ("a TAP skip is skipped, with its reason", read_tap("1..1\nok 1 a # SKIP no node\n")[0][1:] == (SKIPPED, "no node")),
    ("a whole plan skipped", read_tap("1..0 # SKIP no spec\n")[0][1:] == (SKIPPED, "no spec")),
    ("bail out fails", FAILED in statuses(read_tap("1..2\nok 1 a\nBail out! x\n", 1))),
    ("a crash after good results fails", FAILED in statuses(read_tap("1..1\nok 1 a\n", -11))),
    ("a sanitizer's exit status after good results fails", FAILED in statuses(read_tap("1..1\nok 1 a\n", 1))),
    ("a time-out fails", FAILED in statuses(read_tap("1..1\nok 1 a\n", None))),
    ("fewer tests than planned fail", FAILED in statuses(read_tap("1..3\nok 1 a\n"))),
    ("no plan fails", FAILED in statuses(read_tap("ok 1 a\n"))),
    ("no output fails", statuses(read_tap("")) == [FAILED]),
    ("a plan of zero without a skip fails", statuses(read_tap("1..0\n")) == [FAILED]),
    ("'ok' inside other output is not counted", len(read_tap("1..1\n# ok 2\n    ok 1 nested\nok 1 a\n")) == 1),
    ("meson: counts subtests", statuses(read_meson_log(meson("OK", "1..2\nok 1 a\nok 2 b\n"))) == [PASSED, PASSED]),
    ("meson: a crash fails", FAILED in statuses(read_meson_log(meson("ERROR", "1..2\nok 1 a\n", -6)))),
    ("meson: a time-out fails", FAILED in statuses(read_meson_log(meson("TIMEOUT", "1..1\nok 1 a\n")))),
    ("meson: its own verdict counts", FAILED in statuses(read_meson_log(meson("FAIL", "1..1\nok 1 a\n")))),
    ("meson: an empty log fails", statuses(read_meson_log("")) == [FAILED]),
    ("junit: passes", statuses(read_junit(junit('<testcase name="a"/>'))) == [PASSED]),
    ("junit: a failure", statuses(read_junit(junit('<testcase name="a"><failure>x</failure></testcase>'))) == [FAILED]),
    ("junit: an error", statuses(read_junit(junit('<testcase name="a"><error>x</error></testcase>'))) == [FAILED]),
    ("junit: a skip", statuses(read_junit(junit('<testcase name="a"><skipped message="m"/></testcase>'))) == [SKIPPED]),
    ("junit: nothing collected fails", statuses(read_junit(junit(""), 5)) == [FAILED, ]),
    ("junit: no report fails", statuses(read_junit("", 3)) == [FAILED]),
    ("junit: exit status counts", FAILED in statuses(read_junit(junit('<testcase name="a"/>'), 2))),
    ("the closing line", totals(read_tap("1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP x\n")) == "1 passed, 1 failed, 1 skipped"),
    ("nothing at all is no success", not is_success([], strict=False)),
    ("only skips are no success", not is_success(read_tap("1..0 # SKIP x\n"), strict=False)),
    ("a skip fails in strict mode", not is_success(read_tap("1..2\nok 1 a\nok 2 b # SKIP x\n"), strict=True)),
    ("a skip is fine otherwise", is_success(read_tap("1..2\nok 1 a\nok 2 b # SKIP x\n"), strict=False)),
    ("a failure is none", not is_success(read_tap("1..2\nok 1 a\nnot ok 2 b\n"), strict=False)),
]

print(f"1..{len(CASES)}")
for number, (what, holds) in enumerate(CASES, 1):
    print(f"{'ok' if holds else 'not ok'} {number} - counter: {what}")
sys.exit(not all(holds for _, holds in CASES))
