"""The sending engine on the virtual clock: who is mailed when, and when a campaign is over."""
import datetime

QUIET = {"open": 0, "click": 0, "reply": 0, "auto_reply": 0, "bounce": 0, "unsubscribe": 0, "skip": 0}
ALWAYS = {"schedules": [{"name": "always", "timing": {"from": "00:00", "to": "23:59"},
                         "days": {str(d): True for d in range(7)}, "timezone": "Etc/GMT+12"}]}


def steps(*delays, variants=1):
    return [{"type": "email", "delay": delay, "delay_unit": "days",
             "variants": [{"subject": f"s{v}", "body": "b"} for v in range(variants)]} for delay in delays]


def workspace(*campaigns, **more):
    own = [{"name": "C", "status": 1, "campaign_schedule": ALWAYS, "steps": steps(2, 3, 1), **c} for c in campaigns]
    return {"chances": QUIET, "campaigns": own, "rate": {"enabled": False}, **more}


def addresses(n, domain="x{}.example"):
    return [f"u{i}@{domain.format(i)}" for i in range(n)]


def mails(sandbox, email):
    events = next(a for a in sandbox.audit()["addresses"] if a["email"] == email)["events"]
    return [datetime.datetime.fromisoformat(e["at"].replace("Z", "+00:00")) for e in events if e["event"] == "sent"]


def sent(sandbox):
    return sandbox.totals()["mails_sent"]


def test_steps_and_delays(start_sandbox):
    sandbox = start_sandbox(config=workspace({}))
    campaign = sandbox.campaign("C")
    sandbox.add(campaign, "a@x.example")
    row = sandbox.lead("a@x.example")
    assert row["status"] == 1 and row["status_summary"] == {} and row["timestamp_last_contact"] is None
    sandbox.advance(hours=1)
    row = sandbox.lead("a@x.example")
    assert row["status"] == 1 and row["status_summary"]["lastStep"]["stepID"] == "0_0_0"
    assert row["status_summary"]["lastStep"]["from"] == row["last_contacted_from"]
    assert row["status_summary"]["lastStep"]["timestamp_executed"] == row["timestamp_last_contact"]
    sandbox.advance(days=4)
    assert sandbox.lead("a@x.example")["status"] == 1, "the last step is due on day 5"
    sandbox.advance(days=1)
    assert sandbox.lead("a@x.example")["status"] == 3, "completed with the last mail, not after its delay"
    gaps = [(b - a).total_seconds() / 86400 for a, b in zip(mails(sandbox, "a@x.example"), mails(sandbox, "a@x.example")[1:])]
    assert [round(gap, 1) for gap in gaps] == [2, 3], "a delay belongs to the step before it"


def test_single_step_completes_at_once(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1)}))
    sandbox.add(sandbox.campaign("C"), "a@x.example")
    sandbox.advance(hours=1)
    assert sandbox.lead("a@x.example")["status"] == 3


def test_schedule_window_days_and_zone(start_sandbox):
    zone = {"schedules": [{"name": "w", "timing": {"from": "09:00", "to": "17:00"}, "timezone": "America/Chicago",
                           "days": {"1": True, "2": True, "3": True, "4": True, "5": True}}]}
    sandbox = start_sandbox(config=workspace({"campaign_schedule": zone, "daily_limit": 100, "steps": steps(1)}))
    sandbox.add(sandbox.campaign("C"), *addresses(400))
    sandbox.advance(hours=6)  # Monday 08:00 to 14:00 UTC: 08:00 in Chicago
    assert sent(sandbox) == 0
    status = sandbox.api("GET", f"/campaigns/{sandbox.campaign('C')}/sending-status").json
    assert status["diagnostics"]["status"] == "out_of_schedule"
    assert sandbox.api("GET", f"/campaigns/{sandbox.campaign('C')}").json["not_sending_status"] == 1
    sandbox.advance(days=14)
    times = [mails(sandbox, email)[0] for email in addresses(400)]
    assert all(15 <= t.hour < 23 and t.weekday() < 5 for t in times)
    per_day = {}
    for t in times:
        per_day[t.date()] = per_day.get(t.date(), 0) + 1
    assert set(per_day.values()) == {100}


def test_start_and_end_date(start_sandbox):
    sandbox = start_sandbox(config=workspace(
        {"campaign_schedule": {**ALWAYS, "start_date": "2026-11-05", "end_date": "2026-11-06"}, "steps": steps(9, 9)}))
    sandbox.add(sandbox.campaign("C"), "a@x.example")
    sandbox.advance(days=2)
    assert sent(sandbox) == 0
    sandbox.advance(days=30)
    assert sent(sandbox) == 1


