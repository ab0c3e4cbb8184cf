"""A redis-server of our own, and as much of a client as we need."""

import os
import shutil
import socket

from processes import BenchError, Process, wait_until


class RedisError(BenchError):
    pass


class RedisClient:
    """RESP2 over TCP. Answers are int, bytes, None or lists of them."""

    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def command(self, *args):
        return self.pipeline([args])[0]

    def pipeline(self, commands):
        self.socket.sendall(b"".join(map(self._encode, commands)))
        answers = [self._read() for _ in commands]
        for answer in answers:
            if isinstance(answer, RedisError):
                raise answer
        return answers

    @staticmethod
    def _encode(args):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)

    def _read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("Redis closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"+":
            return text
        if kind == b"-":
            return RedisError("Redis: " + text.decode(errors="replace"))
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if text == b"-1" else self.file.read(int(text) + 2)[:-2]
        if kind == b"*":
            return None if text == b"-1" else [self._read() for _ in range(int(text))]
        raise RedisError(f"not an answer of Redis: {line!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class RedisServer(Process):
    """AOF as in production. No rewrites while we measure: they come when the file has doubled, which a short run
    would show at random."""

    def __init__(self, folder, fsync="everysec"):
        program = shutil.which("redis-server")
        if not program:
            raise BenchError("redis-server is not installed (Debian: apt-get install redis-server)")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        data = os.path.join(folder, "redis")
        os.mkdir(data)
        persistence = ["--appendonly", "no"] if fsync == "off" else [
            "--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0"]
        super().__init__("redis", [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", data, "--save", "",
                                   *persistence], folder)

    def connect(self):
        def attempt():
            self.require()
            try:
                client = RedisClient(self.port)
            except OSError:
                return None
            try:
                client.command("PING")
                return client
            except BenchError:
                client.close()
                return None
        return wait_until(attempt, 10, "redis-server to answer")
