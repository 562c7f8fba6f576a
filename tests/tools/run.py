"""Builds the project in its variants and runs the suites over them: what ./test does after installing packages.

Reading order: BUILDS and STEPS are the tables of what there is; main() walks through them. Each step returns results (see
results.py), so the closing line counts single tests of every runner alike.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple

from results import FAILED, PASSED, SKIPPED, Result, is_success, read_junit, read_meson_log, read_tap, totals

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "results"
CORES = os.cpu_count() or 2
STEP_LIMIT_S = 2700
LONG_SEEDS, SEEDS_FROM = 1_000_000, 10_000_000
NINJA_PROGRESS = re.compile(r"\[\d+/\d+\] ")


class Build(NamedTuple):
    folder: str
    compiler: str
    options: tuple = ()
    is_quick: bool = False


PLAIN = Build("build", "gcc", is_quick=True)
CLANG = Build("build-clang", "clang")
ASAN = Build("build-asan", "gcc", ("-Db_sanitize=address,undefined",))
TSAN = Build("build-tsan", "gcc", ("-Db_sanitize=thread",))
FUZZ = Build("build-fuzz", "clang", ("-Dfuzz=true",))
BUILDS = (PLAIN, CLANG, ASAN, TSAN, FUZZ)


class Options(NamedTuple):
    is_quick: bool
    is_long: bool
    is_keeping: bool
    only: tuple


class Step(NamedTuple):
    """One line of the report: a suite on a build."""

    suite: str
    build: Build
    run: Callable
    is_quick: bool = False
    is_long: bool = False


def environment(build, options):
    """What tests may rely on; see CONTRIBUTING.md."""
    shared = os.environ.get("LEADFERRY_SHARED", str(ROOT.parent / "shared"))
    added = {
        "LEADFERRY_BUILD": str(ROOT / build.folder),
        "LEADFERRY_SHARED": shared,
        "LEADFERRY_SHAPES": str(RESULTS / "shapes"),
        # How many random worlds and seeds: the plain build does them all.
        "LEADFERRY_WORLDS": "" if build is PLAIN else "1000",
        "LEADFERRY_SIM_SEEDS": "" if build is PLAIN else "300",
        "LEADFERRY_SIM_SQLITE_SEEDS": "" if build is PLAIN else "15",
        "LEADFERRY_SIM_TWO_DEEP_SEEDS": "1" if build is not PLAIN else "100" if options.is_long else "",
        "LEADFERRY_POWER_SEEDS": "30" if build is not PLAIN else "20000" if options.is_long else "",
        "LEADFERRY_ONCE_STRIDE": "" if build is PLAIN else "7",
        "LEADFERRY_IN_FLIGHT_CLAIMS": "1000000" if options.is_long and build is PLAIN else "",
        "LEADFERRY_LONG": "1" if options.is_long else "",
        "LEADFERRY_KEEP": "1" if options.is_keeping else "",
        "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
        # GLib before 2.76 passes small blocks between threads under locks that the sanitizers do not see.
        "G_SLICE": "" if build is PLAIN else "always-malloc",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **{key: value for key, value in added.items() if value}}


def execute(command, log, env=None, limit_s=STEP_LIMIT_S):
    """Run a command with its output in a log file. Returns its exit status, None when it took too long."""
    with open(log, "wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, start_new_session=True
        )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return None


def tail(log, lines=30):
    return "\n".join(Path(log).read_text(errors="replace").splitlines()[-lines:])


def introspect(build, what):
    said = subprocess.run(["meson", "introspect", what, build.folder], cwd=ROOT, capture_output=True, text=True)
    return json.loads(said.stdout or "[]")


def fuzz_targets(build):
    """The libFuzzer programs of a configured build, as paths."""
    return [Path(target["filename"][0]) for target in introspect(build, "--targets") if target["name"].startswith("fuzz_")]


def has_threads(test):
    """Is this a test for ThreadSanitizer? Threads live in net/, behind base/thread.h; instantly/ uses both."""
    return test["name"].startswith(("base-", "net_", "instantly_"))


def threaded_tests(build):
    return [test for test in introspect(build, "--tests") if has_threads(test)]


def programs_of(build):
    """The programs of a build that are run at all; none: everything."""
    if build is FUZZ:
        return fuzz_targets(build)
    if build is not TSAN:
        return []
    needed = {target for test in threaded_tests(build) for target in test["depends"]}
    return [Path(target["filename"][0]) for target in introspect(build, "--targets") if target["id"] in needed]


def make_build(build):
    """Configure and compile one variant; warnings are errors, so this is a test as well."""
    name = "compiles without warnings"
    log = RESULTS / f"{build.folder}.log"
    if not (ROOT / build.folder / "build.ninja").exists():
        env = {**os.environ, "CC": f"ccache {build.compiler}"}
        if execute(["meson", "setup", build.folder, *build.options], log, env) != 0:
            return [Result(name, FAILED, tail(log))]
    wanted = [str(path.relative_to(ROOT / build.folder)) for path in programs_of(build)]
    status = execute(["ninja", "-C", build.folder, "-k", "20", *wanted], log)
    if status == 0:
        return [Result(name, PASSED)]
    said = [line for line in tail(log, 400).splitlines() if not NINJA_PROGRESS.match(line)]
    return [Result(name, FAILED, "\n".join(said[:60]))]


def run_gates(build, options):
    """Each gate is a script that prints TAP; they are independent, so as many run at once as there are cores."""
    scripts = [p for p in sorted((ROOT / "tests/gates").glob("*.py")) if p.name != "gate.py"]
    scripts.append(ROOT / "tests/tools/results_test.py")

    def one(script):
        log = RESULTS / f"gate-{script.stem}.tap"
        status = execute([sys.executable, "-B", str(script)], log, environment(build, options), 300)
        return read_tap(log.read_text(errors="replace"), status, script.stem)

    with ThreadPoolExecutor(CORES) as pool:
        return [result for results in pool.map(one, scripts) for result in results]


def can_disable_aslr():
    return shutil.which("setarch") and subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0


def tests_for(build):
    """Names to give to `meson test`; none means all of the suite."""
    return [test["name"] for test in threaded_tests(build)] if build is TSAN else []


def run_meson(suite):
    def step(build, options):
        logs = ROOT / build.folder / "meson-logs"
        for old in logs.glob("testlog*.json"):
            old.unlink()
        # ThreadSanitizer of gcc 12 needs addresses where newer kernels do not put them by themselves.
        wrapper = ["--wrapper", "setarch -R"] if build is TSAN and can_disable_aslr() else []
        factor = "6" if build in (ASAN, TSAN) else "3"
        command = ["meson", "test", "-C", build.folder, "--no-rebuild", "--suite", suite, "-t", factor, *wrapper]
        log = RESULTS / f"{suite}-{build.folder}.log"
        status = execute(command + tests_for(build), log, environment(build, options))
        written = list(logs.glob("testlog*.json"))  # its name has the wrapper's in it
        if not written:
            return [Result("meson test", FAILED, f"exited with status {status}\n{tail(log)}")]
        return read_meson_log(written[0].read_text())

    return step


def run_seeds(build, options):
    """A million histories, a part on each core; a seed that fails prints the command that replays it."""
    share = LONG_SEEDS // CORES

    def one(part):
        log = RESULTS / f"seeds-{part}.log"
        command = [str(ROOT / build.folder / "tests/sim/test_sim"), "--seeds", str(share), "--from", str(SEEDS_FROM + part * share)]
        status = execute(command, log, environment(build, options), STEP_LIMIT_S * 4)
        return Result(f"{share} seeds", PASSED if status == 0 else FAILED, tail(log, 2))

    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(one, range(CORES)))


def run_pytest(folder, *arguments):
    def step(build, options):
        report = RESULTS / f"{folder}-{build.folder}.xml"
        log = RESULTS / f"{folder}-{build.folder}.log"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", f"--junitxml={report}", f"tests/{folder}"]
        command += arguments + (("-m", "not slow") if options.is_quick else ())
        command += ("--basetemp", str(RESULTS / "kept" / f"{folder}-{build.folder}")) if options.is_keeping else ()
        status = execute(command, log, environment(build, options), STEP_LIMIT_S * (8 if options.is_long else 1))
        results = read_junit(report.read_text() if report.exists() else "", status, folder)
        return results if report.exists() else [r._replace(reason=f"{r.reason}\n{tail(log)}") for r in results]

    return step


def build_emulator(build, options):
    """What the next step runs against; a machine without Go skips both."""
    log = RESULTS / "emulator.log"
    status = execute([sys.executable, "tests/bigquery/emulated.py"], log, environment(build, options))
    said = {0: PASSED, 77: SKIPPED}.get(status, FAILED)
    return [Result("the emulator builds", said, "" if said == PASSED else tail(log))]


def check_statements(build, options):
    """After the tests on the emulator: has each BigQuery statement been run there?"""
    log = RESULTS / "statements.log"
    status = execute([sys.executable, "tests/bigquery/ran.py"], log, environment(build, options))
    said = {0: PASSED, 77: SKIPPED}.get(status, FAILED)
    return [Result("each BigQuery statement is run", said, "" if said == PASSED else tail(log))]


def fuzz_one(target, options):
    """A short libFuzzer run over a copy of the target's seeds; a crash, a leak, a time-out or too much memory fails."""
    seeds = ROOT / "tests/fuzz/corpus" / target.name.removeprefix("fuzz_")
    work = RESULTS / "corpus" / target.name
    work.mkdir(parents=True, exist_ok=True)
    seconds = 600 if options.is_long else 15
    log = RESULTS / f"{target.name}.log"
    command = [str(target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               f"-artifact_prefix={RESULTS}/{target.name}-", str(work), *([str(seeds)] if seeds.is_dir() else [])]  # fmt: skip
    status = execute(command, log, environment(FUZZ, options), seconds + 120)
    if status == 0 and "stat::number_of_executed_units:" in tail(log):
        return Result(target.name, PASSED)
    return Result(target.name, FAILED, f"exit status {status}\n{tail(log)}")


def run_fuzz(build, options):
    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(lambda target: fuzz_one(target, options), fuzz_targets(build)))


