"""Leads: adding, reading, changing, moving, removing."""
import time

COUNTERS = ["leads_uploaded", "in_blocklist", "duplicated_leads", "skipped_count", "invalid_email_count",
            "incomplete_count", "duplicate_email_count"]
UUID = "0190ffff-0000-7000-8000-000000000000"


def counters(answer):
    assert answer.status == 200, answer
    return {name: answer.json[name] for name in COUNTERS if answer.json[name]}


def test_all_counters_add_up(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"lists": [{"name": "L"}], "block_list": ["bad.example"]})
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    sandbox.add(operations, "elsewhere@x.example")
    sandbox.add(founders, "here@x.example")
    answer = sandbox.add(founders, "New@X.example", "here@x.example", "elsewhere@x.example", "blocked@bad.example",
                         "no address", {"first_name": "Nobody"}, "new@x.EXAMPLE", "second@x.example",
                         skip_if_in_campaign=True)
    assert counters(answer) == {"leads_uploaded": 2, "in_blocklist": 1, "duplicated_leads": 1, "skipped_count": 1,
                                "invalid_email_count": 2, "duplicate_email_count": 1}
    assert answer.json["status"] == "success" and answer.json["total_sent"] == 8
    assert sum(answer.json[name] for name in COUNTERS) == 8
    assert [(lead["index"], lead["email"]) for lead in answer.json["created_leads"]] == \
        [(0, "new@x.example"), (7, "second@x.example")]
    assert sandbox.lead("second@x.example")["id"] == answer.json["created_leads"][1]["id"]


def test_lists_take_rows_without_an_address(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"lists": [{"name": "L"}]})
    target = sandbox.api("GET", "/lead-lists").json["items"][0]["id"]
    leads = [{"email": "a@x.example"}, {"first_name": "Ada"}, {"company_name": "no name"}]
    answer = sandbox.api("POST", "/leads/add", {"list_id": target, "leads": leads})
    assert counters(answer) == {"leads_uploaded": 2, "incomplete_count": 1}
    assert answer.json["remaining_in_plan"] is None
    assert len(sandbox.leads(list_id=target)) == 2
    assert sandbox.state()["plan_used"] == 0


def test_one_lead_for_a_list_needs_an_address_or_a_name(start_sandbox):
    """Refused, where the process used to die."""
    sandbox = start_sandbox("--no-rate-limit", config={"lists": [{"name": "L"}]})
    target, founders = sandbox.api("GET", "/lead-lists").json["items"][0]["id"], sandbox.campaign("Founders")
    nobody = ({}, {"skip_if_in_list": True}, {"skip_if_in_workspace": True}, {"campaign": founders}, {"email": None},
              {"email": ""}, {"company_name": "Acme"}, {"verify_leads_on_import": True})
    for body in nobody:
        answer = sandbox.api("POST", "/leads", {"list_id": target, **body})
        assert answer.status == 400 and "required" in answer.json["message"], (body, answer)
    assert sandbox.api("POST", "/leads", {"list_id": target, "first_name": "Ada"}).status == 200
    assert len(sandbox.leads(list_id=target)) == 1


def test_names_of_variables_are_escaped(sandbox):
    names = ['a"b', "back\\slash", "line\nbreak", "\u00fc"]
    founders = sandbox.campaign("Founders")
    answer = sandbox.api("POST", f"/campaigns/{founders}/variables", {"variables": names[:2]})
    assert answer.status == 200 and set(names[:2]) <= set(answer.json["custom_variables"])
    sandbox.add(founders, {"email": "a@x.example", "custom_variables": {name: "v" for name in names}})
    for path in ("/campaigns", f"/campaigns/{founders}"):
        answer = sandbox.api("GET", path)
        campaign = next(item for item in answer.json.get("items", [answer.json]) if item["id"] == founders)
        assert set(names) <= set(campaign["custom_variables"])
    assert set(names) <= set(sandbox.lead("a@x.example")["payload"])


def test_exactly_one_target(sandbox):
    lead = [{"email": "a@x.example"}]
    assert sandbox.api("POST", "/leads/add", {"leads": lead}).status == 400
    assert sandbox.api("POST", "/leads/add", {"leads": lead, "campaign_id": UUID}).status == 404


def test_skip_flags_look_at_any_campaign_list_or_row(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"lists": [{"name": "L"}]})
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    target = sandbox.api("GET", "/lead-lists").json["items"][0]["id"]
    sandbox.add(operations, "campaign@x.example")
    sandbox.api("POST", "/leads/add", {"list_id": target, "leads": [{"email": "list@x.example"}]})
    both = ["campaign@x.example", "list@x.example"]
    assert counters(sandbox.add(founders, *both, skip_if_in_workspace=True)) == {"skipped_count": 2}
    assert counters(sandbox.add(founders, *both, skip_if_in_list=True)) == {"leads_uploaded": 1, "skipped_count": 1}
    assert counters(sandbox.add(founders, *both)) == {"leads_uploaded": 1, "duplicated_leads": 1}


