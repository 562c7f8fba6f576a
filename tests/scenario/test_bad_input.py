"""What bad configuration, a bad API and bad moments get: a clear sentence, the documented exit code, nothing lost or half
done, nobody added twice."""

import signal
import time

import pytest

from product import Product, quiet_config

ADD = "POST /api/v2/leads/add"
LIST = "POST /api/v2/leads/list"
NOBODY = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(5)
    return world


def said(done, code, *words):
    """This exit code, and sentences of ours with these words on standard error."""
    assert done.returncode == code, done
    lines = [line for line in done.stderr.splitlines() if line.startswith("leadferry: ")]
    for word in words:
        assert any(word in line for line in lines), (word, done)


def all_are_added_once(world, n=5):
    """After the trouble is over: one more run, and everybody is there, once."""
    world.sandbox.faults()
    world.run("export", code=(0, 3))
    totals = world.sandbox.totals()
    assert (totals["created_by_api"], totals["created_twice"]) == (n, 0)
    assert world.sql("SELECT count(*) FROM leads WHERE added_to_instantly") == [(n,)]
    assert world.json("status")["open_claims"] == 0
    stamps = [row["payload"]["leadferry"] for row in world.sandbox.leads(campaign=world.campaign)]
    assert len(set(stamps)) == n


# ---- the key, the campaign, the lead ----


@pytest.mark.parametrize("command", ["export", "sync", "complete", "plan", "run"])
def test_a_wrong_key_ends_at_once(world, command):
    world.key = "wrong"
    before = len(world.sandbox.requests(limit=10000))
    said(world.run(command), 4, "key")
    assert len(world.sandbox.requests(limit=10000)) == before + 1  # one request, not one per campaign or retry
    world.key = world.sandbox.api_key
    all_are_added_once(world)


def test_a_key_without_a_scope(world):
    made = world.sandbox.api("POST", "/api-keys", {"name": "reader", "scopes": ["all:read"]})
    world.key = made.json["key"]
    said(world.run("export"), 4, "403")
    assert world.sandbox.totals()["created_by_api"] == 0
    world.key = world.sandbox.api_key
    all_are_added_once(world)


def test_an_unknown_campaign(world):
    world.configure(campaigns=[{"id": world.campaign}, {"id": NOBODY, "name": "Ghost"}])
    world.sql("UPDATE leads SET campaign_id = ? WHERE lead_id = 'L000'", NOBODY)
    done = world.run("export")
    assert done.returncode == 3 and "not_found" in done.stdout
    assert world.row("L000")["added_to_instantly"] == 0 and world.row("L001")["added_to_instantly"] == 1
    errors = world.json("errors", "list")["errors"]
    assert [(e["type"], e["lead"]) for e in errors] == [("campaign_not_fed", None)] and NOBODY in errors[0]["message"]
    assert world.shown("L000")["next"]["verdict"] == "campaign_not_fed"


def test_a_campaign_that_is_not_configured(world):
    world.sql("UPDATE leads SET campaign_id = ?", world.sandbox.campaign("Operations"))
    report = world.json("export", code=3)
    assert report["left_out"] == {"unknown_campaign": 5} and world.creating_calls() == 0


def test_a_lead_without_a_campaign(world):
    world.configure(export={"default_campaign": None})
    report = world.json("export", code=0)
    assert report["left_out"] == {"no_campaign": 5} and world.creating_calls() == 0
    for command in ("export", "plan"):
        assert "export.default_campaign is not set" in world.run(command, code=0).stdout
    text = world.shown("L000")["next"]["text"]
    assert "export.default_campaign" in text


@pytest.mark.parametrize(
    "status, word, is_alarming",
    [(0, "draft", False), (2, "paused", False), (3, "completed", False), (4, "completed", False),
     (-1, "unhealthy", True), (-2, "bounce_protect", True), (-99, "suspended", True), (17, "unknown_status", True)],
)
def test_a_campaign_that_must_not_be_fed(world, status, word, is_alarming):
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"status": status})
    report = world.json("export", code=3)
    assert report["campaigns"][0]["refusal"] == word
    assert report["left_out"] == {f"campaign_not_fed({word})": 5}
    assert world.creating_calls() == 0
    assert len(world.json("errors", "list")["errors"]) == is_alarming
    world.sandbox.control("POST", f"/campaigns/{world.campaign}", {"status": 1})
    all_are_added_once(world)


# ---- answers to a creating call that explain nothing ----

