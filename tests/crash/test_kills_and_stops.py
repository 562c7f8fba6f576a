"""Jobs that die while stops come in and Instantly fails: no row of ours is mailed after a stop, and the proof names each
other one that is, as often as the sandbox's audit counts it."""

import os
import random
import re
import signal
import time

import pytest
from crashing import is_long
from product import Product, quiet_config

PEOPLE = 40
ROUNDS = 60 if is_long() else 12
FAULTS = [("POST /api/v2/leads/list", "status_after", {"code": 502}), ("DELETE /api/v2/leads", "reset_after", {}),
          ("DELETE /api/v2/leads", "status", {"code": 500}), ("POST /api/v2/leads/add", "truncate", {}),
          ("POST /api/v2/leads/list", "delay", {"ms": 60}),
          ("POST /api/v2/block-lists-entries/bulk-create", "status", {"code": 503})]
STEP = [{"type": "email", "delay": 1, "delay_unit": "days", "variants": [{"subject": "Hello", "body": "A question."}]}]


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    """Ten steps a day apart: whoever is forgotten is mailed. Every third person is in somebody else's campaign too."""
    config = quiet_config(stop_grace_s=60)
    for campaign in config["campaigns"]:
        campaign["steps"] = STEP * 10
    product = Product(start_sandbox(config=config), leadferry_binary, tmp_path)
    product.configure(complete={"armed": False}, instantly={"request_timeout_s": 1, "batch_size": 5})
    product.theirs = product.sandbox.campaign("Operations")
    product.import_people(PEOPLE)
    product.run("export", code=0)
    for i in range(0, PEOPLE, 3):
        product.sandbox.control("POST", "/leads/add", {"email": f"p{i}@example.com", "campaign": product.theirs})
    product.sandbox.advance(hours=3)
    product.run("sync", code=0)
    return product


def stop(world, chance, i):
    email = f"p{i}@example.com"
    said = [("lead", "mark", email, "replied", "--reason", "by phone"),
            ("lead", "mark", email, "bounced", "--reason", "letter came back"),
            ("suppress", "add", email, "--reason", "by letter"),
            ("suppress", "add", email, "--reason", "on leave", "--expires", "300")]
    words = said[0] if i == 0 else chance.choice(said)
    world.run(*words, code=0)
    now_us = world.sandbox.control("GET", "/clock")["now_ms"] * 1000
    world.sql("UPDATE suppressions SET created_at = ? WHERE person = ? AND source IN ('mark', 'command')", now_us, email)
    world.sql("DELETE FROM controls WHERE name = 'stops'")  # its sum would say that somebody changed them
    world.sandbox.stop_person(email)


def die(world, chance):
    """A job meets a fault, and most of the time a kill. Whatever it left, the next one in peace makes good."""
    endpoint, fault, params = chance.choice(FAULTS)
    world.sandbox.fault(endpoint, fault, count=chance.choice([1, 2]), params=params)
    process = world.start(chance.choice(["sync", "export", "recover", "complete"]))
    time.sleep(chance.uniform(0.0, 0.12))
    process.kill()
    process.communicate(timeout=60)
    world.sandbox.faults()
    world.run(chance.choice(["sync", "export", "recover", "complete"]), code=(0, 3, 6))  # complete is not armed
    return process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(1800 if is_long() else 300)
def test_no_row_of_ours_is_mailed_after_a_stop(world, record_property):
    """Guarantee 48."""
    seed = int(os.environ.get("LEADFERRY_CRASH_SEED") or time.time())
    print(f"LEADFERRY_CRASH_SEED={seed}")
    chance, kills_n = random.Random(seed), 0
    order = [0, *chance.sample(range(1, PEOPLE), PEOPLE - 1)]  # the first is mailed on by somebody else
    for n in range(ROUNDS):
        if n < len(order):
            stop(world, chance, order[n])
        kills_n += die(world, chance)
        world.sandbox.advance(hours=chance.choice([1, 6, 20]))
    record_property("seed", seed)
    record_property("kills", kills_n)
    world.sandbox.advance(days=2)
    proof = world.json("verify", "--stops", "--deep", code=(0, 3))
    assert proof["is_complete"] and proof["ours"] == {"stopped_live": 0, "stopped_mailed": 0}, proof
    named = [row for row in proof["differences"] if row["id"] == "stopped_mailed"]
    assert all(row["instantly_id"] and row["whose"] == "foreign" for row in named), proof
    times = sum(int(re.search(r"mailed (?:at least )?(\d+) times", row["detail"])[1]) for row in named)
    assert times == world.sandbox.totals()["mailed_after_stop"], proof
    assert kills_n > 0 and times > 0
