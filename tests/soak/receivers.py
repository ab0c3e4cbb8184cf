#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The process of the receivers: HTTP on one port, an endpoint a path. What comes is noted before it is answered, with
the time at which the kernel got it: being slow ourselves must not look like a limit that was exceeded."""

import asyncio
import json
import os
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support")]

import behaviour  # noqa: E402
import payload  # noqa: E402
import signatures  # noqa: E402
from journal import Journal  # noqa: E402

SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>
READ_BYTES = 65536
REQUEST_BYTES_MAX = 1 << 20
IDS = {"standard": "webhook-id", "royalti": "x-royalti-delivery"}


class Request:
    """As far as signatures.py wants to know."""

    def __init__(self, target, headers, body):
        self.target, self.headers, self.body = target, headers, body


class Site:
    """All endpoints, and what is known of them: a file that the soak writes, read again when it changed."""

    def __init__(self, seed, path, journal):
        self.seed, self.path, self.journal = seed, path, journal
        self.endpoints, self.counts, self.read_ns = {}, {}, 0

    def endpoint(self, target):
        changed_ns = os.stat(self.path).st_mtime_ns
        if changed_ns != self.read_ns:
            with open(self.path, encoding="utf-8") as file:
                self.endpoints = json.load(file)
            self.read_ns = changed_ns
        return self.endpoints.get(target)

    def take(self, request, at):
        """Notes the request; its answer."""
        endpoint = self.endpoint(request.target)
        if not endpoint:
            self.journal.note(got=at, target=request.target, delivery="", mark=None, digest=None, signed=False,
                              json=False, type=None, attempt=None, answer="answer", status=404)
            return behaviour.Answer(status=404)
        delivery = request.headers.get(IDS[endpoint["dialect"]], "")
        key = (request.target, delivery)
        self.counts[key] = self.counts.get(key, 0) + 1
        answer = behaviour.answer_of(self.seed, endpoint["now"], delivery, self.counts[key])
        self.journal.note(got=at, target=request.target, delivery=delivery, answer=answer.kind, status=answer.status,
                          retry_after=answer.retry_after, **self._judge(endpoint, request))
        return answer

    @staticmethod
    def _judge(endpoint, request):
        mark, digest = payload.find(request.body)
        try:
            envelope = json.loads(request.body)
            kind = envelope.get("type") or envelope.get("event")
        except ValueError:
            envelope = kind = None
        try:
            is_signed = signatures.is_signed(endpoint["dialect"], request, endpoint["secret"])
        except (KeyError, ValueError):
            is_signed = False
        attempt = request.headers.get("x-royalti-attempt")
        return {"mark": mark, "digest": digest, "signed": is_signed, "json": envelope is not None,
                "type": kind if isinstance(kind, str) else None, "attempt": int(attempt) if attempt else None}


class Connection:
    def __init__(self, site, sock, loop):
        self.site, self.socket, self.loop = site, sock, loop
        self.input, self.got_at, self.is_open = b"", 0.0, True
        self.answering = None
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        loop.add_reader(sock, self.on_readable)

    def on_readable(self):
        try:
            data, notes, _, _ = self.socket.recvmsg(READ_BYTES, 256)
        except BlockingIOError:
            return
        except OSError:
            data, notes = b"", []
        if not data:
            self.close()
            return
        self.got_at = time.time()
        for level, kind, value in notes:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = struct.unpack("qq", value)
                self.got_at = seconds + nanoseconds / 1e9
        self.input += data
        if len(self.input) > REQUEST_BYTES_MAX:
            self.close()
        elif not self.answering:
            self.next_request()

    def next_request(self):
        request = self.parse()
        if request:
            answer = self.site.take(request, self.got_at)
            self.answering = asyncio.ensure_future(self.answer(answer))

    def parse(self):
        head, mark, rest = self.input.partition(b"\r\n\r\n")
        if not mark:
            return None
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self.input = rest[length:]
        return Request(lines[0].split(" ")[1], headers, rest[:length])

    async def answer(self, answer):
        try:
            if answer.delay:
                await asyncio.sleep(answer.delay)
            if await self.write(answer):
                self.answering = None
                self.next_request()
            else:
                self.close(is_reset=answer.kind == "reset")
        except OSError:
            self.close()

    async def write(self, answer):
        """May another request come?"""
        if answer.kind == "hang":
            await asyncio.sleep(3600)
        if answer.kind in ("reset", "close", "hang"):
            return False
        if answer.kind == "garbage":
            await self.loop.sock_sendall(self.socket, b"220 smtp.example.com ready\r\n")
            return False
        extra = f"Retry-After: {answer.retry_after}\r\n" if answer.retry_after else ""
        length = 64 if answer.kind == "short" else 4
        head = f"HTTP/1.1 {answer.status} Some Reason\r\nContent-Length: {length}\r\n{extra}\r\n".encode()
        if answer.kind == "drip":
            await self.loop.sock_sendall(self.socket, head)
            for byte in b"okay":
                await asyncio.sleep(0.05)
                await self.loop.sock_sendall(self.socket, bytes([byte]))
            return True
        await self.loop.sock_sendall(self.socket, head + b"okay")
        return answer.kind != "short"

    def close(self, is_reset=False):
        if not self.is_open:
            return
        self.is_open = False
        self.loop.remove_reader(self.socket)
        if is_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        if self.answering:
            self.answering.cancel()


async def serve(port, site):
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.setblocking(False)
    print("receivers ready", flush=True)
    while True:
        sock, _ = await loop.sock_accept(listener)
        Connection(site, sock, loop)


def main():
    seed, port, endpoints, journal = sys.argv[1:]
    asyncio.run(serve(int(port), Site(seed, endpoints, Journal(journal))))


if __name__ == "__main__":
    main()
