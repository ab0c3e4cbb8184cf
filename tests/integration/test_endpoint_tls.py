"""What an endpoint has of its own for TLS: CA certificates, a client certificate."""

import http.server
import os
import ssl
import subprocess
import threading

import pytest
from stack import Failed


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A private CA, a server for 127.0.0.1 and a client, by their names."""
    folder = tmp_path_factory.mktemp("pki")
    path = lambda name: str(folder / name)  # noqa: E731
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=A private CA", "-out", path("ca.pem"), "-keyout", path("ca.key"))
    for name, more in (("server", ["-addext", "subjectAltName=IP:127.0.0.1"]), ("client", [])):
        openssl("req", *key, "-subj", f"/CN=the {name}", *more, "-out", path(f"{name}.csr"), "-keyout", path(f"{name}.key"))
        openssl("x509", "-req", "-in", path(f"{name}.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial", "-copy_extensions", "copyall", "-days", "2", "-out", path(f"{name}.pem"))
    return path


class Server(http.server.ThreadingHTTPServer):
    """HTTPS; keeps whom each request's client said to be."""

    def __init__(self, pki, wants_client):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki("server.pem"), pki("server.key"))
        context.load_verify_locations(pki("ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED if wants_client else ssl.CERT_OPTIONAL
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.clients = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_address[1]}/hook"

    def handle_error(self, request, client_address):
        pass  # handshakes that are meant to fail


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        subject = (self.connection.getpeercert() or {}).get("subject", ())
        self.server.clients.append(dict(pair[0] for pair in subject).get("commonName"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


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
