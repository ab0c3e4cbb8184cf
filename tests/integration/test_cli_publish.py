# SPDX-License-Identifier: Apache-2.0
"""`grapnel publish` against a redis-server of its own; help, completion and the man page."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest
from children import Child, free_port, wait_until
from redis_server import RedisServer

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GRAPNEL = os.path.join(os.environ.get("GRAPNEL_BUILD", os.path.join(ROOT, "build", "release")), "cli", "grapnel")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(str(tmp_path_factory.mktemp("publish")), fsync="no")
    yield server
    server.end()


@pytest.fixture
def redis(server):
    """Prepared, with four partitions."""
    server("CONFIG", "SET", "maxmemory", "0")
    server("FLUSHALL")
    server("HSET", "grapnel:meta", "format", "1", "partitions", "4")
    return server


@pytest.fixture
def grapnel(server, tmp_path):
    def run(*args, data=None, env=None, timeout=60):
        env = {"PATH": os.environ["PATH"], "GRAPNEL_REDIS_URL": server.url, "GRAPNEL_REDIS_TIMEOUT": "500ms",
               **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **(env or {})}
        data = data.encode() if isinstance(data, str) else data
        return subprocess.run([GRAPNEL, *args], input=data if data is not None else b"", capture_output=True,
                              env=env, cwd=tmp_path, timeout=timeout, check=False)
    return run


def events(redis):
    """All entries of all partitions: field → value, bytes."""
    found = []
    for p in range(4):
        for _, words in redis("XRANGE", f"grapnel:{{{p}}}:events", "-", "+"):
            found.append(dict(zip(words[::2], words[1::2])))
    return found


# --- one event --------------------------------------------------------------------------------------------------------

ONE = ["publish", "--tenant", "123", "--type", "USER_CREATED"]


def test_one_event(redis, grapnel):
    done = grapnel(*ONE, "--data", '{"total": 1500.00}')
    assert done.returncode == 0, done.stderr
    [[stream_id, words]] = redis("XRANGE", "grapnel:{2}:events", "-", "+")
    assert words == [b"tenant", b"123", b"type", b"USER_CREATED", b"data", b'{"total": 1500.00}']
    assert done.stdout.decode() == f"evt_2_{stream_id.decode().replace('-', '_')}\n"


def test_one_event_with_everything(redis, grapnel):
    done = grapnel(*ONE, "--data", "-", "--id", "order-9", "--time", "2025-01-22T14:30:00Z", "--trace", "req 7",
                   "--idempotency-key", "k1", "--json", data=' {"s":"\\u00e9"}\n')
    assert json.loads(done.stdout) == {"eventId": "order-9", "duplicate": False}
    assert events(redis) == [{b"tenant": b"123", b"type": b"USER_CREATED", b"data": b' {"s":"\\u00e9"}\n',
                              b"id": b"order-9", b"time": b"1737556200000", b"trace": b"req 7"}]
    again = grapnel(*ONE, "--data", "1", "--idempotency-key", "k1", "--json")
    assert json.loads(again.stdout) == {"eventId": "order-9", "duplicate": True}
    assert grapnel(*ONE, "--data", "1", "--idempotency-key", "k1").stdout == b"order-9 (duplicate)\n"
    assert len(events(redis)) == 1


def test_data_from_a_file(redis, grapnel, tmp_path):
    (tmp_path / "data.json").write_bytes(b'{"city":"Z\xc3\xbcrich"}')
    assert grapnel(*ONE, "--data", "@data.json").returncode == 0
    assert events(redis)[0][b"data"] == b'{"city":"Z\xc3\xbcrich"}'
    missing = grapnel(*ONE, "--data", "@nothing.json")
    assert missing.returncode == 1 and b"nothing.json: No such file" in missing.stderr


@pytest.mark.parametrize("args, words", [
    (["--type", "A", "--data", "1"], "tenant: missing"),
    (["--tenant", "a b", "--type", "A", "--data", "1"], "tenant: byte 0x20 at position 2"),
    (["--tenant", "a", "--type", "A", "--data", "{"], "data: not JSON"),
    (["--tenant", "a", "--type", "A"], "--data is missing"),
    (["--tenant", "a", "--type", "A", "--data", '"' + "x" * 2000 + '"', "--event-bytes-max", "1KiB"], "larger than"),
])
def test_refused_event(redis, grapnel, args, words):
    done = grapnel("publish", *args)
    assert done.returncode == 1 and words in done.stderr.decode()
    done = grapnel("publish", *args, "--json")
    assert words in json.loads(done.stdout)["error"]
    assert events(redis) == []


@pytest.mark.parametrize("args", [
    ["publish", "--no-such-option"],
    ["publish", "surplus"],
    ["publish", "--time", "yesterday", "--tenant", "a"],
    ["publish", "--tenant", "a", "--file", "x"],
    ["publish", "--redis-timeout", "fast", "--tenant", "a"],
    ["no-such-command"],
    [],
    ["completion", "tcsh"],
    ["help", "no-such-command"],
])
def test_misuse_is_status_2(grapnel, args):
    done = grapnel(*args)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_unreachable_redis_is_status_3(grapnel):
    done = grapnel(*ONE, "--data", "1", "--redis-url", "redis://127.0.0.1:1")
    assert done.returncode == 3 and b"refused" in done.stderr


def test_hanging_redis_is_status_3(redis, grapnel):
    redis.stop()
    try:
        done = grapnel(*ONE, "--data", "1")
    finally:
        redis.cont()
    assert done.returncode == 3 and b"no answer within 500 ms" in done.stderr


def test_unprepared_redis(redis, grapnel):
    redis("DEL", "grapnel:meta")
    done = grapnel(*ONE, "--data", "1")
    assert done.returncode == 1 and b"no Grapnel installation" in done.stderr


def test_settings_come_from_file_environment_and_command_line(redis, grapnel, tmp_path):
    redis("HSET", "other:meta", "format", "1", "partitions", "1")
    (tmp_path / "grapnel.conf").write_text("key_prefix = other\n")
    assert grapnel(*ONE, "--data", "1", "--config", "grapnel.conf").returncode == 0
    assert redis("XLEN", "other:{0}:events") == 1
    assert grapnel(*ONE, "--data", "1", env={"GRAPNEL_KEY_PREFIX": "other"}).returncode == 0
    assert redis("XLEN", "other:{0}:events") == 2
    done = grapnel(*ONE, "--data", "1", "--key-prefix", "grapnel", env={"GRAPNEL_KEY_PREFIX": "other"})
    assert done.returncode == 0 and len(events(redis)) == 1


# --- many events ------------------------------------------------------------------------------------------------------

def line(i, **more):
    return json.dumps({"tenant": str(i % 10), "type": "A", "data": {"i": i}, **more})


def numbers(redis):
    return sorted(json.loads(e[b"data"])["i"] for e in events(redis))


def test_many_events(redis, grapnel):
    done = grapnel("publish", data="\n".join(line(i) for i in range(1000)))
    assert (done.returncode, done.stdout) == (0, b"1000 accepted, 0 duplicates, 0 refused\n")
    assert numbers(redis) == list(range(1000))


def test_order_within_a_tenant_is_kept(redis, grapnel):
    lines = [json.dumps({"tenant": "1", "type": "A", "data": {"i": i}}) for i in range(1000)]
    lines.insert(400, "no JSON")  # a refused line must not push others about
    assert grapnel("publish", data="\n".join(lines)).returncode == 1
    found = [json.loads(words[5])["i"] for _, words in redis("XRANGE", "grapnel:{3}:events", "-", "+")]
    assert found == list(range(1000))


def test_data_is_passed_on_byte_for_byte(redis, grapnel):
    spellings = [b'{"total": 1500.00, "n" : 1e5}', b'"\\u00e9 \\/ \xc3\xa9"', b"12345678901234567890123.10", b"null",
                 b'{"a":1,"a":2}', b'{ "nested":[ {"data" : 1} ] }']
    text = b"".join(b'{"tenant":"1", "data" : ' + s + b' ,"type":"A"}\r\n' for s in spellings)
    assert grapnel("publish", data=text).returncode == 0
    assert [e[b"data"] for e in events(redis)] == spellings


def test_members_of_a_line(redis, grapnel):
    lines = [line(1, id="x_1", time=1737556200000, trace="t 1", idempotencyKey="k"),
             line(2, time="2025-01-22T14:30:00.5Z", id=None, trace=None),
             '{"tenant":"\\u0031","type":"A\\u002eB","data":{"i":3}}']
    done = grapnel("publish", "--json", data="\n\n".join(lines))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    assert [a.get("line") for a in answers] == [1, 3, 5, None]
    assert answers[0] == {"line": 1, "eventId": "x_1", "duplicate": False}
    assert answers[-1] == {"accepted": 3, "duplicates": 0, "refused": 0}
    found = {json.loads(e[b"data"])["i"]: e for e in events(redis)}
    assert found[1][b"id"] == b"x_1" and found[1][b"time"] == b"1737556200000" and found[1][b"trace"] == b"t 1"
    assert found[2][b"time"] == b"1737556200500" and b"id" not in found[2]
    assert found[3][b"tenant"] == b"1" and found[3][b"type"] == b"A.B"


REFUSED = [
    ("{", "expected"),
    ("[1]", "expected a JSON object"),
    ('{"type":"A","data":1}', "tenant: missing"),
    ('{"tenant":"1","type":"A"}', "data: missing"),
    ('{"tenant":1,"type":"A","data":1}', "tenant: expected a text in quotes"),
    ('{"tenant":"1","type":"A","data":1,"idempotencykey":"k"}', "idempotencykey: unknown member"),
    ('{"tenant":"1","type":"A","data":1,"data":2}', "data: given twice"),
    ('{"tenant":"1","type":"A","data":1,"time":"noon"}', "time: expected milliseconds"),
    ('{"tenant":"1","type":"A","data":1,"time":{}}', "time: expected milliseconds"),
    ('{"tenant":"a\\u0000b","type":"A","data":1}', "tenant: holds a zero byte"),
    ('{"tenant":"a\\ud800b","type":"A","data":1}', "tenant: an escape in it cannot be decoded"),
    ('{"tenant":"1","type":"A","data":"' + "x" * 1100 + '"}', "data: 1102 bytes"),
    ('{"tenant":"1","type":"A","data":"' + "x" * 20000 + '"}', "longer than 17408 bytes"),
    ('{"tenant":"1","type":"A","data":"' + "x" * 200000 + '"}', "longer than 17408 bytes"),
]


def test_refused_lines_are_told_and_the_others_published(redis, grapnel):
    lines = []
    for i, (text, _) in enumerate(REFUSED):
        lines += [line(i), text]
    done = grapnel("publish", "--json", "--event-bytes-max", "1KiB", data="\n".join(lines))
    assert done.returncode == 1
    answers = [json.loads(text) for text in done.stdout.splitlines()]
    told = done.stderr.decode()
    for i, (text, words) in enumerate(REFUSED):
        answer = answers[2 * i + 1]
        assert answer["line"] == 2 * i + 2 and words in answer["error"], (text[:60], answer)
        assert re.search(rf"^line {2 * i + 2}: .*{re.escape(words)}", told, re.M)
    assert answers[-1] == {"accepted": len(REFUSED), "duplicates": 0, "refused": len(REFUSED)}
    assert numbers(redis) == list(range(len(REFUSED)))


def test_empty_input(redis, grapnel):
    for data in ["", "\n", " \n\n"]:
        done = grapnel("publish", data=data)
        assert (done.returncode, done.stdout) == (0, b"0 accepted, 0 duplicates, 0 refused\n")


def test_many_without_redis(server, grapnel):
    done = grapnel("publish", "--redis-url", "redis://127.0.0.1:1", data=line(1))
    assert done.returncode == 3


def test_memory_that_runs_out_ends_the_run(redis, grapnel, tmp_path):
    redis("CONFIG", "SET", "maxmemory", "1")
    done = grapnel("publish", "--resume", "at", data="\n".join(line(i) for i in range(600)))
    redis("CONFIG", "SET", "maxmemory", "0")
    assert done.returncode == 1 and b"OOM" in done.stderr and b"lines 1 to 256" in done.stderr
    assert grapnel("publish", "--resume", "at", data="\n".join(line(i) for i in range(600))).returncode == 0
    assert numbers(redis) == list(range(600))


# --- resuming ---------------------------------------------------------------------------------------------------------

def test_resume_goes_on_where_it_was(redis, grapnel, tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(line(i) for i in range(300)) + "\n")
    args = ["publish", "--file", "events.ndjson", "--resume", "at"]
    assert grapnel(*args).stdout == b"300 accepted, 0 duplicates, 0 refused\n"
    assert grapnel(*args).stdout == b"0 accepted, 0 duplicates, 0 refused\n"
    with open(path, "a", encoding="utf-8") as file:
        file.write(line(300) + "\n")
    assert grapnel(*args).stdout == b"1 accepted, 0 duplicates, 0 refused\n"
    assert numbers(redis) == list(range(301))


def test_batch_in_doubt_is_not_doubled(redis, grapnel, tmp_path):
    """As if the answer to the second batch had been lost: Redis has it, the resume file does not."""
    data = "\n".join(line(i) for i in range(300)) + "\n"
    assert grapnel("publish", "--resume", "at", data="\n".join(line(i) for i in range(256)) + "\n").returncode == 0
    first_batch = (tmp_path / "at").read_bytes()
    assert grapnel("publish", "--resume", "at", data=data).stdout == b"44 accepted, 0 duplicates, 0 refused\n"
    (tmp_path / "at").write_bytes(first_batch)
    assert grapnel("publish", "--resume", "at", data=data).stdout == b"0 accepted, 44 duplicates, 0 refused\n"
    assert numbers(redis) == list(range(300))


def test_own_keys_are_kept(redis, grapnel):
    data = line(1, idempotencyKey="mine") + "\n" + line(2)
    assert grapnel("publish", "--resume", "at", data=data).returncode == 0
    keys = [k.decode() for k in redis("KEYS", "*idem*")]
    assert "grapnel:{3}:idem:1/mine" in keys and len(keys) == 2


@pytest.mark.parametrize("other", ["another first line\n", ""])
def test_other_input_is_noticed(redis, grapnel, other):
    assert grapnel("publish", "--resume", "at", data=line(1) + "\n").returncode == 0
    done = grapnel("publish", "--resume", "at", data=other)
    assert done.returncode == 1 and b"not those that the resume file is about" in done.stderr
    assert numbers(redis) == [1]


def test_other_file_is_not_overwritten(redis, grapnel, tmp_path):
    (tmp_path / "at").write_text("my only copy of something\n")
    done = grapnel("publish", "--resume", "at", data=line(1))
    assert done.returncode == 1 and b"no resume file" in done.stderr
    assert (tmp_path / "at").read_text() == "my only copy of something\n"
    assert events(redis) == []


def start(redis, tmp_path, *args):
    env = {"PATH": os.environ["PATH"], "GRAPNEL_REDIS_URL": redis.url, "GRAPNEL_REDIS_TIMEOUT": "60s"}
    return subprocess.Popen([GRAPNEL, "publish", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=env, cwd=tmp_path)


def test_second_run_at_the_same_time_is_refused(redis, grapnel, tmp_path):
    child = start(redis, tmp_path, "--resume", "at")
    try:
        wait_until((tmp_path / "at").exists)
        wait_until(lambda: (tmp_path / "at").stat().st_size > 0)
        done = grapnel("publish", "--resume", "at", data=line(1))
        assert done.returncode == 1 and b"in use by another run" in done.stderr
    finally:
        child.communicate(timeout=30)


@pytest.mark.parametrize("victim", ["grapnel", "redis"])
def test_killed_in_the_middle_every_line_once(redis, grapnel, tmp_path, victim):
    """Killed three times, wherever that is; run again until done: each line is there exactly once."""
    count = 20000
    with open(tmp_path / "events.ndjson", "w", encoding="utf-8") as file:
        file.writelines(line(i) + "\n" for i in range(count))
    args = ["--file", "events.ndjson", "--resume", "at"]
    cut_short = 0
    for kill_at in (1000, 6000, 12000):
        child = start(redis, tmp_path, *args)
        wait_until(lambda: child.poll() is not None or
                   sum(redis("XLEN", f"grapnel:{{{p}}}:events") for p in range(4)) >= kill_at, 60, interval=0)
        if victim == "grapnel":
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=30)
        else:
            redis.kill9()
            _, errors = child.communicate(timeout=30)
            redis.start()
            assert child.returncode in (0, 3), errors.decode()
        cut_short += child.returncode != 0
    assert cut_short > 0
    last = grapnel("publish", *args, timeout=120)
    assert last.returncode == 0, last.stderr.decode()
    assert numbers(redis) == list(range(count))


# --- TLS --------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tls_server(tmp_path_factory):
    """A second redis-server with TLS only, its certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=60)
    port = free_port()
    child = Child("redis-tls", [shutil.which("redis-server"), "--port", "0", "--tls-port", str(port), "--bind",
                                "127.0.0.1", "--tls-cert-file", str(folder / "cert.pem"), "--tls-key-file",
                                str(folder / "key.pem"), "--tls-auth-clients", "no", "--save", "", "--dir",
                                str(folder)], str(folder))
    cert = str(folder / "cert.pem")

    def ask(*words):
        return subprocess.run(["redis-cli", "-p", str(port), "--tls", "--cacert", cert, *words], capture_output=True,
                              timeout=30, check=False).stdout
    wait_until(lambda: ask("PING") == b"PONG\n", 20, child.log)
    ask("HSET", "grapnel:meta", "format", "1", "partitions", "4")
    yield port, cert
    child.end()


