# SPDX-License-Identifier: Apache-2.0
"""Deliveries in the API: as the platform guide has them, and for /v1."""

import re

import pytest
from children import wait_until
from receiver import Answer

GUIDE = {"id": str, "eventType": str, "requestUrl": str, "deliveryStatus": str, "responseStatus": int, "responseTimeMs": int,
         "attemptNumber": int, "finalAttempt": bool, "errorCode": str, "errorMessage": str, "createdAt": str}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NOBODY = "whd_00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(stack):
    return stack.start_api()


def get(api, path, **more):
    answer = api.get(path, tenant="acme", **more)
    assert answer.status == 200, answer
    return answer.json


def walk(api, query=""):
    """All that /v1 lists, page after page."""
    found, cursor = [], ""
    while True:
        answer = get(api, f"/v1/deliveries?limit=7{query}{cursor}")
        found += answer["deliveries"]
        if not answer["next_cursor"]:
            return found
        assert len(answer["deliveries"]) == 7
        cursor = "&cursor=" + answer["next_cursor"]


def fail_one(stack, api, status=500):
    """An endpoint whose only delivery has failed for good: (endpoint, delivery as in the list)."""
    endpoint = stack.add(then=Answer(status, b"it \xff broke"), dialect="royalti")
    stack.publish(kind="PAYMENT_COMPLETED")

    def has_ended():
        stack.make_due(may_be_none=True)
        return stack.done()
    wait_until(has_ended, 20)
    return endpoint, get(api, "/webhook-deliveries")["data"]["webhookDeliveries"][0]


def test_the_guide_s_list_field_by_field(stack, api):
    endpoint, one = fail_one(stack, api)
    answer = get(api, "/webhook-deliveries?page=1&size=20&status=failed")
    assert set(answer) == {"status", "message", "data"} and answer["status"] == "success"
    assert answer["message"] == "Webhook deliveries retrieved successfully"
    data = answer["data"]
    assert set(data) == {"webhookDeliveries", "totalItems", "totalPages", "currentPage"}
    assert (data["totalItems"], data["totalPages"], data["currentPage"]) == (1, 1, 1)
    assert data["webhookDeliveries"] == [one] and {name: type(value) for name, value in one.items()} == GUIDE
    record = stack.delivery()
    assert one["id"] == record.id and one["eventType"] == "PAYMENT_COMPLETED" and one["requestUrl"] == endpoint.hook.url
    assert one["deliveryStatus"] == "failed" and one["responseStatus"] == 500 and one["errorCode"] == "SERVER_ERROR"
    assert one["finalAttempt"] is True and one["attemptNumber"] == len(record.attempts) > 1
    assert TIME.fullmatch(one["createdAt"])


def test_one_with_all_attempts(stack, api):
    _, one = fail_one(stack, api)
    data = get(api, f"/webhook-deliveries/{one['id']}")["data"]
    attempts = data.pop("attempts")
    assert data == one
    assert [a["attemptNumber"] for a in attempts] == list(range(1, one["attemptNumber"] + 1))
    assert all(a["responseStatus"] == 500 and a["responseBody"] == "it \N{REPLACEMENT CHARACTER} broke" for a in attempts)
    ours = get(api, f"/v1/deliveries/{one['id']}")
    assert ours["status"] == "failed" and ours["attempts"] == len(ours["attempt_list"]) == len(attempts)
    assert [a["response_body"] for a in ours["attempt_list"]] == [a["responseBody"] for a in attempts]
    assert TIME.fullmatch(ours["ended_at"]) and ours["next_attempt_at"] is None


def test_another_tenant_s_is_not_there(stack, api):
    _, one = fail_one(stack, api)
    stack.add_tenant("other")
    for path in (f"/webhook-deliveries/{one['id']}", f"/v1/deliveries/{one['id']}", f"/v1/deliveries/{NOBODY}", "/v1/deliveries/x"):
        tenant = "other" if one["id"] in path else "acme"
        assert api.get(path, tenant=tenant).status == 404
        assert api.post(path + "/retry", tenant=tenant).status == 404
    assert get(api, "/webhook-deliveries")["data"]["webhookDeliveries"] == [one]
    assert api.get("/webhook-deliveries", tenant="other").json["data"]["totalItems"] == 0


@pytest.mark.parametrize("path", ["/webhook-deliveries", "/v1/deliveries"])
def test_again(stack, api, path):
    endpoint, one = fail_one(stack, api)
    endpoint.cli("disable")
    refused = api.post(f"{path}/{one['id']}/retry", tenant="acme")
    assert refused.status == 409 and "disabled" in refused.json["detail"]
    endpoint.cli("enable")
    before = len(endpoint.hook.requests)
    answer = api.post(f"{path}/{one['id']}/retry", tenant="acme")
    assert answer.status == 202, answer
    if path == "/webhook-deliveries":
        data = answer.json["data"]
        assert answer.json["status"] == "success" and data["deliveryStatus"] == "pending" and data["finalAttempt"] is False
        assert TIME.fullmatch(data["nextRetryAt"])
    else:
        shown = get(api, f"{path}/{one['id']}")
        del shown["attempt_list"]
        assert answer.json == shown and answer.json["status"] == "pending" and TIME.fullmatch(shown["next_attempt_at"])
    now = get(api, f"/webhook-deliveries/{one['id']}")["data"]
    assert now["finalAttempt"] is False and now["deliveryStatus"] == "pending"
    refused = api.post(f"{path}/{one['id']}/retry", tenant="acme")
    assert refused.status == 409 and "has not ended" in refused.json["detail"]
    stack.make_due()
    endpoint.hook.wait(before + 1)


