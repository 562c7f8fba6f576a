"""Random requests: whatever comes in, the answer is a 2xx or a 4xx with an envelope, and the server lives."""
import json
import random

import pytest
from test_spec import our_routes

UUID = "0190ffff-0000-7000-8000-000000000000"


def value(rng, known, depth=0):
    kinds = [lambda: None, lambda: rng.choice([True, False]), lambda: rng.randint(-5, 2000), lambda: rng.random() * 1e18,
             lambda: rng.choice(known), lambda: rng.choice(["", "a@x.example", "x" * 300, "ü\u0001\"\\", UUID, "10", "true"])]
    if depth < 3:
        kinds += [lambda: [value(rng, known, depth + 1) for _ in range(rng.randint(0, 4))],
                  lambda: {rng.choice(NAMES): value(rng, known, depth + 1) for _ in range(rng.randint(0, 5))}]
    return rng.choice(kinds)()


NAMES = ["campaign", "campaign_id", "list_id", "leads", "email", "ids", "id", "limit", "starting_after", "contacts", "filter",
         "search", "queries", "status", "custom_variables", "first_name", "to_campaign_id", "to_list_id", "copy_leads", "name",
         "scopes", "bl_value", "bl_values", "lead_email", "interest_value", "subsequence_id", "variables", "sequences", "steps",
         "campaign_schedule", "schedules", "timezone", "daily_limit", "values", "actionType", "occurrence-days", "delay",
         "variants", "subject", "body", "email_list", "distinct_contacts", "excluded_ids", "skip_if_in_workspace", "toString"]
CONTROL = ["clock", "faults", "outcome", "leads/add", "leads/delete", "leads/move", "leads/status", "block", "plan", "quirks"]


@pytest.mark.parametrize("seed", range(4))
def test_nonsense(sandbox, seed):
    rng = random.Random(seed)
    routes = sorted(our_routes())
    founders = sandbox.campaign("Founders")
    sandbox.add(founders, *[f"u{i}@x.example" for i in range(20)])
    known = [founders, sandbox.campaign("Operations"), *[r["id"] for r in sandbox.leads()], "u1@x.example"]
    for _ in range(600):
        method, path = rng.choice(routes)
        while "{" in path:
            path = path[:path.index("{")] + str(rng.choice([*known, "7", UUID])) + path[path.index("}") + 1:]
        if method == "GET":
            path += "?" + "&".join(f"{rng.choice(NAMES)}={rng.choice([*known, '5', '', 'x'])}" for _ in range(rng.randint(0, 3)))
            answer = sandbox.api(method, path)
        else:
            body = {rng.choice(NAMES): value(rng, known) for _ in range(rng.randint(0, 6))}
            answer = sandbox.api(method, path, json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status < 500, (method, path, answer)
        assert answer.status < 300 or "error" in answer.json
        if rng.random() < 0.1:
            body = {rng.choice(NAMES + ["fault", "endpoint", "event", "advance_s"]): value(rng, known) for _ in range(4)}
            assert sandbox.request("POST", f"/_sandbox/{rng.choice(CONTROL)}", body).status < 500
            sandbox.faults()
        if rng.random() < 0.05:
            sandbox.advance(hours=rng.randint(1, 40))
    assert sandbox.state()["seed"] == 1
