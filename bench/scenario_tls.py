# SPDX-License-Identifier: Apache-2.0
"""CPU time of a fresh TLS connection, verified against a full CA bundle: ours, and a bare curl loop.

No keep-alive and no session resumption: the server closes each connection and gives no tickets. Its own CPU time is
not counted. No Redis, no worker: a small program calls the worker's HTTP client."""

import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading

import report
from processes import BenchError

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


def add_arguments(parser):
    parser.add_argument("--handshakes", type=int, default=1000, help="measured for each client (default 1000)")
    parser.add_argument("--bundle", default=BUNDLE, help=f"CA certificates (default {BUNDLE})")


def run(options, say):
    program = os.path.join(os.path.abspath(options.build or "."), "bench/grapnel-bench-handshake")
    if not os.access(program, os.X_OK):
        raise BenchError(f"not built (./dev build): {program}")
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        make_certificates(folder)
        whole = os.path.join(folder, "bundle.pem")
        certificates = join(whole, options.bundle, os.path.join(folder, "ca.pem"))
        server = Server(folder)
        try:
            results = measure(options, say, program, server, whole, os.path.join(folder, "ca.pem"))
        finally:
            server.end()
    results |= {"machine": report.machine(), "certificates": certificates, "resumed": server.resumed}
    return tell(options, results)


def measure(options, say, program, server, whole, own):
    url = f"https://127.0.0.1:{server.port}/"
    ways = {
        "ours": ("ours", url, whole, options.handshakes),
        "ours_own_ca": ("ours", url, options.bundle, options.handshakes, own),
        "curl": ("curl", url, whole, options.handshakes),
    }
    results = {}
    for name, argv in ways.items():
        say(f"{options.handshakes} handshakes, {name}")
        before = server.handshakes
        done = subprocess.run([program, *map(str, argv)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{name}: {done.stderr.strip()}")
        results[name] = json.loads(done.stdout)
        seen = server.handshakes - before - 1  # the first is not measured
        if seen != options.handshakes or results[name]["handshakes"] != seen:
            raise BenchError(f"{name}: {seen} handshakes at the server, {results[name]['handshakes']} at the client; "
                             f"expected {options.handshakes}")
        results[name]["us_each"] = results[name]["cpu_us"] / seen
    return results


def tell(options, results):
    m, ours = results["machine"], results["ours"]["us_each"]
    titles = {"ours": "ours", "ours_own_ca": "ours, endpoint with a CA of its own", "curl": "bare curl loop"}
    rows = [[title, report.number(results[name]["us_each"]), f"{results[name]['us_each'] / ours:.2f}",
             f"{results[name]['start_us'] / 1000:.1f} ms"] for name, title in titles.items()]
    parts = [f"{m['processor']}, {m['cores']} cores, Linux {m['kernel']}, Grapnel {m['commit']}; {ssl.OPENSSL_VERSION}, "
             f"{results['certificates']} CA certificates, {options.handshakes} fresh handshakes each, "
             f"{results['resumed']} resumed.", "",
             report.table(["client", "CPU µs per handshake", "of ours", "once, at start"], rows), "",
             f"A bare curl loop takes {results['curl']['us_each'] / ours:.1f} times the CPU time of ours."]
    is_right = results["resumed"] == 0
    if not is_right:
        parts += ["", "**Wrong:** a session was resumed."]
    report.emit(results, "\n".join(parts), options.json)
    return 0 if is_right else 1


def join(to, *paths):
    """Puts the files together; returns how many certificates there are."""
    text = ""
    for path in paths:
        try:
            with open(path, encoding="utf-8") as f:
                text += f.read()
        except OSError as error:
            raise BenchError(f"{path}: {error.strerror} (Debian: apt-get install ca-certificates)") from error
    with open(to, "w", encoding="utf-8") as f:
        f.write(text)
    return text.count("-----BEGIN CERTIFICATE-----")


def openssl(*args):
    try:
        done = subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BenchError("openssl is not installed (Debian: apt-get install openssl)") from error
    if done.returncode:
        raise BenchError(f"openssl {args[0]}: {done.stderr.strip()}")


def make_certificates(folder):
    """ca.pem, and key.pem and cert.pem for 127.0.0.1, signed by it."""
    ca, ca_key, key, cert, request, names = (
        os.path.join(folder, name) for name in ("ca.pem", "ca.key", "key.pem", "cert.pem", "request.pem", "names"))
    fresh = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    with open(names, "w", encoding="ascii") as f:
        f.write("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-x509", *fresh, "-days", "2", "-subj", "/CN=Grapnel bench CA", "-keyout", ca_key, "-out", ca)
    openssl("req", *fresh, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
            "-extfile", names, "-out", cert)


class Server:
    """Answers one request on each connection."""

    def __init__(self, folder):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
        self.context.num_tickets = 0
        self.handshakes = self.resumed = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return  # stopped
            plain.settimeout(10)
            try:
                self._serve(plain)
            except OSError:
                pass  # the client says what it was
            finally:
                plain.close()

    def _serve(self, plain):
        with self.context.wrap_socket(plain, server_side=True) as connection:
            self.handshakes += 1
            self.resumed += bool(connection.session_reused)
            request = b""
            while not request.endswith(b"\r\n\r\n{}"):
                data = connection.recv(65536)
                if not data:
                    return
                request += data
            connection.sendall(ANSWER)
