# SPDX-License-Identifier: Apache-2.0
"""A proxy as operators have for what leaves their network: HTTP CONNECT, or SOCKS5. It finds every name at 127.0.0.1."""

import base64
import http.client
import socket
import socketserver
import threading


def relay(one, other):
    """What @one says, until it has no more to say."""
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # either side may go at any time


class Link(socketserver.StreamRequestHandler):
    def tunnel(self, port):
        with socket.create_connection(("127.0.0.1", port), 10) as receiver:
            answers = threading.Thread(target=relay, args=(receiver, self.connection), daemon=True)
            answers.start()
            relay(self.connection, receiver)
            answers.join(10)


class HttpLink(Link):
    def handle(self):
        method, place, _ = self.rfile.readline().decode().split()
        headers = http.client.parse_headers(self.rfile)
        login = headers.get("Proxy-Authorization", "").removeprefix("Basic ")
        self.server.note(place, base64.b64decode(login).decode(), headers.keys())
        if method != "CONNECT" or self.server.refuses:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Of-The-Proxy: 1\r\n\r\n")
        self.tunnel(int(place.rsplit(":", 1)[1]))


class Socks5Link(Link):
    """RFC 1928 and 1929; with names alone, as addresses would mean that the worker looks them up."""

    def text(self):
        return self.rfile.read(self.rfile.read(1)[0]).decode()

    def log_in(self):
        methods = self.rfile.read(self.rfile.read(2)[1])
        if 2 not in methods:
            self.wfile.write(b"\x05\x00")
            return ""
        self.wfile.write(b"\x05\x02")
        self.rfile.read(1)
        login = f"{self.text()}:{self.text()}"
        self.wfile.write(b"\x01\x00")
        return login

    def handle(self):
        login = self.log_in()
        head = self.rfile.read(4)
        name = self.text() if head[3] == 3 else f"type {head[3]}"
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.note(f"{name}:{port}", login, ())
        is_good = head[:2] == b"\x05\x01" and head[3] == 3 and not self.server.refuses
        self.wfile.write(bytes([5, 0 if is_good else 2, 0, 1, 0, 0, 0, 0, 0, 0]))
        if is_good:
            self.tunnel(port)


LINKS = {"http": HttpLink, "socks5": Socks5Link}


class ForwardProxy(socketserver.ThreadingTCPServer):
    """@tunnels: ("host:port" as it was asked for, "user:password" or "", names of its headers)."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, scheme):
        super().__init__(("127.0.0.1", 0), LINKS[scheme])
        self.scheme, self.refuses, self.tunnels = scheme, False, []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, login=""):
        return f"{self.scheme}://{login and login + '@'}127.0.0.1:{self.port}"

    def note(self, *words):
        self.tunnels.append(words)

    def handle_error(self, request, client_address):
        pass  # a worker may close at any time

    def end(self):
        self.shutdown()
        self.server_close()