def test_tls(tls_server, grapnel):
    port, cert = tls_server
    done = grapnel(*ONE, "--data", "1", "--redis-url", f"rediss://127.0.0.1:{port}", "--redis-ca-file", cert)
    assert done.returncode == 0, done.stderr.decode()


def test_tls_does_not_trust_just_anyone(tls_server, grapnel):
    port, _ = tls_server
    done = grapnel(*ONE, "--data", "1", "--redis-url", f"rediss://127.0.0.1:{port}")
    assert done.returncode == 3 and re.search(rb"TLS: .*certificate", done.stderr)


def test_tls_checks_whose_certificate_it_is(tls_server, grapnel):
    port, cert = tls_server
    done = grapnel(*ONE, "--data", "1", "--redis-url", f"rediss://localhost:{port}", "--redis-ca-file", cert)
    assert done.returncode == 3 and re.search(rb"TLS: host ?name mismatch", done.stderr, re.I)


# --- help, completion, man page ---------------------------------------------------------------------------------------

def list_commands():
    """As `grapnel help` has them; of one or two words."""
    text = subprocess.run([GRAPNEL, "help"], capture_output=True, timeout=30, check=True).stdout.decode()
    return re.findall(r"^  ([a-z-]+(?: [a-z]+)?)  +\S", text, re.M)


