# SPDX-License-Identifier: Apache-2.0
"""A redis-server of a test's own, that can be killed, stopped and started again on its data."""

import os
import shutil

from children import Child, free_port, wait_until
from resp import Client, RedisError


class RedisServer:
    child_class = Child

    def __init__(self, folder, fsync="everysec", unix=False):
        """@fsync: appendfsync, or "off": no log at all. @unix: also at a socket in the file system, which other network namespaces see."""
        self.program = shutil.which("redis-server")
        assert self.program, "redis-server is not installed (Debian: apt-get install redis-server)"
        self.folder = folder
        self.data = os.path.join(folder, "redis")
        os.mkdir(self.data)
        self.fsync = fsync
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = os.path.join(folder, "redis.sock") if unix else None
        self.unix_url = f"unix://{self.socket}"
        self.child = None
        self._client = None
        self.start()

    def start(self):
        """Also after kill9(): with the data it had. Returns when it answers."""
        argv = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.data, "--save", ""]
        if self.fsync != "off":  # no rewrites: they come when the file has doubled, which a short run shows at random
            argv += ["--appendonly", "yes", "--appendfsync", self.fsync, "--auto-aof-rewrite-percentage", "0"]
        if self.socket:
            argv += ["--unixsocket", self.socket, "--unixsocketperm", "700"]
        self.child = self.child_class("redis", argv, self.folder)
        wait_until(self._answers, 20, "redis-server to answer")

    def _answers(self):
        assert self.child.is_running(), f"redis-server ended:\n{self.child.log()}"
        try:
            with Client(self.port) as client:
                return client("PING") == b"PONG"
        except RedisError:
            return False

    def connect(self, timeout=30):
        """A connection of one's own."""
        return Client(self.port, timeout)

    def __call__(self, *args):
        return self.pipeline([args])[0]

    def pipeline(self, commands):
        """On a connection that is kept, and made anew after it was lost."""
        if not self._client:
            self._client = self.connect()
        try:
            return self._client.pipeline(commands)
        except RedisError:
            self._client.close()
            self._client = None
            raise

    def kill9(self):
        self.child.kill9()
        self._forget()

    def stop(self):
        self.child.stop()

    def cont(self):
        self.child.cont()

    def _forget(self):
        if self._client:
            self._client.close()
        self._client = None

    def end(self):
        self._forget()
        if self.child.is_stopped:
            self.child.cont()
        self.child.kill9()
