# SPDX-License-Identifier: Apache-2.0
"""A name server whose answers a test scripts: python3 dns_server.py ZONE LOG, on 127.0.0.1:53 (UDP).

ZONE is a JSON file, read for each question: {"name": {"A": [[addresses], …], "AAAA": …, "CNAME": "name", "silent": true}}.
Each question takes the next list of addresses; the last one stays. LOG gets a line for each question: name, type."""

import json
import socket
import struct
import sys

A, CNAME, AAAA = 1, 5, 28
NAMES = {A: "A", AAAA: "AAAA"}
NXDOMAIN = 3


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, kind, data):
    return write_name(name) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data  # TTL 0


class Zone:
    def __init__(self, path):
        self.path = path
        self.asked = {}

    def load(self):
        with open(self.path, encoding="utf-8") as file:
            return json.load(file)

    def addresses(self, name, entry, kind):
        lists = entry.get(NAMES.get(kind), [])
        if not lists:
            return []
        n = self.asked[name, kind] = self.asked.get((name, kind), -1) + 1
        return lists[min(n, len(lists) - 1)]

    def answer(self, name, kind):
        """(code, records), or None: say nothing."""
        names = self.load()
        if name not in names:
            return NXDOMAIN, []
        entry, records = names[name], []
        if entry.get("silent"):
            return None
        while "CNAME" in entry:
            records.append(record(name, CNAME, write_name(entry["CNAME"])))
            name = entry["CNAME"]
            entry = names[name]
        family = socket.AF_INET if kind == A else socket.AF_INET6
        records += [record(name, kind, socket.inet_pton(family, text)) for text in self.addresses(name, entry, kind)]
        return 0, records


def reply(zone, packet, log):
    name, end = read_name(packet, 12)
    kind, _ = struct.unpack("!HH", packet[end:end + 4])
    print(name, NAMES.get(kind, kind), file=log, flush=True)
    answer = zone.answer(name, kind)
    if answer is None:
        return None
    code, records = answer
    head = packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    return head + packet[12:end + 4] + b"".join(records)


def main():
    zone = Zone(sys.argv[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, open(sys.argv[2], "a", encoding="utf-8") as log:
        server.bind(("127.0.0.1", 53))
        print("ready", file=log, flush=True)
        while True:
            packet, sender = server.recvfrom(4096)
            answer = reply(zone, packet, log)
            if answer:
                server.sendto(answer, sender)


main()
