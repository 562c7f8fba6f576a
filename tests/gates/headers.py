"""Headers are contracts: each opens with its purpose, and a comment stands right above or beside every prototype."""

import re

from gate import c_files, run, shown, without_comments_and_strings

# The opening comment, before or after the include guard; the comment of the first prototype does not count as one.
PURPOSE = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*(?:\n//[^\n]*)*)\s*(?:\n[ \t]*\n|\n#)", re.DOTALL)


DECLARES = re.compile(r"[;}]\s*/\*")  # a comment beside the declaration above belongs to that one


def declarations(code):
    """(offset, text) of each declaration at the outer level, up to its semicolon or closing brace."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.MULTILINE)
    depth, start = 0, None
    for offset, char in enumerate(code):
        if start is None and not char.isspace() and char != ";":
            start = offset
        depth += (char in "({") - (char in ")}")
        if start is not None and depth == 0 and (char == ";" or (char == "}" and not code[offset + 1 :].lstrip().startswith(";"))):
            yield start, code[start : offset + 1]
            start = None


def is_prototype(text):
    """A function that is declared or defined; not a type, a variable or a macro such as G_DEFINE_AUTOPTR_CLEANUP_FUNC."""
    head = text.split("{")[0]
    match = re.match(r"\s*(?:[A-Za-z_]\w*[\s*]+)+([A-Za-z_]\w*)\s*\(", head)
    return bool(match) and not head.lstrip().startswith("typedef") and "=" not in head.split("(")[0]


def name_of(text):
    return re.search(r"([A-Za-z_]\w*)\s*\(", text).group(1)


def check(root):
    for path in c_files(root, ("src", "sandbox"), (".h",)):
        text = path.read_text()
        where = shown(path, root)
        if not PURPOSE.match(text):
            yield f"{where}:1: does not open with a comment that says what it is for"
        for start, declaration in declarations(without_comments_and_strings(text)):
            if is_prototype(declaration):
                before = text[:start].rstrip(" \t")
                last = before[:-1].rstrip(" \t") if before.endswith("\n") else before
                line = last.rsplit("\n", 1)[-1].strip()
                beside = text[start + len(declaration) :].split("\n", 1)[0].strip()
                is_above = line.startswith("//") or (line.endswith("*/") and not DECLARES.search(line))
                if not is_above and not beside.startswith(("/*", "//")):
                    line_number = text.count("\n", 0, start) + 1
                    yield f"{where}:{line_number}: {name_of(declaration)} has no comment right above or beside it"


TOP = "/* What it is for. */\n#ifndef A_H\n#define A_H\n"
BAD = {
    "a bare prototype": {"src/base/a.h": TOP + "int f(void);\n"},
    "a comment with an empty line between": {"src/base/a.h": TOP + "/* Says f. */\n\nint f(void);\n"},
    "a comment beside the one above": {"src/base/a.h": TOP + "/* Says f. */\nint f(void);\nint g(void); /* g */\nint h(void);\n"},
    "one comment for two": {"src/base/a.h": TOP + "/* Says f. */\nint f(void);\nint g(void);\n"},
    "a bare prototype over two lines": {"src/base/a.h": TOP + "bool f(const char *a,\n       GError **error) G_GNUC_WARN_UNUSED_RESULT;\n"},
    "no purpose": {"sandbox/a.h": "#ifndef A_H\n#define A_H\n/* Says f. */\nint f(void);\n"},
}
GOOD = {
    "commented prototypes": {
        "src/base/a.h": TOP
        + "struct x {\n  int (*call)(int a);\n};\nenum y { Y_A, Y_B };\n\n/* Says f. */\nint f(void);\n// Says g.\nint g(int a);\n"
        + "int h(void); /* says h */\nG_DEFINE_AUTOPTR_CLEANUP_FUNC(x, x_free)\n#define MACRO(a) \\\n  g(a)\nextern const int table[];\n"
    },
}

if __name__ == "__main__":
    run("header prototypes commented", check, BAD, GOOD)
