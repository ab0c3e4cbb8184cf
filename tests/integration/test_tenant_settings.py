# SPDX-License-Identifier: Apache-2.0
"""The settings of a tenant's webhook, as the platform guide configures it."""

import hashlib
import hmac
import json

import pytest
from children import wait_until
from receiver import Answer
from stack import Failed

TOKEN = "a-secure-random-token-of-32-characters"
NAMES = ["webhook-url", "webhook-isActive", "webhook-enabledEvents", "webhook-enableSignatureValidation",
         "webhook-secretToken", "webhook-retryAttempts", "webhook-timeoutMs", "webhook-requireHttps",
         "webhook-customHeaders", "webhook-userAgent"]


def put(stack, *pairs, tenant="acme"):
    """Sets one after the other; what the last answered."""
    for pair in pairs:
        name, value = pair.split("=", 1)
        answer = stack.cli("setting", "set", f"webhook-{name}", value, tenant=tenant)
    return answer["data"]


def listed(stack):
    return stack.cli("setting", "list", tenant="acme")


def values(stack):
    return {line["name"]: line["value"] for line in listed(stack)}


def refused(stack, *pairs):
    with pytest.raises(Failed) as failed:
        put(stack, *pairs)
    return failed.value.words


def unmatched(stack, tenant="acme"):
    return int(stack.redis("HGET", stack.key(tenant, "unmatched"), tenant) or 0)


@pytest.fixture
def tenant(bare_stack):
    """Configured, nothing runs yet."""
    bare_stack.cli("tenant", "add", "acme")
    return bare_stack


@pytest.fixture
def hook(stack):
    """An active webhook that may be http."""
    stack.cli("tenant", "add", "acme")
    hook = stack.receiver.hook("/acme")
    put(stack, "requireHttps=false", f"url={hook.url}", "isActive=true", f"secretToken={TOKEN}")
    return hook


def test_the_ten_have_the_guide_s_names_types_and_defaults(tenant):
    lines = listed(tenant)
    assert [line["name"] for line in lines] == NAMES
    assert {line["name"]: (line["type"], line["value"]) for line in lines} == {
        "webhook-url": ("string", ""), "webhook-isActive": ("boolean", "false"),
        "webhook-enabledEvents": ("string", ""), "webhook-enableSignatureValidation": ("boolean", "false"),
        "webhook-secretToken": ("string", ""), "webhook-retryAttempts": ("number", "3"),
        "webhook-timeoutMs": ("number", "30000"), "webhook-requireHttps": ("boolean", "true"),
        "webhook-customHeaders": ("string", ""), "webhook-userAgent": ("string", "Royalti-Webhooks/1.0")}


def test_what_is_set_is_shown_and_an_empty_value_gives_it_back(tenant):
    put(tenant, "url=https://example.com/hook", "enabledEvents=all,ROYALTY_FILE_PROCESSED", "retryAttempts=10",
        "timeoutMs=1000", 'customHeaders={"X-Env":"live"}', "userAgent=Acme/2", "enableSignatureValidation=true")
    assert values(tenant) == {
        "webhook-url": "https://example.com/hook", "webhook-isActive": "false",
        "webhook-enabledEvents": "all,ROYALTY_FILE_PROCESSED", "webhook-enableSignatureValidation": "true",
        "webhook-secretToken": "(hidden)", "webhook-retryAttempts": "10", "webhook-timeoutMs": "1000",
        "webhook-requireHttps": "true", "webhook-customHeaders": '{"X-Env":"live"}', "webhook-userAgent": "Acme/2"}
    put(tenant, *(f"{name[len('webhook-'):]}=" for name in NAMES))
    assert values(tenant) == {**{line["name"]: line["default"] for line in listed(tenant)},
                              "webhook-secretToken": "(hidden)"}


