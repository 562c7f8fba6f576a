"""One database under two names, and what somebody else puts beside it.

Two runs on one ledger mail everybody twice, so they must find the same lock whatever the database is called: a symbolic link,
a linked folder, a hard link, a file that is mounted on another. What cannot be told apart safely is refused to jobs; stops and
holds are recorded in any case."""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest

from product import Product, quiet_config

PEOPLE = 12


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(PEOPLE)
    return world


def named(world, path, **sections):
    """The same installation with another name of the database."""
    world.configure(warehouse={"path": str(path)}, **sections)
    return world


def slow(world, path):
    return named(world, path, instantly={"batch_size": 1, "batch_delay_ms": 300, "writes_in_flight": 1})


def running(world, path=None):
    """An export by this name with its first lead out."""
    slow(world, path or world.db)
    process = world.start("export")
    until = time.monotonic() + 20
    while world.creating_calls() == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()
    return process


def ended(process, code):
    out, err = process.communicate(timeout=120)
    assert process.returncode in code, (process.returncode, out, err)
    return err


def alias(world, kind):
    """Another name of the database, of this kind."""
    if kind == "symlink":
        other = world.folder / "other.db"
        other.symlink_to(world.db)
    elif kind == "linked folder":
        (world.folder / "linked").symlink_to(world.folder)
        other = world.folder / "linked" / world.db.name
    elif kind == "hard link":
        other = world.folder / "hard.db"
        os.link(world.db, other)
    else:
        other = world.folder / "mounted.db"
        other.touch()
        if subprocess.run(["mount", "--bind", world.db, other], capture_output=True).returncode != 0:
            pytest.skip("no right to mount here")
    return other


@pytest.fixture
def unmounted(world):
    yield
    subprocess.run(["umount", "-l", world.folder / "mounted.db"], capture_output=True)


KINDS = ("symlink", "linked folder", "hard link", "bind mount")


@pytest.mark.parametrize("kind", KINDS)
def test_one_lock_under_two_names(world, unmounted, kind):
    """Guarantee 16. The second run of one ledger does nothing, whatever the database is called."""
    process = running(world)
    try:
        other = alias(world, kind)
        for command in ("export", "sync"):
            done = named(world, other).run(command)
            assert done.returncode == (7 if "link" in kind and kind != "hard link" else 6), done
    finally:
        ended(process, (0, 3))
    assert world.creating_calls() == PEOPLE and len(world.sandbox.leads(campaign=world.campaign)) == PEOPLE


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_by_another_name_reaches_the_run(world, unmounted, kind):
    """Guarantee 40. Recorded under one name, heeded by the run under the other."""
    process = running(world)
    other = alias(world, kind)
    last = f"p{PEOPLE - 1}@example.com"
    named(world, other)
    world.run("suppress", "add", last, "--reason", "by phone", code=0)
    world.run("lead", "mark", f"p{PEOPLE - 2}@example.com", "replied", "--reason", "called", code=0)
    ended(process, (0, 3))
    sent = {lead["email"] for lead in world.sandbox.leads(campaign=world.campaign)}
    assert sent == {f"p{i}@example.com" for i in range(PEOPLE - 2)}


@pytest.mark.parametrize("kind", ["hard link", "bind mount"])
def test_a_second_name_that_no_path_shows_is_refused_to_jobs_alone(world, unmounted, kind):
    """Guarantee 16. Who knows what its other journal says? Jobs wait for a person; stops and holds do not."""
    other = alias(world, kind)
    named(world, other)
    for command in ("export", "sync", "complete", "recover", "run"):
        done = world.run(command, code=6)
        assert ("hard link" if kind == "hard link" else "mounted") in done.stderr and str(other) in done.stderr
    assert world.creating_calls() == 0
    world.run("suppress", "add", "p1@example.com", "--reason", "by phone", code=0)
    world.run("hold", "on", "--reason", "look first", code=0)
    world.run("lead", "mark", "p2@example.com", "replied", "--reason", "called", code=0)
    world.run("status", code=0)
    if kind == "hard link":
        other.unlink()
    else:
        subprocess.run(["umount", other], check=True)
    named(world, world.db)
    assert world.json("hold", "list")["holds"][0]["reason"] == "look first"
    world.run("hold", "off", "--reason", "looked", code=0)
    world.run("export", code=(0, 3))
    sent = {lead["email"] for lead in world.sandbox.leads(campaign=world.campaign)}
    assert sent == {f"p{i}@example.com" for i in range(PEOPLE)} - {"p1@example.com", "p2@example.com"}


def test_another_file_in_its_place(world):
    """Guarantee 27. A backup that is renamed over the database of a run: nothing more goes out."""
    backup = world.folder / "backup.db"
    shutil.copy(world.db, backup)
    process = running(world)
    os.rename(backup, world.db)
    err = ended(process, (6,))
    assert "not the file any more" in err and "@" not in err
    assert world.creating_calls() < PEOPLE


def test_a_link_that_leads_elsewhere_now(world):
    other = alias(world, "symlink")
    backup = world.folder / "backup.db"
    shutil.copy(world.db, backup)
    process = running(world, other)
    other.unlink()
    other.symlink_to(backup)
    assert "not the file any more" in ended(process, (6,))
    assert world.creating_calls() < PEOPLE


