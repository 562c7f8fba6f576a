"""With all quirks off, every answer is what the official OpenAPI document says (when it is there)."""
import json
import os
import pathlib
import re

import pytest
from conftest import ROOT
from test_engine import ALWAYS, addresses, steps

jsonschema = pytest.importorskip("jsonschema")

# Statuses that the document does not declare for every operation, with where they were seen (instantly-api.md).
UNDECLARED = {400, 403, 413, 415}


@pytest.fixture(scope="module")
def spec():
    shared = pathlib.Path(os.environ.get("LEADFERRY_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "instantly-api-v2-openapi.json"
    if not path.exists():
        pytest.skip(f"{path} is not there (LEADFERRY_SHARED)")
    return json.loads(path.read_text())


def tour(sandbox):
    """Calls every operation at least once, in a workspace where everything has happened to somebody."""
    campaign = sandbox.campaign("C")
    body = {"email": "full@x.example", "first_name": "Ada", "last_name": "L", "company_name": "X", "job_title": "T",
            "website": "x.example", "phone": "1", "personalization": "p", "custom_variables": {"a": "b"}}
    sandbox.add(campaign, body, *addresses(300), verify_leads_on_import=True)
    sandbox.advance(days=40)
    for event in ("opened", "clicked", "replied", "auto_replied"):
        sandbox.outcome("full@x.example", event)
    sandbox.add(campaign, "new@x.example")
    sandbox.leads(campaign=campaign)
    row = sandbox.lead("full@x.example", campaign)
    other = sandbox.lead("new@x.example", campaign)
    after = sandbox.api("GET", "/subsequences?limit=1").json["items"][0]["id"]
    target = sandbox.api("POST", "/lead-lists", {"name": "L"}).json["id"]
    calls = [
        ("GET", f"/leads/{row['id']}"), ("PATCH", f"/leads/{row['id']}", {"first_name": "Eve"}),
        ("POST", "/leads", {"campaign": campaign, "email": "one@x.example"}),
        ("POST", "/leads/subsequence/move", {"id": other["id"], "subsequence_id": after}),
        ("POST", "/leads/subsequence/remove", {"id": other["id"]}),
        ("POST", "/leads/update-interest-status", {"lead_email": "new@x.example", "interest_value": 1}),
        ("POST", "/leads/move", {"campaign": campaign, "ids": [other["id"]], "to_list_id": target}),
        ("GET", "/background-jobs"), ("DELETE", f"/leads/{row['id']}"), ("DELETE", f"/leads/{row['id']}"),
        ("DELETE", "/leads", {"campaign_id": campaign, "status": -2}),
        ("GET", "/campaigns"), ("GET", "/campaigns?limit=101"), ("GET", f"/campaigns/{campaign}"),
        ("PATCH", f"/campaigns/{campaign}", {"daily_limit": 5}), ("POST", f"/campaigns/{campaign}/pause"),
        ("POST", f"/campaigns/{campaign}/activate"), ("POST", f"/campaigns/{campaign}/variables", {"variables": ["v"]}),
        ("POST", "/campaigns", {"name": "N", "campaign_schedule": {"schedules": [
            {"name": "s", "timing": {"from": "09:00", "to": "17:00"}, "days": {"1": True}, "timezone": "America/Detroit"}]}}),
        ("GET", "/campaigns/count-launched"), ("GET", "/campaigns/search-by-contact?search=u1@x1.example"),
        ("GET", "/campaigns/analytics"), ("GET", "/campaigns/analytics/overview"), ("GET", "/campaigns/analytics/daily"),
        ("GET", "/campaigns/analytics/steps?include_opportunities_count=true"), ("GET", f"/campaigns/{campaign}/sending-status"),
        ("GET", "/subsequences"), ("GET", f"/subsequences/{after}"), ("POST", f"/subsequences/{after}/pause"),
        ("POST", f"/subsequences/{after}/resume"), ("GET", f"/subsequences/analytics?campaign_id={campaign}"),
        ("POST", "/block-lists-entries", {"bl_value": "b@x.example"}), ("GET", "/block-lists-entries"),
        ("POST", "/block-lists-entries/bulk-create", {"bl_values": ["c.example", "?"]}),
        ("GET", "/block-lists-entries/download"), ("DELETE", "/block-lists-entries"),
        ("GET", "/lead-lists"), ("GET", f"/lead-lists/{target}"), ("GET", "/workspaces/current"),
        ("PATCH", "/workspaces/current", {"name": "W"}), ("GET", "/workspace-billing/plan-details"),
        ("POST", "/api-keys", {"name": "k", "scopes": ["leads:read"]}), ("GET", "/api-keys"),
        ("POST", "/email-verification", {"email": "a@x.example"}), ("GET", "/email-verification/a@x.example"),
        ("GET", "/emails"), ("GET", "/audit-logs"), ("GET", "/emails?email_type=received"),
    ]
    for method, path, *rest in calls:
        sandbox.api(method, path, *rest)
    block = "/block-lists-entries"
    entries = [sandbox.api("POST", block, {"bl_value": f"{i}.example"}).json["id"] for i in range(3)]
    sandbox.api("GET", f"{block}/{entries[0]}")
    sandbox.api("PATCH", f"{block}/{entries[0]}", {"bl_value": "9.example"})
    sandbox.api("DELETE", f"{block}/{entries[1]}")
    sandbox.api("POST", f"{block}/bulk-delete", {"ids": entries[2:]})
    job = sandbox.api("GET", "/background-jobs").json["items"][0]["id"]
    sandbox.api("GET", f"/background-jobs/{job}")
    key = sandbox.api("GET", "/api-keys").json["items"][-1]["id"]
    sandbox.api("DELETE", f"/api-keys/{key}")
    sandbox.api("GET", "/campaigns", key="wrong")
    sandbox.advance(days=1)
    sandbox.leads()
    sandbox.api("GET", f"/campaigns/{campaign}/sending-status")
    sandbox.api("GET", "/background-jobs")
    sandbox.api("DELETE", f"/campaigns/{campaign}")


def our_routes():
    table = (ROOT / "sandbox" / "routes.c").read_text()
    return set(re.findall(r'\{"(GET|POST|PATCH|DELETE)", "(/api/v2/[^"]+)"', table))


def errors_of(spec, shape):
    operation = spec["paths"][shape["path"]][shape["method"].lower()]
    declared = operation["responses"].get(str(shape["status"]))
    where = f"{shape['method']} {shape['path']} {shape['status']}"
    if declared is None:
        return [] if shape["status"] in UNDECLARED else [f"{where}: not declared"]
    content = declared.get("content", {}).get("application/json")
    if content is None:
        return []
    schema = {**content["schema"], "components": spec["components"]}
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [f"{where}: {'/'.join(map(str, e.absolute_path))}: {e.message[:150]}" for e in checker.iter_errors(shape["response"])]


def test_answers_fit_the_specification(start_sandbox, spec):
    after = {"name": "After", "conditions": {"lead_activity": [91], "crm_status": [1]}, "steps": steps(1, 1)}
    campaign = {"name": "C", "campaign_schedule": ALWAYS, "steps": steps(1, 1, variants=2), "subsequences": [after]}
    sandbox = start_sandbox("--quirks", "off", config={
        "campaigns": [campaign], "rate": {"enabled": False}, "job_s": 0, "shape_looks_n": 100000})
    tour(sandbox)
    shapes = sandbox.shapes()
    errors = sorted({error for shape in shapes for error in errors_of(spec, shape)})
    assert not errors, "\n".join(errors[:40])
    served = {(s["method"], s["path"]) for s in shapes if s["status"] in (200, 202)}
    assert served == our_routes(), our_routes() ^ served


def test_quirks_break_the_specification(start_sandbox, spec):
    sandbox = start_sandbox("--no-rate-limit")
    sandbox.add(sandbox.campaign("Founders"), "a@x.example")
    sandbox.advance(hours=4)
    sandbox.leads()
    assert any(errors_of(spec, shape) for shape in sandbox.shapes()), "the check sees that a stepID is no UUID"


def test_routes_are_those_of_the_specification(spec):
    declared = {(method.upper(), path) for path, item in spec["paths"].items() for method in item}
    assert len(our_routes()) >= 54 and our_routes() <= declared, our_routes() - declared
