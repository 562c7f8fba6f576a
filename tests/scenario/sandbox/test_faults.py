"""Faults on demand: each rule does what the table says, to the request that it names, and to nothing else."""
import http.client
import json
import socket
import ssl
import time

import pytest

ADD = "POST /api/v2/leads/add"
LIST = "POST /api/v2/leads/list"


def add(sandbox, *emails):
    return sandbox.add(sandbox.campaign("Founders"), *(emails or ("a@x.example",)))


def rows(sandbox):
    return sandbox.state()["leads"]


def raw(sandbox, path="/api/v2/leads/add", emails=("a@x.example",), timeout=10):
    """Sends a POST by hand: everything that comes back until the connection ends, and how it ended."""
    body = json.dumps({"campaign_id": sandbox.campaign("Founders"), "leads": [{"email": e} for e in emails]}).encode()
    head = (f"POST {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: raw/1\r\nAuthorization: Bearer {sandbox.api_key}\r\n"
            f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    got, start = b"", time.monotonic()
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=timeout) as connection:
        connection.sendall(head + body)
        try:
            while piece := connection.recv(65536):
                got += piece
            ending = "closed"
        except ConnectionResetError:
            ending = "reset"
        except TimeoutError:
            ending = "open"
    return got, ending, time.monotonic() - start


def test_unknown_faults_and_keys_are_refused(sandbox):
    answer = sandbox.request("POST", "/_sandbox/faults", {"endpoint": ADD, "fault": "reset_afte"})
    assert answer.status == 400 and "reset_after" in answer.json["message"]
    assert sandbox.request("POST", "/_sandbox/faults", {"fault": "delay", "probabilty": 1}).status == 400


def test_endpoint_skip_count_and_delete(sandbox):
    sandbox.fault(ADD, "status", skip=1, count=2, params={"code": 503})
    statuses = [add(sandbox, f"u{i}@x.example").status for i in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    assert sandbox.api("POST", "/leads/list", {}).status == 200
    rule = sandbox.control("GET", "/faults")["rules"][0]
    assert (rule["matched"], rule["fired"]) == (5, 2)
    sandbox.fault("*", "status", params={"code": 500})
    assert sandbox.api("GET", "/campaigns").status == 500
    sandbox.control("DELETE", "/faults")
    assert sandbox.api("GET", "/campaigns").status == 200


def test_probability_is_a_matter_of_the_seed(start_sandbox):
    def pattern(seed):
        sandbox = start_sandbox("--no-rate-limit")
        sandbox.fault("GET /api/v2/campaigns", "status", probability=0.5, seed=seed, params={"code": 500})
        return [sandbox.api("GET", "/campaigns").status for _ in range(40)]

    one = pattern(1)
    assert one == pattern(1) and one != pattern(2) and 8 < one.count(500) < 32


def test_path_templates(sandbox):
    sandbox.fault("GET /api/v2/campaigns/{id}", "status", params={"code": 404})
    assert sandbox.api("GET", f"/campaigns/{sandbox.campaign('Founders')}").status == 404
    assert sandbox.api("GET", "/campaigns").status == 200


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 504])
def test_status_is_not_applied(sandbox, code):
    sandbox.fault(ADD, "status", params={"code": code, "html": code >= 500, "retry_after": 7 if code == 429 else 0})
    answer = add(sandbox)
    assert answer.status == code and rows(sandbox) == 0
    assert (answer.json is None) == (code >= 500)
    assert answer.headers.get("retry-after") == ("7" if code == 429 else None)


def test_status_after_is_applied(sandbox):
    sandbox.fault(ADD, "status_after", params={"code": 504, "html": True})
    assert add(sandbox).status == 504 and rows(sandbox) == 1


def test_redirect(sandbox):
    sandbox.fault(ADD, "redirect", params={"code": 307, "location": "http://127.0.0.1:1/x"})
    answer = add(sandbox)
    assert (answer.status, answer.headers["location"], rows(sandbox)) == (307, "http://127.0.0.1:1/x", 0)


def test_reset_before_applies_nothing(sandbox):
    for at in (0, 20, 100000):
        sandbox.faults({"endpoint": ADD, "fault": "reset_before", "params": {"at": at}})
        got, ending, _ = raw(sandbox)
        assert (got, ending, rows(sandbox)) == (b"", "reset", 0)
    sandbox.faults()
    assert add(sandbox).status == 200


