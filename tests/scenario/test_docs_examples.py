"""The examples of docs/quickstart.md, run as a reader would type them: each ```console block in order, in one folder, with the
built programs on PATH.

A command begins with `$ `, goes on after a backslash or within a here-document on lines with `> `, and is followed by what it
prints, standard error included. It has to end with 0, or with N where its comment says `# exit status N`. Every printed line has
to be in the page and the other way round; ids, times and numbers count as equal, so do runs of blanks; a line `...` stands for
any lines, `...` at the end of a line for any rest. The page's port 8080 becomes a free one.
"""

import os
import re
import signal
import socket
import subprocess

import pytest

from conftest import ROOT, build_dir, sandbox_binary

PAGE = ROOT / "docs" / "quickstart.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"# exit status (\d+)")
VALUE = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # an id
                   r"|\b\d{8}T\d{6}-[0-9a-f]{8}\b"                   # a run
                   r"|\b\d{4}-\d\d-\d\dT[\d:.]+Z"
                   r"|\bjust now\b|\b\d+ (s|min) ago\b"           # the machine may be slow
                   r"|\d+")


class Example:
    """One command of the page: its text, the status it has to end with, and the lines it has to print."""

    def __init__(self, command):
        self.command, self.expected = command, []

    @property
    def status(self):
        found = STATUS.search(self.command)
        return int(found.group(1)) if found else 0


def examples_in(text):
    examples = []
    for block in BLOCK.findall(text):
        is_command = False
        for line in block.splitlines():
            if line.startswith("$ "):
                examples.append(Example(line[2:]))
                is_command = True
            elif is_command and line.startswith("> "):
                examples[-1].command += "\n" + line[2:]
            else:
                examples[-1].expected.append(line)
                is_command = False
    return examples


def essence(line):
    return " ".join(VALUE.sub("#", line).split())


def is_same(expected, line):
    wanted, said = essence(expected), essence(line)
    return said.startswith(wanted[:-3].rstrip()) if wanted.endswith("...") else said == wanted


def difference(expected, printed):
    """What is wrong with the printed lines; None when they are what the page says. Blank lines do not count."""
    expected = [line for line in expected if line.strip()]
    printed = [line for line in printed if line.strip()]
    at, may_skip = 0, False
    for wanted in expected:
        if wanted.strip() == "...":
            may_skip = True
            continue
        start = at
        while may_skip and at < len(printed) and not is_same(wanted, printed[at]):
            at += 1
        if at == len(printed) or not is_same(wanted, printed[at]):
            return f"the page says\n  {wanted}\nbut the program\n  " + "\n  ".join(printed[start:] or ["(nothing more)"])
        at, may_skip = at + 1, False
    return None if may_skip or at == len(printed) else "the page does not have\n  " + "\n  ".join(printed[at:])


def run(command, folder, environment):
    """Output goes to a file: what is left running in the background does not keep us waiting."""
    path = folder.parent / "printed"
    with path.open("wb") as out:
        status = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT, timeout=120).returncode
    return status, path.read_text().splitlines()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def end_sandbox(folder):
    path = folder / "sandbox.pid"
    if path.exists():
        try:
            os.kill(int(path.read_text()), signal.SIGTERM)
        except ProcessLookupError:
            pass  # the page has ended it itself


def problem_of(example, folder, environment):
    status, printed = run(example.command, folder, environment)
    if status != example.status:
        return f"$ {example.command}\nended with {status}:\n" + "\n".join(printed)
    wrong = difference(example.expected, printed)
    return wrong and f"$ {example.command}\n{wrong}"


def run_page(text, tmp_path):
    """Runs a page to its first problem, which is returned; None when there is none."""
    folder = tmp_path / "home"
    folder.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LEADFERRY_", "INSTANTLY_"))}
    environment = {**clean, "PATH": f"{sandbox_binary().parent}:{build_dir()}:{clean['PATH']}", "LC_ALL": "C.UTF-8"}
    try:
        for example in examples_in(text.replace("8080", free_port())):
            problem = problem_of(example, folder, environment)
            if problem:
                return problem
        return None
    finally:
        end_sandbox(folder)


def test_quickstart_says_what_the_programs_do(leadferry_binary, tmp_path):
    text = PAGE.read_text()
    assert len(examples_in(text)) > 15
    problem = run_page(text, tmp_path)
    assert problem is None, problem


FENCE = "```console\n{}\n```\n"


@pytest.mark.parametrize("page", [
    "$ echo one two\none two",
    "$ echo 'at 12 of 34'; echo more\nat 56 of 78\n...",
    "$ printf 'a\\nb\\nc\\n'\n...\nb\n...",
    "$ false   # exit status 1",
    "$ cat <<END\n> x\n> END\nx",
    "$ echo a long line\na long ...",
])
def test_a_page_that_is_right_passes(leadferry_binary, tmp_path, page):
    assert run_page(FENCE.format(page), tmp_path) is None


@pytest.mark.parametrize("page", [
    "$ echo one two\none too",          # another word
    "$ echo one; echo two\none",        # a line too many
    "$ echo one\none\ntwo",             # a line too few
    "$ false",                          # a status that is not announced
    "$ true   # exit status 3",         # an announced status that does not come
    "$ leadferry exprot",               # a command that does not exist
    "$ leadferry version\nleadboat 1.2.3",
])
def test_a_page_that_is_wrong_fails(leadferry_binary, tmp_path, page):
    assert run_page(FENCE.format(page), tmp_path) is not None
