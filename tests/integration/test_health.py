# SPDX-License-Identifier: Apache-2.0
"""Health, readiness and metrics of real processes."""

import http.client
import json
import os
import re
import shutil
import subprocess

import pytest
from children import wait_until
from receiver import HANG, Answer

LISTEN = {"listen": "127.0.0.1:0"}
with open(os.path.join(os.path.dirname(__file__), "../../CMakeLists.txt"), encoding="utf-8") as file:
    VERSION = re.search(r"^project\(grapnel VERSION ([0-9.]+)", file.read(), re.M)[1]


def port_of(child):
    found = re.search(r'health and metrics are served".* port=(\d+)', child.log())
    return found and int(found[1])


def port(child):
    wait_until(lambda: port_of(child), 10, lambda: f"{child.name} to listen")
    return port_of(child)


def get(child, path, method="GET", body=None):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port(child), timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def samples(text):
    """{'grapnel_attempts_total{outcome="OK",dialect="standard"}': 3.0, …}; the format is checked on the way."""
    found, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            word, name, rest = line[2:].split(" ", 2)
            assert word in ("HELP", "TYPE") and rest
            if word == "TYPE":
                assert name not in kinds, f"twice: {name}"
                kinds[name] = rest
            continue
        matched = re.fullmatch(r'((?:grapnel|process)_[a-z_]+)(\{[a-z0-9_]+="[^"]*"(?:,[a-z0-9_]+="[^"]*")*\})? (-?[0-9.]+)', line)
        assert matched, line
        name = re.sub("_(bucket|sum|count)$", "", matched[1])
        assert matched[1] in kinds or kinds[name] == "histogram", line
        assert matched[1] + (matched[2] or "") not in found, f"twice: {line}"
        found[matched[1] + (matched[2] or "")] = float(matched[3])
    return found


