"""The control interface, the audit, configuration and the command line."""
import json
import subprocess

import pytest
from conftest import sandbox_binary
from test_engine import addresses, steps, workspace


def own(email, **more):
    return {"email": email, "custom_variables": {"leadferry": "1:x"}, **more}


def test_audit_counts_creations(sandbox):
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    sandbox.add(founders, "a@x.example", "b@x.example")
    assert sandbox.totals()["created_twice"] == 0
    sandbox.add(operations, "a@x.example")
    sandbox.api("DELETE", f"/leads/{sandbox.lead('b@x.example')['id']}")
    sandbox.add(founders, "b@x.example")
    assert sandbox.totals()["created_twice"] == 2
    events = {a["email"]: [e["event"] for e in a["events"]] for a in sandbox.audit()["addresses"]}
    assert events["b@x.example"] == ["created", "deleted", "created"]


def test_audit_of_deletions(start_sandbox):
    sandbox = start_sandbox("--stamp", "leadferry", config=workspace({"steps": steps(1, 30)}))
    campaign = sandbox.campaign("C")
    sandbox.add(campaign, *[own(e) for e in ("never@x.example",)])
    sandbox.api("DELETE", f"/leads/{sandbox.lead('never@x.example')['id']}")
    assert sandbox.totals()["deleted_unfinished"] == 0, "never mailed"
    emails = ["open@x.example", "stopped@x.example", "blocked@x.example", "replied@x.example"]
    sandbox.add(campaign, *[own(e) for e in emails], "foreign@x.example")
    sandbox.advance(hours=2)
    sandbox.outcome("stopped@x.example", "unsubscribed")
    sandbox.outcome("replied@x.example", "replied")
    sandbox.control("POST", "/block", {"value": "blocked@x.example"})
    ids = [r["id"] for r in sandbox.leads() if not r["email"].startswith("foreign")]
    sandbox.api("DELETE", "/leads", {"campaign_id": campaign, "ids": ids})
    totals = sandbox.totals()
    assert (totals["deleted"], totals["deleted_unfinished"], totals["deleted_replied"], totals["deleted_foreign"]) == (5, 1, 1, 0)
    sandbox.api("DELETE", f"/leads/{sandbox.lead('foreign@x.example')['id']}")
    assert sandbox.totals()["deleted_foreign"] == 1


def test_audit_without_a_stamp_goes_by_the_upload_method(start_sandbox):
    sandbox = start_sandbox()
    sandbox.add(sandbox.campaign("Founders"), "api@x.example")
    sandbox.control("POST", "/leads/add", {"email": "hand@x.example", "campaign": sandbox.campaign("Founders")})
    sandbox.api("DELETE", "/leads", {"campaign_id": sandbox.campaign("Founders")})
    assert sandbox.totals()["deleted_foreign"] == 1 and sandbox.totals()["created_by_others"] == 1


def test_audit_of_subsequences(start_sandbox):
    after = {"name": "After", "conditions": {"lead_activity": [91]}, "steps": steps(9, 9)}
    sandbox = start_sandbox(config=workspace({"steps": steps(1), "subsequences": [after]}))
    sandbox.add(sandbox.campaign("C"), "a@x.example")
    sandbox.advance(hours=2)
    sandbox.api("DELETE", f"/leads/{sandbox.lead('a@x.example')['id']}")
    assert sandbox.totals()["subsequence_cut"] == 1


def test_somebody_else(sandbox):
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    row = sandbox.control("POST", "/leads/add", own("hand@x.example", campaign=founders, first_name="Ada"))
    assert (row["upload_method"], row["first_name"], row["campaign"]) == ("manual", "Ada", founders)
    sandbox.control("POST", "/leads/move", {"email": "hand@x.example", "to_campaign": operations})
    assert sandbox.lead("hand@x.example")["campaign"] == operations
    sandbox.control("POST", "/leads/status", {"email": "hand@x.example", "status": 2})
    sandbox.advance(days=5)
    assert sandbox.lead("hand@x.example")["timestamp_last_contact"] is None
    sandbox.control("POST", "/leads/status", {"email": "hand@x.example", "status": 1})
    sandbox.control("POST", f"/campaigns/{operations}", {"status": 1})
    sandbox.advance(days=3)
    assert sandbox.lead("hand@x.example")["timestamp_last_contact"] is not None
    assert sandbox.control("POST", "/leads/delete", {"email": "hand@x.example"}) == {"count": 1}
    assert sandbox.totals()["deleted"] == 0 and sandbox.totals()["deleted_by_others"] == 1
    sandbox.control("POST", f"/campaigns/{operations}", {"delete": True})
    assert sandbox.api("GET", f"/campaigns/{operations}").status == 404


