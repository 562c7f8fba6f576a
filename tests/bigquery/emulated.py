"""goccy's bigquery-emulator: where it is built, by what, and whether it answers."""

import os
import re
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "emulator"
PACKAGE = "github.com/goccy/bigquery-emulator/cmd/bigquery-emulator"


def build_folder():
    return Path(os.environ.get("LEADFERRY_BUILD", ROOT / "build"))


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
