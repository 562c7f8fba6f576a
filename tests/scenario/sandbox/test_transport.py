"""What every request goes through before it means anything: edge, route, key, rate, plan, scope, path, body, schema."""
import email.utils
import time

import pytest

LIST = "/api/v2/leads/list"
UUID = "0190ffff-0000-7000-8000-000000000000"
AGENT = {"User-Agent": "scenario/1"}


def envelope(answer, status, error):
    assert answer.status == status, answer
    assert answer.json["statusCode"] == status
    assert answer.json["error"] == error
    return answer.json["message"]


def test_missing_unknown_and_revoked_keys_are_401(sandbox):
    assert envelope(sandbox.request("GET", "/api/v2/campaigns", headers=AGENT), 401, "Unauthorized") \
        == "Missing Authorization header"
    envelope(sandbox.api("GET", "/campaigns", key="wrong"), 401, "Unauthorized")
    created = sandbox.api("POST", "/api-keys", {"name": "short-lived", "scopes": ["all:all"]}).json
    assert sandbox.api("GET", "/campaigns", key=created["key"]).status == 200
    assert sandbox.api("DELETE", f"/api-keys/{created['id']}").status == 200
    envelope(sandbox.api("GET", "/campaigns", key=created["key"]), 401, "Unauthorized")


def test_scopes(sandbox):
    key = sandbox.api("POST", "/api-keys", {"name": "reader", "scopes": ["all:read", "leads:delete"]}).json["key"]
    assert sandbox.api("POST", LIST, {}, key=key).status == 200
    assert sandbox.api("GET", "/campaigns/analytics", key=key).status == 200
    message = envelope(sandbox.api("POST", f"/campaigns/{sandbox.campaign('Founders')}/pause", key=key), 403, "Forbidden")
    assert "campaigns:update" in message
    body = {"campaign_id": sandbox.campaign("Founders"), "leads": [{"email": "a@b.example"}]}
    envelope(sandbox.api("POST", "/leads/add", body, key=key), 403, "Forbidden")
    envelope(sandbox.api("POST", "/api-keys", {"name": "x", "scopes": ["analytics:read"]}), 400, "Bad Request")


def test_key_is_shown_once(sandbox):
    created = sandbox.api("POST", "/api-keys", {"name": "seen once", "scopes": ["leads:all"]}).json
    listed = next(k for k in sandbox.api("GET", "/api-keys?limit=100").json["items"] if k["id"] == created["id"])
    assert listed["key"] != created["key"] and listed["scopes"] == ["leads:all"]


def test_unpaid_workspace_is_402(sandbox):
    sandbox.control("POST", "/plan", {"is_paid": False})
    envelope(sandbox.api("GET", "/campaigns"), 402, "Payment Required")


def test_workspace_header(sandbox):
    own = sandbox.api("GET", "/workspaces/current").json["id"]
    assert sandbox.api("GET", "/campaigns", headers={"x-as-workspace": own}).status == 200
    assert sandbox.api("GET", "/campaigns", headers={"x-as-workspace": UUID}).status == 403


@pytest.mark.parametrize("agent", [None, "Python-urllib/3.11"])
def test_edge_turns_library_agents_away(sandbox, agent):
    headers = {"Authorization": f"Bearer {sandbox.api_key}"} | ({"User-Agent": agent} if agent else {})
    answer = sandbox.request("GET", "/api/v2/campaigns", headers=headers)
    assert answer.status == 403 and answer.headers["content-type"].startswith("text/html") and answer.json is None


def test_empty_body_with_json_content_type(sandbox):
    path = f"/campaigns/{sandbox.campaign('On hold')}/pause"
    answer = sandbox.api("POST", path, headers={"Content-Type": "application/json"})
    envelope(answer, 400, "Bad Request")
    assert answer.json["code"] == "FST_ERR_CTP_EMPTY_JSON_BODY"
    assert sandbox.api("POST", path).status == 200
    assert sandbox.api("POST", path, {}).status == 200


@pytest.mark.parametrize("body, status", [("{", 400), ("{} {}", 400), (b'{"search":"\xff"}', 400), ("[]", 400), ("7", 400)])
def test_malformed_bodies(sandbox, body, status):
    answer = sandbox.api("POST", LIST, body, headers={"Content-Type": "application/json"})
    envelope(answer, status, "Bad Request")


def test_body_without_json_content_type(sandbox):
    envelope(sandbox.api("POST", LIST, "{}", headers={"Content-Type": "text/plain"}), 415, "Unsupported Media Type")


def test_paths(sandbox):
    assert envelope(sandbox.api("GET", "/leads/7"), 400, "Bad Request") == 'params/id must match format "uuid"'
    assert envelope(sandbox.api("GET", f"/leads/{UUID}"), 404, "Not Found") == "Resource not found"
    assert envelope(sandbox.api("GET", "/leads"), 404, "Not Found") == "Route GET:/api/v2/leads not found"


