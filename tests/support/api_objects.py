# SPDX-License-Identifier: Apache-2.0
"""One of everything that the API's paths can name, of one tenant; for tests that take the routes from the running program."""

import re
import subprocess

# What {…} stands for, by the beginning of the path; the longest that fits counts. Whoever adds a resource adds its line.
KINDS = {
    "/tenant/settings/{name}": "setting",
    "/webhook-deliveries/{id}": "delivery",
    "/v1/deliveries/{id}": "delivery",
    "/v1/events/{id}": "event",
    "/v1/webhooks/{id}": "endpoint",
    "/webhooks/{id}": "endpoint",
    "/v1/endpoints/{id}": "endpoint",
    "/v1/tenants/{id}": "tenant",
    "/v1/keys/{id}": "key",
    "/v1/sources/{id}": "source",
    "/v1/downloads/{id}": "download",
    "/v1/files/{id}": "file",
    "/v1/retries/{id}": "retry",
    "/in/{id}": "source",
}
# Of these each tenant has the same: nobody's in particular.
NAMES = {"setting"}

# A body that is fine, so that not the body is what is refused. Default: {}.
BODIES = {
    "PUT /tenant/settings/{name}": {"value": "4"},
    "POST /v1/events": {"type": "USER_CREATED", "data": {}},
    "POST /v1/keys": {"name": "x", "role": "read"},
    "POST /v1/tenants": {"id": "made-by-the-matrix"},
    "POST /v1/retries": {"status": "failed"},
    "PUT /v1/webhooks/{id}": {"active": True},
    "PUT /webhooks/{id}": {"description": "x"},
    "PATCH /v1/endpoints/{id}": {"description": "x"},
    "PATCH /v1/sources/{id}": {"name": "x"},
    "POST /v1/endpoints/{id}/match": {"type": "USER_CREATED", "data": {}},
    "POST /v1/filters/test": {"filter": None, "data": {}},
    "POST /v1/endpoints/{id}/revoke": {"old": True},
}


class Route:
    def __init__(self, line):
        self.method, self.pattern, self.role, tenant = line.split("\t")
        self.is_of_tenant = tenant == "tenant"
        self.name = f"{self.method} {self.pattern}"
        fits = [prefix for prefix in KINDS if self.pattern.startswith(prefix)]
        self.kind = KINDS[max(fits, key=len)] if fits else None
        self.body = BODIES.get(self.name, {}) if self.method != "GET" else None
        parameters = re.findall(r"\{[^}]*\}", self.pattern)
        assert len(parameters) == bool(self.kind), f"{self.name}: what its parameters stand for is not in api_objects.KINDS"

    @property
    def is_of_object(self):
        return self.kind is not None and self.kind not in NAMES

    def path(self, value):
        return re.sub(r"\{[^}]*\}", value or "", self.pattern)


def routes(program):
    """All calls of the running version."""
    text = subprocess.run([program, "--routes"], check=True, capture_output=True, timeout=20).stdout.decode()
    return [Route(line) for line in text.splitlines()]


def one_of_each(stack, api, tenant):
    """{kind: id}. Needs a scheduler and a worker."""
    def made(path, **body):
        answer = api.post(path, body, tenant=tenant)
        assert answer.status in (201, 202), (path, answer)
        return answer.json["id"]
    endpoint = stack.add(tenant)
    stack.publish(tenant)
    stack.wait_done(1, tenant)
    delivery = api.get("/v1/deliveries", tenant=tenant).json["deliveries"][0]
    return {"setting": "webhook-retryAttempts", "delivery": delivery["id"], "event": delivery["event"], "endpoint": endpoint.id, "tenant": tenant,
            "key": made("/v1/keys", name="x", role="read"), "source": made("/v1/sources", kind="github", secret="s" * 32, name="in"),
            "download": made("/v1/downloads", name="x"), "file": made("/v1/files", name="x"),
            "retry": made("/v1/retries", status="failed")}
