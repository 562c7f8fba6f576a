"""Which BigQuery statements the tests have run on the emulator, by the program's own log. The tests record() what a process
said; as a program it says which statements of sql/bigquery/ nobody ran, exit status 1; 77 where nothing was recorded."""

import re
import sys

from emulated import CANNOT, NO_GO, ROOT, build_folder

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
JOB = re.compile(r'msg="bigquery job".* statements=([\w+]+)')
# Read by `schema apply`, which asks for tables over REST.
NOT_RUN = "schema.sql"


def folder():
    return build_folder() / "emulator" / "ran"


def record(said):
    """Notes the statements that a log names: one empty file each, so that tests side by side need no lock."""
    folder().mkdir(parents=True, exist_ok=True)
    for line in JOB.findall(said):
        for name in line.split("+"):
            (folder() / name).touch()


def forget():
    """What earlier sessions recorded does not count for this one."""
    for path in folder().glob("*"):
        path.unlink()


def all_names(root=ROOT):
    files = sorted((root / "src/warehouse/sql/bigquery").glob("*.sql"))
    names = {name for path in files if path.name != NOT_RUN for name in NAME.findall(path.read_text())}
    # parts of others, put where they say ${state_sum} and the like
    return names - {"state_sum", "exclusion_nothing", "exclusion_cells", "exclusion_view"}


def main():
    names = {path.name for path in folder().glob("*")} if folder().exists() else set()
    if not names:
        print(NO_GO)
        return CANNOT
    missing = sorted(all_names() - names)
    print("\n".join(f"no test runs {name} on the emulator" for name in missing) or f"{len(names)} statements were run")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
