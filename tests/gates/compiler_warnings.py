"""Warnings are errors, with gcc and with clang: a careless file does not compile under the project's own flags.

That the tree itself has no warning is proved by the two builds; this gate proves that they would have failed.
"""

import json
import shlex
import subprocess

from gate import ROOT, Skip, run

BUILDS = ("build", "build-clang")


def flags_of(build):
    """(compiler, flags) as the build compiles src/base/error.c."""
    database = ROOT / build / "compile_commands.json"
    command = next(c["command"] for c in json.loads(database.read_text()) if c["file"].endswith("src/base/error.c"))
    words = iter(shlex.split(command))
    kept = []
    for word in words:
        if word in ("-o", "-MQ", "-MF"):
            next(words)
        elif word not in ("-c", "-MD") and not word.endswith("error.c"):
            kept.append(word)
    return [w for w in kept if w != "ccache"]


def configured():
    """The builds that this run has made: the quick one makes no clang build."""
    found = [build for build in BUILDS if (ROOT / build / "compile_commands.json").exists()]
    if not found:
        raise Skip(f"{BUILDS[0]}/ is not configured")
    return found


def refuses(build, path):
    said = subprocess.run([*flags_of(build), "-c", "-o", "/dev/null", str(path)], cwd=ROOT / build, capture_output=True, text=True)
    return said.returncode != 0 and "error:" in said.stderr


def check(root):
    """In a small tree every .c file must be refused by every compiler for the gate to call it a problem."""
    if root == ROOT:
        for build in configured():
            if "-Werror" not in flags_of(build):
                yield f"{build}: compiles without -Werror"
        return
    for path in sorted(root.rglob("*.c")):
        if all(refuses(build, path) for build in configured()):
            yield f"{path.relative_to(root)}: every compiler refuses it"


BAD = {
    "an unused variable": {"a.c": "int f(void);\nint f(void)\n{\n  int x = 1;\n  return 2;\n}\n"},
    "a missing prototype": {"a.c": "int f(void)\n{\n  return 2;\n}\n"},
    "a narrowing conversion": {"a.c": "int f(long a);\nint f(long a)\n{\n  return a;\n}\n"},
    "a shadowed name": {"a.c": "int f(int a);\nint f(int a)\n{\n  {\n    int a = 3;\n    return a;\n  }\n}\n"},
    "a variable-length array": {"a.c": "int f(int a);\nint f(int a)\n{\n  char b[a];\n  b[0] = 1;\n  return b[0];\n}\n"},
    "a format that does not fit": {
        "a.c": '#include <glib.h>\nchar *f(int a);\nchar *f(int a)\n{\n  return g_strdup_printf("%s", a);\n}\n'
    },
    "a switch that falls through": {
        "a.c": "int f(int a);\nint f(int a)\n{\n  int b = 0;\n  switch (a) {\n  case 1: b++;\n  case 2: b++;\n  }\n  return b;\n}\n"
    },
}
GOOD = {"a careful file": {"a.c": "int f(int a);\nint f(int a)\n{\n  return a + 1;\n}\n"}}

if __name__ == "__main__":
    run("warnings are errors", check, BAD, GOOD)