def test_log_of_requests(sandbox):
    sandbox.add(sandbox.campaign("Founders"), "a@x.example")
    sandbox.api("GET", "/nothing")
    log = sandbox.requests()
    assert [(r["seq"], r["method"], r["path"], r["status"]) for r in log] == \
        [(1, "POST", "/api/v2/leads/add", 200), (2, "GET", "/api/v2/nothing", 404)]
    assert log[0]["request_bytes"] > 50 and log[0]["answer_bytes"] > 100 and log[1]["wire_us"] > log[0]["wire_us"]
    assert len(sandbox.requests(limit=1)) == 1


def test_shapes(sandbox):
    founders = sandbox.campaign("Founders")
    for i in range(5):
        sandbox.add(founders, f"u{i}@x.example")
    sandbox.add(founders, {"email": "n@x.example", "first_name": "Ada"})
    sandbox.api("GET", f"/campaigns/{founders}")
    shapes = sandbox.shapes()
    assert [(s["method"], s["path"], s["status"]) for s in shapes] == \
        [("POST", "/api/v2/leads/add", 200)] * 2 + [("GET", "/api/v2/campaigns/{id}", 200)]
    assert shapes[1]["request"]["leads"][0]["first_name"] == "Ada" and shapes[1]["response"]["leads_uploaded"] == 1
    assert shapes[2]["request"] is None and shapes[2]["request_path"].endswith(founders)


def test_clock(sandbox):
    assert sandbox.advance(0) == "2026-11-02T08:00:00.000Z"
    assert sandbox.advance(86400 * 366) == "2027-11-03T08:00:00.000Z"
    assert sandbox.request("POST", "/_sandbox/clock", {"advance_s": -1}).status == 400
    assert sandbox.request("POST", "/_sandbox/clock", {"advance": 1}).status == 400


def test_reset(sandbox):
    before = sandbox.state()
    sandbox.add(sandbox.campaign("Founders"), *addresses(50))
    sandbox.advance(days=3)
    sandbox.control("POST", "/reset")
    assert sandbox.state() == before and sandbox.totals()["created_by_api"] == 0


def test_start_time(start_sandbox):
    sandbox = start_sandbox(config={"start_time": "2027-03-01T00:00:00Z"})
    assert sandbox.state()["now"] == "2027-03-01T00:00:00.000Z"


@pytest.mark.parametrize("config, word", [({"campaign": []}, "campaigns"), ({"quirks": {"no_such": True}}, "no_such"),
                                          ({"chances": {"open": 2}}, "open"), ({"campaigns": [{}]}, "name"),
                                          ({"keys": [{"scopes": ["x:y"]}]}, "scope"), ({"start_time": "soon"}, "start_time"),
                                          ({"faults": [{"fault": "x"}]}, "fault"), ({"tick_s": 0}, "tick_s")])
