"""What people do, and what it does to rows, campaigns and statistics."""
from test_engine import QUIET, addresses, sent, steps, workspace


def row_of(sandbox, email="a@x.example"):
    return sandbox.lead(email)


def started(start_sandbox, campaign=None, emails=("a@x.example",), **more):
    sandbox = start_sandbox(config=workspace(campaign or {}, **more))
    sandbox.add(sandbox.campaign("C"), *emails)
    sandbox.advance(hours=1)
    return sandbox


def test_open_and_click(start_sandbox):
    sandbox = started(start_sandbox)
    sandbox.outcome("a@x.example", "opened")
    sandbox.advance(60)
    sandbox.outcome("a@x.example", "opened")
    sandbox.outcome("a@x.example", "clicked")
    row = row_of(sandbox)
    assert (row["email_open_count"], row["email_click_count"], row["status"]) == (2, 1, 1)
    assert (row["email_opened_step"], row["email_opened_variant"], row["email_clicked_step"]) == (0, 0, 0)
    assert row["timestamp_last_open"] == row["timestamp_last_click"] == row["timestamp_updated"]


def test_reply_stops_the_sequence(start_sandbox):
    sandbox = started(start_sandbox)
    sandbox.outcome("a@x.example", "replied")
    row = row_of(sandbox)
    assert (row["status"], row["email_reply_count"], row["email_replied_step"]) == (3, 1, 0)
    sandbox.advance(days=20)
    assert sent(sandbox) == 1 and sandbox.totals()["mailed_after_stop"] == 0


def test_reply_without_stop_on_reply(start_sandbox):
    sandbox = started(start_sandbox, {"stop_on_reply": False})
    sandbox.outcome("a@x.example", "replied")
    assert row_of(sandbox)["status"] == 1
    sandbox.advance(days=20)
    assert sent(sandbox) == 3 and sandbox.totals()["mailed_after_stop"] == 2


def test_late_reply_after_completion(start_sandbox):
    sandbox = started(start_sandbox, {"steps": steps(1)})
    assert row_of(sandbox)["status"] == 3
    sandbox.advance(days=25)
    sandbox.outcome("a@x.example", "replied", positive=True)
    row = row_of(sandbox)
    assert (row["status"], row["email_reply_count"], row["lt_interest_status"]) == (3, 1, 1)


def test_auto_reply_pauses_or_stops(start_sandbox):
    sandbox = started(start_sandbox)
    sandbox.outcome("a@x.example", "auto_replied")
    row = row_of(sandbox)
    assert (row["status"], row["email_reply_count"], row["lt_interest_status"]) == (1, 1, 0)
    assert row["payload"]["pause_until"] > row["timestamp_last_reply"]
    sandbox.advance(days=20)
    assert row_of(sandbox)["status"] == 3 and sent(sandbox) == 3 and "pause_until" not in row_of(sandbox)["payload"]
    sandbox = started(start_sandbox, {"stop_on_auto_reply": True})
    sandbox.outcome("a@x.example", "auto_replied")
    assert row_of(sandbox)["status"] == 3


def test_bounce(start_sandbox):
    sandbox = started(start_sandbox)
    sandbox.add(sandbox.campaigns[0]["id"], "b@x.example")
    sandbox.outcome("a@x.example", "bounced")
    sandbox.advance(days=20)
    assert [row_of(sandbox, e)["status"] for e in ("a@x.example", "b@x.example")] == [-1, 3]
    assert sent(sandbox) == 4


def test_bounce_protect_trips(start_sandbox):
    for disabled, status in ((False, -2), (True, 1)):
        sandbox = start_sandbox(config=workspace({"disable_bounce_protect": disabled, "chances": QUIET | {"bounce": 0.3}}))
        sandbox.add(sandbox.campaign("C"), *addresses(400))
        sandbox.advance(hours=2)
        assert sandbox.state()["campaigns"][0]["status"] == status


