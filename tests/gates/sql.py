"""SQL stands in .sql files only: no statement in a C string literal."""

import re

from gate import c_files, line_of, run, shown, without_comments

STATEMENT = re.compile(
    r'"[^"\n]*\b(?:SELECT\b[^"]*\bFROM\b|INSERT\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b|REPLACE\s+INTO\b'
    r"|CREATE\s+(?:TEMP\w*\s+)?(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)\b|DROP\s+(?:TABLE|INDEX|VIEW)\b|ALTER\s+TABLE\b"
    r"|MERGE\s+INTO\b|PRAGMA\s+\w+|BEGIN\s+(?:IMMEDIATE|EXCLUSIVE|TRANSACTION)\b|ATTACH\s+DATABASE\b|SAVEPOINT\s+\w+)"
)
ADJACENT = re.compile(r'"\s*\n?\s*"')


def check(root):
    for path in c_files(root, ("src", "sandbox", "bench")):
        text = without_comments(path.read_text())
        joined = ADJACENT.sub(lambda m: " " * len(m.group()), text)  # "SELECT a " "FROM b" is one literal
        for match in STATEMENT.finditer(joined):
            yield f"{shown(path, root)}:{line_of(text, match.start())}: SQL in a string: put it into a .sql file"


def saying(*lines):
    return {"src/warehouse/a.c": "const char *s = " + "\n  ".join(f'"{line}"' for line in lines) + ";\n"}


BAD = {
    "SELECT": saying("SELECT a FROM b"),
    "SELECT over two literals": saying("SELECT a ", "FROM b"),
    "INSERT": saying("INSERT INTO a VALUES (1)"),
    "INSERT OR IGNORE": saying("INSERT OR IGNORE INTO a VALUES (1)"),
    "UPDATE": saying("UPDATE a SET b = 1"),
    "DELETE": saying("DELETE FROM a"),
    "CREATE TABLE": saying("CREATE TABLE a (b)"),
    "PRAGMA": saying("PRAGMA journal_mode=WAL"),
}
GOOD = {
    "prose": saying("cannot select a row from nowhere", "Update the settings", "the DELETE call failed"),
    "a comment": {"src/warehouse/a.c": "/* \"SELECT a FROM b\" */\nint x;\n"},
    "a .sql file": {"src/warehouse/sql/a.sql": "SELECT a FROM b;\n"},
}

if __name__ == "__main__":
    run("SQL in .sql files only", check, BAD, GOOD)