def test_wrong_configurations_are_explained(tmp_path, config, word):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(config))
    done = subprocess.run([sandbox_binary(), "--port", "0", "--config", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and word in done.stderr and done.stdout == ""


def test_wrong_arguments():
    for arguments in (["--port", "70000"], ["--quirks", "some"], ["extra"], ["--no-such"]):
        done = subprocess.run([sandbox_binary(), *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and done.stderr.startswith("leadferry-sandbox: ")
    assert "Example" in subprocess.run([sandbox_binary(), "--help"], capture_output=True, text=True, timeout=20).stdout


def test_port_in_use(sandbox):
    done = subprocess.run([sandbox_binary(), "--port", str(sandbox.port)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "cannot listen" in done.stderr


def test_keys_with_scopes_in_the_configuration(start_sandbox):
    sandbox = start_sandbox(config={"keys": [{"name": "k", "key": "my-key", "scopes": ["leads:read"]}]})
    assert sandbox.api_key == "my-key"
    assert sandbox.api("POST", "/leads/list", {}).status == 200 and sandbox.api("GET", "/campaigns").status == 403


def everything(sandbox):
    return sandbox.state(), sandbox.audit(), sandbox.leads(), sandbox.api("GET", "/campaigns/analytics").json, \
        sandbox.api("GET", "/campaigns").json, sandbox.api("GET", "/block-lists-entries?limit=100").json, \
        sandbox.api("GET", "/subsequences").json, sandbox.api("GET", "/api-keys").json


def test_state_file_goes_on_where_it_stopped(start_sandbox, tmp_path):
    after = {"name": "After", "conditions": {"lead_activity": [91]}, "steps": steps(9, 9)}
    config = workspace({"steps": steps(2, 2), "subsequences": [after]}, chances={"open": 0.5, "reply": 0.2, "unsubscribe": 0.1})
    through = start_sandbox(config=config)
    broken = start_sandbox("--state", tmp_path / "state", config=config)
    for sandbox in (through, broken):
        sandbox.add(sandbox.campaign("C"), *addresses(200), own("full@x.example", first_name="Ada \"x\""))
        sandbox.control("POST", "/block", {"value": "x5.example"})
        sandbox.advance(days=3)
        sandbox.api("DELETE", "/leads", {"campaign_id": sandbox.campaign("C"), "status": -2})
        sandbox.advance(days=1)
    assert broken.stop() == 0
    resumed = start_sandbox("--state", tmp_path / "state", config=config)
    assert resumed.api_key == through.api_key and resumed.campaigns[0]['id'] == through.campaigns[0]['id']
    assert resumed.campaigns[0]['status'] == 4, 'as it was saved'
    assert everything(resumed)[1:] == everything(through)[1:]
    for sandbox in (through, resumed):
        sandbox.advance(days=40)
        sandbox.add(sandbox.campaign("C"), "late@x.example")
    assert everything(resumed) == everything(through)


def test_damaged_state_files_are_refused(start_sandbox, tmp_path):
    path = tmp_path / "state"
    sandbox = start_sandbox("--state", path)
    sandbox.add(sandbox.campaign("Founders"), *addresses(20))
    sandbox.advance(days=1)
    sandbox.stop()
    whole = path.read_bytes()
    for damaged in (b"", b"{}", whole[:-1], whole[:len(whole) // 2], whole + b"x", b"LFS2" + whole[4:]):
        path.write_bytes(damaged)
        done = subprocess.run([sandbox_binary(), "--port", "0", "--state", path], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and "state" in done.stderr, done


def test_a_stop_that_only_the_client_knows_of(start_sandbox):
    """Mails after it count, and taking its row out is no deletion of an unfinished one; so with a bounce elsewhere."""
    sandbox = start_sandbox("--stamp", "leadferry", config=workspace({"steps": steps(1, 1, 1)}))
    sandbox.add(sandbox.campaign("C"), own("ann@x.example"), own("bob@x.example"))
    sandbox.advance(hours=3)
    assert sandbox.totals()["mails_sent"] == 2
    sandbox.stop_person("Ann@x.example")
    assert sandbox.request("POST", "/_sandbox/stop", {"email": "nobody"}).status == 400
    sandbox.advance(days=1)
    assert sandbox.totals()["mailed_after_stop"] == 1
    audit = {row["email"]: row for row in sandbox.audit()["addresses"]}
    assert audit["ann@x.example"]["stopped_at"] and not audit["bob@x.example"]["stopped_at"]
    assert "stopped" in [event["event"] for event in audit["ann@x.example"]["events"]]
    sandbox.api("DELETE", f"/leads/{sandbox.lead('ann@x.example')['id']}")
    assert sandbox.totals()["deleted_unfinished"] == 0
