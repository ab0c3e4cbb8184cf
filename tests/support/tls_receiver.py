# SPDX-License-Identifier: Apache-2.0
"""A certificate authority, and an HTTPS receiver that may want client certificates."""

import http.server
import ssl
import subprocess
import threading


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=60)


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


def make_pki(folder):
    """A private CA, a server for 127.0.0.1 and a client, by their names, in @folder."""
    path = lambda name: str(folder / name)  # noqa: E731
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=A private CA", "-out", path("ca.pem"), "-keyout", path("ca.key"))
    for name, more in (("server", ["-addext", "subjectAltName=IP:127.0.0.1"]), ("client", [])):
        openssl("req", *key, "-subj", f"/CN=the {name}", *more, "-out", path(f"{name}.csr"), "-keyout", path(f"{name}.key"))
        openssl("x509", "-req", "-in", path(f"{name}.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial", "-copy_extensions", "copyall", "-days", "2", "-out", path(f"{name}.pem"))
    return path
