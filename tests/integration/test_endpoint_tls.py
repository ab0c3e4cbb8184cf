# SPDX-License-Identifier: Apache-2.0
"""What an endpoint has of its own for TLS: CA certificates, a client certificate."""

import os
import ssl

import pytest
from stack import Failed
from tls_receiver import Server


@pytest.fixture(params=[False, True], ids=["any", "wants a client"])
def server(pki, request):
    server = Server(pki, request.param)
    yield server
    server.shutdown()
    server.server_close()


def last(stack):
    attempt = stack.deliveries()[-1].attempts[-1]
    return attempt["code"], attempt["message"]


def test_trust_and_client_certificate_are_the_endpoint_s_alone(stack, pki, server):
    """Two endpoints of the same URL: what one trusts and shows, the other does not."""
    wants_client = server.socket.context.verify_mode == ssl.CERT_REQUIRED
    stack.add_tenant("bare"), stack.add_tenant("own")
    stack.add_endpoint("bare", server.url, retries=0)
    stack.add_endpoint("own", server.url, retries=0, ca_file=pki("ca.pem"), client_cert_file=pki("client.pem"),
                       client_key_file=pki("client.key"))
    for n in range(1, 4):
        for tenant in ("own", "bare"):
            stack.publish(tenant)
            stack.wait_done(n, tenant)
    assert [d.status for d in stack.deliveries("own")] == ["success"] * 3
    assert server.clients == ["the client"] * 3
    assert [d.attempts[0]["code"] for d in stack.deliveries("bare")] == ["SSL_ERROR"] * 3
    endpoint = stack.cli("endpoint", "list", tenant="own")["id"]
    assert (stack.cli("endpoint", "show", endpoint)["ownCa"], stack.cli("endpoint", "show", endpoint)["clientCertificate"]) == (
        True, True)
    stack.cli("endpoint", "set", endpoint, "--client-cert-file", "none", tenant="own")
    stack.publish("own")
    stack.wait_done(4, "own")
    assert stack.deliveries("own")[-1].status == ("failed" if wants_client else "success")
    stack.cli("endpoint", "set", endpoint, "--ca-file", "none", tenant="own")
    stack.publish("own")
    stack.wait_done(5, "own")
    assert stack.deliveries("own")[-1].attempts[0]["code"] == "SSL_ERROR"


def test_the_key_is_not_in_redis_in_the_clear(stack, pki):
    stack.add_tenant("acme")
    endpoint = stack.add_endpoint("acme", "https://example.com/", client_cert_file=pki("client.pem"),
                                  client_key_file=pki("client.key"))
    record = stack.redis("GET", stack.key("acme", "endpoint:" + endpoint.id))
    with open(pki("client.key"), "rb") as file:
        lines = file.read().splitlines()
    assert b"BEGIN CERTIFICATE" in record and b"PRIVATE KEY" not in record
    assert not any(line in record for line in lines[1:-1])


@pytest.mark.parametrize("options, words", [
    ({"client_cert_file": "client.pem"}, "client_cert: expected with client_key, both or none"),
    ({"client_cert_file": "client.pem", "client_key_file": "server.key"}, "client_key: "),
    ({"client_cert_file": "client.key", "client_key_file": "client.key"}, "client_cert: "),
    ({"ca_file": "ca.key"}, "ca: "),
    ({"ca_file": os.devnull}, "/dev/null: empty; expected PEM"),
])
def test_wrong_files_are_refused_by_name(stack, pki, options, words):
    stack.add_tenant("acme")
    with pytest.raises(Failed) as failed:
        stack.add_endpoint("acme", "https://example.com/", **{name: pki(file) for name, file in options.items()})
    assert words in failed.value.words
