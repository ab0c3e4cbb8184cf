# SPDX-License-Identifier: Apache-2.0
"""Every call of the running program × everybody who may not make it: nobody gets in, nobody sees or changes what is another
tenant's, nor learns whether it is there. Routes come from `grapnel-api --routes`, so a new one is in the matrix by itself.
Leaves isolation.txt in reports/ of the build directory."""

import json
import os

import pytest
from api_objects import one_of_each, routes
from tokens import Key, claims

RANK = {"none": 0, "publish": 1, "read": 2, "admin": 3, "operator": 4}
# Calls that need no key: health, the description, and inbound webhooks, whose senders sign.
OPEN = ("/readyz", "/openapi.json", "/webhook/", "/in/")
# What may be answered instead of 404 for another tenant's object, if it is word for word what is answered for one that is not there.
BEFORE_LOOKING = {400, 409, 415, 428}


def may(role, needed):
    """Who may publish only cannot read, and who may read only cannot publish."""
    if needed == "publish":
        return role == "publish" or RANK[role] >= RANK["admin"]
    return RANK[role] >= RANK[needed]


class World:
    """Two tenants in different partitions, each with one of everything; callers of all kinds."""

    def __init__(self, stack):
        self.stack = stack
        self.signer = Key("ES256", kid="k")
        self.api = stack.start_api(jwt_key=json.dumps(self.signer.jwk()), api_key_limit=0, inbound_secret="x" * 32)
        self.acme, self.other = "acme", next(f"other{n}" for n in range(99) if stack.partition(f"other{n}") != stack.partition("acme"))
        self.ids = one_of_each(stack, self.api, self.acme)
        self.others_ids = one_of_each(stack, self.api, self.other)
        self.keys = {role: self.make_key(role, self.acme) for role in ("publish", "read", "admin", "operator")}
        self.others_key = self.make_key("admin", self.other)
        self.bad = {"no key": None, "garbage": "garbage", "no such key": self.keys["admin"][:-1] + "g", "expired": self.expired(),
                    "revoked": self.revoked(), "token, none": self.signer.token(claims(), {"alg": "none"}),
                    "token, expired": self.signer.token(claims(exp=1)), "token, other signer": Key("ES256", kid="k").token(claims())}
        for child in (*stack.schedulers, *stack.workers):
            child.terminate()
            assert child.wait() == 0

    def make_key(self, role, tenant):
        of_tenant = ["--tenant", tenant] if role != "operator" else []
        return self.stack.cli("api-key", "add", *of_tenant, "--role", role, "--name", role)["key"]

    def expired(self):
        key = self.make_key("admin", self.acme)
        self.stack.redis("HSET", self.stack.key(self.acme, "api_key:" + key[:39]), "expires", 1)
        return key

    def revoked(self):
        key = self.make_key("admin", self.acme)
        self.stack.cli("api-key", "revoke", key[:39])
        return key

    def ask(self, route, key, value=None, tenant=None, **more):
        """@value: for {…}; acme's unless given."""
        return self.api.ask(route.method, route.path(value or self.ids.get(route.kind)), route.body, key=key, tenant=tenant, **more)

    def picture(self, tenant):
        """Everything in the tenant's partition, but for when its keys were last used, the audit of those who may, and
        who others' downloads belong to, which lies where a download's id says."""
        found = {}
        for key in self.stack.redis("KEYS", f"grapnel:{{{self.stack.partition(tenant)}}}:*"):
            name = key.decode().split(":", 2)[2]
            if name.startswith("api_key:"):
                words = self.stack.redis("HGETALL", key)
                found[name] = {n: v for n, v in zip(words[::2], words[1::2]) if n not in (b"used", b"room_at")}
            elif name.startswith("owner:") and self.stack.redis("GET", key).decode() != tenant:
                continue
            elif not name.startswith("audit:"):
                found[name] = self.stack.redis("DUMP", key)
        return found


@pytest.fixture
def world(stack):
    return World(stack)


def check_strangers(world, route):
    for who, key in world.bad.items():
        answer = world.ask(route, key, tenant=world.acme)
        if route.role == "none":
            assert answer.status not in (401, 403) or route.pattern.startswith(("/webhook/", "/in/")), (route.name, who, answer)
        else:
            assert answer.status == 401, (route.name, who, answer)
        yield who, str(answer.status)


def check_roles(world, route):
    """A tenant's own keys; those who may are tried where that changes nothing."""
    for role, key in world.keys.items():
        tenant = world.acme if role == "operator" else None
        if route.role == "none" or not may(role, route.role):
            answer = world.ask(route, key, tenant=tenant) if route.role != "none" else None
            assert answer is None or answer.status == 403, (route.name, role, answer)
        elif route.method == "GET":
            answer = world.ask(route, key, tenant=tenant)
            assert answer.status == 200, (route.name, role, answer)
        else:
            answer = None
        yield role, str(answer.status) if answer else "open" if route.role == "none" else "may"


