"""Every endpoint of the sandbox, quirks off, through Prism and the strict gate: requests and answers fit the specification.

The tests of this file share one sandbox and run in their order; the last one makes sure that no endpoint was forgotten.
"""

import re
import uuid
from pathlib import Path

import pytest

ROUTES = Path(__file__).resolve().parents[2] / "sandbox" / "routes.c"
SCHEDULE = {
    "schedules": [
        {"name": "Weekdays", "timing": {"from": "09:00", "to": "17:00"}, "days": {str(d): d < 6 and d > 0 for d in range(7)},
         "timezone": "Etc/GMT+12"}
    ]
}  # fmt: skip
SEQUENCES = [
    {"steps": [
        {"type": "email", "delay": 2, "variants": [{"subject": "Hello {{firstName}}", "body": "<p>A</p>"}, {"subject": "Hi", "body": "<p>B</p>"}]},
        {"type": "email", "delay": 0, "variants": [{"subject": "Re", "body": "<p>C</p>"}]},
    ]}
]  # fmt: skip
DAYS = {"start_date": "2024-01-01", "end_date": "2030-01-01"}


@pytest.fixture(scope="module")
def world():
    """What earlier tests of the tour have made."""
    return {}


def lead(number, **more):
    return {"email": f"tour{number}@tour.example", "first_name": "Tour", "last_name": f"Number {number}", **more}


def test_campaigns(tour, world):
    made = tour.call("POST", "/campaigns", {"name": "Tour", "campaign_schedule": SCHEDULE, "sequences": SEQUENCES})
    other = tour.call("POST", "/campaigns", {"name": "Other", "campaign_schedule": SCHEDULE})
    world["campaign"], world["other"] = made["id"], other["id"]
    tour.call("GET", f"/campaigns/{made['id']}")
    tour.call("PATCH", f"/campaigns/{made['id']}", {"name": "Tour, renamed", "email_list": ["mailbox1@sender.example"]})
    tour.call("POST", f"/campaigns/{made['id']}/variables", {"variables": ["city"]})
    tour.call("POST", f"/campaigns/{made['id']}/activate")
    tour.call("POST", f"/campaigns/{made['id']}/pause")
    tour.call("POST", f"/campaigns/{made['id']}/activate")
    tour.call("GET", "/campaigns/count-launched")


def test_campaign_pages(tour):
    first = tour.call("GET", "/campaigns", query={"limit": 1})
    assert len(first["items"]) == 1
    tour.call("GET", "/campaigns", query={"limit": 100, "starting_after": first["next_starting_after"]})
    tour.call("GET", "/campaigns", query={"search": "Tour", "status": 1})


def test_adding_leads(tour, world):
    world["list"] = tour.call("POST", "/lead-lists", {"name": "Tour list"})["id"]
    tour.call("GET", "/lead-lists")
    tour.call("GET", f"/lead-lists/{world['list']}")
    answer = tour.call(
        "POST", "/leads/add",
        {"campaign_id": world["campaign"], "skip_if_in_campaign": True, "verify_leads_on_import": False,
         "leads": [lead(1, custom_variables={"city": "Graz"}), lead(2), lead(1), {"email": "no address"}, lead(3), lead(4)]},
    )  # fmt: skip
    assert answer["leads_uploaded"] == 4
    world["leads"] = [created["id"] for created in answer["created_leads"]]
    tour.call("POST", "/leads/add", {"list_id": world["list"], "leads": [lead(9)]})
    world["single"] = tour.call("POST", "/leads", {"campaign": world["campaign"], **lead(10)})["id"]


def test_reading_leads(tour, world):
    tour.call("POST", "/leads/list", {})
    first = tour.call("POST", "/leads/list", {"campaign": world["campaign"], "limit": 2})
    tour.call("POST", "/leads/list", {"campaign": world["campaign"], "limit": 2, "starting_after": first["next_starting_after"]})
    tour.call("POST", "/leads/list", {"campaign": world["campaign"], "contacts": ["tour1@tour.example"]})
    tour.call("POST", "/leads/list", {"ids": world["leads"], "limit": 100})
    tour.call("POST", "/leads/list", {"list_id": world["list"]})
    tour.call("POST", "/leads/list", {"filter": "FILTER_VAL_NOT_CONTACTED"})
    tour.call("GET", f"/leads/{world['leads'][0]}")
    tour.call("GET", "/campaigns/search-by-contact", query={"search": "tour1@tour.example"})


def test_after_some_days_of_sending(tour, world, sandbox_control):
    for _ in range(6):
        sandbox_control("clock", {"advance_s": 86400})
    sandbox_control("outcome", {"email": "tour2@tour.example", "event": "replied"})
    sandbox_control("clock", {"advance_s": 3600})
    tour.call("POST", "/leads/list", {"campaign": world["campaign"], "limit": 100})
    tour.call("GET", f"/leads/{world['leads'][1]}")
    tour.call("GET", f"/campaigns/{world['campaign']}/sending-status")
    tour.call("GET", "/emails", query={"campaign_id": world["campaign"], "limit": 5})
    received = {"limit": 100, "mode": "emode_all", "preview_only": "true", "sort_order": "asc", "email_type": "received"}
    tour.call("GET", "/emails", query={**received, "min_timestamp_created": "2026-01-01T00:00:00Z"})
    assert tour.call("GET", "/emails", query={**received, "lead": "tour2@tour.example"})["items"]


