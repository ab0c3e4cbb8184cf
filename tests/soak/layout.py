# SPDX-License-Identifier: Apache-2.0
"""Who there is: tenants with their limits, endpoints with their moods. The same in every run, so that reports can be
compared; what is left to the seed is when which fault comes, what is published, and what each request is answered."""

import dataclasses
import zlib

PARTITIONS = 4
HELD_UP_S = 4.0  # how long a wire that is muted or slow may hold up a request, at most
LEASE_S, HEARTBEAT_S, PERMIT_S, REDIS_TIMEOUT_S = 2.0, 0.2, 1.0, 2.0


@dataclasses.dataclass(frozen=True)
class Hook:
    mood: str
    dialect: str = "standard"
    wire: str = ""  # the network that its requests go through; "": straight to the receivers
    schedule: str = "500ms,1s,2s,4s"
    retries: int = 6
    jitter: int = 10  # percent
    timeout: str = "2s"
    slots: int = 64
    switched: bool = False  # disabled and enabled all the time


@dataclasses.dataclass(frozen=True)
class Tenant:
    name: str
    hooks: tuple
    weight: float  # its share of the events
    limit: int = 0  # attempts in 60 s


# Limited tenants are called straight, so that the receivers' kernel sees each request when it is sent.
TENANTS = (
    Tenant("plain", (Hook("good"), Hook("late", "royalti", "west")), 8),
    Tenant("flaky", (Hook("flaky", "standard", "east"), Hook("flaky", "royalti")), 4),
    Tenant("failing", (Hook("failing", "standard", "west", retries=3, jitter=0),), 1),
    Tenant("stuck", (Hook("hanging", "standard", "east", timeout="1s", slots=32), Hook("good")), 2),
    Tenant("busy", (Hook("busy", slots=16),), 1),
    Tenant("switch", (Hook("good", "standard", "west"), Hook("late", switched=True)), 2),
    Tenant("sixty", (Hook("good"),), 2, 60),
    Tenant("quota", (Hook("good", "royalti"), Hook("failing", retries=2)), 2, 120),
    Tenant("tight", (Hook("late", slots=4),), 1, 30),
)

SITES = ("west", "east")
PRODUCERS = {"plain1": "plain", "plain2": "plain", "once1": "once", "command1": "command", "web1": "api"}
WORKERS = ("worker1", "worker2", "worker3")
SCHEDULERS = ("scheduler1", "scheduler2")
APIS = ("api1", "api2")
# These are stopped and cut off, but never killed: what grows slowly is seen in them.
VETERANS = ("worker1", "scheduler1", "api1")


def parse_ms(text):
    """A duration as the settings have it: "500ms", "2s"."""
    return int(text[:-2]) if text.endswith("ms") else int(float(text[:-1]) * 1000)
# Those that have a new name in each life, as they have by default; the others come back by the same one.
NEW_NAMES = ("worker3", "scheduler2")
NAMESAKES = tuple(name for name in WORKERS if name not in NEW_NAMES)


def partition(tenant):
    return zlib.crc32(tenant.encode()) % PARTITIONS
