# SPDX-License-Identifier: Apache-2.0
"""Which events reach an endpoint: the catalogue's types and words in `royalti`, names and prefixes elsewhere."""

import pytest
from children import wait_until

LITERAL = "a-literal-secret-of-a-guide"

# The platform guide's event types, by its categories.
FINANCIAL = {"PAYMENT_COMPLETED", "PAYMENT_PROCESSING", "PAYMENT_MADE_FAILED", "PAYMENT_REQUEST_SENT",
             "PAYMENT_REQUEST_APPROVED", "PAYMENT_REQUEST_REJECTED", "PAYMENT_DELETED", "REVENUE_CREATED",
             "REVENUE_UPDATED", "REVENUE_DELETED", "EXPENSE_CREATED", "EXPENSE_UPDATED", "EXPENSE_DELETED"}
CATALOG = {"ASSET_CREATED", "ASSET_UPDATED", "ASSET_DELETED", "PRODUCT_CREATED", "PRODUCT_UPDATED", "PRODUCT_DELETED"}
ROSTER = {"USER_CREATED", "USER_UPDATED", "USER_DELETED", "USER_INVITATION_SENT", "ARTIST_CREATED", "ARTIST_UPDATED",
          "ARTIST_DELETED"}
ROYALTY = {"ROYALTY_FILE_UPLOADED", "ROYALTY_FILE_PROCESSED", "ROYALTY_FILE_PROCESSING_FAILED"}
SPLIT = {"USER_ADDED_TO_SPLIT", "USER_REMOVED_FROM_SPLIT"}
CUSTOM = {"OF_OUR_OWN", "user.created", "user.deleted.twice", "user", "users.created", "order.paid"}

DEFAULT = CATALOG | ROSTER
ALL = DEFAULT | FINANCIAL | SPLIT | CUSTOM
EVERYTHING = ALL | ROYALTY

# (dialect, --events, what comes)
CASES = [
    ("royalti", "all", ALL),
    ("royalti", "*", ALL),
    ("royalti", "default", DEFAULT),
    ("royalti", " default , PAYMENT_COMPLETED ", DEFAULT | {"PAYMENT_COMPLETED"}),
    ("royalti", "ROYALTY_FILE_PROCESSED", {"ROYALTY_FILE_PROCESSED"}),
    ("royalti", "all,ROYALTY_FILE_PROCESSED", ALL | {"ROYALTY_FILE_PROCESSED"}),
    ("royalti", "ROYALTY_FILE_PROCESSING_FAILED, default, all", ALL | {"ROYALTY_FILE_PROCESSING_FAILED"}),
    ("royalti", "USER_CREATED, USER_CREATED,USER_ADDED_TO_SPLIT", {"USER_CREATED", "USER_ADDED_TO_SPLIT"}),
    ("standard", "*", EVERYTHING),
    ("standard", "all", EVERYTHING),
    ("simple", "user.*", {"user.created", "user.deleted.twice"}),
    ("simple", "user", {"user"}),
    ("template", " user.* ,order.paid, ROYALTY_FILE_UPLOADED", {"user.created", "user.deleted.twice", "order.paid",
                                                                "ROYALTY_FILE_UPLOADED"}),
    ("verification", "user.deleted.*,user.created", {"user.created", "user.deleted.twice"}),
]


def test_each_endpoint_gets_the_events_it_wants_and_no_others(stack):
    stack.add_tenant("acme")
    hooks = [stack.receiver.hook(f"/{n}") for n in range(len(CASES))]
    ids = {}
    for n, (dialect, events, _) in enumerate(CASES):
        secret = {} if dialect == "standard" else {"secret": LITERAL}
        ids[stack.add_endpoint("acme", hooks[n], dialect=dialect, events=events, slots=100, **secret).id] = n
    for kind in sorted(EVERYTHING):
        stack.publish("acme", kind=kind)
    stack.wait_done(sum(len(wanted) for *_, wanted in CASES))
    got = [[] for _ in CASES]
    for delivery in stack.deliveries():
        assert delivery.status == "success"
        got[ids[delivery.created["endpoint"]]].append(delivery.created["type"])
    for (dialect, events, wanted), types, hook in zip(CASES, got, hooks):
        assert sorted(types) == sorted(wanted), (dialect, events)
        assert len(hook.requests) == len(wanted)
    assert not stack.redis("HEXISTS", stack.key("acme", "unmatched"), "acme")


@pytest.mark.parametrize("events, kind", [("default", "PAYMENT_COMPLETED"), ("all", "ROYALTY_FILE_PROCESSED")])
def test_an_opt_in_holds_for_events_that_come_later(stack, events, kind):
    endpoint = stack.add("acme", dialect="royalti", secret=LITERAL, events=events)
    stack.publish("acme", kind=kind)
    wait_until(lambda: stack.redis("HGET", stack.key("acme", "unmatched"), "acme") == b"1")
    endpoint.cli("set", "--events", f"{events}, {kind}")
    stack.publish("acme", kind=kind)
    stack.wait_done(1)
    assert [request.headers["x-royalti-event"] for request in endpoint.hook.requests] == [kind]


def test_a_dialect_with_a_catalogue_takes_only_its_types_over(stack):
    endpoint = stack.add("acme", dialect="simple", secret=LITERAL, events="user.*, USER_CREATED")
    done = stack.run("endpoint", "set", endpoint.id, "--dialect", "royalti")
    assert done.returncode == 1 and b'events: "user.*" is not in the catalogue' in done.stderr
    endpoint.cli("set", "--dialect", "royalti", "--events", "USER_CREATED")
    stack.publish("acme", kind="USER_CREATED")
    stack.wait_done(1)
    assert "x-royalti-signature" in endpoint.hook.requests[0].headers
