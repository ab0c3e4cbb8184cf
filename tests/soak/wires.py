#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The process of the wires: TCP proxies that can be cut, muted and slowed down while they run.

A command is one JSON object a line on standard input, {"wire": name, "mode": mode, "delay": seconds}, and is answered
with a line. mode: "pass" · "cut" (connections are reset, new ones too) · "mute" (nothing passes, nobody is told)."""

import asyncio
import collections
import json
import socket
import struct
import sys

READ_BYTES = 65536
QUEUE_BYTES_MAX = 4 << 20


class Half(asyncio.Protocol):
    """One side of a connection; what it reads goes to its peer, later if the wire is slow."""

    def __init__(self, wire):
        self.wire, self.peer, self.transport = wire, None, None
        self.queue, self.queued, self.is_ended = collections.deque(), 0, False

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire.halves.add(self)

    def data_received(self, data):
        self.queue.append(data)
        self.queued += len(data)
        if self.queued > QUEUE_BYTES_MAX:
            self.transport.pause_reading()
        asyncio.get_running_loop().call_later(self.wire.delay, self.flush)

    def flush(self):
        """What is first in the queue goes on; in order, whatever the delay was changed to meanwhile."""
        if self.wire.mode != "pass" or not self.peer or not self.peer.transport:
            return
        if self.queue:
            data = self.queue.popleft()
            self.queued -= len(data)
            self.peer.transport.write(data)
            if self.queued <= QUEUE_BYTES_MAX and not self.transport.is_closing():
                self.transport.resume_reading()
        if self.is_ended and not self.queue:
            self.peer.transport.close()

    def flush_all(self):
        for _ in range(len(self.queue) + 1):
            self.flush()

    def eof_received(self):
        return False  # close

    def connection_lost(self, _):
        self.wire.halves.discard(self)
        self.is_ended = True
        if self.peer and self.peer.transport:
            asyncio.get_running_loop().call_later(self.wire.delay, self.flush_all)

    def reset(self):
        if self.transport and not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


class Wire:
    def __init__(self, name, port, target):
        self.name, self.port, self.target = name, port, target
        self.mode, self.delay, self.halves = "pass", 0.0, set()

    async def open(self):
        await asyncio.get_running_loop().create_server(self.accept, "127.0.0.1", self.port, backlog=512)

    def accept(self):
        half = Half(self)
        asyncio.get_running_loop().create_task(self.connect(half))
        return half

    async def connect(self, half):
        if self.mode == "cut":
            half.reset()
            return
        try:
            _, far = await asyncio.get_running_loop().create_connection(lambda: Half(self), "127.0.0.1", self.target)
        except OSError:
            half.reset()
            return
        half.peer, far.peer = far, half
        if half.is_ended:
            far.transport.close()
        half.flush_all()

    def set(self, mode, delay):
        self.mode, self.delay = mode, delay
        for half in list(self.halves):
            if mode == "cut":
                half.reset()
            elif mode == "pass":
                half.flush_all()
                if half.peer:
                    half.peer.flush_all()  # it may have ended meanwhile, and is in no list then


async def main():
    wires = {name: Wire(name, int(port), int(target))
             for name, port, target in (word.split(":") for word in sys.argv[1:])}
    for wire in wires.values():
        await wire.open()
    print("wires ready", flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        wires[command["wire"]].set(command["mode"], command.get("delay", 0.0))
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
