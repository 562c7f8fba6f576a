"""No mutable globals: no object file but main's, the log's and the signal flag's has a symbol in .data or .bss.

Reads the objects of the plain gcc build (sanitizers add symbols of their own). Constant tables with pointers stand in
.data.rel.ro, which is read-only once the program runs; they are fine.
"""

import re
import subprocess

from gate import ROOT, Skip, run

BUILD = "build"
# Where a flag or a stream has to live outside every function: see CONTRIBUTING.md.
ALLOWED_OBJECTS = re.compile(r"(^|/)((src_|sandbox_)?main|log|signal)\.c\.o$")
WRITABLE = re.compile(r"^\S+ .{7} (\.t?data|\.t?bss|\.data\.rel|\.data\.rel\.local|\*COM\*)\s+\S+\s+(?:\.hidden )?(\S+)$")


def objects(root):
    """The objects of our programs: those of tests may keep what they like."""
    build = root / BUILD
    return [p for p in sorted(build.rglob("*.c.o")) if p.relative_to(build).parts[0] in ("src", "sandbox", "leadferry.p", "leadferry-sandbox.p")]


def compile_sources(root):
    """For the small trees of the self-test: make the objects that a build would make."""
    for source in sorted(root.rglob("*.c")):
        target = root / BUILD / source.parent.relative_to(root) / "lib.a.p" / f"{source.name}.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-fPIE", "-c", str(source), "-o", str(target)], check=True)


def check(root):
    if root != ROOT:
        compile_sources(root)
    found = objects(root)
    if not found:
        raise Skip(f"no objects in {BUILD}/: build first")
    for path in found:
        name = str(path.relative_to(root / BUILD))
        if ALLOWED_OBJECTS.search(name):
            continue
        for line in subprocess.run(["objdump", "-t", str(path)], capture_output=True, text=True, check=True).stdout.splitlines():
            match = WRITABLE.match(line)
            if match and match.group(2) not in (".data", ".bss", ".tdata", ".tbss", ".data.rel", ".data.rel.local"):
                source = re.sub(r"[^/]*\.p/", "", name)[:-2]
                yield f"{source}: {match.group(2)} is a mutable global ({match.group(1)})"


BAD = {
    "a counter": {"src/core/a.c": "int counter;\nint f(void)\n{\n  return counter++;\n}\n"},
    "a static with a value": {"src/core/a.c": "static int n = 3;\nint f(void)\n{\n  return n++;\n}\n"},
    "a static inside a function": {"sandbox/a.c": "int f(void)\n{\n  static int calls;\n  return calls++;\n}\n"},
    "a thread-local": {"src/net/a.c": "static _Thread_local int n;\nint f(void)\n{\n  return n++;\n}\n"},
    "a table that should be const": {"src/cli/a.c": 'static const char *t[] = {"a"};\nconst char *f(int i)\n{\n  t[0] = 0;\n  return t[i];\n}\n'},
}
GOOD = {
    "constant tables": {
        "src/core/a.c": "int g(void);\nstatic const struct { const char *a; int (*f)(void); } t[] = {{\"a\", g}};\n"
        "const char *f(int i)\n{\n  return t[i].a;\n}\n"
    },
    "the log's stream": {"src/base/log.c": "static int level;\nvoid f(int l)\n{\n  level = l;\n}\n"},
}

if __name__ == "__main__":
    run("no mutable globals", check, BAD, GOOD)
