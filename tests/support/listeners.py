# SPDX-License-Identifier: Apache-2.0
"""HTTP receivers at addresses of a namespace: python3 listeners.py LOG ADDRESS:PORT…. LOG gets a line for each connection
that is made, even if nothing is asked: "connect ADDRESS", and "request ADDRESS HOST PATH" for each request."""

import http.server
import socket
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.note("request", self.headers["Host"], self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, port, log):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.name, self.log = address, log
        super().__init__((address, port), Handler)

    def note(self, *words):
        print(words[0], self.name, *words[1:], file=self.log, flush=True)

    def get_request(self):
        accepted = super().get_request()
        self.note("connect")
        return accepted


def main():
    log = open(sys.argv[1], "a", encoding="utf-8")  # until the end
    servers = []
    for place in sys.argv[2:]:
        address, port = place.rsplit(":", 1)
        servers.append(Server(address.strip("[]"), int(port), log))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", file=log, flush=True)
    threading.Event().wait()


main()