COMMANDS = list_commands()


def test_help_lists_every_command(grapnel):
    text = grapnel("help").stdout.decode()
    assert {"publish", "listen", "sign", "verify", "help", "completion", "man", "version"} <= set(COMMANDS)
    for command in COMMANDS:
        done = grapnel("help", *command.split())
        assert done.returncode == 0 and f"grapnel {command}".encode() in done.stdout
        assert b"--redis-url" in done.stdout
        assert grapnel(*command.split(), "--help").stdout == done.stdout
    assert grapnel("--help").stdout.decode() == text


def test_version(grapnel):
    assert re.fullmatch(rb"grapnel \d+\.\d+\.\d+\n", grapnel("version").stdout)
    assert grapnel("--version").stdout == grapnel("version").stdout
    assert json.loads(grapnel("version", "--json").stdout)["version"]


def options_of(grapnel, command):
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", grapnel("help", *command.split()).stdout.decode(), re.M)) - {
        "--help", "--usage"}


def complete(grapnel, tmp_path, *words):
    """What bash offers behind these words."""
    (tmp_path / "grapnel.bash").write_bytes(grapnel("completion", "bash").stdout)
    script = ("source grapnel.bash; compopt() { :; }; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _grapnel; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=tmp_path, capture_output=True, timeout=30,
                          check=True)
    return {word.rstrip("=") for word in done.stdout.decode().split()}


