"""The frame of every gate: run a check over the tree, and prove on small trees that it can fail and can pass.

A gate is a script that defines `check(root)`, which yields one line per problem ("path:line: what"), and calls `run`. It
prints TAP: first the verdict on this repository, then one test per small tree. A gate that could not fail would be no gate.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("src", "sandbox", "tests", "bench")


class Skip(Exception):
    """Raised by a check that cannot be made on this machine; the text says why."""


def c_files(root, folders=CODE_FOLDERS, suffixes=(".c", ".h")):
    """The C files below `folders`, in a fixed order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


def shown(path, root):
    return str(path.relative_to(root))


C_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text):
    """The same text with everything but line ends turned into spaces, so that offsets and lines stay."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return C_TOKEN.sub(lambda m: blank(m.group()) if m.group()[0] == "/" else m.group(), text)


def without_comments_and_strings(text):
    """Code alone: comments and the insides of literals are blanked, quotes stay."""

    def replace(match):
        token = match.group()
        return blank(token) if token[0] == "/" else token[0] + blank(token[1:-1]) + token[-1]

    return C_TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def make_tree(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Path(folder)


def problems_in(check, files):
    with tempfile.TemporaryDirectory() as folder:
        return list(check(make_tree(folder, files)))


def report(number, name, problems):
    for problem in problems[:60]:
        print(f"# {problem}")
    print(f"{'not ok' if problems else 'ok'} {number} - {name}")


def report_tree(title, check):
    try:
        problems = list(check(ROOT))
        report(1, f"{title}: this tree", problems)
        return not problems
    except Skip as skip:
        print(f"ok 1 - {title}: this tree # SKIP {skip}")
        return True


def report_self_tests(title, check, bad, good):
    """`bad` trees, each {file: content} or ({file: content}, expected words), must be refused with a problem that names
    their last file or has those words; `good` ones must pass."""
    number, is_fine = 1, True
    for name, tree in list(bad.items()) + list(good.items()):
        number += 1
        files, expected = tree if isinstance(tree, tuple) else (tree, list(tree)[-1])
        try:
            problems = problems_in(check, files)
        except Skip as skip:
            print(f"ok {number} - {title}: {name} # SKIP {skip}")
            continue
        if name in bad:
            problems = [] if any(expected in p for p in problems) else [f"no problem says '{expected}' (said: {problems})"]
        report(number, f"{title}: {'refuses' if name in bad else 'accepts'} {name}", problems)
        is_fine = is_fine and not problems
    return is_fine


def run(title, check, bad, good):
    sys.stdout.reconfigure(line_buffering=True)
    print(f"1..{1 + len(bad) + len(good)}")
    is_fine = report_tree(title, check)
    sys.exit(not (report_self_tests(title, check, bad, good) and is_fine))