def test_daily_max_leads(start_sandbox):
    sandbox = start_sandbox(config=workspace({"daily_max_leads": 10, "steps": steps(1, 1)}))
    sandbox.add(sandbox.campaign("C"), *addresses(25))
    sandbox.advance(hours=3)
    assert sent(sandbox) == 10
    status = sandbox.api("GET", f"/campaigns/{sandbox.campaign('C')}/sending-status").json["diagnostics"]
    assert status["new_lead_limit"] == {"enabled": True, "limit": 10, "contacted": 10, "limit_hit": True}
    sandbox.advance(days=2)
    assert sandbox.state()["campaigns"][0]["leads"]["contacted"] == 25


def test_account_limits(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1)}, accounts_n=2, account_daily_limit=5))
    sandbox.add(sandbox.campaign("C"), *addresses(25))
    sandbox.advance(hours=8)
    assert sent(sandbox) == 10
    assert sandbox.api("GET", f"/campaigns/{sandbox.campaign('C')}").json["not_sending_status"] == 4
    sandbox.advance(days=2)
    assert sent(sandbox) == 25


def test_each_campaign_sends_from_its_own_mailboxes(start_sandbox):
    accounts = [{"email": f"m{i}@s.example", "healthy": i != 2} for i in range(5)]
    own = {"steps": steps(1, 1), "email_list": ["m1@s.example", "m2@s.example", "m3@s.example", "gone@s.example"]}
    sandbox = start_sandbox(config=workspace(own, accounts=accounts))
    sandbox.add(sandbox.campaign("C"), *addresses(60))
    sandbox.advance(hours=2)
    first = {r["email"]: r["last_contacted_from"] for r in sandbox.leads()}
    assert set(first.values()) == {"m1@s.example", "m3@s.example"}, "m2 is not healthy"
    sandbox.advance(days=2)
    assert {r["email"]: r["last_contacted_from"] for r in sandbox.leads()} == first, "a thread keeps its mailbox"


def test_follow_ups_go_before_new_leads(start_sandbox):
    for new_first, expected in ((False, 10), (True, 20)):
        sandbox = start_sandbox(config=workspace({"daily_limit": 10, "steps": steps(1, 1), "prioritize_new_leads": new_first}))
        sandbox.add(sandbox.campaign("C"), *addresses(40))
        sandbox.advance(days=2)
        contacted = sandbox.state()["campaigns"][0]["leads"]["contacted"]
        assert contacted <= expected + 10 and (contacted > 10) == (new_first or contacted > 10)
        totals = {e: len(mails(sandbox, e)) for e in addresses(40)}
        assert (2 in totals.values()) != new_first


def test_states_that_do_not_send(start_sandbox):
    states = {"Draft": 0, "Paused": 2, "Completed": 3, "Unhealthy": -1, "Protected": -2, "Suspended": -99}
    sandbox = start_sandbox(config=workspace(*[{"name": n, "status": s, "steps": steps(1)} for n, s in states.items()]))
    for i, name in enumerate(states):
        assert sandbox.add(sandbox.campaign(name), f"u{i}@x.example").json["leads_uploaded"] == 1
    sandbox.advance(days=10)
    assert sent(sandbox) == 0
    assert {row["status"] for row in sandbox.leads()} == {1}
    for name in ("Draft", "Paused", "Completed"):
        activated = sandbox.api("POST", f"/campaigns/{sandbox.campaign(name)}/activate").json
        assert activated["status"] == 1
    sandbox.advance(hours=2)
    assert sent(sandbox) == 3


def test_pause_holds_and_resume_releases(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1, 1)}))
    campaign = sandbox.campaign("C")
    sandbox.add(campaign, *addresses(5))
    sandbox.advance(hours=1)
    assert sandbox.api("POST", f"/campaigns/{campaign}/pause").json["status"] == 2
    sandbox.advance(days=3)
    assert sent(sandbox) == 5
    sandbox.api("POST", f"/campaigns/{campaign}/activate")
    sandbox.advance(hours=1)
    assert sent(sandbox) == 10


def test_campaign_completes_and_new_leads_wait_for_activate(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1)}, {"name": "E", "steps": steps(1), "is_evergreen": True}))
    campaign, evergreen = sandbox.campaign("C"), sandbox.campaign("E")
    sandbox.advance(days=3)
    assert [c["status"] for c in sandbox.state()["campaigns"]] == [1, 1], "never fed: waits for leads"
    sandbox.add(campaign, "a@x.example")
    sandbox.add(evergreen, "b@x.example")
    sandbox.advance(hours=2)
    assert [c["status"] for c in sandbox.state()["campaigns"]] == [3, 1]
    sandbox.add(campaign, "c@x.example")
    sandbox.add(evergreen, "d@x.example")
    sandbox.advance(days=5)
    assert sandbox.lead("c@x.example")["timestamp_last_contact"] is None
    assert sandbox.lead("d@x.example")["status"] == 3
    sandbox.api("POST", f"/campaigns/{campaign}/activate")
    sandbox.advance(hours=2)
    assert sandbox.lead("c@x.example")["status"] == 3


