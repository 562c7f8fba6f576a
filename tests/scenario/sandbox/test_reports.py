"""Analytics, block list, e-mails, verification: what can be read about a workspace."""
from test_engine import addresses, steps, workspace


def test_analytics_agree_with_the_events(sandbox):
    founders = sandbox.campaign("Founders")
    assert sandbox.api("GET", "/campaigns/analytics").json == [], "nothing before the first mail"
    sandbox.add(founders, *addresses(300))
    sandbox.advance(days=50)
    sums = sandbox.api("GET", f"/campaigns/analytics?id={founders}").json[0]
    rows = sandbox.leads(campaign=founders)
    assert sums["emails_sent_count"] == sandbox.totals()["mails_sent"] == sums["contacted_count"]
    assert sums["new_leads_contacted_count"] == sum(r["timestamp_last_contact"] is not None for r in rows)
    assert sums["open_count"] == sum(r["email_open_count"] for r in rows)
    assert sums["open_count_unique"] == sum(r["email_open_count"] > 0 for r in rows)
    assert sums["reply_count"] + sums["reply_count_automatic"] == sum(r["email_reply_count"] for r in rows)
    assert sums["bounced_count"] == sum(r["status"] == -1 for r in rows)
    assert sums["unsubscribed_count"] == sum(r["status"] == -2 for r in rows)
    assert sums["completed_count"] >= sum(r["status"] == 3 for r in rows)
    daily = sandbox.api("GET", f"/campaigns/analytics/daily?campaign_id={founders}").json
    stepwise = sandbox.api("GET", f"/campaigns/analytics/steps?campaign_id={founders}").json
    overview = sandbox.api("GET", f"/campaigns/analytics/overview?id={founders}").json
    assert sum(d["sent"] for d in daily) == sum(s["sent"] for s in stepwise) == overview["emails_sent_count"]
    assert sum(d["opened"] for d in daily) == sums["open_count"]
    assert {(s["step"], s["variant"]) for s in stepwise} == {("1", "0"), ("1", "1"), ("2", "0"), ("3", "0"), (None, None)}
    assert [d["date"] for d in daily] == sorted(d["date"] for d in daily)


def test_analytics_ranges_end_at_midnight(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1, 1)}))
    sandbox.add(sandbox.campaign("C"), *addresses(5))
    sandbox.advance(days=3)

    def sent(query):
        answer = sandbox.api("GET", f"/campaigns/analytics/overview?{query}").json
        return answer["emails_sent_count"]

    assert sent("") == 10
    assert sent("start_date=2026-11-02&end_date=2026-11-02") == 0, "an end date excludes its day"
    assert sent("start_date=2026-11-02&end_date=2026-11-03") == 5
    assert sent("start_date=2026-11-03") == 5


def test_deleting_lowers_leads_but_not_sends(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1)}))
    campaign = sandbox.campaign("C")
    sandbox.add(campaign, *addresses(5))
    sandbox.advance(hours=2)
    sandbox.api("DELETE", "/leads", {"campaign_id": campaign, "status": 3})
    sums = sandbox.api("GET", f"/campaigns/analytics?ids={campaign}").json[0]
    assert (sums["leads_count"], sums["emails_sent_count"]) == (0, 5)


def test_contacted_overcount_is_a_quirk(start_sandbox):
    for on, expected in ((True, 10), (False, 5)):
        sandbox = start_sandbox(config=workspace({"steps": steps(1, 1)}, quirks={"contacted_count_overcounts": on}))
        sandbox.add(sandbox.campaign("C"), *addresses(5))
        sandbox.advance(days=3)
        assert sandbox.api("GET", "/campaigns/analytics").json[0]["contacted_count"] == expected


def test_sending_status(sandbox):
    def status(name):
        return sandbox.api("GET", f"/campaigns/{sandbox.campaign(name)}/sending-status").json

    assert status("Founders") == {"diagnostics": None, "summary": None}, "no loop has looked at it"
    assert status("On hold")["summary"]["status"] == "campaign_paused"
    assert status("Next quarter")["summary"]["status"] == "campaign_draft"
    sandbox.add(sandbox.campaign("Founders"), "a@x.example")
    sandbox.advance(hours=2)
    found = status("Founders")["diagnostics"]
    assert found["status"] == "follow_up_delay_not_met" and found["follow_ups_waiting"]["count"] == 1


def test_block_list(sandbox):
    path = "/block-lists-entries"
    one = sandbox.api("POST", path, {"bl_value": " Someone@X.example "}).json
    assert (one["bl_value"], one["is_domain"]) == ("someone@x.example", False)
    assert sandbox.api("POST", path, {"bl_value": "SOMEONE@x.example"}).json["id"] == one["id"]
    assert sandbox.api("POST", path, {"bl_value": "not a value"}).status == 400
    many = sandbox.api("POST", path + "/bulk-create", {"bl_values": ["y.example", "b@z.example", "?"]}).json
    assert (many["valid_count"], many["invalid_count"], len(many["items"])) == (2, 1, 2)
    assert sandbox.api("POST", path + "/bulk-create", {"bl_values": ["x.example"] * 1001}).status == 400
    assert [e["bl_value"] for e in sandbox.api("GET", path + "?domains_only=true").json["items"]] == ["y.example"]
    assert len(sandbox.api("GET", path + "?search=z.ex").json["items"]) == 1
    csv = sandbox.api("GET", path + "/download")
    assert csv.headers["content-type"].startswith("text/csv")
    lines = csv.body.decode().split("\r\n")
    assert lines[0] == "Blocked Email,Date" and lines[1] == "someone@x.example,2026-11-02T08:00:00.000Z"
    assert sandbox.api("PATCH", f"{path}/{one['id']}", {"bl_value": "other@x.example"}).json["bl_value"] == "other@x.example"
    ids = [e["id"] for e in sandbox.api("GET", path).json["items"]]
    assert sandbox.api("DELETE", f"{path}/{ids[0]}").json["id"] == ids[0]
    assert sandbox.api("GET", f"{path}/{ids[0]}").status == 404
    assert [e["id"] for e in sandbox.api("POST", path + "/bulk-delete", {"ids": ids}).json] == ids[1:]
    sandbox.api("POST", path + "/bulk-create", {"bl_values": [f"u{i}@x.example" for i in range(30)]})
    assert len(sandbox.api("DELETE", path).json) == 30 and sandbox.api("GET", path).json["items"] == []