UNKNOWN_ANSWERS = {
    "html": {"fault": "status_after", "params": {"code": 502, "html": True}},
    "html_200": {"fault": "status_after", "params": {"code": 200, "html": True}},
    "truncated": {"fault": "truncate", "params": {"at": 250}},
    "reset": {"fault": "reset_after"},
    "closed": {"fault": "close_after"},
    "empty": {"fault": "empty_200"},
    "garbled": {"fault": "garbled"},
    "error_200": {"fault": "error_200"},
    "wrong_counters": {"fault": "wrong_counts"},
    "fewer_created": {"fault": "fewer_created"},
    "wrong_index": {"fault": "wrong_index"},
    "all_blocked": {"fault": "all_blocked"},
    "odd_id": {"fault": "odd_id", "params": {"id": "lead-7"}},
    "path_for_an_id": {"fault": "odd_id", "params": {"id": "../workspaces/current"}},
    "wrong_length": {"fault": "wrong_length", "params": {"length": 40}},
    "redirect": {"fault": "redirect", "params": {"code": 307, "location": "/api/v2/leads/add"}},
    "server_error": {"fault": "status", "params": {"code": 503}},
    "slow": {"fault": "delay", "params": {"ms": 3000}},
    "drip": {"fault": "drip", "params": {"bytes": 1, "ms": 50}},
}


@pytest.mark.parametrize("name", UNKNOWN_ANSWERS)
def test_an_answer_that_explains_nothing_is_asked_about(world, name):
    """Guarantee 4, 5, 8, 9, 10, 11. Answered by asking, never by sending blindly: in the end everybody is added, once, by
    the same run."""
    world.configure(instantly={"request_timeout_s": 1})
    world.sandbox.fault(ADD, **UNKNOWN_ANSWERS[name], count=1)
    report = world.json("export", code=(0, 3))
    assert report["added"] == 5 and report["unknown"] == 0, report
    was_created_before_the_answer = name not in ("redirect", "server_error")
    assert world.creating_calls() == (1 if was_created_before_the_answer else 2)
    all_are_added_once(world)
    assert world.kinds("L000").count("added") + world.kinds("L000").count("adopted") == 1


def stops(world):
    return {stop["email"] for stop in world.json("suppress", "list", "--show-pii")["suppressions"]}


def test_a_block_list_that_does_not_have_them(world):
    """An answer says that everybody is block-listed: a stop is for ever, so the list is asked, and it has one of five."""
    world.sandbox.faults({"endpoint": ADD, "fault": "blocked", "count": 1, "params": {"email": "p3@example.com"}},
                         {"endpoint": ADD, "fault": "all_blocked", "count": 1})
    report = world.json("export", code=(0, 3))
    assert report["added"] == 4, report
    assert stops(world) == {"p3@example.com"}
    world.sandbox.faults()
    world.run("export", code=(0, 3))
    assert world.sandbox.totals()["created_twice"] == 0 and world.sandbox.totals()["created_by_api"] == 4


def test_a_list_that_never_ends(world):
    """Guarantee 25. Every page has rows and a cursor that nobody has seen before."""
    world.configure(sync={"max_rows": 900})
    world.run("export", code=0)
    world.sandbox.fault(LIST, "fresh_cursor")
    done = world.run("sync", "--full", code=1, timeout=60)
    assert "went on after 900 rows" in done.stderr and "sync.max_rows" in done.stderr
    world.sandbox.faults()
    world.run("sync", "--full", code=0)
    all_are_added_once(world)


def test_a_storm_of_429s_ends_one_by_one(world):
    """Each lead a request of its own, and every one is refused for a while that does not end: the run ends when it has
    waited as long as it may, and the next one takes everybody up."""
    world.configure(export={"endpoint": "single", "max_wait_s": 6})
    world.sandbox.fault(ADD.replace("/add", ""), "status", params={"code": 429, "retry_after": 3})
    began = time.monotonic()
    report = world.json("export", code=5)
    assert report["released"] == 5 and time.monotonic() - began < 25
    world.sandbox.faults()
    assert world.json("export", code=(0, 3))["added"] == 5
    all_are_added_once(world)


def test_an_id_in_capitals(world):
    """The case of an id says nothing: the row is found by it ever after."""
    world.sandbox.fault(ADD, "odd_id", count=1)
    assert world.json("export")["added"] == 5 and world.creating_calls() == 1
    world.sandbox.faults()
    ids = {row["id"] for row in world.sandbox.leads(campaign=world.campaign)}
    assert {id for id, in world.sql("SELECT instantly_id FROM lead_state")} == ids
    world.run("run", code=0)
    world.run("verify", code=0)


