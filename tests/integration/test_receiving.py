# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/receive.md holds: its code in every language tells what Grapnel sends from what somebody else made of it, and
its commands write the same signatures. Leaves receivers.txt and requests.txt in reports/ of the build directory."""

import json
import os
import subprocess

import pytest
import receiving_cases
import verifiers
from receiver import Answer
from receiving_cases import Case, whpk, whsec

OLD = whsec(b"thirty-two bytes of older secret")
OLD_TEXT = "the-secret-before-this-one"
PRIVATE = "whsk_" + receiving_cases.b64(receiving_cases.SEED)
DIALECTS = ("royalti", "simple", "verification", "template", "standard")


@pytest.fixture(scope="session")
def code(tmp_path_factory):
    verifiers.need_cryptography()
    folder = tmp_path_factory.getbasetemp()
    return verifiers.Verifiers(folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder)


def wrong_answers(cases, answers):
    return [f"{case.name}: {answer}, expected {case.expected}" for case, answer in zip(cases, answers)
            if answer != case.expected]


@pytest.mark.parametrize("language", verifiers.FILES)
def test_a_verifier_tells_genuine_requests_from_forged_ones(code, language):
    verifiers.need_tool(language)
    cases = list(receiving_cases.crafted())
    assert len({case.name for case in cases}) == len(cases) > 800
    wrong = wrong_answers(cases, code.answers(language, cases))
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:40])


# --- what a real Grapnel sends --------------------------------------------------------------------------------------------

def capture(stack):
    """{name: (case, form)}: one request of each kind, of the same event."""
    forms = receiving_cases.forms()
    stack.add_tenant("acme")

    def add(name, dialect, secret, *then, **options):
        hook = stack.receiver.hook("/" + name.replace(" ", "-"))
        endpoint = stack.add_endpoint("acme", hook, dialect, "*", secret, **options)
        for args in then:
            endpoint.cli("set", *args)
        return hook
    hooks = {name: add(name, name, forms[name].secret) for name in DIALECTS}
    hooks["standard v1a"] = add("standard v1a", "standard", PRIVATE, signature="v1a")
    hooks["standard rotated"] = add("standard rotated", "standard", OLD, ("--secret", forms["standard"].secret))
    hooks["standard v1 to v1a"] = add("standard v1 to v1a", "standard", OLD, ("--signature", "v1a", "--secret", PRIVATE))
    hooks["simple rotated"] = add("simple rotated", "simple", OLD_TEXT, ("--secret", forms["simple"].secret))
    hooks["royalti unsigned"] = add("royalti unsigned", "royalti", forms["royalti"].secret, signing="required")
    stack.publish("acme", kind="USER_CREATED", data='{"total":1500.00,"n\u00e4me":"\\u00e9"}')
    stack.wait_done(len(hooks))
    forms.update({"standard rotated": forms["standard"], "standard v1 to v1a": forms["standard v1a"],
                  "simple rotated": forms["simple"], "royalti unsigned": forms["royalti"]})
    return {name: captured(name, hook.wait(1)[0], forms[name]) for name, hook in hooks.items()}


def captured(name, request, form):
    headers = {header: value.encode("latin-1") for header, value in request.headers.items()}
    now = int(headers[form.before[-1]]) if form.before else int(request.wall)
    return Case(name, form.header in headers, form.dialect, [form.secret], headers, request.body, now), form


def attacks(requests):
    """Each request as it came, and what somebody could make of it."""
    for case, form in requests.values():
        if case.is_genuine:
            yield from receiving_cases.forged(case, form)
        else:
            yield case
    for name, old in (("standard rotated", OLD), ("standard v1 to v1a", OLD)):
        yield requests[name][0].but("by who still has the old secret", True, secrets=[old])
        yield requests[name][0].but("by who has both", True, secrets=[old, *requests[name][0].secrets])
    rotated = requests["simple rotated"][0]
    yield rotated.but("by who still has the old secret", False, secrets=[OLD_TEXT])
    yield rotated.but("by who has both", True, secrets=[OLD_TEXT, *rotated.secrets])


def shell(title, case, form, folder):
    """What the page's commands print for this request."""
    with open(os.path.join(folder, "body"), "wb") as f:
        f.write(case.body)
    values = {name: case.headers.get(header, b"").decode() for name, header in
              (("ID", "webhook-id"), ("TIMESTAMP", form.before[-1] if form.before else ""))}
    signature = case.headers[form.header].decode().split(" ")[0].rsplit(",", 1)[-1]
    env = {**os.environ, **values, "SECRET": case.secrets[0], "SIGNATURE": signature}
    done = subprocess.run(["sh", "-euc", verifiers.commands(title)], cwd=folder, env=env, capture_output=True, timeout=60,
                          check=False)
    return done.stdout.decode().strip() if done.returncode == 0 else done.stdout.decode() + done.stderr.decode()