def test_unsubscribe_is_local_to_the_campaign(start_sandbox):
    sandbox = start_sandbox(config=workspace({}, {"name": "D"}))
    for name in ("C", "D"):
        sandbox.add(sandbox.campaign(name), "a@x.example")
    sandbox.advance(hours=1)
    sandbox.outcome("a@x.example", "unsubscribed", campaign=sandbox.campaign("C"))
    statuses = {r["campaign"]: r["status"] for r in sandbox.leads(contacts=["a@x.example"])}
    assert statuses == {sandbox.campaign("C"): -2, sandbox.campaign("D"): 1}
    assert sandbox.api("GET", "/block-lists-entries").json["items"] == []
    sandbox.advance(days=20)
    assert sandbox.totals()["mailed_after_stop"] == 2, "the other campaign goes on"


def test_unsubscribe_everywhere_and_to_the_block_list(start_sandbox):
    config = workspace({}, {"name": "D"}, add_unsub_to_block=True, quirks={"stops_are_campaign_local": False})
    sandbox = start_sandbox(config=config)
    for name in ("C", "D"):
        sandbox.add(sandbox.campaign(name), "a@x.example")
    sandbox.outcome("a@x.example", "unsubscribed", campaign=sandbox.campaign("C"))
    assert {r["status"] for r in sandbox.leads()} == {-2}
    assert [e["bl_value"] for e in sandbox.api("GET", "/block-lists-entries").json["items"]] == ["a@x.example"]
    assert sandbox.api("GET", "/workspaces/current").json["add_unsub_to_block"] is True


def test_stop_for_company(start_sandbox):
    sandbox = started(start_sandbox, {"stop_for_company": True},
                      ["a@acme.example", "b@acme.example", "c@other.example"])
    sandbox.outcome("a@acme.example", "replied")
    assert [row_of(sandbox, e)["status"] for e in ("a@acme.example", "b@acme.example", "c@other.example")] == [3, 3, 1]
    sandbox.add(sandbox.campaign("C"), "d@acme.example")
    sandbox.advance(hours=2)
    assert row_of(sandbox, "d@acme.example")["timestamp_last_contact"] is None


def test_chances_are_followed(start_sandbox):
    chances = {"open": 0.5, "click": 0.5, "reply": 0.1, "auto_reply": 0.1, "bounce": 0.04, "unsubscribe": 0.05, "skip": 0.1,
               "positive": 1.0, "late_reply": 0.5}
    sandbox = start_sandbox(config=workspace({"steps": steps(1), "chances": chances}))
    for part in range(2):
        sandbox.add(sandbox.campaign("C"), *addresses(2000)[part * 1000:part * 1000 + 1000])
    sandbox.advance(days=60)
    rows = sandbox.leads(limit=100)
    share = {status: sum(r["status"] == status for r in rows) / 2000 for status in (3, -1, -2, -3)}
    assert 0.07 < share[-3] < 0.13 and 0.02 < share[-1] < 0.06 and 0.02 < share[-2] < 0.08
    assert 0.35 < sum(r["email_open_count"] > 0 for r in rows) / 2000 < 0.5
    assert 0.1 < sum(r["email_reply_count"] > 0 for r in rows) / 2000 < 0.25
    late = [r for r in rows if r.get("lt_interest_status") == 1 and r["timestamp_last_reply"] > "2026-11-07"]
    assert late, "answers weeks after the last mail"


def subsequence(**conditions):
    return {"name": "After", "conditions": conditions, "steps": steps(1, 1)}


def test_subsequence_after_completion(start_sandbox):
    campaign = {"steps": steps(1), "subsequences": [subsequence(lead_activity=[91])]}
    sandbox = started(start_sandbox, campaign)
    row = row_of(sandbox)
    after = sandbox.api("GET", f"/subsequences?parent_campaign={sandbox.campaign('C')}").json["items"][0]
    assert row["status"] == 3 and row["subsequence_id"] == after["id"] and row["timestamp_added_subsequence"]
    assert sandbox.state()["campaigns"][0]["status"] == 4
    sandbox.advance(hours=1)
    assert row_of(sandbox)["status_summary_subseq"]["stepID"] == "0_0_0"
    assert set(row_of(sandbox)["status_summary_subseq"]) == {"from", "stepID", "timestampExecuted"}
    assert [r["email"] for r in sandbox.leads(filter="FILTER_VAL_IN_SUBSEQUENCE")] == ["a@x.example"]
    sandbox.advance(days=2)
    assert sandbox.state()["campaigns"][0]["status"] == 3 and sent(sandbox) == 3
    sums = sandbox.api("GET", f"/subsequences/analytics?campaign_id={sandbox.campaign('C')}").json
    assert sums[0]["emails_sent"] == 2


