"""The replay reads what the sandbox records."""

import json

import shapes
from strict import ABSENT

SHAPE = (
    '{"method":"GET","path":"/api/v2/campaigns/analytics","request_path":"/api/v2/campaigns/analytics","query":{"ids":"a","ids":"b"},'
    '"content_type":null,"request":null,"status":200,"answer_content_type":"application/json; charset=utf-8","response":[{"n":1}]}'
)


def test_reads_a_recording(tmp_path):
    (tmp_path / "a.json").write_text('{"shapes":[' + SHAPE + "," + SHAPE + "]}")
    (tmp_path / "b.json").write_text('{"shapes":[' + SHAPE.replace('"n":1', '"n":"1"') + "]}")
    first, second = (shapes.exchange_of(shape) for shape in shapes.read(tmp_path))
    assert first.query == {"ids": ["a", "b"]}
    assert first.request is ABSENT
    assert (first.response, second.response) == ([{"n": 1}], [{"n": "1"}])


def test_an_answer_that_is_no_json_is_absent():
    shape = json.loads(SHAPE)
    assert shapes.exchange_of({**shape, "answer_content_type": "text/html", "response": None}).response is ABSENT
