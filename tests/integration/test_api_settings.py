# SPDX-License-Identifier: Apache-2.0
"""The API's frame, and the settings of a tenant's webhook as the platform guide has them."""

import json
import socket

import pytest
from children import wait_until
from api_problem import problem


@pytest.fixture
def api(bare_stack):
    """Nothing but the API; the tenant 123 is there."""
    bare_stack.cli("tenant", "add", "123")
    return bare_stack.start_api()


def put(api, name, value, **more):
    return api.put(f"/tenant/settings/{name}", {"value": value}, **{"tenant": "123", **more})


# ---- the frame ----

def test_health_asks_nobody_and_readiness_asks_redis(api, redis):
    assert api.get("/healthz", key=None).status == 200
    assert b"process_cpu_seconds_total" in api.get("/metrics", key=None).body
    assert api.get("/readyz", key=None).status == 200
    redis.kill9()
    assert api.get("/healthz", key=None).status == 200
    answer = api.get("/readyz", key=None)
    assert problem(answer, 503) and answer.headers["retry-after"] == "1"
    redis.start()
    wait_until(lambda: api.get("/readyz", key=None).status == 200)


@pytest.mark.parametrize("path", ["/", "/nope", "/tenant/settings/a/b", "/tenant//settings", "/tenant/settings/%00", "/tenant/settings/%", "//"])
def test_unknown_paths(api, path):
    problem(api.get(path), 404)


def test_other_methods_are_told_which_there_are(api):
    answer = api.post("/tenant/settings/webhook-url", {"value": "x"})
    assert "GET, PUT" in problem(answer, 405) and answer.headers["allow"] == "GET, PUT"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"},
                                     {"Authorization": "an-operator-s-key-for-tests"}])
def test_without_a_valid_key_there_is_nothing(api, headers):
    answer = api.get("/tenant/settings", key=None, tenant="123", headers=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_without_a_configured_key_no_key_is_valid(bare_stack):
    api = bare_stack.start_api(api_root_key=None)
    for key in (None, "", "x"):
        problem(api.get("/tenant/settings", key=key, tenant="123"), 401)


def test_an_operator_says_which_tenant(api):
    assert "Grapnel-Tenant" in problem(api.get("/tenant/settings"), 400, "tenant")
    problem(api.get("/tenant/settings", tenant="a b"), 400, "tenant")
    problem(api.get("/tenant/settings", tenant="456"), 404)
    assert api.get("/tenant/settings?tenant=123").status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"value":"a","value":"b"}', b"\xff", b'{"value":"\xff"}', b"{" * 5000])
def test_what_is_no_json_object(api, body):
    problem(api.put("/tenant/settings/webhook-userAgent", tenant="123", body=body), 400)


def test_too_large_a_body(api):
    assert api.put("/tenant/settings/webhook-userAgent", {"value": "a" * 70000}, tenant="123").status == 413


def test_many_at_once_on_one_connection(api):
    request = (b"GET /tenant/settings/webhook-timeoutMs?tenant=123 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + api.key.encode() +
               b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(request * 50)
        text = b""
        while text.count(b"HTTP/1.1 200") < 50:
            part = connection.recv(65536)
            assert part, text[-200:]
            text += part


def test_it_drains(api):
    """What was asked is answered, then it ends with status 0 (the fixture looks)."""
    api.child.terminate()
    assert api.child.wait() == 0


# ---- the settings ----

def test_the_guide_s_calls(api):
    for name, value in (("webhook-url", "https://your-domain.com/webhooks/royalti"), ("webhook-isActive", "true"),
                        ("webhook-enabledEvents", "PAYMENT_COMPLETED,ASSET_CREATED,ROYALTY_FILE_PROCESSED"),
                        ("webhook-enableSignatureValidation", "true"), ("webhook-retryAttempts", "5"), ("webhook-timeoutMs", "45000")):
        answer = put(api, name, value)
        assert answer.status == 200 and answer.json["status"] == "success", answer
        assert answer.json["data"]["name"] == name and answer.json["data"]["value"] == value
        assert api.get(f"/tenant/settings/{name}", tenant="123").json["data"]["value"] == value
    token = "your-secure-random-secret-token-min-32-chars"
    assert put(api, "webhook-secretToken", token).json["data"]["value"] == "(hidden)"
    assert token.encode() not in api.get("/tenant/settings", tenant="123").body
    listed = api.get("/tenant/settings", tenant="123").json["data"]["settings"]
    assert len(listed) == 10 and all(set(one) == {"name", "value", "type", "default"} for one in listed)


def test_values_of_other_json_kinds_are_taken_as_their_text(api):
    assert put(api, "webhook-retryAttempts", 7).json["data"]["value"] == "7"
    assert put(api, "webhook-enableSignatureValidation", True).json["data"]["value"] == "true"
    assert json.loads(put(api, "webhook-customHeaders", {"X-A": "b"}).json["data"]["value"]) == {"X-A": "b"}
    assert put(api, "webhook-retryAttempts", None).json["data"]["value"] == "3"


def test_a_secret_that_was_made_is_shown_once(api):
    made = put(api, "webhook-secretToken", "").json["data"]["value"]
    assert made.startswith("whsec_")
    assert api.get("/tenant/settings/webhook-secretToken", tenant="123").json["data"]["value"] == "(hidden)"


def test_the_secret_that_the_first_setting_makes_is_shown_with_it(api):
    data = put(api, "webhook-url", "https://example.com/hooks").json["data"]
    assert data["value"] == "https://example.com/hooks" and data["secret"].startswith("whsec_")
    assert "secret" not in put(api, "webhook-url", "https://example.com/others").json["data"]


@pytest.mark.parametrize("name, value, words", [
    ("webhook-timeoutMs", "999", "expected a number from 1000 to 120000"),
    ("webhook-isActive", "true", "expected webhook-url to be set first"),
    ("webhook-url", "https://127.0.0.1/", "may not be called"),
    ("webhook-enabledEvents", "NO_SUCH", "is not in the catalogue"),
    ("webhook-customHeaders", {"Host": "a"}, "Host is reserved"),
    ("webhook-userAgent", "a\nb", "expected printable ASCII"),
])
def test_a_wrong_value_names_the_setting(bare_stack, name, value, words):
    bare_stack.cli("tenant", "add", "123")
    api = bare_stack.start_api(egress_allow="")
    assert words in problem(put(api, name, value), 400, name)
    problem(put(api, "webhook-noSuch", "1"), 404)
    assert "missing" in problem(api.put(f"/tenant/settings/{name}", {"v": 1}, tenant="123"), 400, "value")


def test_a_change_holds_for_the_next_event(stack):
    hook = stack.receiver.hook("/acme")
    stack.cli("tenant", "add", "acme")
    api = stack.start_api()
    for name, value in (("requireHttps", "false"), ("url", hook.url), ("isActive", "true"), ("userAgent", "Before/1")):
        assert put(api, f"webhook-{name}", value, tenant="acme").status == 200
    stack.publish("acme", kind="ASSET_CREATED")
    assert hook.wait(1)[0].headers["user-agent"] == "Before/1"
    assert put(api, "webhook-userAgent", "After/1", tenant="acme").status == 200
    stack.publish("acme", kind="ASSET_CREATED")
    assert hook.wait(2)[1].headers["user-agent"] == "After/1"
    assert put(api, "webhook-isActive", "false", tenant="acme").json["data"]["value"] == "false"
