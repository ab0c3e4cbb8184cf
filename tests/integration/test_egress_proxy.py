# SPDX-License-Identifier: Apache-2.0
"""Workers that reach endpoints through the operator's proxy, and only so."""

import pytest
from forward_proxy import LINKS, ForwardProxy

HOST = "receiver.example"  # in no name server: only the proxy finds it
LOGIN = "worker:of-the-worker"


@pytest.fixture(params=LINKS)
def proxy(request):
    proxy = ForwardProxy(request.param)
    yield proxy
    proxy.end()


def begin(stack, proxy, **options):
    """An endpoint that only the proxy finds, its worker."""
    stack.start(schedulers=1, workers=0, egress_ports=stack.receiver.port)
    worker = stack.start_worker(egress_proxy=proxy.url(LOGIN), egress_allow="")
    hook = stack.receiver.hook("/hook")
    stack.add_tenant("acme")
    endpoint = stack.add_endpoint("acme", f"http://{HOST}:{stack.receiver.port}/hook", **options)
    return endpoint, hook, worker


def test_deliveries_go_through_the_proxy(bare_stack, proxy):
    stack = bare_stack
    _, hook, worker = begin(stack, proxy, headers='{"X-Own":"1"}')
    stack.publish("acme", count=5)
    stack.wait_done(5)
    place = f"{HOST}:{stack.receiver.port}"
    assert proxy.tunnels and all(tunnel[:2] == (place, LOGIN) for tunnel in proxy.tunnels)
    assert [delivery.attempts[0]["status"] for delivery in stack.deliveries()] == [200] * 5
    for request in hook.wait(5):
        assert request.headers["host"] == place and request.headers["x-own"] == "1"
        assert not [name for name in request.headers if name.startswith("proxy-")]
    told = {name.lower() for tunnel in proxy.tunnels for name in tunnel[2]}
    assert told <= {"host", "proxy-authorization", "proxy-connection"}, "the proxy need not know more"
    assert LOGIN.split(":")[1] not in worker.log()


def test_what_the_proxy_refuses_is_tried_again_and_the_endpoint_has_nothing_to_do_with_it(bare_stack, proxy):
    stack = bare_stack
    proxy.refuses = True
    _, hook, worker = begin(stack, proxy, schedule="1h")
    stack.publish("acme")
    attempt = stack.wait_attempts(1).attempts[0]
    assert (attempt["code"], attempt["status"]) == ("NETWORK_ERROR", 0)
    assert attempt["message"].startswith("egress proxy: ")
    assert stack.due_ms() - stack.now_ms() < 2 * 3600000
    proxy.refuses = False
    stack.make_due()
    stack.wait_done(1)
    assert len(hook.requests) == 1
    assert LOGIN.split(":")[1] not in worker.log() + str(stack.delivery().attempts)


def test_without_its_proxy_a_worker_reaches_nothing(bare_stack, proxy):
    """Not even what it could reach by itself."""
    stack = bare_stack
    proxy.end()
    stack.start(egress_proxy=proxy.url())
    endpoint = stack.add("acme", schedule="1h")
    stack.publish("acme")
    attempt = stack.wait_attempts(1).attempts[0]
    assert attempt["code"] == "NETWORK_ERROR" and not endpoint.hook.requests


def test_the_proxy_is_not_asked_for_a_private_address(bare_stack, proxy):
    stack = bare_stack
    stack.start(schedulers=1, workers=0)
    endpoint = stack.add("acme")  # while the operator allowed it
    stack.start_worker(egress_proxy=proxy.url(), egress_allow="")
    stack.publish("acme")
    stack.wait_done(1)
    attempt = stack.delivery().attempts[0]
    assert attempt["code"] == "INVALID_URL" and "may not be called" in attempt["message"]
    assert not proxy.tunnels and not endpoint.hook.requests
