"""No BigQuery statement takes all columns of a table: it would read, and bill, those that it needs not, and a column that
the user adds could stand in the way of one of ours. Our own temporary tables and named subqueries may be taken whole."""

import re

from gate import line_of, run, shown

STAR = re.compile(r"(?:\bSELECT\s+(?:DISTINCT\s+)?|,\s*)(?:(\w+)\.)?\*(?!\s*\d)")
CLAUSE_END = re.compile(r"\b(?:WHERE|GROUP|QUALIFY|ORDER|UNION|HAVING|LIMIT)\b|;")
TABLE = re.compile(r"\$\{(?!scratch)\w+\}")


def at_depth_0(text):
    """The text with all that stands in parentheses blanked, up to where the parenthesis around it closes."""
    out, depth = [], 0
    for char in text:
        depth -= char == ")"
        if depth < 0:
            break
        out.append(char if depth == 0 else " ")
        depth += char == "("
    return "".join(out)


def tables_of(text, alias):
    """The tables that a star takes from: text begins behind it."""
    flat = at_depth_0(text)
    start = re.search(r"\bFROM\b", flat)
    if not start:
        return []
    end = CLAUSE_END.search(flat, start.end())
    clause = flat[start.end() : end.start() if end else len(flat)]
    return TABLE.findall(clause) if not alias else re.findall(TABLE.pattern + rf"\s+(?:AS\s+)?{alias}\b", clause)


def check(root):
    for path in sorted((root / "src/warehouse/sql/bigquery").rglob("*.sql")):
        text = re.sub(r"--[^\n]*", lambda m: " " * len(m.group()), path.read_text())
        for match in STAR.finditer(text):
            if tables_of(text[match.end() :], match.group(1)):
                yield f"{shown(path, root)}:{line_of(text, match.start())}: all columns of a table: name those that are needed"


def tree(statement):
    return {"src/warehouse/sql/bigquery/a.sql": f"-- name: a\n{statement};\n"}


BAD = {
    "a star": tree("SELECT * FROM ${leads} WHERE a = 1"),
    "one behind an alias": tree("SELECT l.*, 1 AS n FROM ${leads} l"),
    "one of a joined table": tree("SELECT a, s.* FROM x JOIN ${lead_state} s ON s.a = x.a"),
    "one that leaves a column out": tree("SELECT * EXCEPT (a) FROM ${leads}"),
    "one in a subquery": tree("SELECT a FROM (SELECT * FROM ${leads} WHERE b)"),
    "one behind a function": tree("SELECT IF(a, b, c), l.* FROM ${leads} l"),
}
GOOD = {
    "columns by name": tree("SELECT a, b FROM ${leads}"),
    "a count and a product": tree("SELECT COUNT(*), a * 2 FROM ${leads}"),
    "a named subquery": tree("WITH x AS (SELECT a FROM ${leads}) SELECT x.* FROM x JOIN ${lead_state} s ON s.a = x.a"),
    "our own temporary table": tree("SELECT * FROM ${scratch_2}"),
    "a comment": tree("-- SELECT * FROM ${leads}\nSELECT a FROM ${leads}"),
}

if __name__ == "__main__":
    run("no star over a table", check, BAD, GOOD)
