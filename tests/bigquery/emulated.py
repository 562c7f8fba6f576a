"""goccy's bigquery-emulator: where it is built, by what, and whether it answers. As a program it builds it, which takes
minutes the first time; exit status 77 where that cannot be done."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "emulator"
PACKAGE = "github.com/goccy/bigquery-emulator/cmd/bigquery-emulator"


NO_GO = "the BigQuery emulator is built with Go 1.25 or newer, which is not here"
CANNOT = 77


def build_folder():
    return Path(os.environ.get("LEADFERRY_BUILD", ROOT / "build"))


def binary():
    return build_folder() / "emulator" / "bigquery-emulator"


def go_is_new_enough():
    if not shutil.which("go"):
        return False
    said = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, cwd="/").stdout
    found = re.match(r"go(\d+)\.(\d+)", said)
    return bool(found) and (int(found[1]), int(found[2])) >= (1, 25)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/bigquery/v2/projects/test/datasets", timeout=5).close()
    except OSError:
        return False
    return True


def build():
    """The exit status."""
    if binary().exists():
        return 0
    if not go_is_new_enough():
        print(NO_GO)
        return CANNOT
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    return subprocess.run(["go", "build", "-o", str(binary()), PACKAGE], cwd=SOURCE, env=environment).returncode


if __name__ == "__main__":
    sys.exit(build())
