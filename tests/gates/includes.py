"""Includes point downward only, and core/ knows no input or output.

The arrows are those of ARCHITECTURE.md: cli, serve -> warehouse, instantly -> google -> net -> core -> base. Each folder may
include itself and what is below it. The sandbox is a product of its own and stands on base/ alone.
"""

import re

from gate import c_files, line_of, run, shown, without_comments

MAY_INCLUDE = {
    "base": {"base"},
    "core": {"base", "core"},
    "net": {"base", "core", "net"},
    "google": {"base", "core", "net", "google"},
    "instantly": {"base", "core", "net", "google", "instantly"},
    "warehouse": {"base", "core", "net", "google", "warehouse"},
    "serve": {"base", "core", "net", "google", "instantly", "warehouse", "serve"},
    "cli": {"base", "core", "net", "google", "instantly", "warehouse", "cli", "serve"},
    "sandbox": {"base", "sandbox"},
}
# What core/ may take from outside: text, numbers and GLib's containers, nothing that touches the world.
CORE_HEADERS = {
    "glib.h", "inttypes.h", "limits.h", "math.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h",
}  # fmt: skip
SYSTEM_HEADER_OWNERS = {
    "curl/curl.h": {"net"},
    "sqlite3.h": {"warehouse"},
    "microhttpd.h": {"serve", "sandbox"},
    "pthread.h": {"base", "sandbox"},
    "yaml.h": {"cli"},
    "csv.h": {"cli"},
    "cjson/cJSON.h": {"base"},
}
GENERATED = "_sql.h"  # made from the .sql files while building
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path, root):
    """base, core, ... or sandbox; None for main.c, which may see all."""
    parts = path.relative_to(root).parts
    if parts[0] == "sandbox":
        return "sandbox"
    return parts[1] if len(parts) > 2 else None


def problem_with(folder, is_own, name):
    if is_own:
        target = name.split("/")[0] if "/" in name else None
        if target is None and folder != "sandbox" and not name.endswith(GENERATED):
            return f'"{name}" is written without its folder'
        if target is not None and target not in MAY_INCLUDE[folder]:
            return f'{folder} may not include "{name}"'
    elif folder == "core" and name not in CORE_HEADERS:
        return f"core may not include <{name}>: it is pure"
    elif folder not in SYSTEM_HEADER_OWNERS.get(name, {folder}):
        return f"<{name}> belongs to {', '.join(sorted(SYSTEM_HEADER_OWNERS[name]))}, not to {folder}"
    return None


def check(root):
    for path in c_files(root, ("src", "sandbox")):
        folder = folder_of(path, root)
        if folder is None:
            continue
        if folder not in MAY_INCLUDE:
            yield f"{shown(path, root)}:1: the folder {folder} has no place among the arrows"
            continue
        text = without_comments(path.read_text())
        for match in INCLUDE.finditer(text):
            problem = problem_with(folder, match.group(1) == '"', match.group(2))
            if problem:
                yield f"{shown(path, root)}:{line_of(text, match.start(1))}: {problem}"


BAD = {
    "base including core": {"src/base/a.c": '#include "core/lead.h"\n'},
    "core including net": {"src/core/a.c": '#include "net/call.h"\n'},
    "net including instantly": {"src/net/a.h": '#include "instantly/leads.h"\n'},
    "warehouse including instantly": {"src/warehouse/a.c": '#include "instantly/leads.h"\n'},
    "instantly including warehouse": {"src/instantly/a.c": '#include "warehouse/warehouse.h"\n'},
    "the sandbox including core": {"sandbox/a.c": '#include "core/lead.h"\n'},
    "core including stdio.h": {"src/core/a.c": "#include <stdio.h>\n"},
    "core including time.h": {"src/core/sub/a.c": "#  include <time.h>\n"},
    "curl outside net": {"src/instantly/a.c": "#include <curl/curl.h>\n"},
    "an include without its folder": {"src/base/a.c": '#include "text.h"\n'},
    "a folder without a place": {"src/misc/a.c": "int x;\n"},
}
GOOD = {
    "downward includes": {
        "src/main.c": '#include "cli/cli.h"\n#include <stdio.h>\n',
        "src/cli/a.c": '#include "warehouse/warehouse.h"\n#include "instantly/leads.h"\n',
        "src/core/a.c": '#include "core/a.h"\n#include "base/text.h"\n#include <string.h>\n',
        "sandbox/a.c": '#include "world.h"\n#include "base/text.h"\n#include <microhttpd.h>\n',
    },
    "a comment that speaks of an include": {"src/core/a.c": '/*\n#include "net/call.h"\n*/\n'},
}

if __name__ == "__main__":
    run("includes point downward", check, BAD, GOOD)
