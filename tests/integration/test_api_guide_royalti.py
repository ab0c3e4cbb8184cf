# SPDX-License-Identifier: Apache-2.0
"""The platform guide's management calls, made with curl. Leaves guide_royalti.txt in reports/ of the build directory: the
guide's answers and ours, side by side."""

import json
import re

from children import wait_until
from guide_calls import GuideCalls, form_of
from receiver import Answer

SETTINGS = {
    "webhook-url": "https://your-domain.com/webhooks/royalti", "webhook-isActive": "true",
    "webhook-enabledEvents": "PAYMENT_COMPLETED,ASSET_CREATED,ROYALTY_FILE_PROCESSED", "webhook-enableSignatureValidation": "true",
    "webhook-secretToken": "your-secure-random-secret-token-min-32-chars", "webhook-retryAttempts": "5", "webhook-timeoutMs": "45000",
}

DELIVERIES = """{
  "status": "success",
  "message": "Webhook deliveries retrieved successfully",
  "data": {
    "webhookDeliveries": [
      {
        "id": "whd_123",
        "eventType": "PAYMENT_COMPLETED",
        "requestUrl": "https://your-domain.com/webhooks/royalti",
        "deliveryStatus": "failed",
        "responseStatus": 500,
        "responseTimeMs": 5234,
        "attemptNumber": 3,
        "finalAttempt": true,
        "errorCode": "SERVER_ERROR",
        "errorMessage": "Internal server error",
        "createdAt": "2025-01-22T14:30:00Z"
      }
    ],
    "totalItems": 150,
    "totalPages": 8,
    "currentPage": 1
  }
}"""

SUMMARY = """{
  "status": "success",
  "data": {
    "summary": {
      "totalDeliveries": 1542,
      "successRate": "95.8%",
      "dateRange": {
        "start": "2025-01-01T00:00:00Z",
        "end": "2025-01-22T23:59:59Z"
      }
    },
    "statusBreakdown": {
      "success": 1477,
      "failed": 45,
      "timeout": 15,
      "pending": 5
    },
    "topEventTypes": [
      {"eventType": "PAYMENT_COMPLETED", "count": 523}
    ],
    "recentFailures": [
      {
        "id": "whd_123",
        "eventType": "PAYMENT_COMPLETED",
        "errorCode": "TIMEOUT",
        "createdAt": "2025-01-22T14:30:00Z"
      }
    ]
  }
}"""


# The guide writes times with and without; ours are always with.
SECONDS = re.compile(r"\.\d{3}(?=Z$)")


def has_form_of(ours, document):
    """All that the document has, in its order and of its kinds; what we add stands in docs/reference/api.md."""
    if isinstance(document, dict):
        names = [name for name in ours if name in document]
        return names == list(document) and all(has_form_of(ours[name], one) for name, one in document.items())
    if isinstance(document, list):
        return len(ours) == len(document) and all(map(has_form_of, ours, document))
    return form_of(SECONDS.sub("", ours) if isinstance(ours, str) else ours) == form_of(document)


def fail_one(stack):
    """The tenant's webhook gets an event, and never takes it."""
    stack.publish("acme", kind="PAYMENT_COMPLETED", data='{"amount":1500}')

    def has_ended():
        stack.make_due(may_be_none=True)
        return stack.done()
    wait_until(has_ended, 20)


def test_the_guide_s_calls(stack):
    hook = stack.receiver.hook("/acme", then=Answer(500, b"Internal server error"))
    stack.add_tenant("acme")
    calls = GuideCalls(stack, stack.start_api(), "acme")
    for name, value in SETTINGS.items():
        answer = calls.call("PUT", f"/tenant/settings/{name}", json.dumps({"value": value}))
        assert answer.status == 200 and answer.json["status"] == "success"
        shown = calls.call("GET", f"/tenant/settings/{name}").json["data"]
        assert shown["name"] == name and shown["value"] == ("(hidden)" if name == "webhook-secretToken" else value)
    for name, value in (("requireHttps", "false"), ("url", hook.url)):  # to one that is there
        assert calls.curl("PUT", f"/tenant/settings/webhook-{name}", json.dumps({"value": value})).status == 200
    fail_one(stack)

    answer = calls.call("GET", "/webhook-deliveries?page=1&size=20&status=failed", document=DELIVERIES)
    assert answer.status == 200 and has_form_of(answer.json, json.loads(DELIVERIES)), answer
    one = answer.json["data"]["webhookDeliveries"][0]
    assert (one["deliveryStatus"], one["responseStatus"], one["errorCode"]) == ("failed", 500, "SERVER_ERROR")
    answer = calls.call("GET", "/webhook-deliveries/summary", document=SUMMARY)
    assert answer.status == 200 and has_form_of(answer.json, json.loads(SUMMARY)), answer
    assert answer.json["data"]["recentFailures"][0]["id"] == one["id"]
    answer = calls.call("GET", "/webhook-deliveries/stats?timeframe=7d")
    assert answer.status == 200 and answer.json["data"]["successRate"] == "0.0%"
    answer = calls.call("POST", "/webhook-deliveries/{id}/retry", place=one["id"])
    assert answer.status == 202 and answer.json["data"]["deliveryStatus"] == "pending"
    calls.write("guide_royalti.txt")