def test_analytics(tour, world):
    campaign = world["campaign"]
    tour.call("GET", "/campaigns/analytics")
    tour.call("GET", "/campaigns/analytics", query={"id": campaign, **DAYS})
    tour.call("GET", "/campaigns/analytics", query={"ids": [campaign, world["other"]], "exclude_total_leads_count": "true"})
    tour.call("GET", "/campaigns/analytics/overview", query={"id": campaign})
    tour.call("GET", "/campaigns/analytics/daily", query={"campaign_id": campaign, **DAYS})
    tour.call("GET", "/campaigns/analytics/steps", query={"campaign_id": campaign, "include_opportunities_count": "true"})


def test_changing_leads(tour, world, sandbox_control):
    tour.call("PATCH", f"/leads/{world['leads'][2]}", {"company_name": "Tour & Sons"})
    tour.call("POST", "/leads/update-interest-status",
              {"lead_email": "tour2@tour.example", "interest_value": 1, "campaign_id": world["campaign"]}, status=202)  # fmt: skip
    job = tour.call("POST", "/leads/move", {"ids": [world["leads"][3]], "campaign": world["campaign"], "to_campaign_id": world["other"]})
    tour.call("GET", f"/background-jobs/{job['id']}")
    sandbox_control("clock", {"advance_s": 600})
    tour.call("GET", f"/background-jobs/{job['id']}", query={"data_fields": "moved_lead_emails"})
    tour.call("GET", "/background-jobs", query={"limit": 5, "type": "move-leads"})


def test_subsequences(tour, world, subsequence):
    tour.call("GET", "/subsequences", query={"parent_campaign": subsequence["parent_campaign"]})
    tour.call("GET", f"/subsequences/{subsequence['id']}")
    tour.call("GET", "/subsequences/analytics", query={"campaign_id": subsequence["parent_campaign"]})
    tour.call("POST", f"/subsequences/{subsequence['id']}/pause")
    tour.call("POST", f"/subsequences/{subsequence['id']}/resume")
    made = tour.call("POST", "/leads/add", {"campaign_id": subsequence["parent_campaign"], "leads": [lead(30)]})
    lead_id = made["created_leads"][0]["id"]
    tour.call("POST", "/leads/subsequence/move", {"id": lead_id, "subsequence_id": subsequence["id"]})
    tour.call("POST", "/leads/subsequence/remove", {"id": lead_id})


def test_block_list(tour):
    entry = tour.call("POST", "/block-lists-entries", {"bl_value": "stop@tour.example"})
    tour.call("GET", f"/block-lists-entries/{entry['id']}")
    changed = tour.call("PATCH", f"/block-lists-entries/{entry['id']}", {"bl_value": "halt@tour.example"})
    assert (changed["id"], changed["bl_value"]) == (entry["id"], "halt@tour.example")
    tour.call("DELETE", f"/block-lists-entries/{entry['id']}")
    many = tour.call("POST", "/block-lists-entries/bulk-create", {"bl_values": ["a@tour.example", "tour.example.net"]})
    tour.call("GET", "/block-lists-entries", query={"limit": 1, "domains_only": "false"})
    assert "a@tour.example" in tour.call("GET", "/block-lists-entries/download", as_text=True)
    tour.call("POST", "/block-lists-entries/bulk-delete", {"ids": [many["items"][0]["id"]]})
    tour.call("DELETE", "/block-lists-entries")


def test_workspace_and_keys(tour):
    tour.call("GET", "/workspaces/current")
    tour.call("PATCH", "/workspaces/current", {"name": "Tour"})
    tour.call("GET", "/workspace-billing/plan-details")
    tour.call("GET", "/audit-logs", query={"limit": 50})
    key = tour.call("POST", "/api-keys", {"name": "tour", "scopes": ["leads:read"]})
    tour.call("GET", "/api-keys", query={"limit": 10})
    tour.call("GET", "/campaigns", key=key["key"], status=403)
    tour.call("DELETE", f"/api-keys/{key['id']}")


def test_email_verification(tour):
    tour.call("POST", "/email-verification", {"email": "tour1@tour.example"})
    tour.call("GET", "/email-verification/tour1@tour.example")


def test_errors(tour, world):
    tour.call("GET", "/campaigns", key="no such key", status=401)
    tour.call("GET", f"/leads/{uuid.uuid4()}", status=404)
    tour.call("GET", f"/campaigns/{uuid.uuid4()}", status=404)
    tour.call("DELETE", f"/leads/{uuid.uuid4()}", status=404)


def test_deleting(tour, world):
    tour.call("DELETE", f"/leads/{world['single']}")
    gone = tour.call("DELETE", "/leads", {"campaign_id": world["campaign"], "ids": world["leads"][:2], "limit": 2})
    assert gone["count"] == 2
    tour.call("DELETE", f"/campaigns/{world['other']}")


def test_nothing_was_left_out(tour):
    """Every route of the sandbox that the specification knows was visited, and none is unknown to it."""
    block = ROUTES.read_text().split("api_routes[] = {")[1].split("{NULL")[0]
    routes = set(re.findall(r'\{"([A-Z]+)", "(/api/v2/[^"]+)"', block))
    assert len(routes) > 30
    assert routes - tour.visited == set()
