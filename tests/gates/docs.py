"""What the documents say exists: relative links, and every command and option shown in a fenced block.

A line `leadferry COMMAND ... --option` in a fenced block of a *.md file must name a command of `build/leadferry --help`, and
each option one of that command's `--help`. The examples themselves are run by tests/scenario (the README's quick start).
"""

import functools
import re
import shlex
import subprocess

from gate import ROOT, run, shown

PROGRAM = "build/leadferry"
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:sudo |\./|build/|\S*/)?(leadferry)\s+([^\n]*)", re.MULTILINE)
CODE_SPAN = re.compile(r"`[^`\n]*`")
GLOBAL_OPTION = re.compile(r"^--[a-z]")
SHELL_FENCES = ("", "sh", "bash", "console", "shell")


def documents(root):
    hidden = {".git", "node_modules"}
    for path in sorted(root.rglob("*.md")):
        parts = path.relative_to(root).parts
        if not any(part in hidden or part.startswith("build") for part in parts):
            yield path


def link_problems(path, root, text):
    prose = CODE_SPAN.sub("", FENCE.sub("", text))
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        if not (path.parent / target.split("#")[0]).exists():
            yield f"{shown(path, root)}: links to {target}, which does not exist"


def words_of(line):
    """The words of one shell command, up to a pipe, a redirection, a comment or another command."""
    line = re.split(r"\s#\s|\s#$|[|;&>]|\s<\s", line.rstrip("\\"))[0]
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


@functools.lru_cache(maxsize=None)
def help_text(program, *command):
    """What `leadferry COMMAND --help` prints; empty where there is no such command."""
    said = subprocess.run([program, *command, "--help"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    return said.stdout if said.returncode == 0 else ""


def knows_command(program, command):
    return re.search(rf"^\s+{re.escape(command)}\b", help_text(program), re.MULTILINE) is not None


def subcommands(program, words):
    """The longest run of leading words whose help differs from that of the shorter one, such as `config show`."""
    if len(words) > 1 and re.fullmatch(r"[a-z][a-z-]*", words[1]) and help_text(program, words[0], words[1]):
        return words[:2]
    return words[:1]


def command_problems(program, line):
    words = words_of(line)
    while words and GLOBAL_OPTION.match(words[0]):
        words = words[1:] if "=" in words[0] or words[0] in ("--help", "--version") else words[2:]
    if not words or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return
    if not knows_command(program, words[0]):
        yield f"there is no command {words[0]}"
        return
    known = help_text(program, *subcommands(program, words)) + help_text(program)
    for option in (w.split("=")[0] for w in words if re.match(r"--[a-z]", w)):
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known):
            yield f"{words[0]} has no option {option}"


def commands_in(text):
    for kind, block in FENCE.findall(text):
        if kind in SHELL_FENCES:
            for match in COMMAND.finditer(block.replace("\\\n", " ")):
                yield match.group(2)


def check(root):
    program = root / PROGRAM
    for path in documents(root):
        text = path.read_text()
        yield from link_problems(path, root, text)
        commands = list(commands_in(text))
        if commands and not program.exists():
            yield f"{shown(path, root)}: shows commands, but {PROGRAM} is not built"
            continue
        for line in commands:
            for problem in command_problems(str(program), line):
                yield f"{shown(path, root)}: `leadferry {line.strip()}`: {problem}"
    if root == ROOT and not (root / "README.md").exists():
        yield "README.md: is missing"


PROGRAM_DOUBLE = """#!/bin/sh
case "$*" in
--help) printf 'Commands:\\n  export  send leads\\n  config  settings\\n\\n  --config FILE\\n' ;;
"export --help") printf 'usage\\n  --limit N\\n' ;;
"export --limit --help") printf 'took --help for the value and ran\\n' ;;
"config show --help") printf 'usage\\n  --json\\n' ;;
"export --limit --help") : >"$(dirname "$0")/ran" ;;
*) exit 2 ;;
esac
"""


def showing(*lines):
    return {PROGRAM: PROGRAM_DOUBLE, "docs/a.md": "```console\n" + "\n".join(lines) + "\n```\n"}


BAD = {
    "a dead link": {"docs/a.md": "See [that](missing.md).\n"},
    "a command that does not exist": showing("$ leadferry exprot"),
    "an option that does not exist": showing("$ build/leadferry export --limti 3"),
    "an option of another command": showing("leadferry config show --limit 3"),
    "a program that is not built": {"docs/a.md": "```\nleadferry export\n```\n"},
}
GOOD = {
    "links and commands that exist": {
        **showing("$ leadferry --config x.yaml export --limit 3 | head", "leadferry config show --json  # all",
                  "leadferry export --limit 3 --config x.yaml"),
        "README.md": "[that](docs/a.md#part), [there](https://example.org), `[code](x)`\n",
    },
}


def make_executable_and_check(root):
    if root != ROOT and (root / PROGRAM).exists():
        (root / PROGRAM).chmod(0o755)
    yield from check(root)
    if root != ROOT and (root / PROGRAM).with_name("ran").exists():
        yield f"{PROGRAM}: was run, where only its help was to be read"


if __name__ == "__main__":
    run("documents", make_executable_and_check, BAD, GOOD)
