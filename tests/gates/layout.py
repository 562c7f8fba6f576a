"""C files look as clang-format 14 lays them out.

Other versions disagree with it in small ways, so elsewhere (Debian 13) this is skipped: the layout is checked on Debian 12.
"""

import re
import shutil
import subprocess

from gate import ROOT, Skip, c_files, run

VERSION = "14"


def formatter():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if path := shutil.which(name):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {VERSION}\.", said):
                return path
    raise Skip(f"clang-format {VERSION} is not installed; other versions lay out differently")


def check(root):
    files = [str(path) for path in c_files(root)]
    style = f"--style=file:{ROOT}/.clang-format"
    said = subprocess.run([formatter(), style, "--dry-run", "--Werror", *files], capture_output=True, text=True)
    places = [line.replace(f"{root}/", "").split(": error:")[0] for line in said.stderr.splitlines() if ": error:" in line]
    for name in sorted({place.split(":")[0] for place in places}):
        first = next(place for place in places if place.startswith(f"{name}:"))
        yield f"{first}: run clang-format -i {name}"
    if said.returncode != 0 and ": error:" not in said.stderr:
        yield f"clang-format: {said.stderr.strip()}"


BAD = {"a line that is laid out wrongly": {"src/a.c": "int f( int a ){return a;}\n"}}
GOOD = {"a line that is laid out well": {"src/a.c": "int f(int a)\n{\n  return a;\n}\n"}}

if __name__ == "__main__":
    run("clang-format", check, BAD, GOOD)
