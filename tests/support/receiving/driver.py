# SPDX-License-Identifier: Apache-2.0
"""driver.py MODULE CASES: what verify() of docs/how-to/receive.md says about each case, a line each. See verifiers.py."""

import base64
import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("webhook", sys.argv[1])
webhook = importlib.util.module_from_spec(spec)
spec.loader.exec_module(webhook)


class Headers(dict):
    def get(self, name, default=None):
        return super().get(name.lower(), default)


def answer(case, *decoding):
    headers = Headers((name, base64.b64decode(value).decode(*decoding)) for name, value in case["headers"].items())
    return webhook.verify(case["dialect"], case["secrets"], headers, base64.b64decode(case["body"]), case["now"])


with open(sys.argv[2], encoding="utf-8") as f:
    for case in json.load(f):
        both = {answer(case, "latin-1"), answer(case, "utf-8", "surrogateescape")}  # frameworks do the one or the other
        print({(True,): "accepted", (False,): "refused"}.get(tuple(both), "depends on how headers are decoded"))