@pytest.mark.parametrize("pair, words", [
    ("url=http://example.com/hook", "webhook-url: "),
    ("url=https://10.0.0.1/", "webhook-url: 10.0.0.1 may not be called"),
    ("url=https://user@example.com/", "webhook-url: "),
    ("url=https://example.com:22/", "webhook-url: "),
    ("isActive=yes", "webhook-isActive: expected true or false"),
    ("isActive=true", "webhook-isActive: expected webhook-url to be set first"),
    ("enabledEvents=PAYMENT_COMPLETED,NO_SUCH_TYPE", 'webhook-enabledEvents: "NO_SUCH_TYPE" is not in the catalogue'),
    ("enabledEvents=user.*", "webhook-enabledEvents: "),
    ("enableSignatureValidation=1", "webhook-enableSignatureValidation: expected true or false"),
    ("secretToken=too-short", "webhook-secretToken: 9 bytes; expected 15 to 512"),
    ("retryAttempts=0", "webhook-retryAttempts: expected a number from 1 to 10"),
    ("retryAttempts=11", "webhook-retryAttempts: expected a number from 1 to 10"),
    ("retryAttempts=three", "webhook-retryAttempts: expected a number from 1 to 10"),
    ("timeoutMs=999", "webhook-timeoutMs: expected a number from 1000 to 120000"),
    ("timeoutMs=120001", "webhook-timeoutMs: expected a number from 1000 to 120000"),
    ("requireHttps=maybe", "webhook-requireHttps: expected true or false"),
    ("customHeaders=X-A: b", "webhook-customHeaders: expected a JSON object"),
    ('customHeaders={"Host":"evil"}', "webhook-customHeaders: Host is reserved"),
    ('customHeaders={"X-Royalti-Event":"x"}', "webhook-customHeaders: X-Royalti-Event is the dialect's own"),
    ('customHeaders={"X-A":"b\\r\\nX-B: c"}', "webhook-customHeaders: X-A: expected printable ASCII"),
    ("userAgent=é", "webhook-userAgent: expected printable ASCII"),
    ("noSuch=1", "there is no such setting"),
])
def test_a_wrong_value_names_the_setting_and_changes_nothing(tenant, pair, words):
    before = values(tenant)
    assert words in refused(tenant, pair)
    assert values(tenant) == before


def test_https_is_required_again_only_with_an_https_url(tenant):
    put(tenant, "requireHttps=false", "url=http://example.com/hook")
    assert "webhook-url is not https" in refused(tenant, "requireHttps=true")
    put(tenant, "url=https://example.com/hook", "requireHttps=true")