@pytest.mark.parametrize("odd", ("lead-7", "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz", "@", "capitals"))
def test_a_ledger_that_believed_such_an_id(world, odd):
    """Versions before took any id for one. It ended every sync, run and verify; now the row's stamp tells which it is."""
    world.run("export", code=0)
    before, = world.sql("SELECT instantly_id FROM lead_state WHERE lead_id = 'L002'")[0]
    believed = before.upper() if odd == "capitals" else odd
    for table in ("lead_events", "lead_state", "lead_enrolments"):
        world.sql(f"UPDATE {table} SET instantly_id = ? WHERE instantly_id = ?", believed, before)
    world.sandbox.advance(days=1)
    world.run("verify", code=(0, 3))
    world.run("export", code=0)
    world.sandbox.advance(hours=1)
    world.run("run", code=0)
    assert world.sql("SELECT instantly_id FROM lead_state WHERE lead_id = 'L002'") == [(before,)]
    for _ in range(3):
        world.sandbox.advance(days=1)
        world.run("run", code=0)
    assert world.shown("L002")["state"]["phase"] == "finished"
    all_are_added_once(world)


def test_nobody_answers_any_more(world):
    """The creating call's answer is lost, and then nobody can be asked: open, exit 5, and recover settles it later."""
    world.configure(instantly={"request_timeout_s": 1})
    world.sandbox.faults({"endpoint": ADD, "fault": "reset_after"},
                         {"endpoint": LIST, "fault": "status", "skip": 5, "params": {"code": 400}})
    done = world.run("export")
    assert done.returncode == 5, done
    assert world.json("status")["open_claims"] == 5
    assert world.shown("L000", code=1)["next"]["action"] == "settle"
    world.run("export", code=(5, 1))  # nobody is sent while it is open
    assert world.creating_calls() == 1
    world.sandbox.faults()
    assert world.json("recover")["added"] == 5
    all_are_added_once(world)


def test_a_refusal_of_one_lead_is_found_by_splitting(world):
    world.sandbox.fault(ADD, "status", count=3, params={"code": 400, "message": "body/leads/0 is bad"})
    report = world.json("export", code=(0, 3))
    assert report["added"] + report["refused"] == 5
    errors = world.json("errors", "list")["errors"]
    assert len(errors) == report["refused"] and {e["type"] for e in errors} <= {"rejected"}
    world.run("retry", "--all", code=0)
    all_are_added_once(world)


def test_throttled_calls_go_again(world):
    world.sandbox.fault(ADD, "status", count=2, params={"code": 429, "retry_after": 1})
    assert world.json("export")["added"] == 5
    assert world.json("errors", "list")["errors"] == []


# ---- answers to reading calls ----

BAD_READS = {
    "html": {"fault": "status_after", "params": {"code": 200, "html": True}},
    "truncated": {"fault": "truncate", "params": {"at": 300}},
    "empty": {"fault": "empty_200"},
    "garbled": {"fault": "garbled"},
    "error_200": {"fault": "error_200"},
    "redirect": {"fault": "redirect", "params": {"code": 302}},
    "repeated_cursor": {"fault": "repeat_cursor"},
    "endless_cursor": {"fault": "endless_cursor"},
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name == "truncated" else name
                                  for name in BAD_READS])  # a cut transfer is tried six times
def test_a_bad_page_ends_the_sync(world, name):
    """Guarantee 25. No half of a list is taken for the whole: nothing is concluded, and the next sync does it."""
    world.run("export", code=0)
    world.import_people(230)
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    before = world.sql("SELECT count(*) FROM lead_events")
    world.sandbox.fault(LIST, **BAD_READS[name], **({} if "cursor" in name else {"skip": 1}))
    done = world.run("sync")
    assert done.returncode in (1, 5), done
    said(done, done.returncode, "/api/v2/leads/list")
    assert world.sql("SELECT count(*) FROM lead_events") == before
    assert world.json("status")["full_scan_finished_at"] is None
    world.sandbox.faults()
    assert world.json("sync")["rows_read"] == 230
    assert world.row("L000")["cold_email_sent"] == 1


ONE_BAD_READ = {
    "gateway": {"fault": "status", "params": {"code": 502, "html": True}},
    "throttled": {"fault": "status", "params": {"code": 429, "retry_after": 1}},
    "truncated": {"fault": "truncate", "params": {"at": 300}},
    "reset": {"fault": "reset_after"},
    "drip": {"fault": "drip", "params": {"bytes": 2, "ms": 20}},
}


@pytest.mark.parametrize("name", ONE_BAD_READ)
def test_one_bad_page_is_read_again(world, name):
    world.configure(instantly={"request_timeout_s": 1})
    world.run("export", code=0)
    world.sandbox.advance(days=1)
    world.sandbox.fault(LIST, **ONE_BAD_READ[name], count=1)
    world.run("sync", code=0)
    assert world.row("L000")["cold_email_sent"] == 1