def shape(answer):
    return answer.status, answer.body


def check_other_s_ids(world, route):
    """With acme's id, and with one of the same form that nobody has: the same, to the byte."""
    value = world.ids[route.kind]
    answer, nobody_s = (world.ask(route, world.others_key, v) for v in (value, value[:-1] + ("0" if value[-1] != "0" else "1")))
    assert shape(answer) == shape(nobody_s), (route.name, answer, nobody_s)
    expected = {403} if route.role == "operator" else {404} | (BEFORE_LOOKING if route.method != "GET" else set())
    assert answer.status in expected, (route.name, answer)
    return str(answer.status)


def check_other(world, route):
    """Another tenant's admin."""
    if route.role == "none":
        return [("other, these ids", "open"), ("other, this tenant", "open")]
    answers = [world.ask(route, world.others_key, world.others_ids.get(route.kind), world.acme),
               world.api.ask(route.method, f"{route.path(world.others_ids.get(route.kind))}?tenant={world.acme}", route.body, key=world.others_key)]
    for answer in answers:
        assert answer.status == (403 if route.role == "operator" else 404), (route.name, answer)
    if route.is_of_object:
        return [("other, these ids", check_other_s_ids(world, route)), ("other, this tenant", str(answers[0].status))]
    answer = world.ask(route, world.others_key, world.others_ids.get(route.kind))
    seen = [i for kind, i in world.ids.items() if kind != "setting" and i.encode() in answer.body]
    assert not seen, (route.name, seen, answer)
    assert answer.status != 404 or route.method != "GET", (route.name, answer)
    own = {2: "own", 4: f"own {answer.status}"}[answer.status // 100] if may("admin", route.role) else str(answer.status)
    return [("other, these ids", own), ("other, this tenant", str(answers[0].status))]


def write_report(stack, rows):
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    titles = ["call", "needs", *dict.fromkeys(name for row in rows for name in row if name not in ("call", "needs"))]
    table = [titles, *([row.get(name, "") for name in titles] for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(titles))]
    with open(os.path.join(folder, "isolation.txt"), "w", encoding="utf-8") as report:
        report.write("Every call of grapnel-api × callers who may not make it. `may`: this role may, so nothing was sent that would change\n"
                     "something; `own`: it is about the caller's own tenant; `open`: needs no key. \"other\": an admin of another tenant,\n"
                     "with this tenant's ids, and naming this tenant. Nothing of this tenant's partition had changed after them.\n\n")
        for line in table:
            report.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() + "\n")


def test_the_matrix(world):
    rows = []
    found = routes(world.stack.programs["grapnel-api"])
    assert len(found) > 20
    for route in found:
        assert (route.role == "none") == route.pattern.startswith(OPEN), f"{route.name}: who may call it?"
        before = world.picture(world.acme)
        row = {"call": route.name, "needs": route.role, **dict(check_strangers(world, route)), **dict(check_roles(world, route))}
        assert route.role == "none" or world.picture(world.acme) == before, f"{route.name}: changed something"
        before = world.picture(world.acme)
        row.update(check_other(world, route))
        assert world.picture(world.acme) == before, f"{route.name}: another tenant changed something"
        rows.append(row)
    write_report(world.stack, rows)


def test_every_kind_of_object_can_be_looked_at(world):
    """Else the 404s above would say nothing."""
    looked_at = {route.kind for route in routes(world.stack.programs["grapnel-api"]) if route.method == "GET" and route.is_of_object
                 and world.ask(route, True, tenant=world.acme).status == 200}
    assert looked_at == {kind for kind in world.ids if kind != "setting"}


def test_an_event_for_another_tenant(world):
    """However it is said."""
    before = world.picture(world.acme)
    for body in ({"type": "A", "data": 1, "tenant": world.acme}, [{"type": "A", "data": 1}, {"type": "A", "data": 1, "tenant": world.acme}],
                 {"type": "A", "data": 1, "tenant": world.other, "endpoint": world.ids["endpoint"]}):
        world.api.post("/v1/events", body, key=world.others_key)
    assert world.picture(world.acme) == before


def test_a_token_of_another_tenant_sees_as_little(world):
    token = world.signer.token(claims(tenant=world.other))
    for route in routes(world.stack.programs["grapnel-api"]):
        if route.is_of_object and route.method == "GET":
            assert world.ask(route, token).status == (403 if route.role == "operator" else 404), route.name
