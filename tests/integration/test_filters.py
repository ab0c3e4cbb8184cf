# SPDX-License-Identifier: Apache-2.0
"""Payload filters: which events an endpoint gets, by what stands in them."""

import json

import pytest
from children import wait_until
from stack import Failed

BIG = '{"amount":{"$gte":100}}'


def unmatched(stack, tenant="acme"):
    return int(stack.redis("HGET", stack.key(tenant, "unmatched"), tenant) or 0)


def bodies(hook):
    return [json.loads(request.body)["data"] for request in hook.requests]


def test_only_what_matches_is_delivered_the_rest_is_counted(stack):
    endpoint = stack.add("acme", filter=BIG)
    for amount in ("99.99", "100.00", "1e2", '"100"', "250"):
        stack.publish("acme", data=f'{{"amount":{amount}}}')
    stack.publish("acme", data="{}")
    stack.wait_done(3)
    wait_until(lambda: unmatched(stack) == 3)
    assert sorted(data["amount"] for data in bodies(endpoint.hook)) == [100.0, 100.0, 250]


def test_each_endpoint_has_its_own(stack):
    paid = stack.add("acme", filter='{"status":{"$in":["paid","settled"]}}')
    void = stack.add_endpoint("acme", stack.receiver.hook("/void"), filter='{"status":"void"}')
    every = stack.add_endpoint("acme", stack.receiver.hook("/every"))
    for status in ("paid", "void", "settled", "open"):
        stack.publish("acme", data=f'{{"status":"{status}"}}')
    stack.wait_done(7)
    assert [len(e.hook.requests) for e in (paid, void, every)] == [2, 1, 4]


def test_a_filter_changes_and_goes_for_the_next_event(stack):
    endpoint = stack.add("acme", filter=BIG)
    endpoint.cli("set", "--filter", '{"amount":{"$lt":100}}')
    stack.publish("acme", data='{"amount":1}')
    stack.wait_done(1)
    endpoint.cli("set", "--filter", "none")
    assert endpoint.cli("show")["filter"] is None
    stack.publish("acme", data='{"amount":500}')
    stack.wait_done(2)


@pytest.mark.parametrize("text, words", [
    ("{", "filter: "), ("[]", "filter: "), ("{}", "filter: expected at least one condition"),
    ('{"a":{"$foo":1}}', "filter: a: $foo: unknown; expected $eq"), ('{"a":{"$gt":"1"}}', "filter: a: $gt: expected a number"),
])
def test_a_wrong_filter_is_refused_with_the_place(stack, text, words):
    stack.add_tenant("acme")
    with pytest.raises(Failed) as failed:
        stack.add_endpoint("acme", "https://example.com/", filter=text)
    assert words in failed.value.words


def test_an_event_that_is_too_long_for_so_many_filters_is_refused_and_kept(stack):
    """All conditions of the tenant times the length: over 1 GiB, which would hold up everybody else."""
    stack.add_tenant("acme"), stack.add("other")
    conditions = json.dumps({f"a{n}": {"$exists": False} for n in range(64)})
    hook = stack.receiver.hook("/acme")
    lines = [json.dumps({"tenant": "acme", "url": hook.url, "filter": conditions}) for _ in range(70)]
    stack.cli("endpoint", "add", "--from", "-", stdin="\n".join(lines).encode())
    stack.publish("acme", data=json.dumps({"b": "x" * 250000}))
    stack.publish("other")
    stack.wait_done(1, "other")
    wait_until(lambda: stack.rejected("acme"))
    kept = stack.rejected("acme")[0]
    assert kept["reason"] == b"data: too long for so many filters of the tenant's endpoints" and len(kept["data"]) > 250000
    stack.publish("acme", data='{"b":1}')
    stack.wait_done(70, "acme", 30)
    assert len(hook.requests) == 70


def test_match_says_what_would_happen_and_why(stack):
    endpoint = stack.add("acme", filter=BIG, events="order.*")
    stack.start_api()

    def match(*args):
        done = stack.run("endpoint", "match", endpoint.id, "--tenant", "acme", *args, "--json")
        return done.returncode, json.loads(done.stdout)

    status, said = match("--type", "order.paid", "--data", '{"amount":100}')
    assert (status, said["matches"], said["filter_why"]) == (0, True, ["amount: $gte 100: 100 → yes"])
    status, said = match("--type", "order.paid", "--data", '{"amount":7}')
    assert (status, said["matches"], said["type_matches"], said["filter_matches"]) == (1, False, True, False)
    assert said["filter_why"] == ["amount: $gte 100: 7 → no"]
    status, said = match("--type", "user.created", "--data", '{"amount":100}')
    assert (status, said["type_matches"], said["filter_matches"]) == (1, False, True)
    status, said = match("--type", "order.paid", "--filter", '{"sku":{"$exists":false}}')
    assert (status, said["matches"]) == (0, True)
    assert endpoint.cli("show")["filter"] == BIG
    endpoint.cli("disable", "--reason", "for a while")
    status, said = match("--type", "order.paid", "--data", '{"amount":100}')
    assert (status, said["enabled"], said["disabled_reason"]) == (1, False, "for a while")
    words = stack.run("endpoint", "match", endpoint.id, "--tenant", "acme", "--type", "order.paid").stdout.decode()
    assert "disabled_reason: for a while" in words and "amount: $gte 100: missing → no" in words
    assert not endpoint.hook.requests


def test_a_filter_in_a_file_keeps_its_numbers(stack):
    """0.1 is no binary number: taken for one, it would be 0.10000000000000001."""
    stack.add_tenant("acme")
    line = '{"tenant": "acme", "url": "https://example.com/", "filter": {"n": {"$in": [0.1, 9007199254740993]}}}'
    endpoint = stack.cli("endpoint", "add", "--from", "-", stdin=line.encode())
    assert endpoint["filter"] == '{"n": {"$in": [0.1, 9007199254740993]}}'
    stack.start_api()
    for n, status in (("0.1", 0), ("0.10000000000000001", 1), ("9007199254740993", 0), ("9007199254740992", 1)):
        assert stack.run("endpoint", "match", endpoint["id"], "--tenant", "acme", "--type", "a", "--data", f'{{"n":{n}}}').returncode == status