def test_an_event_is_delivered_as_the_settings_say(stack, hook):
    put(stack, 'customHeaders={"X-Env":"live","X-Team":"a b"}', "userAgent=Acme/2", "retryAttempts=5",
        "enabledEvents=all", "enableSignatureValidation=true")
    stack.publish("acme", kind="ASSET_CREATED")
    request = hook.wait(1)[0]
    body = json.loads(request.body)
    assert request.headers["x-env"] == "live" and request.headers["x-team"] == "a b"
    assert request.headers["user-agent"] == "Acme/2"
    assert body["delivery"]["maxAttempts"] == 5
    signature = hmac.new(TOKEN.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-royalti-signature"] == "sha256=" + signature


@pytest.mark.parametrize("kind, is_signed", [("ASSET_CREATED", False), ("USER_CREATED", False),
                                             ("PAYMENT_COMPLETED", True), ("USER_ADDED_TO_SPLIT", True)])
def test_without_signature_validation_only_money_is_signed(stack, hook, kind, is_signed):
    put(stack, "enabledEvents=all")
    stack.publish("acme", kind=kind)
    assert ("x-royalti-signature" in hook.wait(1)[0].headers) == is_signed


def test_without_enabled_events_catalogue_and_roster_events_come(stack, hook):
    kinds = ["PAYMENT_COMPLETED", "ROYALTY_FILE_UPLOADED", "USER_ADDED_TO_SPLIT", "ASSET_CREATED", "ARTIST_DELETED"]
    for kind in kinds:
        stack.publish("acme", kind=kind)
    stack.wait_done(2)
    wait_until(lambda: unmatched(stack) == 3)
    assert sorted(r.headers["x-royalti-event"] for r in hook.requests) == ["ARTIST_DELETED", "ASSET_CREATED"]


def test_inactive_means_no_delivery_but_counted(stack, hook):
    put(stack, "isActive=false")
    stack.publish("acme", count=3, kind="ASSET_CREATED")
    wait_until(lambda: unmatched(stack) == 3)
    put(stack, "isActive=true")
    stack.publish("acme", kind="ASSET_CREATED")
    stack.wait_done(1)
    assert len(hook.requests) == 1 and values(stack)["webhook-isActive"] == "true"


def test_deactivating_cancels_what_backs_off(stack, hook):
    hook.then = Answer(500)
    stack.publish("acme", kind="ASSET_CREATED")
    stack.wait_attempts(1)
    put(stack, "isActive=false")
    stack.wait_done(1)
    assert (stack.delivery().status, stack.delivery().reason) == ("cancelled", "webhook-isActive is false")


def test_a_change_holds_for_the_next_attempt_on_all_workers(stack, hook):
    stack.start_worker()
    hook.then = Answer(500)
    stack.publish("acme", count=4, kind="ASSET_CREATED")
    hook.wait(4)
    put(stack, "userAgent=Changed/1")
    wait_until(lambda: stack.total("ZCARD", "delayed") == 4)
    stack.make_due("acme")
    assert {r.headers["user-agent"] for r in hook.wait(8)[4:8]} == {"Changed/1"}


def test_the_new_token_signs_alone(stack, hook):
    put(stack, "enableSignatureValidation=true")
    made = put(stack, "secretToken=")["value"]
    stack.publish("acme", kind="ASSET_CREATED")
    request = hook.wait(1)[0]
    expected = "sha256=" + hmac.new(made.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-royalti-signature"] == expected
    shown = stack.cli("endpoint", "list", tenant="acme")
    assert len(shown["secrets"]) == 1


def test_an_endpoint_that_failed_too_often_shows_as_inactive(bare_stack):
    stack = bare_stack.start(disable_after=2)
    stack.cli("tenant", "add", "acme")
    hook = stack.receiver.hook("/acme", then=Answer(400))
    put(stack, "requireHttps=false", f"url={hook.url}", "isActive=true")
    stack.publish("acme", count=2, kind="ASSET_CREATED")
    stack.wait_done(2)
    wait_until(lambda: values(stack)["webhook-isActive"] == "false")
    hook.then = Answer(200)
    put(stack, "isActive=true")
    stack.publish("acme", kind="ASSET_CREATED")
    stack.wait_done(3)
    assert stack.deliveries()[-1].status == "success"


def test_after_the_endpoint_was_removed_by_hand_settings_make_another(stack, hook):
    stack.cli("endpoint", "remove", stack.cli("endpoint", "list", tenant="acme")["id"], tenant="acme")
    assert values(stack)["webhook-url"] == ""
    put(stack, f"url={hook.url}", "isActive=true")
    stack.publish("acme", kind="ASSET_CREATED")
    stack.wait_done(1)


def test_two_who_change_settings_at_once_both_win(tenant):
    put(tenant, "url=https://example.com/hook")
    done = [tenant.run_async("setting", "set", f"webhook-{name}", value, "--tenant", "acme") for name, value in
            (("retryAttempts", 7), ("timeoutMs", 7000), ("userAgent", "Seven/7"), ("enabledEvents", "all"), ("isActive", "true"))]
    assert [process.wait(60) for process in done] == [0] * 5
    after = values(tenant)
    assert [after[f"webhook-{n}"] for n in ("retryAttempts", "timeoutMs", "userAgent", "enabledEvents", "isActive")] == [
        "7", "7000", "Seven/7", "all", "true"]
