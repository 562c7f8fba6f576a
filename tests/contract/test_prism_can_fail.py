"""The Prism gate can fail, and what it cannot see is why the strict gate exists."""

import pytest
from test_strict import ACCEPTED, ADD_ANSWER, LEADS, SWALLOWED, UUID, post

REFUSED = {
    "a wrong type in a request": (post("/leads/list", {"limit": "x"}, status=200, response={"items": []}), "body.limit"),
    "a missing key in an answer": (
        post("/leads/add", {"campaign_id": UUID, "leads": LEADS}, status=200, response={"status": "success"}), "response.body"),
    "a wrong type in an answer": (post("/leads/list", {}, status=200, response={"items": 7}), "response.body.items"),
    "an undeclared status of success": (post("/leads/list", {}, status=206, response={}), "response"),
}  # fmt: skip
ANSWERS = {"/api/v2/leads/add": ADD_ANSWER, "/api/v2/leads/list": {"items": []}, "/api/v2/leads": {"count": 1}}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(replay, name):
    exchange, expected = REFUSED[name]
    (complaints,) = replay([exchange])
    assert any(expected in complaint for complaint in complaints), complaints


@pytest.mark.parametrize("name", ["leads/add", "leads/list"])
def test_accepts(replay, name):
    assert replay([ACCEPTED[name]]) == [[]]


@pytest.mark.parametrize("name", [name for name, (e, _) in SWALLOWED.items() if e.path in ANSWERS])
def test_does_not_see_what_the_server_swallows(replay, name):
    exchange = SWALLOWED[name][0]._replace(status=200, response=ANSWERS[SWALLOWED[name][0].path])
    assert replay([exchange]) == [[]]