def test_variants_are_split_and_disabled_ones_left_out(start_sandbox):
    one = steps(1, variants=3)
    one[0]["variants"][1]["v_disabled"] = True
    sandbox = start_sandbox(config=workspace({"steps": one}))
    campaign = sandbox.campaign("C")
    sandbox.add(campaign, *addresses(200))
    sandbox.advance(hours=2)
    rows = sandbox.api("GET", f"/campaigns/analytics/steps?campaign_id={campaign}").json
    counts = {row["variant"]: row["sent"] for row in rows if row["step"] == "1"}
    assert set(counts) == {"0", "2"} and sum(counts.values()) == 200 and min(counts.values()) > 60


def test_blocked_later_is_skipped_at_send(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1, 1)}))
    sandbox.add(sandbox.campaign("C"), "a@x.example", "b@y.example", "c@z.example")
    sandbox.api("POST", "/block-lists-entries", {"bl_value": "A@x.example"})
    sandbox.advance(hours=1)
    sandbox.api("POST", "/block-lists-entries", {"bl_value": "y.example"})
    sandbox.advance(days=3)
    assert [sandbox.lead(e)["status"] for e in ("a@x.example", "b@y.example", "c@z.example")] == [-3, -3, 3]
    assert sandbox.lead("a@x.example")["timestamp_last_contact"] is None
    assert sandbox.lead("b@y.example")["timestamp_last_contact"] is not None
    assert sandbox.totals()["mailed_after_stop"] == 0


def test_risky_and_invalid_are_skipped(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(1)}, {"name": "R", "steps": steps(1), "allow_risky_contacts": True}))
    for name in ("C", "R"):
        sandbox.add(sandbox.campaign(name), *addresses(300), verify_leads_on_import=True)
    sandbox.advance(days=1)
    strict, lax = (sandbox.leads(campaign=sandbox.campaign(n)) for n in ("C", "R"))
    assert {r["verification_status"] for r in strict if r["status"] == 3} == {1}
    assert {r["verification_status"] for r in lax if r["status"] == 3} == {1, -2, -3}
    assert {r["verification_status"] for r in lax if r["status"] == -3} == {-1}


def test_moved_rows_start_over_in_the_new_campaign(start_sandbox):
    sandbox = start_sandbox(config=workspace({"steps": steps(5, 5)}, {"name": "D", "steps": steps(1)}, job_s=0))
    source, target = sandbox.campaign("C"), sandbox.campaign("D")
    ids = [c["id"] for c in sandbox.add(source, "a@x.example").json["created_leads"]]
    sandbox.advance(hours=1)
    sandbox.api("POST", "/leads/move", {"campaign": source, "ids": ids, "to_campaign_id": target})
    sandbox.advance(hours=1)
    assert sandbox.lead("a@x.example")["status"] == 3
    sandbox.advance(days=20)
    assert sent(sandbox) == 2, "the old follow-up is gone"


def test_same_seed_same_story_whatever_the_order(start_sandbox):
    def story(seed, order):
        chances = {"open": 0.5, "reply": 0.2, "bounce": 0.1, "unsubscribe": 0.1, "skip": 0.1}
        sandbox = start_sandbox("--seed", seed, config=workspace({}, chances=chances))
        for email in order:
            sandbox.add(sandbox.campaigns[0]["id"], email)
        sandbox.advance(days=60)
        return {r["email"]: (r["status"], r["email_open_count"], r["email_reply_count"], r["timestamp_last_open"])
                for r in sandbox.leads()}

    people = addresses(60)
    assert story(5, people) == story(5, people[::-1])
    assert story(5, people) != story(6, people)


def test_deterministic_ids(start_sandbox):
    one, two, other = start_sandbox("--seed", 9), start_sandbox("--seed", 9), start_sandbox("--seed", 10)
    assert one.api_key == two.api_key and one.campaigns == two.campaigns
    assert one.api_key != other.api_key and one.campaigns != other.campaigns
    a, b = (s.add(s.campaigns[0]["id"], "a@x.example").json["created_leads"] for s in (one, two))
    assert a == b


def test_ten_thousand_leads_finish_in_a_month(sandbox):
    campaign = sandbox.campaign("Founders")
    for part in range(10):
        sandbox.add(campaign, *[f"u{i}@x{i % 997}.example" for i in range(part * 1000, part * 1000 + 1000)])
    sandbox.advance(days=30)
    state = sandbox.state()["campaigns"][0]
    assert state["leads"]["active"] == 0 and state["status"] == 3
    assert sandbox.totals()["mailed_after_stop"] == 0