@pytest.mark.waits
def test_a_minute_that_another_tool_used_up_is_waited_out(world):
    """A workspace's limit is shared: eight refusals of one read in a row end no sync."""
    world.run("export", code=(0, 3))
    world.sandbox.advance(days=1)
    world.sandbox.fault(LIST, "status", count=8, params={"code": 429})
    world.run("sync", code=0)
    assert world.row("L000")["cold_email_sent"] == 1
    all_are_added_once(world)


def test_values_of_the_future(world):
    """Unknown fields are passed over; an unknown status is kept and nothing is concluded from it."""
    world.run("export", code=0)
    world.sandbox.advance(days=5)
    world.sandbox.fault("*", "unknown_values")
    world.run("sync", code=(0, 3))
    assert world.shown("L000")["state"]["outcome"] is None
    world.sandbox.faults()
    world.run("sync", code=0)
    assert world.shown("L000")["state"]["outcome"] == "no_reply"


# ---- somebody else, in the middle ----


def test_a_key_revoked_in_the_middle(world):
    world.configure(instantly={"batch_size": 1, "writes_in_flight": 1})
    world.sandbox.fault(ADD, "revoke_key", skip=2, count=1)
    said(world.run("export"), 4, "401")
    assert world.sandbox.totals()["created_by_api"] == 2
    assert world.sql("SELECT count(*) FROM leads WHERE added_to_instantly") == [(2,)]
    assert world.json("status")["open_claims"] == 0  # refused before any work: free again, no try, not held
    assert {row[0] for row in world.sql("SELECT reason FROM lead_state WHERE settlement = 2")} == {"key_refused", "never_sent"}


def test_a_lead_deleted_or_moved_while_complete_runs(world):
    """Guarantee 41. """
    other = world.sandbox.campaign("Operations")
    world.run("export", code=0)
    for _ in range(4):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    world.sandbox.faults(
        {"endpoint": LIST, "fault": "lead_deleted", "count": 1, "params": {"email": "p0@example.com"}},
        {"endpoint": LIST, "fault": "lead_moved", "count": 1, "params": {"email": "p1@example.com", "campaign": other}},
    )
    report = world.json("complete", code=(0, 3))
    assert report["removed"] == 4 and report["changed"] == 1, report
    assert world.sandbox.lead("p1@example.com")["campaign"] == other  # not ours to delete there
    totals = world.sandbox.totals()
    assert totals["deleted_foreign"] == totals["deleted_unfinished"] == 0 and totals["deleted"] == 3


# ---- ends in the middle ----


def until_first_call(world, process):
    deadline = time.monotonic() + 30
    while not world.creating_calls():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle(world, number, code):
    """Guarantee 38. What is on its way is finished or left to be asked about."""
    world.import_people(40)
    world.configure(instantly={"batch_size": 2, "writes_in_flight": 1, "batch_delay_ms": 100})
    process = world.start("export")
    until_first_call(world, process)
    ended, _, err = world.interrupt(process, number)
    assert ended == code and "leadferry: " in err, err
    created = world.sandbox.totals()["created_by_api"]
    assert 0 < created < 40
    assert world.sql("SELECT count(*) FROM leads WHERE added_to_instantly") == [(created,)]
    assert world.json("status")["open_claims"] == 0
    all_are_added_once(world, 40)


@pytest.mark.parametrize("after", [0, 0.15, 0.5])
def test_killed_in_the_middle(world, after):
    world.import_people(40)
    world.configure(instantly={"batch_size": 2, "writes_in_flight": 2, "batch_delay_ms": 50, "request_timeout_s": 1})
    process = world.start("export")
    until_first_call(world, process)
    time.sleep(after)
    process.kill()
    process.communicate()
    world.run("plan", code=0)
    world.run("recover", code=0)
    all_are_added_once(world, 40)


# ---- TLS ----


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alert", "close", "garbage", "half", "plain", "reset", "silence"])
def test_no_handshake_no_lead(start_sandbox, leadferry_binary, tmp_path, kind):
    """Guarantee 2. Without TLS nothing was sent: the run says that Instantly cannot be reached, and the next one brings
    everybody in, once."""
    world = Product(start_sandbox("--tls-failure", kind, config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(5)
    world.configure(instantly={"base_url": world.sandbox.tls_url, "connect_timeout_s": 1, "request_timeout_s": 1})
    done = world.run("export")
    assert done.returncode == 5, done
    assert world.sandbox.requests() == [] and world.key not in done.stderr
    world.configure()
    all_are_added_once(world)
