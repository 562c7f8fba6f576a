"""Every bash script passes shellcheck and starts with `set -euo pipefail`."""

import shutil
import subprocess

from gate import ROOT, Skip, run, shown


def scripts(root):
    """Files of ours whose first line names a shell."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if not path.is_file() or any(p in (".git", "node_modules") or p.startswith("build") for p in parts):
            continue
        with path.open("rb") as file:
            first = file.readline(80)
        if first.startswith(b"#!") and (b"bash" in first or first.rstrip().endswith(b"/sh")):
            yield path


def check(root):
    if not shutil.which("shellcheck"):
        raise Skip("shellcheck is not installed")
    found = list(scripts(root))
    if not found:
        return
    said = subprocess.run(["shellcheck", "--format=gcc", *found], capture_output=True, text=True)
    for line in said.stdout.splitlines():
        yield line.replace(f"{root}/", "")
    for path in found:
        if "set -euo pipefail" not in path.read_text():
            yield f"{shown(path, root)}:1: does not `set -euo pipefail`"
    if root == ROOT and not found:
        yield "no script found: the search is broken"


BAD = {
    "an unquoted variable": {"x/run": "#!/usr/bin/env bash\nset -euo pipefail\nrm $1\n"},
    "a script that ignores errors": {"x/run": "#!/bin/bash\ntrue\n"},
}
GOOD = {"a careful script": {"run": '#!/usr/bin/env bash\nset -euo pipefail\nrm "$1"\n'}}

if __name__ == "__main__":
    run("shellcheck", check, BAD, GOOD)
