"""The pages of docs/ that are made from tables are what the program says (scripts/update-docs writes them)."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {
    "configuration.md": ["config", "reference"],
    "commands.md": ["help", "--markdown"],
    "exit-codes.md": ["help", "--exit-codes"],
    "doctor.md": ["doctor", "--reference"],
    "verify.md": ["help", "--differences"],
}


@pytest.mark.parametrize("page", PAGES)
def test_page_is_what_the_program_says(leadferry_binary, page):
    said = subprocess.run([str(leadferry_binary), *PAGES[page]], capture_output=True, text=True, timeout=60, check=True).stdout
    assert (ROOT / "docs" / page).read_text() == said, f"docs/{page} is out of date: run scripts/update-docs"


def test_doctor_page_has_every_id_that_the_code_adds():
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE))
    used = set()
    for path in (ROOT / "src/cli").glob("*doctor*.c"):
        for call in re.findall(r"findings_add\((.*?)\);", path.read_text(), re.DOTALL):
            arguments = call.split('"')[1::2] if path.name != "doctor.c" else []
            used |= {word for word in arguments if re.fullmatch(r"[a-z_]+", word)}
    for path in (ROOT / "src/warehouse").glob("*.c"):  # what a warehouse tells doctor
        used |= set(re.findall(r'ailment_add\(\s*\w+,\s*"(\w+)"', path.read_text()))
    subjects = {"instantly", "warehouse", "workspace", "plan", "campaigns"}
    assert used and used - subjects == documented
