# SPDX-License-Identifier: Apache-2.0
"""docs/reference/wire-contract.md with nothing but redis-cli: its vectors, its script, and its examples as they are printed."""

import json
import os
import re
import shutil
import subprocess
import sys
import zlib

import pytest
from redis_server import RedisServer

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
with open(os.path.join(ROOT, "tests", "vectors", "wire.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)
with open(os.path.join(ROOT, "common", "moves", "publish.lua"), encoding="utf-8") as file:
    SCRIPT = file.read()
with open(os.path.join(ROOT, "docs", "reference", "wire-contract.md"), encoding="utf-8") as file:
    DOCUMENT = file.read()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(str(tmp_path_factory.mktemp("wire")))
    yield server
    server.end()


@pytest.fixture
def cli(server):
    """cli(word, …): what redis-cli prints, raw."""
    def run(*words, data=None):
        argv = ["redis-cli", "-p", str(server.port), *words]
        done = subprocess.run(argv, input=data, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().rstrip("\n")
    assert run("FLUSHALL") == "OK"
    return run


def names(cases):
    return [pytest.param(case, id=case["name"].replace(" ", "-")) for case in cases]


def fields_of(cli, stream, stream_id):
    """The entry as redis-cli prints it in JSON, field by field."""
    entries = json.loads(cli("--json", "XRANGE", stream, stream_id, stream_id))
    assert len(entries) == 1
    words = entries[0][1]
    return dict(zip(words[::2], words[1::2]))


@pytest.mark.parametrize("case", names(VECTORS["accepted"]))
def test_command_is_accepted_as_it_stands(cli, case):
    stream = case["command"][1]
    stream_id = cli(*case["command"])
    assert re.fullmatch(r"\d+-\d+", stream_id)
    assert fields_of(cli, stream, stream_id) == case["fields"]


@pytest.mark.parametrize("case", names(VECTORS["accepted"]))
def test_stream_is_that_of_the_tenants_partition(case):
    partition = zlib.crc32(case["fields"]["tenant"].encode()) % case["partitions"]
    assert case["partition"] == partition
    assert case["command"][1] == f"grapnel:{{{partition}}}:events"


def test_vectors_are_up_to_date():
    script = os.path.join(ROOT, "tests", "support", "make_wire_vectors.py")
    made = subprocess.run([sys.executable, script], capture_output=True, check=True, timeout=60).stdout
    with open(os.path.join(ROOT, "tests", "vectors", "wire.json"), "rb") as file:
        assert made == file.read(), "run tests/support/make_wire_vectors.py > tests/vectors/wire.json"


@pytest.mark.parametrize("case", names(VECTORS["refused"]))
def test_redis_itself_takes_what_is_refused_later(cli, case):
    """So the reasons are the scheduler's to give: XADD is no check."""
    words = [word for pair in case["fields"] for word in pair]
    assert re.fullmatch(r"\d+-\d+", cli("XADD", f"grapnel:{{{case['partition']}}}:events", "*", *words))


# --- the script -------------------------------------------------------------------------------------------------------

def evaluate(cli, case):
    return json.loads(cli("--json", "EVAL", SCRIPT, "1", *case["keys"], *case["args"]))


@pytest.mark.parametrize("case", names(VECTORS["idempotent"]))
def test_key_publishes_once(cli, case):
    is_new, stream_id = evaluate(cli, case)
    assert is_new == 1
    words = case["args"][3:]
    assert fields_of(cli, case["stream"], stream_id) == dict(zip(words[::2], words[1::2]))
    again = evaluate(cli, case)
    assert again == [0, stream_id] + ([case["own_id"]] if case["own_id"] else [])
    assert cli("XLEN", case["stream"]) == "1"
    assert cli("GET", case["idempotency_redis_key"]) == " ".join(filter(None, [stream_id, case["own_id"]]))
    assert 0 < int(cli("PTTL", case["idempotency_redis_key"])) <= 86400000


def test_keys_do_not_mix_between_tenants(cli):
    for case in VECTORS["idempotent"]:
        assert evaluate(cli, case)[0] == 1, case["name"]


def test_nothing_is_remembered_when_the_event_was_not_taken(cli):
    case = VECTORS["idempotent"][0]
    cli("SET", case["stream"], "in the way")
    assert "WRONGTYPE" in cli("EVAL", SCRIPT, "1", *case["keys"], *case["args"])
    assert cli("EXISTS", case["idempotency_redis_key"]) == "0"
    cli("DEL", case["stream"])
    assert evaluate(cli, case)[0] == 1


def test_nothing_is_half_done_without_memory(cli):
    case = VECTORS["idempotent"][0]
    cli("CONFIG", "SET", "maxmemory", "1")
    answer = cli("EVAL", SCRIPT, "1", *case["keys"], *case["args"])
    cli("CONFIG", "SET", "maxmemory", "0")
    assert "OOM" in answer
    assert cli("DBSIZE") == "0"


def test_key_is_forgotten(cli):
    case = dict(VECTORS["idempotent"][0])
    case["args"] = [case["args"][0], "1", *case["args"][2:]]
    assert evaluate(cli, case)[0] == 1
    while cli("EXISTS", case["idempotency_redis_key"]) == "1":  # one millisecond
        pass
    assert evaluate(cli, case)[0] == 1


# --- the document's examples, as they are printed ---------------------------------------------------------------------

def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.S)


def run_shell(server, block):
    """With `redis-cli` on PATH that goes to our server."""
    script = f'redis-cli() {{ command redis-cli -p {server.port} "$@"; }}\nset -e\n{block}'
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_shell_examples_work(cli, server):
    cli("HSET", "grapnel:meta", "format", "1", "partitions", "4")
    first, script, rejected = blocks("sh")
    assert re.fullmatch(r"1\n4\n\d+-\d+\n", run_shell(server, first))
    assert re.fullmatch(r"1\n\d+-\d+\n", run_shell(server, script))
    assert run_shell(server, script).startswith("0\n")
    assert cli("XLEN", "grapnel:{2}:events") == "2"
    run_shell(server, rejected)


class FakeRedisPy:
    """As much of redis-py as the document's example uses, on redis-cli: the module itself need not be installed."""

    def __init__(self, cli):
        self.cli = cli

    def Redis(self, **_):  # noqa: N802
        return self

    def hmget(self, key, *fields):
        return [value or None for value in self.cli("HMGET", key, *fields).split("\n")]

    def xadd(self, key, fields):
        return self.cli("XADD", key, "*", *[word for pair in fields.items() for word in pair])

    def register_script(self, source):
        def run(keys, args):
            return json.loads(self.cli("--json", "EVAL", source, str(len(keys)), *keys, *map(str, args)))
        return run


def test_python_examples_work(cli, monkeypatch, capsys):
    cli("HSET", "grapnel:meta", "format", "1", "partitions", "4")
    monkeypatch.setitem(sys.modules, "redis", FakeRedisPy(cli))
    monkeypatch.chdir(ROOT)
    space = {}
    for block in blocks("python"):
        exec(compile(block, "docs/reference/wire-contract.md", "exec"), space)
    printed = capsys.readouterr().out.strip()
    assert re.fullmatch(r"evt_2_\d+_\d+", printed)
    stream_id = printed[len("evt_2_"):].replace("_", "-")
    assert fields_of(cli, "grapnel:{2}:events", stream_id) == {
        "tenant": "123", "type": "USER_CREATED", "data": '{"name": "Ada"}'}
    event_id, is_new = space["publish_once"]("order-991", "123", "ORDER_PAID", {"total": 1})
    assert is_new and space["publish_once"]("order-991", "123", "ORDER_PAID", {"total": 1}) == (event_id, False)


def test_document_tells_the_right_partitions():
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (\d+) \| (\d+) \|$", DOCUMENT, re.M)
    assert len(rows) == 3
    for tenant, crc, of_4, of_16 in rows:
        assert zlib.crc32(tenant.encode()) == int(crc)
        assert (int(crc) % 4, int(crc) % 16) == (int(of_4), int(of_16))


def test_redis_cli_is_there():
    assert shutil.which("redis-cli")


@pytest.mark.parametrize("user, command, is_allowed", [
    ("producer", ["XADD", "grapnel:{2}:events", "*", "tenant", "123", "type", "A", "data", "1"], True),
    ("producer", ["XTRIM", "grapnel:{2}:events", "MAXLEN", "0"], False),
])
def test_acl_of_the_document_is_enough_and_no_more(cli, user, command, is_allowed):
    rules = re.search(r"`(~grapnel:\* [^`]*)`", DOCUMENT).group(1).split()
    assert cli("ACL", "SETUSER", user, "on", ">secret", *rules) == "OK"
    login = ["--user", user, "--pass", "secret", "--no-auth-warning"]
    assert bool(re.fullmatch(r"\d+-\d+|\d+", cli(*login, *command))) == is_allowed
    if is_allowed:
        assert cli(*login, "HMGET", "grapnel:meta", "format") == ""
        assert json.loads(cli(*login, "--json", "EVAL", SCRIPT, "1", *VECTORS["idempotent"][0]["keys"],
                              *VECTORS["idempotent"][0]["args"]))[0] == 1
