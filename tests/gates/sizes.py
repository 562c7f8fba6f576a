"""Functions and files stay small: the limits of CONTRIBUTING.md.

A function has at most 100 lines, 5 parameters and 3 levels of nesting; a file at most 500 lines; over the tree the median
function has at most 15 lines and nine of ten at most 40. Exceptions are listed in size-exceptions.txt, whose first line
bounds their number: the list may only shrink.
"""

import re
from typing import NamedTuple

from gate import c_files, line_of, run, shown, without_comments_and_strings

FUNCTION_LINES, FILE_LINES, PARAMETERS, NESTING = 100, 500, 5, 3
MEDIAN_LINES, P90_LINES = 15, 40
EXCEPTIONS = "tests/gates/size-exceptions.txt"
FEWEST_FOR_STATISTICS = 20  # a handful of functions has no meaningful median

HEAD = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
TOKEN = re.compile(r"[A-Za-z_]\w*|[(){};:?]|[^\sA-Za-z_(){};:?]")
NOT_FUNCTIONS = {"if", "for", "while", "switch", "return", "sizeof", "__attribute__", "defined"}


class Function(NamedTuple):
    name: str
    line: int
    lines: int
    parameters: int
    nesting: int


def closing(text, start, pair):
    """Offset of the bracket that closes the one at `start`."""
    depth = 0
    for offset in range(start, len(text)):
        depth += (text[offset] == pair[0]) - (text[offset] == pair[1])
        if depth == 0:
            return offset
    return len(text) - 1


def parameter_count(inside):
    """Commas at the outer level, plus one; `(void)` and `()` have none."""
    if inside.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for char in inside:
        depth += (char in "([{") - (char in ")]}")
        count += char == "," and depth == 0
    return count


class NestingMeter:
    """Reads the statements of one function body and finds how deep its control structures stand in each other."""

    def __init__(self, body):
        self.tokens = TOKEN.findall(body)
        self.at = 0
        self.deepest = 0

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def skip_group(self, opening, ending):
        depth = 0
        while self.peek() is not None:
            depth += (self.peek() == opening) - (self.peek() == ending)
            self.at += 1
            if depth == 0:
                return

    def skip_to_semicolon(self):
        while self.peek() not in (None, ";", "}"):
            if self.peek() == "(":
                self.skip_group("(", ")")
            elif self.peek() == "{":
                self.skip_group("{", "}")
            else:
                self.at += 1
        if self.peek() == ";":
            self.at += 1

    def controlled(self, depth):
        self.deepest = max(self.deepest, depth)
        self.statement(depth)

    def block(self, depth):
        self.at += 1
        while self.peek() not in (None, "}"):
            self.statement(depth)
        self.at += 1

    def condition(self, depth):
        """if, for, while, switch: a group in parentheses, then what it controls."""
        is_if = self.peek() == "if"
        self.at += 1
        self.skip_group("(", ")")
        self.controlled(depth + 1)
        if is_if and self.peek() == "else":
            self.at += 1
            self.statement(depth) if self.peek() == "if" else self.controlled(depth + 1)

    def label(self):
        while self.peek() not in (None, ":"):
            self.at += 1
        self.at += 1

    def statement(self, depth):
        token = self.peek()
        if token == "{":
            self.block(depth)
        elif token in ("if", "for", "while", "switch"):
            self.condition(depth)
        elif token == "do":
            self.at += 1
            self.controlled(depth + 1)
            self.skip_to_semicolon()
        elif token in ("case", "default"):
            self.label()
        elif token and self.peek(1) == "(":
            self.call_or_loop_macro(depth)
        else:
            self.at += self.peek() == "}"
            self.skip_to_semicolon()

    def call_or_loop_macro(self, depth):
        """`name(...);` or, where a brace follows, a macro that loops."""
        self.at += 1
        self.skip_group("(", ")")
        self.controlled(depth + 1) if self.peek() == "{" else self.skip_to_semicolon()


def nesting_of(body):
    meter = NestingMeter(body)
    meter.block(0)
    return meter.deepest