def test_same_address_in_two_campaigns_is_two_rows(sandbox):
    for name in ("Founders", "Operations"):
        assert counters(sandbox.add(sandbox.campaign(name), "A@x.example")) == {"leads_uploaded": 1}
    rows = sandbox.leads(contacts=["a@X.example"])
    assert len({row["id"] for row in rows}) == 2 and {row["email"] for row in rows} == {"a@x.example"}
    found = sandbox.api("GET", "/campaigns/search-by-contact?search=a@x.example").json["items"]
    assert [c["name"] for c in found] == ["Founders", "Operations"]


def test_adding_again_changes_nothing(sandbox):
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, {"email": "a@x.example", "first_name": "Ada"})
    sandbox.add(founders, {"email": "a@x.example", "first_name": "Eve"})
    assert sandbox.lead("a@x.example")["first_name"] == "Ada"


def test_plan_limit(start_sandbox):
    sandbox = start_sandbox("--plan-limit", 3)
    answer = sandbox.add(sandbox.campaign("Founders"), *[f"u{i}@x.example" for i in range(5)])
    assert answer.json["leads_uploaded"] == 3 and answer.json["remaining_in_plan"] == 0
    ids = [lead["id"] for lead in answer.json["created_leads"]]
    body = {"campaign_id": sandbox.campaign("Founders"), "ids": ids[:2], "limit": 2}
    assert sandbox.api("DELETE", "/leads", body).json == {"count": 2}
    assert sandbox.add(sandbox.campaign("Founders"), "late@x.example").json["leads_uploaded"] == 0
    sandbox.advance(600)
    assert sandbox.add(sandbox.campaign("Founders"), "late@x.example").json["remaining_in_plan"] == 1
    plan = sandbox.api("GET", "/workspace-billing/plan-details").json["subscriptions"]["outreach"]
    assert (plan["total_lead_limit"], plan["current_lead_count"]) == (3, 2)


def test_plan_limit_as_402(start_sandbox):
    sandbox = start_sandbox("--plan-limit", 1, config={"plan_over_is_402": True})
    assert sandbox.add(sandbox.campaign("Founders"), "a@x.example").status == 200
    assert sandbox.add(sandbox.campaign("Founders"), "b@x.example").status == 402


def test_bundle_plan(start_sandbox):
    sandbox = start_sandbox(config={"bundle_plan": True})
    plans = sandbox.api("GET", "/workspace-billing/plan-details").json["subscriptions"]
    assert "outreach" not in plans and plans["bundle"]["total_lead_limit"] > 0


def test_custom_variables_come_back_in_the_payload(sandbox):
    founders = sandbox.campaign("Founders")
    variables = {"city": "Köln \"am\" Rhein", "n": 7, "vip": True, "none": None, "list": [1], "map": {"a": 1}}
    sandbox.add(founders, {"email": "a@x.example", "first_name": "Ada", "custom_variables": variables})
    payload = sandbox.lead("a@x.example")["payload"]
    assert payload == {"firstName": "Ada", "city": "Köln \"am\" Rhein", "n": 7, "vip": True, "none": None}
    assert "city" in sandbox.api("GET", f"/campaigns/{founders}").json["custom_variables"]


def test_verify_on_import(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"verify_s": 60})
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, *[f"u{i}@x{i}.example" for i in range(200)], verify_leads_on_import=True)
    assert {row["verification_status"] for row in sandbox.leads(campaign=founders)} == {12}
    job = sandbox.api("GET", f"/background-jobs?type=import-leads&entity_id={founders}").json["items"][0]
    assert job["status"] == "pending"
    sandbox.advance(61)
    rows = sandbox.leads(campaign=founders)
    assert {row["verification_status"] for row in rows} >= {1, -1}
    assert all((row["verification_status"] == 1) == (row["status"] == 1) for row in rows)
    assert sandbox.api("GET", f"/background-jobs/{job['id']}").json["status"] == "success"


def test_single_create(sandbox):
    founders = sandbox.campaign("Founders")
    row = sandbox.api("POST", "/leads", {"campaign": founders, "email": "A@x.example", "first_name": "Ada"}).json
    assert (row["campaign"], row["email"], row["status"]) == (founders, "a@x.example", 1)
    again = sandbox.api("POST", "/leads", {"campaign": founders, "email": "a@x.example", "first_name": "Eve"})
    assert again.status == 200 and again.json["id"] == row["id"] and again.json["first_name"] == "Ada"
    assert sandbox.api("POST", "/leads", {"campaign": founders}).status == 400