TITLES = {"template": "royalti, template", "royalti": "royalti, template", "standard v1a": "standard with v1a"}


def by_hand(name, case, form, folder):
    """Do the commands under "Check by hand" say that the first signature is right?"""
    says = shell(TITLES.get(name, name), case, form, folder)
    wanted = "Signature Verified Successfully" if name.endswith("v1a") else case.headers[form.header].decode()
    return says == wanted


def by_grapnel(stack, case):
    """Does `grapnel verify` say so?"""
    headers = [word for name, value in case.headers.items() for word in ("-H", f"{name}: {value.decode('latin-1')}")]
    done = stack.run("verify", "--dialect", case.dialect, "--secret", case.secrets[0], *headers, stdin=case.body)
    return done.returncode == 0


def write_reports(stack, requests, table):
    folder = os.path.join(os.path.dirname(os.path.dirname(stack.programs["grapnel"])), "reports")
    os.makedirs(folder, exist_ok=True)
    columns = list(next(iter(table.values())))
    with open(os.path.join(folder, "receivers.txt"), "w", encoding="utf-8") as f:
        f.write("What the code and the commands of docs/how-to/receive.md say about real requests:\n\n")
        for words in ["request", *columns], *([name, *row.values()] for name, row in table.items()):
            f.write("".join(word.ljust(20 if i == 0 else 10) for i, word in enumerate(words)).rstrip() + "\n")
    with open(os.path.join(folder, "requests.txt"), "wb") as f:
        for name, (case, _) in requests.items():
            f.write(f"=== {name}; verified with {case.secrets[0]}\n\n".encode())
            f.write(b"".join(header.encode() + b": " + value + b"\n" for header, value in case.headers.items()))
            f.write(b"\n" + case.body + b"\n\n")


def test_every_verifier_accepts_what_grapnel_sends(stack, code, folder):
    requests = capture(stack)
    assert not requests["royalti unsigned"][0].is_genuine, "signed although only financial and split events must be"
    assert len(requests["standard rotated"][0].headers["webhook-signature"].split(b" ")) == 2
    cases, wrong = list(attacks(requests)), []
    firsts = [cases.index(case) for case, _ in requests.values()]
    table = {name: {} for name in requests}
    for language in verifiers.FILES:
        answers = code.answers(language, cases) if verifiers.find_tool(language) else ["no tool"] * len(cases)
        for name, first in zip(requests, firsts):
            table[name][language] = answers[first]
        if verifiers.find_tool(language):
            wrong += [f"{language}: {words}" for words in wrong_answers(cases, answers)]
    for name, (case, form) in requests.items():
        table[name]["openssl"], table[name]["grapnel"] = "-", "accepted" if by_grapnel(stack, case) else "refused"
        if name in receiving_cases.forms():
            assert by_hand(name, case, form, folder), f"{name}: the commands under 'Check by hand' refuse it"
            forged = case.but("another body", False, body=case.body + b" ")
            assert not by_hand(name, forged, form, folder), f"{name}: the commands accept another body"
            table[name]["openssl"] = "accepted"
        assert table[name]["grapnel"] == case.expected, f"{name}: grapnel verify disagrees"
    write_reports(stack, requests, table)
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:40])


def test_the_key_for_receivers_is_the_one_that_grapnel_shows(stack):
    verifiers.need_cryptography()
    stack.add_tenant("acme")
    hook = stack.receiver.hook("/v1a")
    endpoint = stack.add_endpoint("acme", hook, "standard", "*", PRIVATE, signature="v1a")
    assert endpoint.cli("show")["secrets"][0]["publicKey"] == whpk()


REMEMBER = {"royalti": lambda r: json.loads(r.body)["id"], "simple": lambda r: json.loads(r.body)["id"],
            "verification": lambda r: json.loads(r.body)["metadata"]["eventId"], "template": lambda r: r.body,
            "standard": lambda r: r.headers["webhook-id"]}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_repetitions_are_known_by_what_the_page_says(stack, dialect):
    secret = receiving_cases.forms()[dialect].secret
    endpoint = stack.add("acme", None, Answer(500), dialect=dialect, secret=secret)
    stack.publish("acme", kind="USER_CREATED")
    stack.wait_attempts(1)
    stack.make_due()
    stack.wait_done(1)
    stack.publish("acme", kind="USER_CREATED", data='{"n":1}')
    stack.wait_done(2)
    first, again, other = map(REMEMBER[dialect], endpoint.hook.requests)
    assert first == again != other
