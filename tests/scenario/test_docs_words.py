"""The pages made by hand have every word of the code and no other: error types, verdicts, refusals, events, columns.

The words are read from the sources' own tables; a word that is added there fails here until its page explains it.
"""

import pathlib
import json
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "core"
WORD = r'"([a-z_0-9]+)"'


def page(name):
    return (ROOT / "docs" / name).read_text()


def section(text, title, level="##"):
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found.group(1)


def headings(text):
    return set(re.findall(r"^### ([a-z_0-9]+)$", text, re.MULTILINE))


def cells(text, column=0):
    """The code words in one column of all tables of a text."""
    rows = (line.split("|")[1:] for line in text.splitlines() if line.startswith("| "))
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row[column])}


def source(name):
    return (CORE / name).read_text()


def function(text, name):
    """The body of a function of ours, from its definition to the brace in the first column."""
    found = re.search(rf"^[a-z][^;\n]*\b{name}\((?:[^;{{]*)\n{{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL)
    assert found, f"no function {name}"
    return found.group(1)


def calls(name, text):
    """The arguments of each call, up to the semicolon; definitions and prototypes left out."""
    return re.findall(rf"(?<!bool )(?<!void )(?<!event \*)\b{name}\((.*?)\);", text, re.DOTALL)


def sources():
    return {path.name: path.read_text() for folder in ("core", "cli", "warehouse") for path in (ROOT / "src" / folder).glob("*.c")}


# ---- errors.md ----

# Where the type is no word but a variable: which function's words it can be.
VARIABLE_TYPES = {
    "job.c": lambda text: re.findall(WORD, function(text, "run_error_type")),
    "settle_events.c": lambda text: re.findall(WORD, function(text, "is_try")),
    "settle.c": lambda text: re.findall(WORD, function(text, "stop_reason")),
    "settle_recover.c": lambda text: re.findall(rf"\bleave_batch\([^;]*?{WORD}", text),
    "complete_remove.c": lambda text: re.findall(rf"strcmp\(reason, {WORD}\)", function(text, "leave_alone")),
}


def error_types():
    types = set()
    for name, text in sources().items():
        given = re.findall(r"struct error_row \w+ = {\.type = ([^,]+),", text)
        given += [(re.findall(r'"[a-z_0-9]+"', call) or ["a variable"])[0]
                  for name_of_call in ("settle_error", "report_error") for call in calls(name_of_call, text)]
        types |= {word.strip('"') for word in given if word.startswith('"')}
        if any(not word.startswith('"') for word in given):
            assert name in VARIABLE_TYPES, f"{name} writes an error whose type is a variable: say here which it can be"
            types |= set(VARIABLE_TYPES[name](text))
    return types


def test_every_error_type_has_its_section():
    types = error_types()
    assert len(types) > 8
    assert headings(section(page("errors.md"), "Types of errors")) == types


def test_every_verdict_has_its_section():
    verdicts = set(re.findall(rf"\[VERDICT_\w+\] = {WORD}", source("eligibility.c"))) - {"eligible"}
    assert len(verdicts) > 15
    assert headings(section(page("errors.md"), "Why a lead is left out")) == verdicts


def test_every_refusal_of_a_campaign_has_its_section():
    words = set(re.findall(rf"refused(?:_alarmingly)?\({WORD}\)", source("routing.c")))
    words |= set(re.findall(rf"refuse\(job, feed, {WORD}", source("export_feeds.c")))
    words |= set(re.findall(rf': {WORD}', function(source("routing.c"), "feed_decide")))
    assert len(words) > 8
    assert headings(section(page("errors.md"), "Why a campaign is not fed")) == words


def test_every_reason_not_to_remove_has_its_section():
    text = source("complete_decide.c")
    words = set(re.findall(rf"(?:return|reason =|not_now\(|[?:]) ?{WORD}", text))
    assert len(words) > 8
    written = page("errors.md")
    assert words <= headings(section(written, "Why a due lead stays")) | headings(section(written, "Types of errors"))
    assert headings(section(written, "Why a due lead stays")) <= words


def settling_reasons():
    words = set()
    for name, text in sources().items():
        for call in calls("settle_release", text) + calls("settle_refuse", text):
            words |= set(re.findall(WORD, call))
        words |= set(re.findall(rf"EVENT_(?:SKIPPED|REJECTED|HELD|CONFLICT), {WORD}", text))
        words |= set(re.findall(rf"event->reason = {WORD}", text)) if name.startswith("settle") else set()
    return words | set(re.findall(WORD, function(source("settle.c"), "leftover_reason"))) | \
        set(re.findall(WORD, function(source("settle.c"), "stop_reason"))) | {"never_sent"}


def test_every_reason_of_a_settling_event_is_explained():
    reasons = settling_reasons()
    assert {"blocklisted", "absent", "refused_by_api", "relaunched"} <= reasons and len(reasons) > 12
    assert reasons <= cells(section(page("events.md"), "Reasons"), 1)
    written = page("errors.md")
    assert reasons <= headings(written)


def test_every_command_that_a_sentence_names_exists(leadferry_binary):
    helped = subprocess.run([str(leadferry_binary), "help"], capture_output=True, text=True, check=True, timeout=60).stdout
    commands = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", helped.split("Common options:")[0], re.MULTILINE))
    assert {"export", "lead show"} <= commands
    named = {}
    for path in (ROOT / "src").rglob("*.[csq]*"):
        text = re.sub(r'"\s*\n\s*"', "", path.read_text())
        for said in re.findall(r"`leadferry ([a-z]+(?: [a-z]+)?)", text):
            named[said] = path.name
    assert len(named) > 15
    wrong = {said: name for said, name in named.items() if said not in commands and said.split()[0] not in commands}
    assert not wrong


# ---- events.md ----

def enum_names(prefix):
    numbers = dict(re.findall(rf"({prefix}_\w+) = (\d+),", source("lead.h")))
    return {(name, int(numbers[constant])) for constant, name in re.findall(rf"\[({prefix}_\w+)\] = {WORD}", source("lead.c"))
            if name != "none"}


def written_names(text):
    return {(name, int(number)) for name, number in re.findall(r"`([a-z_]+)` \((\d+)\)", text)}


def test_every_kind_and_fact_is_in_the_page():
    text = page("events.md")
    assert written_names(section(text, "Kinds")) == enum_names("EVENT")
    assert written_names(section(text, "Facts of `status`")) == enum_names("FACT")


# ---- import.md ----

def test_every_reason_of_a_rejected_row_is_in_the_page():
    text = (ROOT / "src/cli/import_run.c").read_text()
    reasons = set(re.findall(rf"\[REASON_\w+\] = {{{WORD}", text))
    assert len(reasons) > 8
    assert cells(section(page("import.md"), "Rejected rows")) == reasons


# ---- tables.md ----

def schema_tables(dialect="sqlite"):
    sql = (ROOT / f"src/warehouse/sql/{dialect}/schema.sql").read_text()
    tables = {}
    for name, body in re.findall(r"^CREATE TABLE (\S+) \(\n(.*?)^\)", sql, re.MULTILINE | re.DOTALL):
        columns = re.findall(r"^  (\$\{)?([a-z_]+)", body, re.MULTILINE)
        tables[name.strip("${}")] = {column for _, column in columns}
    return tables


def written_tables():
    text = page("tables.md")
    found = {}
    for title in re.findall(r"^### (.+)$", text, re.MULTILINE):
        part = section(text, title, "###")
        words = set(re.findall(r"`([a-z_]+)`", part)) if not re.search(r"^\| ", part, re.MULTILINE) else cells(part)
        found.update({name: words for name in title.split(", ")})
    return found


def test_every_table_and_column_is_in_the_page():
    tables, written, on_bigquery = schema_tables(), written_tables(), schema_tables("bigquery")
    assert len(tables) > 12 and len(on_bigquery) > 8
    assert set(written) == set(tables) | {"lead_report"}
    for name, columns in tables.items():
        assert columns <= written[name], f"{name}: {sorted(columns - written[name])}"
        if len(columns) > 5:  # short ones are told in prose
            columns = columns | on_bigquery.get(name, set())
            assert written[name] <= columns | {"<path>.lock"}, f"{name}: {sorted(written[name] - columns)}"


def test_the_program_explains_every_section(leadferry_binary):
    """`leadferry explain WORD` is docs/errors.md: the same words, the same text; a reason with its detail is found too."""
    def explain(*words):
        return subprocess.run([str(leadferry_binary), "explain", *words], capture_output=True, text=True, timeout=60)

    sections = json.loads(explain("--json").stdout)["sections"]
    assert {s["word"] for s in sections} == headings(page("errors.md")) and len(sections) > 40
    assert all(s["text"] in page("errors.md") and s["text"] for s in sections)
    assert explain("missing_variable(companyName)").stdout == explain("missing_variable").stdout != ""
    assert explain("held").stdout.count("held (") == 2
    unknown = explain("nonsense")
    assert unknown.returncode == 2 and "leadferry explain" in unknown.stderr
