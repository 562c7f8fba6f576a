#!/usr/bin/env python3
"""Turns the named statements of .sql files into a C table: embed.py OUT.h OUT.c PREFIX FILE.sql...

A statement begins with a line `-- name: some_name`; the comment lines that follow say why it is right and are left out
of the program. One statement has one name and ends at the next name. With the prefix sql names become `enum sql_id` in
the header, so that a statement that does not exist is an error of the compiler.
"""

import re
import sys
from pathlib import Path

NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$")


def statements(path):
    """Yields (name, text) in the order of the file."""
    name, lines = None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = NAME.match(line)
        if match:
            if name:
                yield name, finished(path, name, lines)
            name, lines = match.group(1), []
        elif line.lstrip().startswith("--"):
            continue
        elif name:
            lines.append(line.rstrip())
        elif line.strip():
            sys.exit(f"{path}:{number}: a statement without `-- name:`")
    if name:
        yield name, finished(path, name, lines)


def finished(path, name, lines):
    text = "\n".join(line for line in lines if line)
    if not text.endswith(";"):
        sys.exit(f"{path}: {name}: the statement does not end with a semicolon")
    if not text.isascii():
        sys.exit(f"{path}: {name}: statements are ASCII")
    return text[:-1]


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return "\n".join(f'     "{line}\\n"' for line in escaped.splitlines())


def main():
    header, source = map(Path, sys.argv[1:3])
    prefix, files = sys.argv[3], [Path(name) for name in sys.argv[4:]]
    found = [pair for path in files for pair in statements(path)]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            sys.exit(f"{name} is the name of two statements")
    header.write_text(
        "#pragma once\n/* Made by embed.py from the .sql files; do not edit. */\n"
        f"struct {prefix}_statement {{\n  const char *name;\n  const char *text;\n}};\n"
        f"enum {prefix}_id {{\n" + "".join(f"  {prefix.upper()}_{name.upper()},\n" for name in names)
        + f"  {prefix.upper()}_N\n}};\n"
        f"extern const struct {prefix}_statement {prefix}_statements[{prefix.upper()}_N];\n"
    )
    source.write_text(
        f'#include "{header.name}"\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n'
        f"const struct {prefix}_statement {prefix}_statements[{prefix.upper()}_N] = {{\n"
        + "".join(f'    {{"{name}",\n{quoted(text)}}},\n' for name, text in found)
        + "};\n"
    )


main()
