"""What somebody who types commands meets: nobody answers, the wrong file, a pipe that closes."""

import socket
import subprocess
import time

import pytest

from product import Product, quiet_config


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


@pytest.fixture
def deaf(world):
    """Leads are there, and nobody listens at instantly.base_url."""
    world.import_people(2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    world.configure(instantly={"base_url": url})
    return world


@pytest.mark.parametrize("command", ["plan", "doctor", "export --dry-run", "lead show L000"])
def test_nobody_listens(deaf, command):
    """Within seconds, with what is wrong and where; a job has more patience, see tests/unit/net/test_call.c."""
    began = time.monotonic()
    done = deaf.run(*command.split(), code=5)
    assert time.monotonic() - began < 15  # 34 s before, on a quiet machine; the tries themselves take less than 2
    assert "could not be reached" in done.stdout + done.stderr


def test_a_closed_pipe_ends_quietly(world):
    world.import_people(3000)
    export = subprocess.Popen(world.command("leads", "export"), cwd=world.folder, env=world.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert export.stdout.readline().startswith(b"lead_id,")
    export.stdout.close()
    assert export.stderr.read() == b""
    assert export.wait(timeout=60) == 141
    export.stderr.close()
    shell = subprocess.run(["bash", "-o", "pipefail", "-c", '"$0" leads export | head -2 | wc -l', str(world.binary)],
                           cwd=world.folder, env=world.environment(), capture_output=True, text=True, check=False)
    assert (shell.returncode, shell.stdout.strip(), shell.stderr) == (141, "2", "")


@pytest.mark.parametrize("command", [("import",), ("suppress", "import", "--reason", "old list")])
def test_the_file_is_missing(world, command):
    done = world.run(*command, "nofile.csv", code=1)
    assert "nofile.csv" in done.stderr
    assert [path.name for path in world.folder.iterdir() if path.name.startswith("lf.db")] == []


SECRET = "NzE2YjU0MTktZmM1Ny00ZDQ3:Yk9wUWx0c0VrVXJP"


@pytest.mark.parametrize("text", [SECRET + "\n", f"{SECRET},{SECRET}\n1,2\n"])
@pytest.mark.parametrize("more", [(), ("--map", "email=Mail")])
def test_the_wrong_file_is_not_shown(world, text, more):
    (world.folder / "key").write_text(text)
    done = world.run("import", "key", *more, code=2)
    assert SECRET not in done.stdout + done.stderr and "secret" in done.stderr
    assert not world.db.exists()
    done = world.run("suppress", "import", "key", "--reason", "old list", code=1)
    assert SECRET not in done.stdout + done.stderr and "email,reason" in done.stderr


def test_columns_of_a_real_file_are_named(world):
    (world.folder / "f.csv").write_text("Company,First Name\nAcme,Ann\n")
    assert '"Company", "First Name"' in world.run("import", "f.csv", code=2).stderr


@pytest.mark.parametrize("header", ["Work Email", "E-Mail-Adresse", "adresse e-mail", "EMAIL", "Address", "value"])
def test_stops_take_the_headers_that_leads_take(world, header):
    (world.folder / "stops.csv").write_text(f"Name,{header},Reason\nAnn,ann@example.com,asked\nBob,bob.example,rival\n")
    said = world.json("suppress", "import", "stops.csv")
    assert (said["rows"], said["changed"], said["rejected"]) == (2, 2, 0)
    assert world.json("suppress", "check", "ann+x@example.com")["stopped"]


def test_a_first_line_that_is_a_stop_is_one(world):
    (world.folder / "stops.csv").write_text("mail.example.com\nann@example.org\n")
    assert world.json("suppress", "import", "stops.csv", "--reason", "asked")["changed"] == 2