def test_single_create_with_the_wrong_field_is_an_orphan(sandbox):
    answer = sandbox.api("POST", "/leads", {"campaign_id": sandbox.campaign("Founders"), "email": "o@x.example"})
    assert answer.status == 200 and answer.json["campaign"] is None
    assert sandbox.leads(campaign=sandbox.campaign("Founders")) == []


def test_ids_ascend_and_order_the_list(sandbox):
    founders = sandbox.campaign("Founders")
    first = sandbox.add(founders, *[f"u{i}@x.example" for i in range(150)]).json["created_leads"]
    sandbox.advance(60)
    second = sandbox.add(founders, *[f"v{i}@x.example" for i in range(100)]).json["created_leads"]
    ids = [lead["id"] for lead in first + second]
    assert ids == sorted(ids) and ids[0][14] == "7"
    assert [row["id"] for row in sandbox.leads(campaign=founders)] == ids


def test_old_ids_are_random_but_the_list_is_ordered(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"old_ids_n": 30})
    founders = sandbox.campaign("Founders")
    created = sandbox.add(founders, *[f"u{i}@x.example" for i in range(50)]).json["created_leads"]
    ids = [lead["id"] for lead in created]
    assert ids != sorted(ids) and {i[14] for i in ids} == {"4", "7"}
    assert [row["id"] for row in sandbox.leads(campaign=founders)] == sorted(ids)


def test_list_pages_and_cursors(sandbox):
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, *[f"u{i}@x.example" for i in range(20)])
    body = {"campaign": founders, "limit": 10}
    first = sandbox.api("POST", "/leads/list", body).json
    second = sandbox.api("POST", "/leads/list", body | {"starting_after": first["next_starting_after"]}).json
    assert "next_starting_after" in second, "the last full page has a cursor"
    third = sandbox.api("POST", "/leads/list", body | {"starting_after": second["next_starting_after"]}).json
    assert third == {"items": []}
    sandbox.control("POST", "/quirks", {"cursor_on_last_full_page": False})
    second = sandbox.api("POST", "/leads/list", body | {"starting_after": first["next_starting_after"]}).json
    assert "next_starting_after" not in second and len(second["items"]) == 10
    assert len(sandbox.api("POST", "/leads/list", {"campaign": founders}).json["items"]) == 10


def test_list_selectors(sandbox):
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    ids = [c["id"] for c in sandbox.add(founders, *[f"u{i}@x.example" for i in range(5)]).json["created_leads"]]
    sandbox.add(operations, "u0@x.example")
    assert len(sandbox.leads()) == 6
    assert [r["id"] for r in sandbox.leads(ids=[ids[3], ids[1]])] == [ids[1], ids[3]]
    assert len(sandbox.leads(contacts=["u0@x.example", "u1@x.example", "gone@x.example"])) == 3
    assert len(sandbox.leads(contacts=["u0@x.example"], campaign=operations)) == 1
    assert len(sandbox.leads(campaign=founders, excluded_ids=ids[:2])) == 3
    assert len(sandbox.leads(search="u1@")) == 1
    assert len(sandbox.leads(distinct_contacts=True, limit=2)) == 5
    assert sandbox.leads(campaign=UUID) == []


def test_list_lag_ends_by_either_clock(start_sandbox):
    sandbox = start_sandbox("--list-lag-s", 2, "--no-rate-limit")
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, *[f"u{i}@x.example" for i in range(100)])
    assert len(sandbox.leads(campaign=founders)) < 100
    sandbox.advance(2)
    assert len(sandbox.leads(campaign=founders)) == 100
    sandbox.add(founders, *[f"v{i}@x.example" for i in range(100)])
    assert len(sandbox.leads(campaign=founders)) < 200
    time.sleep(2.1)
    assert len(sandbox.leads(campaign=founders)) == 200


def test_patch(sandbox):
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, {"email": "a@x.example", "first_name": "Ada", "custom_variables": {"a": 1, "b": 2}})
    path = f"/leads/{sandbox.lead('a@x.example')['id']}"
    row = sandbox.api("PATCH", path, {"last_name": "L", "custom_variables": {"c": 3}}).json
    assert (row["first_name"], row["last_name"]) == ("Ada", "L")
    assert row["payload"] == {"firstName": "Ada", "lastName": "L", "c": 3}
    assert sandbox.api("PATCH", path, {"first_name": None}).json["first_name"] is None
    assert sandbox.api("PATCH", path, {}).status == 400
    assert sandbox.api("PATCH", path, {"status": 2, "email": "z@x.example"}).status == 400
    assert sandbox.api("GET", path).json["email"] == "a@x.example"


