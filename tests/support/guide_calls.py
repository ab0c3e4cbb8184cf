# SPDX-License-Identifier: Apache-2.0
"""A guide's calls, made with curl, and how the answers compare with those that the guide shows."""

import json
import re
import subprocess

from api_client import Answer
from timeline import write_report

WIDTH = 62
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def form_of(value):
    """What of a guide's answer must be ours, too: names in their order, kinds of values, times as it writes them."""
    if isinstance(value, dict):
        return [(name, form_of(one)) for name, one in value.items()]
    if isinstance(value, list):
        return [form_of(one) for one in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        return "a time"
    return type(value).__name__


class GuideCalls:
    def __init__(self, stack, api, tenant):
        self.stack, self.api, self.tenant = stack, api, tenant
        self.lines = []

    def curl(self, method, path, body=None):
        words = ["curl", "-sS", "-i", "-X", method, f"http://127.0.0.1:{self.api.port}{path}",
                 "-H", f"Authorization: Bearer {self.api.key}", "-H", f"Grapnel-Tenant: {self.tenant}"]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", body]
        done = subprocess.run(words, capture_output=True, timeout=60, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        return Answer(int(status.split(" ")[1]), dict(field.lower().split(": ", 1) for field in fields), content)

    def call(self, method, path, body=None, *, document=None, place=None):
        """Makes the call. @body as it stands in the guide; @document: its answer there, None: it shows none; @place:
        what stands for our id in the guide's path."""
        answer = self.curl(method, path.format(id=place) if place else path, body)
        self._note(method, path, body, document, answer)
        return answer

    def _note(self, method, path, body, document, answer):
        self.lines += [f"$ curl -X {method} {path}" + (" -d '" if body else "")]
        if body:
            self.lines[-1] += body + "'"
        left = document.strip().split("\n") if document else ["(it shows no answer)"]
        right = [f"HTTP {answer.status}", *self._pretty(answer.body)]
        left = ["", *left]
        self.lines += ["", f"{'the document':<{WIDTH}}| ours", "-" * WIDTH + "+" + "-" * WIDTH]
        for n in range(max(len(left), len(right))):
            pair = [lines[n] if n < len(lines) else "" for lines in (left, right)]
            self.lines.append(f"{pair[0]:<{WIDTH}}| {pair[1]}".rstrip())
        self.lines += ["", ""]

    @staticmethod
    def _pretty(body):
        """As the guides write it: lists of texts on one line."""
        if not body:
            return []
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        return re.sub(r"\[\s+(\"[^\[\]{}]*\")\s+\]", lambda list_: "[" + re.sub(r"\n\s+", " ", list_[1]) + "]", text).split("\n")

    def write(self, name):
        write_report(self.stack, name, self.lines)