def test_subsequence_by_interest_open_and_hand(start_sandbox):
    for conditions, event, more in (({"crm_status": [1]}, "interest", {"value": 1}),
                                    ({"lead_activity": [2]}, "opened", {}), ({"lead_activity": [4]}, "clicked", {})):
        sandbox = started(start_sandbox, {"subsequences": [subsequence(**conditions)]})
        assert row_of(sandbox)["subsequence_id"] is None
        sandbox.outcome("a@x.example", event, **more)
        assert row_of(sandbox)["subsequence_id"]
    sandbox = started(start_sandbox, {"subsequences": [subsequence()]})
    after = sandbox.api("GET", "/subsequences").json["items"][0]["id"]
    row = sandbox.api("POST", "/leads/subsequence/move", {"id": row_of(sandbox)["id"], "subsequence_id": after}).json
    assert row["subsequence_id"] == after
    row = sandbox.api("POST", "/leads/subsequence/remove", {"id": row["id"]}).json
    assert row["subsequence_id"] is None and sandbox.totals()["subsequence_removed"] == 1
    sandbox.advance(days=2)
    assert "status_summary_subseq" not in row_of(sandbox)


def test_paused_subsequence_waits(start_sandbox):
    sandbox = started(start_sandbox, {"steps": steps(1), "subsequences": [subsequence(lead_activity=[91])]})
    after = sandbox.api("GET", "/subsequences").json["items"][0]["id"]
    assert sandbox.api("POST", f"/subsequences/{after}/pause").json["status"] == 2
    sandbox.advance(days=5)
    assert sent(sandbox) == 2, "its first mail was out before the pause"
    sandbox.api("POST", f"/subsequences/{after}/resume")
    sandbox.api("POST", f"/campaigns/{sandbox.campaign('C')}/activate")
    sandbox.advance(days=5)
    assert sent(sandbox) == 3


def test_filters(start_sandbox):
    events = ["opened", "clicked", "replied", "bounced", "unsubscribed"]
    emails = [f"{e}@x.example" for e in events] + ["done@x.example", "plain@x.example"]
    sandbox = started(start_sandbox, {"steps": steps(5, 5)}, emails)
    sandbox.add(sandbox.campaign("C"), "new@x.example")
    for event in events:
        sandbox.outcome(f"{event}@x.example", event)
    sandbox.outcome("done@x.example", "interest(2)")

    def found(name):
        return {r["email"].split("@")[0] for r in sandbox.leads(filter=name)}

    assert found("FILTER_VAL_NOT_CONTACTED") == {"new"} and len(found("FILTER_VAL_CONTACTED")) == 7
    assert found("FILTER_VAL_REPLIED") == {"replied"} and found("FILTER_VAL_BOUNCED") == {"bounced"}
    assert found("FILTER_VAL_UNSUBSCRIBED") == {"unsubscribed"} and found("FILTER_VAL_LINK_CLICKED") == {"clicked"}
    assert found("FILTER_VAL_COMPLETED") == {"replied", "done"} and found("FILTER_VAL_COMPLETED_NO_REPLY") == set()
    assert found("FILTER_LEAD_MEETING_BOOKED") == {"done"} and found("FILTER_VAL_OPENED_NO_REPLY") == {"opened"}
    assert found("FILTER_VAL_ACTIVE") == {"opened", "clicked", "plain", "new"} and found("FILTER_VAL_SKIPPED") == set()
    query = {"actionType": "reply", "values": {"occurrence-days": 7}}
    assert [r["email"] for r in sandbox.leads(queries=[query])] == ["replied@x.example"]
    sandbox.advance(days=8)
    assert sandbox.leads(queries=[query]) == []