def test_bash_completion(grapnel, tmp_path):
    assert complete(grapnel, tmp_path, "grapnel", "") == {command.split()[0] for command in COMMANDS}
    for group in {command.split()[0] for command in COMMANDS if " " in command}:
        seconds = {command.split()[1] for command in COMMANDS if command.startswith(group + " ")}
        assert complete(grapnel, tmp_path, "grapnel", group, "") == seconds
    assert complete(grapnel, tmp_path, "grapnel", "ver") == {"verify", "version"}
    assert complete(grapnel, tmp_path, "grapnel", "publish", "--te") == {"--tenant", "--tenant-limit"} - {
        option for option in ["--tenant-limit"] if option not in options_of(grapnel, "publish")}
    for command in COMMANDS:
        words = [*command.split(), "--"]
        assert complete(grapnel, tmp_path, "grapnel", *words) == options_of(grapnel, command)
    (tmp_path / "a-file").write_text("")
    assert "a-file" in complete(grapnel, tmp_path, "grapnel", "publish", "--file", "a-")


@pytest.mark.parametrize("shell, marks", [("zsh", ["#compdef grapnel", "--idempotency-key="]),
                                          ("fish", ["complete -c grapnel", "-l idempotency-key"])])
def test_other_completions(grapnel, tmp_path, shell, marks):
    text = grapnel("completion", shell).stdout.decode()
    for mark in marks + [word for command in COMMANDS for word in command.split()]:
        assert mark in text
    if shutil.which(shell):
        (tmp_path / "script").write_text(text)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True, timeout=30)


def test_man_page_tells_every_option(grapnel):
    text = grapnel("man").stdout.decode()
    assert text.isascii()
    plain = text.replace("\\-", "-")
    for command in COMMANDS:
        assert f".SS grapnel {command}" in plain
        for option in options_of(grapnel, command):
            assert re.search(rf"^\.B .*{option}\b", plain, re.M), option
    for status in "0123":
        assert f".B {status}\n" in text


def test_man_page_is_clean(grapnel):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=grapnel("man").stdout, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()


def test_closed_output_is_an_error(grapnel, tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([GRAPNEL, "man"], stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 1