def test_emails(sandbox):
    sandbox.add(sandbox.campaign("Founders"), "a@x.example", "b@x.example")
    sandbox.advance(hours=4)
    sandbox.outcome("a@x.example", "replied")
    sandbox.outcome("b@x.example", "auto_replied")
    found = sandbox.api("GET", "/emails?email_type=received").json["items"]
    assert [(e["lead"], e["is_auto_reply"]) for e in found] == [("b@x.example", 1), ("a@x.example", 0)]
    assert all(e["campaign_id"] == sandbox.campaign("Founders") and e["ue_type"] == 2 for e in found)
    assert [e["ue_type"] for e in sandbox.api("GET", "/emails?lead=a@x.example&sort_order=asc").json["items"]] == [1, 2]
    first = sandbox.api("GET", "/emails?limit=2").json
    rest = sandbox.api("GET", f"/emails?limit=2&starting_after={first['next_starting_after']}").json
    ids = [e["id"] for e in first["items"] + rest["items"]]
    assert len(set(ids)) == 4 and ids == sorted(ids, reverse=True)
    assert sandbox.api("GET", "/emails?min_timestamp_created=2027-01-01").json["items"] == []


def test_email_verification(sandbox):
    answers = {}
    for i in range(30):
        answer = sandbox.api("POST", "/email-verification", {"email": f"u{i}@x.example"}).json
        answers.setdefault(answer["verification_status"], answer)
    assert set(answers) >= {"pending", "verified"} and answers["pending"]["catch_all"] == "pending"
    path = f"/email-verification/{answers['pending']['email']}"
    assert sandbox.api("GET", path).json["verification_status"] == "pending"
    sandbox.advance(20)
    assert sandbox.api("GET", path).json["verification_status"] in ("verified", "invalid")
    assert sandbox.api("GET", "/email-verification/none@x.example").status == 404


def test_campaigns(sandbox):
    created = sandbox.api("POST", "/campaigns", {
        "name": "Mine", "account_ids": ["dropped"], "campaign_schedule": {"schedules": [
            {"name": "s", "timing": {"from": "09:00", "to": "17:00"}, "days": {"1": True}, "timezone": "America/Detroit"}]}})
    assert created.status == 200 and created.json["status"] == 0 and "account_ids" not in created.json
    path = f"/campaigns/{created.json['id']}"
    assert sandbox.api("POST", path + "/activate").status == 400, "no steps yet"
    sequences = [{"steps": [{"type": "email", "delay": 1, "variants": [{"subject": "s", "body": "b"}]}]}]
    changed = sandbox.api("PATCH", path, {"sequences": sequences, "daily_limit": 30, "status": 1}).json
    assert (changed["sequences"], changed["daily_limit"], changed["status"]) == (sequences, 30, 0)
    assert sandbox.api("POST", path + "/activate").json["status"] == 1
    assert sandbox.api("POST", path + "/variables", {"variables": ["city"]}).json["custom_variables"] == {"city": "city"}
    assert [c["name"] for c in sandbox.api("GET", "/campaigns?search=mIn").json["items"]] == ["Mine"]
    assert [c["name"] for c in sandbox.api("GET", "/campaigns?status=0").json["items"]] == ["Next quarter"]
    assert sandbox.api("GET", "/campaigns/count-launched").json == {"count": 5}
    zone = {"schedules": [{"name": "s", "timing": {"from": "09:00", "to": "17:00"}, "days": {"1": True}, "timezone": "UTC"}]}
    assert sandbox.api("PATCH", path, {"campaign_schedule": zone}).status == 400, "the list of zones is closed"
    assert sandbox.api("DELETE", path).status == 200 and sandbox.api("GET", path).status == 404


def test_audit_log_of_the_workspace(sandbox):
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, "a@x.example", "b@x.example")
    sandbox.api("POST", f"/campaigns/{founders}/pause")
    sandbox.control("POST", f"/campaigns/{founders}", {"status": 1})
    sandbox.advance(60)
    sandbox.api("DELETE", "/leads", {"campaign_id": founders, "status": 1})
    items = sandbox.api("GET", "/audit-logs").json["items"]
    assert [(i["activity_type"], i["from_api"], i["affected_count"]) for i in items] == \
        [(2, True, 2), (4, False, 1), (5, True, 1), (9, True, 2)]
    assert {i["campaign_id"] for i in items} == {founders} and items[0]["user_agent"] == "scenario-tests/1.0"
    first = sandbox.api("GET", "/audit-logs?limit=3").json
    rest = sandbox.api("GET", f"/audit-logs?limit=3&starting_after={first['next_starting_after']}").json
    assert first["items"] + rest["items"] == items and "next_starting_after" not in rest
    assert len(sandbox.api("GET", "/audit-logs?activity_type=5").json["items"]) == 1
    assert sandbox.api("GET", "/audit-logs?limit=1001").status == 400