# Most of such a test is waiting for a clock. Each goes to whichever worker is free (--dist load would deal out whole files).
SIDE_BY_SIDE = ("-n", str(4 * CORES), "--dist", "loadgroup")

STEPS = (
    Step("gates", PLAIN, run_gates, is_quick=True),
    Step("unit", PLAIN, run_meson("unit"), is_quick=True),
    Step("unit", CLANG, run_meson("unit")),
    Step("unit", ASAN, run_meson("unit")),
    Step("unit", TSAN, run_meson("unit")),
    Step("sim", PLAIN, run_meson("sim")),
    Step("sim", ASAN, run_meson("sim")),
    Step("sim", PLAIN, run_seeds, is_long=True),
    Step("scenario", PLAIN, run_pytest("scenario", *SIDE_BY_SIDE), is_quick=True),
    Step("scenario", ASAN, run_pytest("scenario", *SIDE_BY_SIDE, "-m", "not slow")),
    Step("crash", PLAIN, run_pytest("crash", *SIDE_BY_SIDE)),
    Step("faults", PLAIN, run_pytest("faults", "-n", str(2 * CORES))),  # its worlds last as long as a worker
    Step("bigquery", PLAIN, build_emulator),  # minutes with a cold cache
    Step("bigquery", PLAIN, run_pytest("bigquery", "-n", str(2 * CORES), "--dist", "loadgroup")),
    Step("bigquery", PLAIN, check_statements),
    Step("contract", PLAIN, run_pytest("contract")),  # last of those that talk to the sandbox: replays what the others said
    Step("fuzz", FUZZ, run_fuzz),
)


