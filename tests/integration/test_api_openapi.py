"""What api/openapi/ describes is there."""

import glob
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))


def described():
    """(method, path with something for each parameter) of each file."""
    for name in sorted(glob.glob(os.path.join(HERE, "../../api/openapi/*.json"))):
        with open(name, encoding="utf-8") as file:
            for path, item in json.load(file).items():
                for method in item.keys() & {"get", "put", "post", "patch", "delete"}:
                    yield method.upper(), re.sub(r"\{[^}]*\}", "x", path)


def test_every_described_call_is_a_route(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    api, calls = bare_stack.start_api(), list(described())
    assert calls
    for method, path in calls:
        answer = api.ask(method, path, tenant="acme")
        assert answer.status != 405 and b"there is no such path" not in answer.body, (method, path, answer)