def metrics(child):
    status, headers, text = get(child, "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(text)


def metric(child, name, **labels):
    words = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return metrics(child).get(f"grapnel_{name}" + (f"{{{words}}}" if words else ""))


def wait_for_metric(child, name, value, **labels):
    wait_until(lambda: metric(child, name, **labels) == value, 15,
               lambda: f"{name} {labels} to be {value}; it is {metric(child, name, **labels)}")


@pytest.fixture
def listening(bare_stack):
    return bare_stack.start(**LISTEN)


def test_nothing_listens_unless_asked(stack):
    for child in stack.children():
        assert not port_of(child)


def test_pages(listening):
    for child in listening.children():
        status, headers, text = get(child, "/healthz")
        assert (status, text, headers["Cache-Control"]) == (200, "ok\n", "no-store")
        status, headers, text = get(child, "/readyz")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        answer = json.loads(text)
        assert answer["ready"] is True and set(answer["checks"].values()) == {True}
        assert {"redis", "installation"} < set(answer["checks"])
        for path in ("/healthz", "/readyz", "/metrics"):
            assert get(child, path, "HEAD")[::2] == (200, "")
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
                status, headers, _ = get(child, path, method, b"x" * 100)
                assert (status, headers["Allow"]) == (405, "GET, HEAD")
        for path in ("/", "/metrics/", "/healthz2", "/%68ealthz", "/../metrics"):
            assert get(child, path)[0] == 404
        assert get(child, "/healthz", "POST", b"x" * 100000)[0] == 413


def test_an_address_that_cannot_be_used(bare_stack, redis):
    for listen in ("nonsense", "127.0.0.1", "8.8.8.8:0", f"127.0.0.1:{redis.port}"):
        for kind in ("worker", "scheduler"):
            child = bare_stack.spawn(kind, listen=listen)
            assert child.wait(15) == 1
            assert "listen: " in child.log()


def test_not_ready_without_redis_and_ready_again(listening, redis):
    redis.kill9()
    for child in listening.children():
        wait_until(lambda child=child: get(child, "/readyz")[0] == 503, 10, lambda: "503")
        answer = json.loads(get(child, "/readyz")[2])
        assert answer["ready"] is False and answer["checks"]["redis"] is False and answer["checks"]["installation"] is True
        assert get(child, "/healthz")[0] == 200
        wait_until(lambda child=child: metric(child, "redis_connected") == 0, 10, lambda: "metrics to say so")
    scheduler = listening.schedulers[0]
    wait_until(lambda: metric(scheduler, "queue_entries", queue="jobs") is None, 10, lambda: "queue_depths to be unknown")
    redis.start()
    for child in listening.children():
        wait_until(lambda child=child: get(child, "/readyz")[0] == 200, 15, lambda: "200")
        assert metric(child, "redis_connected") == 1
        assert metric(child, "redis_connections_total") >= 3
    wait_for_metric(scheduler, "queue_entries", 0, queue="jobs")


def test_not_ready_before_the_installation_was_read(bare_stack, redis):
    redis.kill9()
    worker = bare_stack.spawn("worker", **LISTEN)
    status, _, text = get(worker, "/readyz")
    assert status == 503
    assert json.loads(text)["checks"] == {"redis": False, "installation": False, "claiming": False}
    assert get(worker, "/healthz")[0] == 200
    worker.kill9()
    redis.start()


def test_not_ready_while_draining(listening):
    endpoint = listening.add("acme", "/hangs", then=HANG)
    listening.publish()
    endpoint.hook.wait_in_flight(1)
    worker = listening.workers[0]
    assert metric(worker, "requests_in_flight") == 1
    assert metric(worker, "slots_taken") == 1
    worker.terminate()
    wait_until(lambda: get(worker, "/readyz")[0] == 503, 5, lambda: "503")
    assert json.loads(get(worker, "/readyz")[2])["checks"] == {"redis": True, "installation": True, "claiming": False}
    assert get(worker, "/healthz")[0] == 200
    endpoint.hook.release()
    listening.wait_done()
    assert worker.wait() == 0


def test_metrics_count_what_happens(listening):
    scheduler, worker = listening.schedulers[0], listening.workers[0]
    listening.add("good", dialect="royalti")
    listening.add("bad", None, Answer(503))
    listening.add("gone", then=Answer(410))
    listening.publish("good", 5)
    listening.publish("bad")
    listening.publish("gone")
    listening.publish("good", kind="bad kind!")
    listening.publish("nobody")
    listening.wait_done(5, "good")
    listening.wait_done(1, "gone")
    listening.wait_attempts(1, "bad")

    wait_for_metric(worker, "attempts_total", 5, outcome="OK", dialect="royalti")
    wait_for_metric(worker, "attempts_total", 1, outcome="SERVER_ERROR", dialect="standard")
    wait_for_metric(worker, "attempts_total", 1, outcome="CLIENT_ERROR", dialect="standard")
    assert metric(worker, "attempts_total", outcome="TIMEOUT", dialect="simple") == 0
    found = metrics(worker)
    assert found['grapnel_attempt_duration_seconds_count{status="2xx"}'] == 5
    assert found['grapnel_attempt_duration_seconds_count{status="5xx"}'] == 1
    assert found['grapnel_attempt_duration_seconds_bucket{status="2xx",le="+Inf"}'] == 5
    assert 0 < found['grapnel_attempt_duration_seconds_sum{status="2xx"}'] < 60
    assert found["grapnel_first_attempt_delay_seconds_count"] == 7
    assert 0 <= found["grapnel_first_attempt_delay_seconds_sum"] < 7 * 20
    assert found["grapnel_connect_duration_seconds_count"] == found["grapnel_endpoint_connections_total"] >= 1
    assert found['grapnel_settlements_total{kind="done"}'] == 5
    assert found['grapnel_settlements_total{kind="failed"}'] + found['grapnel_settlements_total{kind="slow"}'] == 2
    assert 1 <= found["grapnel_settle_batches_total"] <= 7
    assert found["grapnel_slots"] == 1024 and found["grapnel_requests_in_flight"] == 0
    assert found['grapnel_script_duration_seconds_count{script="settle"}'] == found["grapnel_settle_batches_total"]

    wait_for_metric(scheduler, "queue_entries", 1, queue="delayed")
    wait_for_metric(scheduler, "queue_entries", 2, queue="rejected")
    wait_for_metric(scheduler, "endpoints_disabled", 1)
    found = metrics(scheduler)
    assert found['grapnel_events_total{result="fanned_out"}'] == 7
    assert found['grapnel_events_total{result="refused"}'] == 2
    assert found["grapnel_deliveries_created_total"] == 7
    assert found["grapnel_fanout_delay_seconds_count"] == 9
    assert found['grapnel_verdicts_total{verdict="retry"}'] == 1
    assert found['grapnel_verdicts_total{verdict="disable"}'] == 1
    assert found["grapnel_endpoints_disabled_total"] == 1
    assert found['grapnel_queue_entries{queue="events"}'] == found['grapnel_queue_entries{queue="jobs"}'] == 0
    assert found['grapnel_queue_oldest_seconds{queue="delayed"}'] == 0
    listening.make_due("bad")
    listening.wait_done(1, "bad", 30)
    assert found["grapnel_promoted_total"] < metric(scheduler, "promoted_total")
    for child in listening.children():
        found = metrics(child)
        assert found[f'grapnel_build_info{{version="{VERSION}"}}'] == 1
        assert found["process_resident_memory_bytes"] > 1 << 20 and 5 < found["process_open_fds"] < 1000
        assert found["process_cpu_seconds_total"] > 0 and found["process_start_time_seconds"] > 1.7e9


def test_depths_and_ages_of_what_waits(listening, redis):
    scheduler = listening.schedulers[0]
    listening.add()
    listening.publish()
    listening.wait_done()
    wait_for_metric(scheduler, "queue_entries", 0, queue="events")
    listening.add_tenant("other")
    head = listening.key("acme", "")
    redis("XADD", head + "failed", "1-1", "no", "job")  # refused by the scheduler, and so gone again
    wait_for_metric(scheduler, "queue_entries", 1, queue="rejected")
    worker = listening.workers[0]
    worker.stop()
    listening.publish(count=3)
    wait_for_metric(scheduler, "queue_entries", 3, queue="jobs")
    wait_until(lambda: metric(scheduler, "queue_oldest_seconds", queue="jobs") > 0, 10, lambda: "an age")
    worker.cont()
    listening.wait_done(4)
    wait_for_metric(scheduler, "queue_entries", 0, queue="jobs")
    wait_for_metric(scheduler, "queue_oldest_seconds", 0, queue="jobs")


def test_depths_of_events_before_their_fanout(listening, redis):
    """A scheduler that is stopped has claimed some or none of them; another one tells."""
    stack = listening
    stack.add()
    stack.publish()
    stack.wait_done()
    first = stack.schedulers[0]
    first.stop()
    stack.publish(count=5)
    head = stack.key("acme", "")
    keys = [h for h in stack.heads()]
    source = open(__file__.replace("tests/integration/test_health.py", "common/moves/queue_depths.lua"), encoding="utf-8").read()
    base = open(__file__.replace("tests/integration/test_health.py", "common/moves/base.lua"), encoding="utf-8").read()
    script = source.replace("--#include base.lua", base)
    numbers = redis("EVAL", script, 1, head)
    assert len(numbers) == 14 and numbers[0] == 5
    wait_until(lambda: redis("EVAL", script, 1, head)[10] > 0, 5, lambda: "an age")
    for other in keys:
        if other != head:
            assert redis("EVAL", script, 1, other) == [0] * 14
    first.cont()
    stack.wait_done(6)
    assert redis("EVAL", script, 1, head)[0] == 0


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not there (Debian: prometheus)")
def test_promtool_finds_nothing(listening):
    listening.add()
    listening.publish()
    listening.wait_done()
    for child in listening.children():
        done = subprocess.run(["promtool", "check", "metrics"], input=get(child, "/metrics")[2].encode(), timeout=60,
                              capture_output=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")