@pytest.mark.parametrize("at", [0, 1, 12, 100, 250])
def test_reset_after_applies_and_cuts_at_the_byte(sandbox, at):
    sandbox.fault(ADD, "reset_after", count=1, params={"at": at})
    got, ending, _ = raw(sandbox)
    assert ending == "reset" and len(got) in (0, at) and rows(sandbox) == 1, "a reset may drop what was on its way"
    assert add(sandbox).json["duplicated_leads"] == 1


def test_close_after_and_truncate(sandbox):
    for fault, at in (("close_after", 0), ("close_after", 40), ("truncate", 320)):
        sandbox.faults({"endpoint": ADD, "fault": fault, "params": {"at": at}})
        got, ending, _ = raw(sandbox)
        assert (len(got), ending) == (at, "closed") and got == b"HTTP/1.1 200 OK\r\n"[:at] or got.startswith(b"HTTP/1.1 200")
    assert rows(sandbox) == 1


def test_wrong_length(sandbox):
    sandbox.fault(ADD, "wrong_length", count=1, params={"length": 7})
    answer = add(sandbox)
    assert answer.headers["content-length"] == "7" and len(answer.body) == 7 and answer.json is None
    sandbox.fault(ADD, "wrong_length", params={"length": 100000})
    with pytest.raises(http.client.IncompleteRead):
        add(sandbox)


def test_delay_before_and_after(sandbox):
    sandbox.fault(ADD, "delay", params={"ms": 300, "before_ms": 200})
    start = time.monotonic()
    assert add(sandbox).status == 200
    assert time.monotonic() - start >= 0.5
    sandbox.faults({"endpoint": ADD, "fault": "delay", "params": {"ms": 5000}})
    with pytest.raises(TimeoutError):
        sandbox.api("POST", "/leads/add", {"campaign_id": sandbox.campaign("Founders"), "leads": [{"email": "b@x.example"}]},
                    timeout=0.5)
    assert rows(sandbox) == 2, "applied; others are served meanwhile"


def test_drip(sandbox):
    sandbox.fault(ADD, "drip", params={"bytes": 100, "ms": 60})
    got, ending, seconds = raw(sandbox)
    assert got.startswith(b"HTTP/1.1 200") and json.loads(got.split(b"\r\n\r\n")[1]) and ending == "closed" and seconds > 0.2


def test_wrong_answers(sandbox):
    def answer(fault, **params):
        sandbox.faults({"endpoint": ADD, "fault": fault, "params": params})
        return add(sandbox, f"{fault}1@x.example", f"{fault}2@x.example")

    assert answer("error_200", error="ACC_X").json == {"error": "ACC_X"}
    assert answer("empty_200").body == b""
    assert answer("garbled").json is None
    assert answer("overlong", bytes=500000).body.endswith(b" " * 500000)
    fewer = answer("fewer_created", leads=1).json
    assert fewer["leads_uploaded"] == 2 and len(fewer["created_leads"]) == 1
    assert answer("wrong_counts", by=-1).json["leads_uploaded"] == 1
    assert [c["index"] for c in answer("wrong_index", by=5).json["created_leads"]] == [5, 6]
    assert rows(sandbox) == 14, "all of them were applied"


def test_wrong_pages(sandbox):
    add(sandbox, *[f"u{i}@x.example" for i in range(15)])

    def page(fault, **body):
        sandbox.faults({"endpoint": LIST, "fault": fault})
        return sandbox.api("POST", "/leads/list", {"limit": 10, **body}).json

    cursor = sandbox.api("POST", "/leads/list", {"limit": 10}).json["next_starting_after"]
    assert page("repeat_cursor", starting_after=cursor)["next_starting_after"] == cursor
    assert page("empty_cursor")["next_starting_after"] == ""
    again = page("endless_cursor", starting_after=cursor)["next_starting_after"]
    assert len(page("endless_cursor", starting_after=again)["items"]) == 10
    odd = page("unknown_values")
    assert odd["field_of_the_future"] and {r["status"] for r in odd["items"]} == {17}


def test_key_revoked_and_plan_full_in_the_middle(sandbox):
    add(sandbox)
    sandbox.fault(ADD, "plan_full", count=1, params={"left": 1})
    assert add(sandbox, "b@x.example", "c@x.example").json["leads_uploaded"] == 1
    sandbox.fault(ADD, "revoke_key_after", count=1)
    assert add(sandbox).status == 200 and add(sandbox).status == 401