def test_an_inbox_beside_the_configured_name_is_read(world):
    """What an earlier version left there is not lost."""
    process = running(world)
    world.json("suppress", "add", "p1@example.com", "--reason", "by phone")
    left = world.db.with_name("lf.db.inbox")
    kept = [(path.name, path.read_bytes()) for path in left.iterdir()]
    process.kill()
    process.communicate()
    shutil.rmtree(left)
    folder = world.folder / "names"
    folder.mkdir()
    other = folder / "name.db"
    other.symlink_to(world.db)
    earlier = folder / "name.db.inbox"
    earlier.mkdir(mode=0o700)
    for name, text in kept:
        (earlier / name).write_bytes(text)
    named(world, other)
    assert world.json("suppress", "check", "p1@example.com")["stopped"]
    world.run("export", code=(0, 3))
    assert not list(earlier.iterdir()) and world.json("suppress", "check", "p1@example.com")["stopped"]


def test_nothing_is_sent_under_an_epoch_that_is_not_the_newest(world):
    """Guarantee 18. Where no lock holds (a disk that machines share), the row tells: compared when `sending` is recorded."""
    process = running(world)
    with sqlite3.connect(world.db, timeout=30) as db:
        db.execute("UPDATE leases SET epoch = epoch + 1 WHERE job = 'export'")
    db.close()
    assert "another run took the lease" in ended(process, (6,))
    assert 0 < world.creating_calls() < PEOPLE


# -- what somebody puts beside it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["symlink", "dangling", "hard link", "folder", "pipe", "foreign", "open to all"])
def test_a_lock_file_that_is_not_ours(world, kind):
    """It is not written to, jobs refuse, a stop is recorded."""
    target, lock = world.folder / "precious", pathlib.Path(f"{world.db}.lock")
    lock.unlink(missing_ok=True)
    if kind != "dangling":
        target.write_text("do not touch")
    if kind in ("symlink", "dangling"):
        lock.symlink_to(target)
    elif kind == "hard link":
        os.link(target, lock)
    elif kind == "folder":
        lock.mkdir()
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.write_text("do not touch")
        if kind == "foreign":
            if os.geteuid() != 0:
                pytest.skip("needs root")
            os.chown(lock, 65534, 65534)
        else:
            lock.chmod(0o666)
    done = world.run("export", code=1, timeout=20)
    assert "lock file" in done.stderr and world.creating_calls() == 0
    world.run("suppress", "add", "p1@example.com", "--reason", "by phone", code=0)
    world.run("hold", "on", "--reason", "who was that", code=0)
    world.run("status", code=0)
    assert world.json("suppress", "check", "p1@example.com")["stopped"] and len(world.json("hold", "list")["holds"]) == 1
    if kind == "dangling":
        assert not target.exists()
    else:
        assert target.read_text() == "do not touch"
    if kind in ("foreign", "open to all"):
        assert lock.read_text() == "do not touch"


@pytest.mark.parametrize("kind", ["symlink", "file", "foreign", "open to all"])
def test_an_inbox_that_is_not_ours(world, kind):
    """Who owns that folder could take a stop away: nothing is left in it, and no job goes on beside it."""
    elsewhere, inbox = world.folder / "elsewhere", pathlib.Path(f"{world.db}.inbox")
    process = running(world)
    if inbox.exists():
        inbox.rmdir()
    elsewhere.mkdir()
    if kind == "symlink":
        inbox.symlink_to(elsewhere)
    elif kind == "file":
        inbox.write_text("")
    else:
        inbox.mkdir()
        if kind == "foreign":
            if os.geteuid() != 0:
                pytest.skip("needs root")
            os.chown(inbox, 65534, 65534)
        else:
            inbox.chmod(0o777)
    done = world.run("suppress", "add", f"p{PEOPLE - 1}@example.com", "--reason", "by phone", "--json", code=0)
    assert json.loads(done.stdout)["left_in_inbox"] is False
    assert world.json("suppress", "check", f"p{PEOPLE - 1}@example.com")["stopped"]
    ended(process, (1,))
    assert not list(elsewhere.iterdir()) and world.creating_calls() < PEOPLE
    assert "inbox" in world.run("export", code=1).stderr
    inbox.unlink() if inbox.is_symlink() or inbox.is_file() else inbox.rmdir()
    world.run("export", code=(0, 3))
    assert len(world.sandbox.leads(campaign=world.campaign)) == PEOPLE - 1


def test_doctor_sees_the_stamps_of_another_installation(start_sandbox, leadferry_binary, tmp_path):
    """Guarantee 17. A stamp names its run, and no two ledgers have the same run."""
    sandbox = start_sandbox(config=quiet_config())
    first = Product(sandbox, leadferry_binary, tmp_path)
    first.import_people(3)
    first.run("export", code=0)
    assert ids_of(first, "doctor") & STAMPS == set()
    folder = tmp_path / "second"
    folder.mkdir()
    second = Product(sandbox, leadferry_binary, folder)
    second.import_people(1, prefix="q")
    assert ids_of(second, "doctor", code=6) & STAMPS == {"other_installation"}
    second.run("export", code=6)
    other = sandbox.campaign("Operations")
    second.configure(campaigns=[{"id": other}], export={"default_campaign": other})
    assert ids_of(second, "doctor", code=(0, 1)) & STAMPS == {"other_installation_elsewhere"}
    second.run("export", code=(0, 3))
    assert ids_of(first, "doctor", code=(0, 1)) & STAMPS == {"other_installation_elsewhere"}


STAMPS = {"other_installation", "other_installation_elsewhere"}


def ids_of(world, *words, code=0):
    return {finding["id"] for finding in world.json(*words, code=code)["findings"]}
