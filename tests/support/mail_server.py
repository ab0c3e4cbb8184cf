# SPDX-License-Identifier: Apache-2.0
"""An SMTP server (aiosmtpd) with STARTTLS and AUTH, that does as a test tells it."""

import email
import email.policy
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FROM = "webhooks@grapnel.test"
USER, PASSWORD = "grapnel", "s3cret of the mail server"


def settings_of(port, **more):
    """Of a worker that sends through the server there."""
    return {"smtp_url": f"smtp://127.0.0.1:{port}", "smtp_from": FROM, "smtp_starttls": "optional", **more}


class MailServer:
    """@answers: what is said to each message's end in turn, then @then; "hang" says nothing until release()."""

    def __init__(self, port, certificate=None, needs_auth=False, answers=(), then="250 OK"):
        self.port, self.answers, self.then = port, list(answers), then
        self.mails = []  # (sender, recipients, message, was it encrypted)
        self.refused = []
        self.hangs, self.released = threading.Event(), threading.Event()
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
        self.options = {"tls_context": context, "auth_required": needs_auth, "auth_require_tls": bool(context),
                        "authenticator": self.authenticate}
        self.controller = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=20)
        self.controller.factory = lambda: SMTP(self, hostname="mail.test", **self.options)
        self.controller.start()

    @staticmethod
    def authenticate(_server, _session, _envelope, _mechanism, data):
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=True if is_right else False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody@"):
            self.refused.append(address)
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else self.then
        if answer == "hang":
            self.hangs.set()
            await server.loop.run_in_executor(None, self.released.wait, 60)
            return "421 closing"
        if answer.startswith("2"):
            message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, message, session.ssl is not None))
        else:
            self.refused.append(answer)
        return answer

    def release(self):
        self.released.set()

    def end(self):
        self.release()
        self.controller.stop()
