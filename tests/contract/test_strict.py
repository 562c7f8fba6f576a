"""The strict gate can fail: each mistake that the API would swallow, and each that a proxy would find too, is refused."""

import pytest
from strict import ABSENT, Exchange

UUID = "019ffad2-9c4e-7be6-8364-ed444afb02d5"
LEADS = [{"email": "a@example.com"}]
ADD_ANSWER = {
    "status": "success", "total_sent": 1, "leads_uploaded": 1, "in_blocklist": 0, "blocklist_used": None, "duplicated_leads": 0,
    "skipped_count": 0, "invalid_email_count": 0, "incomplete_count": 0, "duplicate_email_count": 0, "remaining_in_plan": 10,
    "created_leads": [{"index": 0, "id": UUID, "email": "a@example.com"}],
}  # fmt: skip


def post(path, body, **rest):
    return Exchange("POST", f"/api/v2{path}", request=body, **rest)


SWALLOWED = {
    "campaign on leads/add": (post("/leads/add", {"campaign": UUID, "leads": LEADS}), "request.campaign"),
    "a misspelt skip flag": (
        post("/leads/add", {"campaign_id": UUID, "leads": LEADS, "skip_if_in_worksapce": True}), "request.skip_if_in_worksapce"),
    "campaign_id on leads/list": (post("/leads/list", {"campaign_id": UUID}), "request.campaign_id"),
    "email on leads/list": (post("/leads/list", {"campaign": UUID, "email": "a@example.com"}), "request.email"),
    "delete_list on DELETE /leads": (
        Exchange("DELETE", "/api/v2/leads", request={"campaign_id": UUID, "delete_list": [UUID]}), "request.delete_list"),
    "an unknown query parameter": (Exchange("GET", "/api/v2/campaigns", {"starting_at": "x"}), "starting_at is not documented"),
}  # fmt: skip
REFUSED = {
    "a key deep inside": (
        post("/leads/add", {"campaign_id": UUID, "leads": [{"email": "a@example.com", "company": "x"}]}), "company"),
    "no such operation": (Exchange("GET", "/api/v2/leads"), "no such operation"),
    "a wrong type": (post("/leads/list", {"limit": "10"}), "request.limit"),
    "a number out of range": (post("/leads/list", {"limit": 101}), "request.limit"),
    "a wrong format": (post("/leads/add", {"campaign_id": "x", "leads": LEADS}), "request.campaign_id"),
    "an unknown enum value": (Exchange("DELETE", "/api/v2/leads", request={"campaign_id": UUID, "status": 7}), "request.status"),
    "a missing key": (post("/block-lists-entries/bulk-create", {}), "bl_values"),
    "a missing body": (post("/leads/add", ABSENT), "a request body is required"),
    "too many leads": (post("/leads/add", {"campaign_id": UUID, "leads": LEADS * 1001}), "request.leads"),
    "a path parameter of a wrong format": (Exchange("GET", "/api/v2/leads/7"), "path id"),
    "an undeclared status": (Exchange("GET", f"/api/v2/leads/{UUID}", status=418, response={}), "status 418"),
    "an answer that lacks a key": (
        post("/leads/add", {"campaign_id": UUID, "leads": LEADS}, status=200, response={"status": "success"}), "response 200"),
    "an answer of a wrong type": (
        post("/leads/list", {}, status=200, response={"items": {}}), "response 200.items"),
    "an answer that is no JSON": (post("/leads/list", {}, status=200), "no JSON"),
}  # fmt: skip
ACCEPTED = {
    "leads/add": post("/leads/add", {"campaign_id": UUID, "leads": LEADS, "skip_if_in_workspace": True}, status=200, response=ADD_ANSWER),
    "custom variables, which are free": post(
        "/leads/add", {"campaign_id": UUID, "leads": [{"email": "a@example.com", "custom_variables": {"any key": "x"}}]}),
    "leads/list": post("/leads/list", {"campaign": UUID, "limit": 100, "contacts": ["a@example.com"]}, status=200, response={"items": []}),
    "a typed query": Exchange("GET", "/api/v2/campaigns/analytics", {"exclude_total_leads_count": "true", "ids": [UUID, UUID]}),
    "a path with a literal like a parameter": post("/leads/list", {}),
    "an undeclared status with a source": Exchange("GET", f"/api/v2/leads/{UUID}", status=403, response={"message": "x"}),
    "an empty body where null is meant": post(f"/campaigns/{UUID}/activate", ABSENT),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SWALLOWED) + list(REFUSED))
def test_refuses(specification, name):
    exchange, expected = {**SWALLOWED, **REFUSED}[name]
    problems = specification.problems(exchange)
    assert any(expected in problem for problem in problems), problems


@pytest.mark.parametrize("name", list(SWALLOWED))
def test_says_only_that(specification, name):
    """The mistake is the only one in the exchange: nothing else makes the gate speak up."""
    exchange, expected = SWALLOWED[name]
    assert [p for p in specification.problems(exchange) if "not documented" not in p and "required" not in p] == []


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_accepts(specification, name):
    assert specification.problems(ACCEPTED[name]) == []


def test_each_allowed_status_has_a_source(specification):
    assert specification.allowed and all(entry["source"] for entry in specification.allowed)
