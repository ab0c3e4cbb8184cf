# SPDX-License-Identifier: Apache-2.0
"""The API's description, as it is served."""

import dataclasses
import glob
import json
import os
import re

import pytest
from openapi_check import DOCUMENT as CHECKED_BY
from openapi_check import Differs, check_answer

DOCUMENTS = os.path.join(os.path.dirname(__file__), "../../docs/reference/api*.md")
METHODS = {"get", "put", "post", "patch", "delete"}


def calls_of(document):
    """(method, path with something for each parameter)."""
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield method.upper(), re.sub(r"\{[^}]*\}", "x", path)


def test_it_is_served_to_anybody(bare_stack):
    answer = bare_stack.start_api().ask("GET", "/openapi.json", key=None)
    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1.")


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from references(one)


def test_every_reference_leads_somewhere(bare_stack):
    document = bare_stack.start_api().ask("GET", "/openapi.json").json
    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        place = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def test_every_described_call_is_there(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api()
    calls = list(calls_of(api.ask("GET", "/openapi.json").json))
    assert len(calls) > 10
    for method, path in calls:
        answer = api.ask(method, path, tenant="acme")
        assert answer.status != 405 and b"there is no such path" not in answer.body, (method, path, answer)


def test_the_document_for_people_has_every_call(bare_stack):
    described = bare_stack.start_api().ask("GET", "/openapi.json").json["paths"]
    written = set()
    for document in glob.glob(DOCUMENTS):
        with open(document, encoding="utf-8") as file:
            written |= set(re.findall(r"`((?:GET|PUT|POST|PATCH|DELETE) /[^` ?]*)", file.read()))
    calls = {f"{method.upper()} {path}" for path, item in described.items() for method in item.keys() & METHODS}
    assert calls - written == set() and written - calls <= {"GET /metrics"}


def test_answers_are_held_against_what_is_served(bare_stack):
    """The client checks every answer of every test by docs/openapi.json."""
    assert bare_stack.start_api().ask("GET", "/openapi.json").json == CHECKED_BY


CHANGES = {
    "a member more": lambda tenant: tenant | {"colour": "red"},
    "a member less": lambda tenant: {name: value for name, value in tenant.items() if name != "limit"},
    "another type": lambda tenant: tenant | {"allow_http": 1},
    "no time": lambda tenant: tenant | {"created_at": "yesterday"},
    "no name": lambda tenant: tenant | {"id": "a b"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_answer_that_differs_is_seen(bare_stack, change):
    bare_stack.cli("tenant", "add", "acme")
    answer = bare_stack.start_api().get("/v1/tenants")
    tenants = [change(answer.json["tenants"][0])]
    body = json.dumps(answer.json | {"tenants": tenants}).encode()
    with pytest.raises(Differs):
        check_answer("GET", "/v1/tenants", dataclasses.replace(answer, body=body))
