#!/usr/bin/env python3
"""Turns a page of docs/ into a C table of its lines: embed_page.py OUT.c PAGE.md. The program prints its sections
(cli/runbook.h), so that page and program cannot say different things."""

import json
import sys
from pathlib import Path


def literal(line):
    # A C string: JSON escapes the same ASCII, and everything else stays UTF-8. `??` would be a trigraph to some.
    return json.dumps(line, ensure_ascii=False).replace("??", '?""?')


out, page = map(Path, sys.argv[1:])
lines = page.read_text(encoding="utf-8").splitlines()
rows = "\n".join(f"  {literal(line)}," for line in lines)
out.write_text(f'/* Made from {page.name}. */\n#include "cli/runbook.h"\n\n'
               f"const char *const runbook_lines[] = {{\n{rows}\n  NULL,\n}};\n", encoding="utf-8")