def test_again_without_its_endpoint(stack, api):
    endpoint, one = fail_one(stack, api)
    endpoint.cli("remove")
    answer = api.post(f"/webhook-deliveries/{one['id']}/retry", tenant="acme")
    assert answer.status == 409 and "removed" in answer.json["detail"]
    assert get(api, f"/webhook-deliveries/{one['id']}")["data"]["requestUrl"] is None


@pytest.fixture
def many(stack, api):
    """150 that succeeded, of three types, oldest first."""
    stack.add()
    for kind, count in (("A", 80), ("B", 50), ("C", 20)):
        stack.publish(count=count, kind=kind)
    stack.wait_done(150)
    return [one.id for one in stack.deliveries()]


def test_pages(api, many):
    for query in ("", "&status=success"):  # by the index, and by the records
        ids = []
        for page in (1, 2, 3):
            data = get(api, f"/webhook-deliveries?page={page}&size=70{query}")["data"]
            assert (data["totalItems"], data["totalPages"], data["currentPage"]) == (150, 3, page)
            ids += [one["id"] for one in data["webhookDeliveries"]]
        assert ids == many[::-1]
        assert get(api, f"/webhook-deliveries?page=4&size=70{query}")["data"]["webhookDeliveries"] == []


def test_cursors_and_filters(stack, api, many):
    assert [one["id"] for one in walk(api)] == many[::-1]
    found = walk(api, "&type=B")
    assert len(found) == 50 and {one["type"] for one in found} == {"B"}
    assert walk(api, "&status=failed") == [] and walk(api, "&endpoint=ep_x") == []
    assert [one["id"] for one in walk(api, f"&event={found[3]['event']}")] == [found[3]["id"]]
    key = stack.key("acme", "index:acme")  # times are the index's
    at = int(stack.redis("ZSCORE", key, found[10]["id"]))
    ids = [i.decode() for i in stack.redis("ZREVRANGEBYSCORE", key, at, at)]
    assert ids and [one["id"] for one in walk(api, f"&from={at}&to={at}")] == ids
    data = get(api, f"/webhook-deliveries?from={at}&size=100&to={at}")["data"]
    assert [one["id"] for one in data["webhookDeliveries"]] == ids[:100] and data["totalItems"] == len(ids)
    older = get(api, f"/webhook-deliveries?to={at - 1}&status=success")["data"]["totalItems"]
    newer = get(api, f"/webhook-deliveries?from={at + 1}")["data"]["totalItems"]
    assert older + len(ids) + newer == 150


def test_the_summary(api, many):
    data = get(api, "/webhook-deliveries/summary")["data"]
    assert set(data) == {"summary", "statusBreakdown", "topEventTypes", "recentFailures"}
    assert data["summary"]["totalDeliveries"] == 150 and data["summary"]["successRate"] == "100.0%"
    assert all(TIME.fullmatch(data["summary"]["dateRange"][name]) for name in ("start", "end"))
    assert data["statusBreakdown"] == {"success": 150, "failed": 0, "timeout": 0, "pending": 0, "cancelled": 0}
    assert data["topEventTypes"] == [{"eventType": "A", "count": 80}, {"eventType": "B", "count": 50}, {"eventType": "C", "count": 20}]
    assert data["recentFailures"] == []


def test_a_failure_in_the_figures(stack, api):
    _, one = fail_one(stack, api)
    summary = get(api, "/webhook-deliveries/summary")["data"]
    assert summary["recentFailures"] == [{name: one[name] for name in ("id", "eventType", "errorCode", "createdAt")}]
    assert summary["summary"]["successRate"] == "0.0%" and summary["statusBreakdown"]["failed"] == 1
    stats = get(api, "/webhook-deliveries/stats?timeframe=7d")["data"]
    assert stats["byErrorCode"] == [{"errorCode": "SERVER_ERROR", "count": 1}] and stats["successRate"] == "0.0%"
    assert stats["responseTimeMs"] == dict.fromkeys(("p50", "p95", "p99"), one["responseTimeMs"])


@pytest.mark.parametrize("timeframe, buckets", [("1h", 12), ("24h", 24), ("7d", 28), ("30d", 30)])
def test_figures_of_a_timeframe(stack, api, many, timeframe, buckets):
    data = get(api, f"/webhook-deliveries/stats?timeframe={timeframe}")["data"]
    assert data["timeframe"] == timeframe and data["totalDeliveries"] == 150 and data["successRate"] == "100.0%"
    assert len(data["buckets"]) == buckets and sum(one["success"] for one in data["buckets"]) == 150
    times = sorted(one.attempts[-1]["duration_ms"] for one in stack.deliveries())
    assert data["responseTimeMs"] == {"p50": times[74], "p95": times[142], "p99": times[148]}
    assert data["byErrorCode"] == [] and len(data["byEventType"]) == 3


@pytest.mark.parametrize("path, field", [
    ("/webhook-deliveries?size=101", "size"), ("/webhook-deliveries?page=0", "page"), ("/webhook-deliveries?status=lost", "status"),
    ("/webhook-deliveries?from=yesterday", "from"), ("/webhook-deliveries?from=2025-01-02T00:00:00Z&to=2025-01-01T00:00:00Z", "to"),
    ("/v1/deliveries?cursor=1", "cursor"), ("/v1/deliveries?event=1-0", "event"), ("/v1/deliveries?limit=x", "limit"),
    ("/webhook-deliveries/stats?timeframe=2d", "timeframe"), ("/webhook-deliveries/summary?to=-1", "to"),
])
def test_what_is_wrong_is_named(stack, api, path, field):
    stack.add_tenant("acme")
    answer = api.get(path, tenant="acme")
    assert answer.status == 400 and answer.json["field"] == field, answer
