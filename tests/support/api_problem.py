# SPDX-License-Identifier: Apache-2.0
"""Problem documents (RFC 9457), as the API answers what it refuses."""

def problem(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json["status"] == status and answer.json.get("field") == field, answer.json
    return answer.json["detail"]
