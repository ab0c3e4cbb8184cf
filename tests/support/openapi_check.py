# SPDX-License-Identifier: Apache-2.0
"""Holds an answer of the API against its description, docs/openapi.json.

As strict as can be: a member that the description does not name is a fault, and so is a word of JSON Schema that
this file does not know, so that nothing is passed over."""

import datetime
import json
import os
import re

with open(os.path.join(os.path.dirname(__file__), "../../docs/openapi.json"), encoding="utf-8") as _file:
    DOCUMENT = json.load(_file)

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
IGNORED = {"description", "default", "example", "writeOnly"}


class Differs(AssertionError):
    pass


def resolve(value):
    while "$ref" in value:
        found = DOCUMENT
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


def is_of(kind, value):
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


def _type(wanted, value, _schema, _where):
    return any(is_of(kind, value) for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _properties(properties, value, schema, where):
    if isinstance(value, dict):
        for name, member in value.items():
            if name in properties:
                check(member, properties[name], f"{where}.{name}")
            elif "additionalProperties" not in schema:
                raise Differs(f"{where}.{name}: is not described")
    return True


def _additional(wanted, value, schema, where):
    if isinstance(value, dict):
        for name in value.keys() - schema.get("properties", {}).keys():
            if wanted is False:
                raise Differs(f"{where}.{name}: is not described")
            if wanted is not True:
                check(value[name], wanted, f"{where}.{name}")
    return True


def _items(wanted, value, _schema, where):
    if isinstance(value, list):
        for place, one in enumerate(value):
            check(one, wanted, f"{where}[{place}]")
    return True


def fits(value, schema):
    try:
        check(value, schema, "")
    except Differs:
        return False
    return True


def _format(wanted, value, _schema, _where):
    assert wanted == "date-time", wanted
    if isinstance(value, str):
        try:
            datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return False
        return "T" in value and value.endswith("Z")
    return True


def _bound(compare, kind, measure):
    return lambda wanted, value, _schema, _where: not is_of(kind, value) or compare(measure(value), wanted)


def at_least(left, right):
    return left >= right


def at_most(left, right):
    return left <= right


def itself(value):
    return value


WORDS = {
    "type": _type, "properties": _properties, "additionalProperties": _additional, "items": _items, "format": _format,
    "enum": lambda wanted, value, _schema, _where: value in wanted,
    "const": lambda wanted, value, _schema, _where: value == wanted and isinstance(value, bool) == isinstance(wanted, bool),
    "required": lambda wanted, value, _schema, _where: not isinstance(value, dict) or set(wanted) <= value.keys(),
    "oneOf": lambda wanted, value, _schema, _where: sum(fits(value, one) for one in wanted) == 1,
    "anyOf": lambda wanted, value, _schema, _where: any(fits(value, one) for one in wanted),
    "pattern": lambda wanted, value, _schema, _where: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minimum": _bound(at_least, "number", itself), "maximum": _bound(at_most, "number", itself),
    "minLength": _bound(at_least, "string", len), "maxLength": _bound(at_most, "string", len),
    "uniqueItems": lambda _wanted, value, _schema, _where: not isinstance(value, list) or len({str(one) for one in value}) == len(value),
    "minItems": _bound(at_least, "array", len), "maxItems": _bound(at_most, "array", len),
}


def check(value, schema, where="answer"):
    """Raises Differs when @value is not what @schema says."""
    schema = resolve(schema)
    for word, wanted in schema.items():
        if word not in IGNORED and not WORDS[word](wanted, value, schema, where):
            raise Differs(f"{where}: {word}: expected {wanted!r}, is {value!r}"[:600])


def described(method, path):
    """What the document says of a call, and the path as it stands there; (None, None): nothing."""
    path = path.partition("?")[0]
    for exact in (True, False):
        for pattern, item in DOCUMENT["paths"].items():
            shape = re.escape(pattern) if exact else re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(pattern))
            if re.fullmatch(shape, path) and method.lower() in item:
                return item[method.lower()], pattern
    return None, None


def check_answer(method, path, answer):
    """An answer in JSON to a call that is described; what fails must be described where it is a success."""
    call, pattern = described(method, path)
    if call is None or answer.headers.get("content-type") not in ("application/json", "application/problem+json"):
        return
    where = f"{method} {pattern} {answer.status}"
    response = call["responses"].get(str(answer.status))
    if response is None:
        if answer.status < 300:
            raise Differs(f"{where}: is not described")
        return
    content = resolve(response).get("content", {})
    kind = answer.headers["content-type"]
    if kind not in content:
        raise Differs(f"{where}: {kind} is not described")
    check(json.loads(answer.body), content[kind]["schema"], where)
