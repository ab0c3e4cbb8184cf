# SPDX-License-Identifier: Apache-2.0
"""A scripted receiver of webhooks: what each path answers is told beforehand, all that came is kept."""

import asyncio
import dataclasses
import socket
import ssl
import struct
import threading
import time

from children import wait_until

REASONS = {200: "OK", 204: "No Content", 302: "Found", 400: "Bad Request", 410: "Gone", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


@dataclasses.dataclass
class Answer:
    """kind: "answer" · "hang" (until the hook is released) · "reset" · "close" (without a word) · "drip" (the body a
    byte each `every` seconds) · "raw" (the body is all that is sent, then the connection is closed)"""

    status: int = 200
    body: bytes = b"ok"
    headers: tuple = ()  # (name, value) …
    delay: float = 0  # seconds before it begins
    kind: str = "answer"
    every: float = 0.1


HANG = Answer(kind="hang")
RESET = Answer(kind="reset")
CLOSE = Answer(kind="close")


@dataclasses.dataclass
class Request:
    at: float  # monotonic seconds, when it had come in full
    wall: float
    method: str
    target: str
    headers: dict  # names in lower case
    body: bytes
    connection: int
    in_flight: int = 0  # at its path, with this one, when it came


class Hook:
    """One path: what it will answer, what it got."""

    def __init__(self, receiver, path, answers, then):
        self.receiver = receiver
        self.path = path
        self.answers = list(answers)  # one each, in order
        self.then = then  # when there are no more
        self.requests = []
        self.in_flight = self.most_in_flight = 0
        self.released = asyncio.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.receiver.port}{self.path}"

    @property
    def tls_url(self):
        return f"https://127.0.0.1:{self.receiver.tls_port}{self.path}"

    def next_answer(self):
        return self.answers.pop(0) if self.answers else self.then

    def wait(self, count, seconds=10):
        """The requests, as soon as there are so many."""
        wait_until(lambda: len(self.requests) >= count, seconds,
                   lambda: f"{count} requests for {self.path}, {len(self.requests)} came")
        return self.requests

    def wait_in_flight(self, count, seconds=10):
        wait_until(lambda: self.in_flight == count, seconds,
                   lambda: f"{count} requests in flight for {self.path}, there are {self.in_flight}")

    def ids(self, header="webhook-id"):
        return [request.headers[header] for request in list(self.requests)]

    def release(self, then=Answer()):
        """Answers what hangs, and from now on like @then."""
        self.then = then
        self.receiver.call(self.released.set)


class Receiver:
    def __init__(self, certificate=None):
        """@certificate: (certificate file, key file) for TLS."""
        self.hooks = {}
        self.errors = []
        self.n_connections = 0
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._certificate = certificate
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10), "the receiver does not start"

    def hook(self, path, *answers, then=Answer()):
        hook = self.hooks[path] = Hook(self, path, answers, then)
        return hook

    def call(self, function):
        self._loop.call_soon_threadsafe(function)

    def end(self):
        self.call(self._loop.stop)
        self._thread.join(10)
        assert not self.errors, self.errors

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        for task in list(self._tasks):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _open(self):
        plain = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = plain.sockets[0].getsockname()[1]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            tls = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
            self.tls_port = tls.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.n_connections += 1
        number = self.n_connections
        try:
            while await self._exchange(reader, writer, number):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side went away
        except asyncio.CancelledError:
            pass  # we are ending
        except Exception as e:
            self.errors.append(repr(e))
        finally:
            writer.close()

    async def _exchange(self, reader, writer, number):
        """One request and its answer; may another one come?"""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(time.monotonic(), time.time(), method, target, headers, body, number)
        hook = self.hooks.get(target.split("?")[0])
        if not hook:
            self.errors.append(f"nobody expected {method} {target}")
            return False
        hook.requests.append(request)
        hook.in_flight += 1
        request.in_flight = hook.in_flight
        hook.most_in_flight = max(hook.most_in_flight, hook.in_flight)
        try:
            return await self._answer(hook, hook.next_answer(), reader, writer)
        finally:
            hook.in_flight -= 1

    async def _answer(self, hook, answer, reader, writer):
        if answer.kind == "hang":
            if not await self._pause(reader, None, hook.released):
                return False
            answer = hook.then
        if answer.delay and not await self._pause(reader, answer.delay):
            return False
        if answer.kind == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if answer.kind == "close":
            return False
        if answer.kind == "raw":
            writer.write(answer.body)
            await writer.drain()
            return False
        return await self._write(answer, reader, writer)

    async def _write(self, answer, reader, writer):
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Some Reason')}",
                 f"Content-Length: {len(answer.body)}", *(f"{name}: {value}" for name, value in answer.headers)]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        if answer.kind != "drip":
            writer.write(answer.body)
            await writer.drain()
            return True
        for byte in answer.body:
            writer.write(bytes([byte]))
            if not await self._pause(reader, answer.every):
                return False
        return True

    @staticmethod
    async def _pause(reader, seconds, event=None):
        """Until @event or so many seconds have passed; False when the other side goes away before."""
        gone = asyncio.ensure_future(reader.read(1))
        waits = {gone}
        if event:
            waits.add(asyncio.ensure_future(event.wait()))
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return not gone.done()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)  # until then the reader is taken