def test_validator_speaks_like_ajv(sandbox):
    campaign = sandbox.campaign("Founders")

    def message(path, body):
        return envelope(sandbox.api("POST", path, body), 400, "Bad Request")

    assert message("/leads/add", {"campaign_id": campaign}) == "body must have required property 'leads'"
    assert message("/leads/add", {"campaign_id": campaign, "leads": []}) == "body/leads must NOT have fewer than 1 items"
    many = [{"email": f"u{i}@x.example"} for i in range(1001)]
    assert message("/leads/add", {"campaign_id": campaign, "leads": many}) \
        == "body/leads must NOT have more than 1000 items"
    assert message(LIST, {"campaign": "7"}) == 'body/campaign must match format "uuid"'
    assert message(LIST, {"limit": 101}) == "body/limit must be <= 100"
    assert message(LIST, {"ids": ["x"]}) == 'body/ids/0 must match format "uuid"'
    assert message("/leads/add", {"campaign_id": campaign, "leads": [{"email": ["a"]}]}) \
        == "body/leads/0/email must be string,null"


def test_scalars_are_coerced(sandbox):
    assert sandbox.api("POST", LIST, {"limit": "10", "in_campaign": "true"}).status == 200
    row = sandbox.add(sandbox.campaign("Founders"), {"email": "a@b.example", "phone": 123})
    assert row.json["created_leads"][0]["phone"] == "123"


def test_unknown_properties_are_dropped_unless_strict(sandbox):
    sandbox.add(sandbox.campaign("Founders"), "a@b.example")
    assert len(sandbox.api("POST", LIST, {"campaign_id": UUID, "email": "x@y.example"}).json["items"]) == 1
    sandbox.control("POST", "/quirks", {"unknown_properties_ignored": False})
    message = envelope(sandbox.api("POST", LIST, {"campaign_id": UUID}), 400, "Bad Request")
    assert message == "body must NOT have additional properties"


def test_body_of_more_than_a_mebibyte(sandbox):
    answer = sandbox.add(sandbox.campaign("Founders"), {"email": "a@b.example", "personalization": "x" * 1100000})
    assert envelope(answer, 413, "Payload Too Large")
    assert sandbox.totals()["created_by_api"] == 0


@pytest.mark.parametrize("sliding", [True, False])
def test_rate_limit_of_the_second(start_sandbox, sliding):
    sandbox = start_sandbox(config={"rate": {"per_second": 5, "sliding": sliding, "retry_after": True}})
    answers = [sandbox.api("GET", "/campaigns?limit=1") for _ in range(15)]
    refused = [a for a in answers if a.status == 429]
    assert refused and envelope(refused[0], 429, "Too Many Requests") == "Rate limit exceeded"
    assert refused[0].headers["retry-after"] == "1"
    time.sleep(1.1)
    assert sandbox.api("GET", "/campaigns?limit=1").status == 200


def test_rate_limit_of_the_minute_and_of_emails(start_sandbox):
    sandbox = start_sandbox(config={"rate": {"per_minute": 8, "emails_per_minute": 2}})
    emails = [sandbox.api("GET", "/emails").status for _ in range(3)]
    assert emails == [200, 200, 429]
    rest = [sandbox.api("GET", "/campaigns").status for _ in range(7)]
    assert rest == [200] * 6 + [429]
    assert "retry-after" not in sandbox.api("GET", "/campaigns").headers


def test_date_is_the_virtual_clock(sandbox):
    def date():
        return email.utils.parsedate_to_datetime(sandbox.api("GET", "/campaigns?limit=1").headers["date"])

    before = date()
    assert before.isoformat() == "2026-11-02T08:00:00+00:00"
    sandbox.advance(days=40)
    assert (date() - before).days == 40


def test_cursor_paging_of_get_lists(sandbox):
    seen, cursor = [], None
    for _ in range(4):
        page = sandbox.api("GET", "/campaigns?limit=2" + (f"&starting_after={cursor}" if cursor else "")).json
        seen += [c["name"] for c in page["items"]]
        cursor = page.get("next_starting_after")
        if not cursor:
            break
    assert seen == ["Founders", "Operations", "Next quarter", "On hold", "Last year"]
    assert sandbox.api("GET", "/campaigns?limit=200").json["items"] == []
    sandbox.control("POST", "/quirks", {"get_limit_over_100_is_empty": False})
    assert sandbox.api("GET", "/campaigns?limit=200").status == 400
    assert sandbox.api("GET", "/campaigns?limit=0").status == 400


def test_control_needs_no_key_and_no_agent(sandbox):
    assert sandbox.request("GET", "/_sandbox/state").status == 200
    assert sandbox.request("GET", "/_sandbox/nothing").status == 404