def test_delete_one(sandbox):
    sandbox.add(sandbox.campaign("Founders"), "a@x.example")
    path = f"/leads/{sandbox.lead('a@x.example')['id']}"
    assert sandbox.api("DELETE", path).json["email"] == "a@x.example"
    assert sandbox.api("DELETE", path).status == 404 and sandbox.api("GET", path).status == 404
    assert sandbox.leads() == []


def test_delete_many_and_the_wipe(sandbox):
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    ids = [c["id"] for c in sandbox.add(founders, *[f"u{i}@x.example" for i in range(10)]).json["created_leads"]]
    other = sandbox.add(operations, "z@x.example").json["created_leads"][0]["id"]

    def delete(**body):
        return sandbox.api("DELETE", "/leads", body)

    assert delete(ids=ids).status == 400, "campaign_id or list_id is needed"
    assert delete(campaign_id=founders, ids=ids[:2] + [other, UUID]).json == {"count": 2}
    assert delete(campaign_id=founders, ids=ids, limit=3).json == {"count": 3}
    assert delete(campaign_id=founders, status=3).json == {"count": 0}
    assert delete(campaign_id=founders, delete_list=ids).json == {"count": 5}, "a misspelt ids takes all"
    assert len(sandbox.leads()) == 1
    sandbox.control("POST", "/quirks", {"delete_without_ids_wipes": False})
    assert delete(campaign_id=operations, ids=[]).status == 400 and len(sandbox.leads()) == 1


def test_move_is_a_background_job(sandbox):
    founders, operations = sandbox.campaign("Founders"), sandbox.campaign("Operations")
    ids = [c["id"] for c in sandbox.add(founders, "a@x.example", "b@x.example").json["created_leads"]]
    sandbox.add(operations, "b@x.example")
    job = sandbox.api("POST", "/leads/move", {"campaign": founders, "ids": ids, "to_campaign_id": operations}).json
    assert (job["type"], job["status"]) == ("move-leads", "pending")
    sandbox.advance(20)
    assert sandbox.api("GET", f"/background-jobs/{job['id']}").json["status"] == "in-progress"
    assert sandbox.lead("a@x.example")["campaign"] == founders
    sandbox.advance(20)
    done = sandbox.api("GET", f"/background-jobs/{job['id']}").json
    assert done["status"] == "success" and done["data"]["moved_lead_emails"] == ["a@x.example"]
    assert sandbox.lead("a@x.example")["campaign"] == operations and sandbox.lead("a@x.example")["id"] == ids[0]
    assert [r["email"] for r in sandbox.leads(campaign=founders)] == ["b@x.example"]


def test_move_copies_to_a_list(start_sandbox):
    sandbox = start_sandbox("--no-rate-limit", config={"job_s": 0})
    target = sandbox.api("POST", "/lead-lists", {"name": "Done"}).json["id"]
    founders = sandbox.campaign("Founders")
    ids = [c["id"] for c in sandbox.add(founders, "a@x.example").json["created_leads"]]
    job = sandbox.api("POST", "/leads/move", {"campaign": founders, "ids": ids, "to_list_id": target,
                                              "copy_leads": True}).json
    assert job["status"] == "success"
    rows = sandbox.leads(contacts=["a@x.example"])
    assert {(r["campaign"], r["list_id"]) for r in rows} == {(founders, None), (None, target)}
    assert sandbox.api("POST", "/leads/move", {"ids": ids, "to_list_id": target}).status == 400


def test_interest_is_asynchronous_and_stops_the_sequence(sandbox):
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, "a@x.example")
    body = {"lead_email": "a@x.example", "interest_value": -1, "campaign_id": founders}
    answer = sandbox.api("POST", "/leads/update-interest-status", body)
    assert answer.status == 202 and "message" in answer.json
    assert "lt_interest_status" not in sandbox.lead("a@x.example")
    sandbox.advance(30)
    row = sandbox.lead("a@x.example")
    assert (row["lt_interest_status"], row["status"]) == (-1, 3)
    sandbox.advance(days=20)
    assert sandbox.lead("a@x.example")["timestamp_last_contact"] is None
    wrong = sandbox.api("POST", "/leads/update-interest-status", {"lead_email": "n@x.example", "interest_value": 1})
    assert wrong.status == 400 and wrong.json == {"error": "Invalid lead email"}
    sandbox.api("POST", "/leads/update-interest-status", {"lead_email": "a@x.example", "interest_value": None})
    sandbox.advance(30)
    assert "lt_interest_status" not in sandbox.lead("a@x.example")


def test_orphans_do_not_count_in_the_plan(sandbox):
    sandbox.api("POST", "/leads", {"email": "o@x.example"})
    assert sandbox.state()["plan_used"] == 0 and sandbox.state()["leads"] == 1
