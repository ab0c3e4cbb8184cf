# SPDX-License-Identifier: Apache-2.0
"""A tenant whose endpoints are managed through the API."""

URL = "https://acme.example/hook"


class Tenant:
    """Calls of one tenant."""

    def __init__(self, api, tenant):
        self.api, self.tenant = api, tenant

    def ask(self, method, path="", value=None, **more):
        return self.api.ask(method, f"/v1/endpoints{path}", value, tenant=self.tenant, **more)

    def get(self, path="", **more):
        return self.ask("GET", path, **more)

    def post(self, path="", value=None, **more):
        return self.ask("POST", path, value, **more)

    def patch(self, path, value, **more):
        return self.ask("PATCH", path, value, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def add(self, url=URL, **wanted):
        answer = self.post(value={"url": url, **wanted})
        assert answer.status == 201, answer
        return answer

    def id(self, **wanted):
        return self.add(**wanted).json["id"]

    def etag(self, endpoint):
        return self.get(f"/{endpoint}").headers["etag"]


def problem(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json["status"] == status and answer.json.get("field") == field, answer.json
    return answer.json["detail"]
