"""The guarantee in README.md, both ways: every window of failure has its row, every row names tests that exist and say that
they prove it, and every test that says so is named by that row.

A row is a line `| ID | when | then | what you see | proof |` of the section "What is promised"; its proofs are links such as
[`test_name`](tests/folder/file). A test says which rows it proves by "Guarantee 4, 5." in its docstring (Python) or in the
comment right above it (C).
"""

import re

from gate import c_files, run, shown

SECTION = re.compile(r"^## What is promised\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (\d+|[a-z]) \|(.*)\|([^|]*)\|$", re.MULTILINE)
PROOF = re.compile(r"\[`(\w+)`\]\(([^)]+)\)")
CLAIM = r"Guarantee ((?:\d+|[a-z])(?:, (?:\d+|[a-z]))*)\."
PYTHON_TEST = re.compile(rf'^def (test_\w+)\([^)]*\):\n\s+"""{CLAIM}', re.MULTILINE)
C_TEST = re.compile(rf"/\* {CLAIM}(?:(?!\*/).)*\*/\nstatic void (\w+)\(", re.DOTALL)
ANY_CLAIM = re.compile(CLAIM)
WINDOWS = [str(n) for n in range(1, 47)] + ["a", "b", "c", "d"]
WINDOWS += ["48", "49", "50", "51", "52", "53", "55", "64", "65"]
WINDOWS += ["56", "66"]


def rows_of(root):
    """{id: {(test, path)}} of the table, and the problems of its form."""
    rows, problems = {}, []
    section = SECTION.search((root / "README.md").read_text())
    for number, _, proofs in ROW.findall(section.group(1) if section else ""):
        if number in rows:
            problems.append(f"README.md: window {number} has two rows")
        rows[number] = set(PROOF.findall(proofs))
        if not rows[number]:
            problems.append(f"README.md: window {number} names no test")
    problems += [f"README.md: window {number} has no row" for number in WINDOWS if number not in rows]
    problems += [f"README.md: there is no window {number}" for number in rows if number not in WINDOWS]
    return rows, problems


def claims_of(text, is_python):
    """(test, {ids}) for each test of a file that says what it proves."""
    if is_python:
        return [(name, set(ids.split(", "))) for name, ids in PYTHON_TEST.findall(text)]
    return [(name, set(ids.split(", "))) for ids, name in C_TEST.findall(text)]


def test_files(root):
    yield from c_files(root, ("tests",), (".c",))
    yield from (path for path in sorted((root / "tests").rglob("test_*.py")) if "node_modules" not in path.parts)


def is_registered(text, name, is_python):
    """Would a runner find it? A C test is named a second time, where it is added."""
    return is_python or len(re.findall(rf"\b{name}\b", text)) > 1


def claims(root):
    """{id: {(test, path)}} of what the tests say, and the problems of their form."""
    said, problems = {}, []
    for path in test_files(root):
        text, is_python = path.read_text(), path.suffix == ".py"
        found = claims_of(text, is_python)
        if len(found) != len(ANY_CLAIM.findall(text)):
            problems.append(f"{shown(path, root)}: a claim of a guarantee that belongs to no test")
        for name, ids in found:
            if not is_registered(text, name, is_python):
                problems.append(f"{shown(path, root)}: {name} is never run")
            for number in ids:
                said.setdefault(number, set()).add((name, shown(path, root)))
    return said, problems


def check(root):
    rows, problems = rows_of(root)
    said, more = claims(root)
    yield from problems + more
    for number in sorted(set(rows) | set(said)):
        for name, path in sorted(rows.get(number, set()) - said.get(number, set())):
            yield f"README.md: window {number} names {name} of {path}, which does not say so"
        for name, path in sorted(said.get(number, set()) - rows.get(number, set())):
            yield f"{path}: {name} says that it proves window {number}, whose row does not name it"


def readme(**proofs):
    """A table with all rows; those given by keyword (w4="...") have these proofs."""
    default = "[`test_all`](tests/test_all.py)"
    lines = [f"| {id} | when | then | see | {proofs.get('w' + id, default)} |" for id in WINDOWS]
    return "# x\n\n## What is promised\n\n" + "\n".join(lines) + "\n\n## More\n"


ALL = f'def test_all():\n    """Guarantee {", ".join(WINDOWS)}. All of it."""\n'
BUT_4 = ALL.replace(" 4,", "")
C_4 = "/* Guarantee 4. Lost. */\nstatic void test_lost(void)\n{\n}\n"
ADDED = 'int main(void)\n{\n  add("/lost", test_lost);\n}\n'
IN_C = "[`test_lost`](tests/lost.c)"

run(
    "guarantee", check,
    bad={
        "a row without a proof": {"tests/test_all.py": BUT_4, "README.md": readme(w4="see there")},
        "a missing row": {"tests/test_all.py": ALL, "README.md": readme().replace("| 17 |", "| seventeen |")},
        "a row twice": {"tests/test_all.py": ALL, "README.md": readme().replace("| 17 |", "| 16 |")},
        "a test that does not exist": {"tests/test_all.py": ALL, "README.md": readme(w4="[`test_none`](tests/test_all.py)")},
        "a test that proves something else": {"tests/test_all.py": BUT_4, "README.md": readme()},
        "a proof that no row names": ({"README.md": readme(), "tests/test_all.py": ALL, "tests/lost.c": C_4 + ADDED}, "tests/lost.c"),
        "a C test that is never run": ({"README.md": readme(w4=IN_C), "tests/test_all.py": BUT_4, "tests/lost.c": C_4}, "never run"),
        "a claim without a test": ({"README.md": readme(), "tests/test_all.py": ALL + "# Guarantee 4. Here.\n"}, "belongs to no test"),
    },
    good={
        "proofs in Python": {"README.md": readme(), "tests/test_all.py": ALL},
        "proofs in C": {"README.md": readme(w4=IN_C), "tests/test_all.py": BUT_4, "tests/lost.c": C_4 + ADDED},
    },
)