def test_campaign_paused_unpaid_and_stops_in_the_middle(sandbox):
    add(sandbox, "a@x.example", "b@x.example")
    sandbox.fault(LIST, "campaign_status", count=1, params={"campaign": sandbox.campaign("Founders"), "status": -2})
    sandbox.fault(LIST, "stop", count=1, params={"email": "a@x.example"})
    sandbox.fault(LIST, "blocked", count=1, params={"email": "b@x.example"})
    assert {r["email"]: r["status"] for r in sandbox.leads()} == {"a@x.example": -2, "b@x.example": 1}
    assert sandbox.state()["campaigns"][0]["status"] == -2 and sandbox.state()["block_list"] == 1
    sandbox.fault(LIST, "unpaid")
    assert sandbox.api("POST", "/leads/list", {}).status == 402


def test_blocked_before_there_is_a_row(sandbox):
    sandbox.fault(ADD, "blocked", count=1, params={"email": "late@x.example"})
    answer = add(sandbox, "a@x.example", "late@x.example").json
    assert (answer["leads_uploaded"], answer["in_blocklist"]) == (1, 1)


def test_somebody_else_in_the_middle(sandbox):
    add(sandbox, "a@x.example", "b@x.example")
    operations = sandbox.campaign("Operations")
    sandbox.fault(LIST, "lead_deleted", count=1, params={"email": "a@x.example"})
    sandbox.fault(LIST, "lead_moved", count=1, params={"email": "b@x.example", "campaign": operations})
    sandbox.fault(LIST, "lead_added", count=1, params={"email": "c@x.example", "campaign": operations})
    found = {r["email"]: (r["campaign"], r["upload_method"]) for r in sandbox.leads()}
    assert found == {"b@x.example": (operations, "api"), "c@x.example": (operations, "manual")}


def test_faults_in_the_configuration(start_sandbox):
    sandbox = start_sandbox(config={"faults": [{"endpoint": ADD, "fault": "status", "params": {"code": 418}}]})
    assert add(sandbox).status == 418


def test_many_resets_leave_the_server_well(sandbox):
    sandbox.fault(ADD, "reset_after", probability=0.5)
    sandbox.fault(ADD, "reset_before", probability=0.3, seed=2)
    for i in range(100):
        raw(sandbox, emails=[f"u{i}@x.example"])
    sandbox.faults()
    assert 50 <= rows(sandbox) < 90 and add(sandbox).status == 200


def test_refused_connections(sandbox):
    sandbox.fault(ADD, "refuse", count=1, params={"ms": 700})
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        add(sandbox)
    refused, start = 0, time.monotonic()
    while time.monotonic() - start < 10:
        try:
            assert add(sandbox).status == 200
            break
        except ConnectionRefusedError:
            refused += 1
            time.sleep(0.05)
    assert refused >= 5 and rows(sandbox) == 1


def test_the_port_stays_ours_while_it_refuses(sandbox):
    """Nobody else may be given it meanwhile; else the sandbox would never come back."""
    for _ in range(5):
        sandbox.fault(ADD, "refuse", count=1, params={"ms": 100})
        with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
            add(sandbox)
        with socket.socket() as other, pytest.raises(OSError):
            other.bind(("127.0.0.1", sandbox.port))
        for _ in range(200):
            try:
                assert sandbox.api("GET", "/campaigns").status == 200
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
    assert add(sandbox).status == 200


def test_list_lag_as_a_fault(sandbox):
    sandbox.fault(ADD, "list_lag", count=1, params={"s": 60})
    add(sandbox, *[f"u{i}@x.example" for i in range(50)])
    assert len(sandbox.leads()) < 50
    sandbox.advance(60)
    assert len(sandbox.leads()) == 50


def test_tls_to_the_plain_port_fails_cleanly(sandbox):
    with pytest.raises(ssl.SSLError):
        connection = http.client.HTTPSConnection("127.0.0.1", sandbox.port, timeout=5)
        connection.request("GET", "/api/v2/campaigns")
    assert add(sandbox).status == 200


TLS_ERRORS = {"alert": ssl.SSLError, "close": (ssl.SSLError, ConnectionError), "garbage": ssl.SSLError,
              "half": (ssl.SSLError, ConnectionError), "plain": ssl.SSLError, "reset": ConnectionResetError,
              "silence": TimeoutError}


@pytest.mark.parametrize("kind", TLS_ERRORS)
def test_broken_handshakes(start_sandbox, kind):
    sandbox = start_sandbox("--no-rate-limit", "--tls-failure", kind)
    port = int(sandbox.tls_url.rsplit(":", 1)[1])
    for _ in range(2):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=1)
        with pytest.raises(TLS_ERRORS[kind]):
            connection.request("GET", "/api/v2/campaigns")
        connection.close()
    assert add(sandbox).status == 200 and rows(sandbox) == 1
