# SPDX-License-Identifier: Apache-2.0
"""As much of a Redis client as the tests need: RESP2 over TCP, blocking."""

import socket


class RedisError(Exception):
    """An error that Redis answered, or a connection that was lost."""


class LostConnection(RedisError):
    pass


class Client:
    """Answers are int, bytes, None or lists of them. After a LostConnection make a new one."""

    def __init__(self, port, timeout=30):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        except OSError as e:
            raise LostConnection(str(e)) from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __call__(self, *args):
        """One command; raises the error that Redis answers."""
        return self.pipeline([args])[0]

    def pipeline(self, commands):
        for answer in (answers := self.answers(commands)):
            if isinstance(answer, RedisError):
                raise answer
        return answers

    def answers(self, commands):
        """Errors stand among the answers, each at its place. LostConnection when not all came."""
        try:
            self.socket.sendall(b"".join(map(self._encode, commands)))
            return [self._read() for _ in commands]
        except OSError as e:
            raise LostConnection(str(e)) from None

    @staticmethod
    def _encode(args):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)

    def _line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise LostConnection("Redis closed the connection")
        return line[:1], line[1:-2]

    def _bulk(self, length):
        data = self.file.read(length + 2)
        if len(data) != length + 2:
            raise LostConnection("Redis closed the connection")
        return data[:-2]

    def _read(self):
        kind, text = self._line()
        if kind == b"+":
            return text
        if kind == b"-":
            return RedisError(text.decode(errors="replace"))
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if text == b"-1" else self._bulk(int(text))
        if kind == b"*":
            return None if text == b"-1" else [self._read() for _ in range(int(text))]
        raise RedisError(f"not an answer of Redis: {kind + text!r}")