def without_preprocessor(code):
    """Directives blanked, continuation lines included: a macro is not a function."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.MULTILINE)


def functions_of(text):
    """The functions defined at the outer level of a C file."""
    code = without_preprocessor(without_comments_and_strings(text))
    offset = 0
    while offset < len(code):
        brace = code.find("{", offset)
        if brace < 0:
            return
        end = closing(code, brace, "{}")
        head_start = max(code.rfind(";", offset, brace), code.rfind("}", offset, brace), offset - 1) + 1
        head = code[head_start:brace]
        match = next((m for m in HEAD.finditer(head) if m.group(1) not in NOT_FUNCTIONS), None)
        if match and "=" not in head and head.rstrip().endswith(")"):
            first = line_of(code, head_start + match.start(1))
            inside = head[match.end() : closing(head, match.end() - 1, "()")]
            lines = line_of(code, end) - first + 1
            yield Function(match.group(1), first, lines, parameter_count(inside), nesting_of(code[brace : end + 1]))
        offset = end + 1


def file_problems(path, root, functions):
    where = shown(path, root)
    lines = path.read_text().count("\n")
    if lines > FILE_LINES:
        yield where, f"{where}:1: {lines} lines, at most {FILE_LINES}"
    for f in functions:
        key = f"{where}:{f.name}"
        if f.lines > FUNCTION_LINES:
            yield key, f"{where}:{f.line}: {f.name} has {f.lines} lines, at most {FUNCTION_LINES}"
        if f.parameters > PARAMETERS:
            yield key, f"{where}:{f.line}: {f.name} has {f.parameters} parameters, at most {PARAMETERS}"
        if f.nesting > NESTING:
            yield key, f"{where}:{f.line}: {f.name} nests {f.nesting} deep, at most {NESTING}"


def read_exceptions(root):
    """(bound, names): the file's first line is `# at most N`."""
    path = root / EXCEPTIONS
    if not path.exists():
        return 0, []
    lines = path.read_text().splitlines()
    bound = int(re.match(r"# at most (\d+)", lines[0]).group(1))
    return bound, [line.split()[0] for line in lines[1:] if line.strip() and not line.startswith("#")]


def statistics_problems(all_lines):
    if len(all_lines) < FEWEST_FOR_STATISTICS:
        return
    ordered = sorted(all_lines)
    for share, limit, name in ((0.5, MEDIAN_LINES, "median"), (0.9, P90_LINES, "90th percentile")):
        value = ordered[int(share * (len(ordered) - 1))]
        if value > limit:
            yield f"the tree: the {name} function has {value} lines, at most {limit}"


def check(root):
    bound, excepted = read_exceptions(root)
    used, all_lines = set(), []
    for path in c_files(root):
        functions = list(functions_of(path.read_text()))
        all_lines += [f.lines for f in functions]
        for key, problem in file_problems(path, root, functions):
            used.add(key)
            if key not in excepted:
                yield problem
    yield from statistics_problems(all_lines)
    if len(excepted) != bound:
        yield f"{EXCEPTIONS}:1: lists {len(excepted)} exceptions and says {bound}; the number may only go down"
    for name in sorted(set(excepted) - used):
        yield f"{EXCEPTIONS}: {name} needs no exception any more: delete its line and lower the number"


LONG_BODY = "  x++;\n" * 99
DEEP = "void f(int a) {\n if (a) { for (;;) { while (a) { if (a) { a--; } } } }\n}\n"
DEEP_WITHOUT_BRACES = "void f(int a) {\n if (a)\n for (;;)\n while (a)\n if (a)\n a--;\n}\n"
ELSE_IFS = "void f(int a) {\n if (a) g(); else if (b) g(); else if (c) g(); else if (d) g(); else { if (e) g(); }\n}\n"
MANY_16_LINES = "".join(f"void f{i}(void)\n{{\n" + "  x++;\n" * 14 + "}\n" for i in range(30))
TENTH_50_LINES = "".join(f"void f{i}(void)\n{{\n" + "  x++;\n" * (50 if i > 25 else 1) + "}\n" for i in range(30))
BAD = {
    "a function of 102 lines": {"src/a.c": "void f(void)\n{\n" + LONG_BODY + "}\n"},
    "a file of 501 lines": {"src/core/a.h": "\n" * 501},
    "a test file of 501 lines": {"tests/unit/a.c": "\n" * 501},
    "six parameters": {"src/a.c": "static int f(int a, int b, int c, int d, int e, int (*g)(int, int))\n{\n}\n"},
    "four levels": {"src/a.c": DEEP},
    "four levels without braces": {"src/a.c": DEEP_WITHOUT_BRACES},
    "a median above 15": ({"src/a.c": MANY_16_LINES}, "the median function has 17 lines"),
    "a tenth above 40": ({"src/a.c": TENTH_50_LINES}, "the 90th percentile function has 53 lines"),
    "an exception that nothing needs": {"src/a.c": "int f(void)\n{\n}\n", EXCEPTIONS: "# at most 1\nsrc/a.c:f why\n"},
    "more exceptions than the bound": {"src/core/a.h": "\n" * 501, EXCEPTIONS: "# at most 0\nsrc/core/a.h why\n"},
}
GOOD = {
    "small functions": {"src/a.c": "int f(int a, int b)\n{\n  return a + b;\n}\n\nint g(void) { return 1; }\n"},
    "a chain of else if": {"src/a.c": ELSE_IFS},
    "tables and structs": {"src/a.c": "static const struct x t[] = {\n  {1, f(2), {3, {4, {5}}}},\n};\nstruct y {\n  int a;\n};\n"},
    "an exception that is needed": {"src/core/a.h": "\n" * 501, EXCEPTIONS: "# at most 1\nsrc/core/a.h why\n"},
}

if __name__ == "__main__":
    run("sizes", check, BAD, GOOD)
