# SPDX-License-Identifier: Apache-2.0
"""A client of the management API."""

import dataclasses
import http.client
import json

from openapi_check import check_answer


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    def __init__(self, port, key, child=None):
        self.port, self.key, self.child = port, key, child

    def ask(self, method, path, value=None, *, key=True, tenant=None, body=None, headers=None, timeout=30):
        """@key: True for the operator's, None for none, or a text. @value: sent as JSON; @body: sent as it is."""
        sent = dict(headers or {})
        if key:
            sent["Authorization"] = f"Bearer {self.key if key is True else key}"
        if tenant:
            sent["Grapnel-Tenant"] = tenant
        if value is not None:
            body = json.dumps(value).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            answer = Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()
        check_answer(method, path, answer)
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def put(self, path, value=None, **more):
        return self.ask("PUT", path, value, **more)

    def post(self, path, value=None, **more):
        return self.ask("POST", path, value, **more)

    def patch(self, path, value=None, **more):
        return self.ask("PATCH", path, value, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)