def chosen_steps(options):
    suites = options.only or {step.suite for step in STEPS}
    fits = [s for s in STEPS if (s.is_quick or not options.is_quick) and (options.is_long or not s.is_long)]
    return [s for s in fits if s.suite in suites]


def spent():
    """(seconds on the clock, seconds of CPU of everything that was started and has ended)."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), used.ru_utime + used.ru_stime


def line_for(name, results, before):
    wall_s, cpu_s = (now - then for now, then in zip(spent(), before))
    print(f"{name:<24} {totals(results)}  ({wall_s:.1f} s, {cpu_s:.0f} s of CPU)", flush=True)


def run_step(name, call):
    """Results of one step, which are never empty: a step that ran nothing has failed."""
    before = spent()
    results = [r._replace(name=f"{name}: {r.name}") for r in call() or [Result("all", FAILED, "ran no test")]]
    line_for(name, results, before)
    return results


def show(results, status, title):
    chosen = [r for r in results if r.status == status]
    if chosen:
        print(f"\n{title}:")
    for result in chosen:
        first, *more = result.reason.strip().splitlines() or [""]
        print(f"  {result.name}: {first}")
        for line in more if status == FAILED else ():
            print(f"      {line}")


def read_options(arguments):
    suites = sorted({step.suite for step in STEPS})
    parser = argparse.ArgumentParser(prog="./test", allow_abbrev=False)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true")
    length.add_argument("--long", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", action="append", choices=suites, default=[])
    parsed = parser.parse_args(arguments)
    return Options(parsed.quick, parsed.long, parsed.keep, tuple(parsed.only))


def main(arguments):
    options = read_options(arguments)
    strict = os.environ.get("LEADFERRY_STRICT") == "1"
    shutil.rmtree(RESULTS, ignore_errors=True)
    (RESULTS / "shapes").mkdir(parents=True)
    steps = chosen_steps(options)
    results, broken = [], set()
    for build in [b for b in BUILDS if b is PLAIN or any(s.build is b for s in steps)]:
        results += run_step(build.folder, lambda build=build: make_build(build))
        if results[-1].status == FAILED:
            broken.add(build)
    for step in steps:
        name = f"{step.suite} ({step.build.folder})"
        if step.build in broken and step.suite != "gates":
            results += run_step(name, lambda: [Result("all", FAILED, "its build failed")])
        else:
            results += run_step(name, lambda step=step: step.run(step.build, options))
    show(results, SKIPPED, "Skipped")
    show(results, FAILED, "Failed")
    if options.is_keeping:
        print(f"\nKept: {RESULTS}")
    print(f"\n{totals(results)}", flush=True)
    return 0 if is_success(results, strict) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
