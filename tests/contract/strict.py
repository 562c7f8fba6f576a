"""The strict gate: does one exchange with Instantly's API fit the official specification?

A validating proxy checks what a schema forbids. Instantly's schemas are mostly open, and a key that the server does not know
is ignored without a word, with the wrong effect: a lead in no campaign, a list without its filter, a campaign wiped. So this
gate asks more: a request may hold only keys and query parameters that the operation documents, however open its schema is.
Types, enums, formats and required keys are left to the jsonschema library.

Usage: `Specification.load(path).problems(exchange)` gives a list of sentences, empty when all is well.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker

ABSENT = object()  # no body at all, which is not the same as null
UNREAD = object()  # a body that was refused before it was read
ALLOWED_STATUSES = Path(__file__).with_name("allowed-statuses.json")


class Exchange(NamedTuple):
    """One request and its answer. `query` maps names to strings or lists of strings; `response` is ABSENT where the answer
    was no JSON."""

    method: str
    path: str
    query: dict = {}
    request: Any = ABSENT
    status: int = 0
    response: Any = ABSENT


FORMATS = FormatChecker(formats=())
PATTERNS = {
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "date": r"\d{4}-\d\d-\d\d",
    "email": r"[^@\s]+@[^@\s]+",
    "uri": r"[a-z][a-z0-9+.-]*:\S+",
}
for name, pattern in PATTERNS.items():
    FORMATS.checks(name)(lambda value, p=re.compile(pattern): not isinstance(value, str) or p.fullmatch(value) is not None)



def coerced(text, schema):
    """A query parameter as the type that its schema wants; text that does not fit stays text and fails there."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        return [coerced(item, schema.get("items", {})) for item in (text if isinstance(text, list) else [text])]
    if isinstance(text, str) and "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if isinstance(text, str) and ("integer" in kinds or "number" in kinds) and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text


class Specification:
    """An OpenAPI 3.1 document, asked about single exchanges."""

    def __init__(self, document, allowed=()):
        self.document = document
        self.allowed = allowed
        self.templates = [(self.path_pattern(path), path) for path in document["paths"]]
        self.templates.sort(key=lambda pair: pair[1].count("{"))  # /leads/list before /leads/{id}

    @classmethod
    def load(cls, path, allowed=ALLOWED_STATUSES):
        return cls(json.loads(Path(path).read_text()), json.loads(Path(allowed).read_text()))

    @staticmethod
    def path_pattern(path):
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)) + "/?")

    def operation(self, method, path):
        """(template, operation, path parameters) or None."""
        for pattern, template in self.templates:
            match = pattern.fullmatch(path)
            if match and method.lower() in self.document["paths"][template]:
                return template, self.document["paths"][template][method.lower()], match.groupdict()
        return None

    def problems(self, exchange):
        found = self.operation(exchange.method, exchange.path)
        if found is None:
            return [f"{exchange.method} {exchange.path}: no such operation"]
        template, operation, in_path = found
        where = f"{exchange.method.upper()} {template}"
        problems = list(self.parameter_problems(operation, in_path, exchange.query))
        problems += self.body_problems(template, exchange)
        if exchange.status:
            problems += self.response_problems(template, operation, exchange)
        return [f"{where}: {problem}" for problem in problems]

    def parameter_problems(self, operation, in_path, query):
        declared = {(p["in"], p["name"]): p for p in operation.get("parameters", [])}
        for name, value in query.items():
            if ("query", name) not in declared:
                yield f"the query parameter {name} is not documented"
        for (place, name), parameter in declared.items():
            values = in_path if place == "path" else query
            if name in values:
                value = unquote(values[name]) if place == "path" else values[name]
                yield from self.schema_problems(parameter["schema"], coerced(value, parameter["schema"]), f"{place} {name}")
            elif parameter.get("required") and place == "query":
                yield f"the query parameter {name} is required"

    def body_problems(self, template, exchange):
        method = exchange.method.lower()
        body = self.document["paths"][template][method].get("requestBody")
        if exchange.request is UNREAD:
            return
        if exchange.request is ABSENT:
            if body and body.get("required") and not self.accepts_null(body):
                yield "a request body is required"
            return
        if body is None:
            if exchange.request not in ({}, None):
                yield "a request body is not documented"
            return
        schema = body["content"]["application/json"]["schema"]
        yield from self.schema_problems(schema, exchange.request, "request")
        yield from self.undocumented(schema, exchange.request, "request")

    def accepts_null(self, body):
        return not list(self.schema_problems(body["content"]["application/json"]["schema"], None, ""))

    def response_problems(self, template, operation, exchange):
        declared = operation["responses"].get(str(exchange.status))
        if declared is None:
            if not self.is_allowed(exchange.method, template, exchange.status):
                yield f"status {exchange.status} is not declared, nor in {ALLOWED_STATUSES.name}"
            return
        content = declared.get("content", {}).get("application/json")
        if content is None:
            if exchange.response not in (ABSENT, None) and not declared.get("content"):
                yield f"status {exchange.status} has no body by the specification"
        elif exchange.response is ABSENT:
            yield f"status {exchange.status}: the answer is no JSON"
        elif exchange.status < 400 or not self.is_allowed(exchange.method, template, exchange.status):
            yield from self.schema_problems(content["schema"], exchange.response, f"response {exchange.status}")
            yield from self.undocumented(content["schema"], exchange.response, f"response {exchange.status}", is_answer=True)

    def is_allowed(self, method, template, status):
        return any(
            entry["status"] == status
            and entry.get("method", "*") in ("*", method.upper())
            and re.fullmatch(entry.get("path", ".*"), template)
            for entry in self.allowed
        )

    def schema_problems(self, schema, value, what):
        """What jsonschema finds. The document stands around the schema, so that references into it resolve."""
        validator = Draft202012Validator({"components": self.document["components"], "allOf": [schema]}, format_checker=FORMATS)
        for error in validator.iter_errors(value):
            yield f"{what}{shown(error.absolute_path)}: {first_line(error)}"

    def branches(self, schema):
        """The schema itself and all that apply beside it: what it refers to, and every alternative."""
        yield schema
        if "$ref" in schema:
            node = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
            yield from self.branches(node)
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, []):
                yield from self.branches(branch)

    def undocumented(self, schema, value, what, is_answer=False):
        """Keys, at any depth, that no branch of the schema names. An answer may have more where its schema says so."""
        branches = list(self.branches(schema))
        if isinstance(value, list):
            for items in (b["items"] for b in branches if "items" in b):
                for index, item in enumerate(value):
                    yield from self.undocumented(items, item, f"{what}[{index}]", is_answer)
        if not isinstance(value, dict):
            return
        for key, member in value.items():
            known = [b["properties"][key] for b in branches if key in b.get("properties", {})]
            values = [b["additionalProperties"] for b in branches if isinstance(b.get("additionalProperties"), dict)]
            if known or values:
                yield from self.undocumented({"anyOf": known or values}, member, f"{what}.{key}", is_answer)
            elif is_answer and any(b.get("additionalProperties") is True for b in branches):
                continue
            elif any(b.get("properties") for b in branches):
                yield f"{what}.{key} is not documented" + ("" if is_answer else ": the server would ignore it")


def shown(path):
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)


def first_line(error):
    """The library's sentence without the whole value in it."""
    return error.message if len(error.message) < 200 else f"{error.message[:100]} ... {error.message[-90:]}"
