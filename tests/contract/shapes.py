"""The distinct shapes of exchanges that the other suites have had with the sandbox, as GET /_sandbox/requests?shapes=1 gives
them; those suites leave them as JSON files in $LEADFERRY_SHAPES."""

import json
from pathlib import Path

from strict import ABSENT, UNREAD, Exchange


def merged(pairs):
    """An object whose repeated names become one list: a query may name a parameter more than once."""
    result = {}
    for name, value in pairs:
        if name in result:
            value = (result[name] if isinstance(result[name], list) else [result[name]]) + [value]
        result[name] = value
    return result


def request_of(shape):
    """The request's body. The sandbox has none to show where it refused before reading: a wrong key, a fault, 413."""
    if shape["request"] is not None:
        return shape["request"]
    was_sent = (shape.get("content_type") or "").startswith("application/json")
    return UNREAD if was_sent and not 200 <= shape["status"] < 300 else ABSENT


def exchange_of(shape):
    is_json = (shape.get("answer_content_type") or "").startswith("application/json")
    return Exchange(
        shape["method"],
        shape["request_path"],
        shape["query"],
        request_of(shape),
        shape["status"],
        shape["response"] if is_json else ABSENT,
    )


def key_of(shape):
    """What makes two shapes the same here: all but values that vary from run to run do not matter to the gates."""
    return json.dumps([shape["method"], shape["path"], shape["status"], skeleton(shape["request"]), skeleton(shape["response"])])


def skeleton(value):
    """The value with each scalar replaced by its type and each list cut to its distinct members."""
    if isinstance(value, dict):
        return {key: skeleton(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted({json.dumps(skeleton(item)) for item in value})
    return type(value).__name__


def read(folder):
    """Distinct shapes of all files below `folder`."""
    found = {}
    for path in sorted(Path(folder).rglob("*.json")):
        document = json.loads(path.read_text(), object_pairs_hook=merged)
        for shape in document["shapes"] if isinstance(document, dict) else document:
            found.setdefault(key_of(shape), shape)
    return list(found.values())
