"""Each named statement of the .sql files is used: somewhere in src/ stands the constant that embed.py makes of its name."""

import re

from gate import c_files, line_of, run, shown, without_comments_and_strings

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
PREFIXES = {"sqlite": "SQL_", "bigquery": "BQ_"}


def check(root):
    code = "".join(without_comments_and_strings(path.read_text()) for path in c_files(root, ("src",)))
    used = set(re.findall(r"\b(?:SQL|BQ)_[A-Z0-9_]+\b", code))
    for path in sorted((root / "src/warehouse/sql").rglob("*.sql")):
        text = path.read_text()
        for match in NAME.finditer(text):
            constant = PREFIXES[path.parent.name] + match.group(1).upper()
            if constant not in used:
                yield f"{shown(path, root)}:{line_of(text, match.start())}: nothing uses {constant}: take the statement away"


def tree(statement, code):
    return {"src/warehouse/a.c": code, "src/warehouse/sql/bigquery/a.sql": f"-- name: {statement}\nSELECT 1;\n"}


BAD = {
    "a statement that nobody uses": tree("orphan", "int a = BQ_OTHER;\n"),
    "one that a comment names": tree("orphan", "/* BQ_ORPHAN */\n"),
    "one whose name begins another": tree("orphan", "int a = BQ_ORPHANS;\n"),
}
GOOD = {"a statement that is used": tree("wanted", "int a = BQ_WANTED;\n")}

if __name__ == "__main__":
    run("statements are used", check, BAD, GOOD)
