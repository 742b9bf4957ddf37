"""Mail over SMTP: what the server answers is kept as evidence that it accepted, no more."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from notifications.channels import Undeliverable

TIMEOUT_SECONDS = 30


class Postponed(Exception):
    """The server did not take the message now; it may later."""


@dataclass(frozen=True)
class SmtpChannel:
    """One mail server; STARTTLS with a verified certificate unless switched off."""

    sender: str
    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    starttls: bool = True
    context: ssl.SSLContext | None = None

    def deliver(self, data: bytes, *, receiver: str) -> str:
        """Send the bytes to one receiver and return the server's answer (`250 …`)."""
        with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS) as server:
            if self.starttls:
                server.starttls(context=self.context or ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if self.user:
                server.login(self.user, self.password)
            # step by step instead of sendmail(), which throws the answer away
            _expect(*server.mail(parseaddr(self.sender)[1]), about_receiver=False)
            _expect(*server.rcpt(receiver), about_receiver=True)
            return _expect(*server.data(data), about_receiver=True)


def from_environment(environment: Mapping[str, str]) -> SmtpChannel | None:
    """Return the server that HOLDFAST_SMTP_* name, or None when no host is set."""
    host = environment.get("HOLDFAST_SMTP_HOST", "")
    if not host:
        return None
    return SmtpChannel(
        sender=environment.get("HOLDFAST_SMTP_FROM", f"Holdfast <holdfast@{host}>"),
        host=host,
        port=int(environment.get("HOLDFAST_SMTP_PORT", "587")),
        user=environment.get("HOLDFAST_SMTP_USER", ""),
        password=environment.get("HOLDFAST_SMTP_PASSWORD", ""),
        starttls=environment.get("HOLDFAST_SMTP_STARTTLS", "yes").lower() not in ("no", "0", ""),
    )


def _expect(code: int, words: bytes, *, about_receiver: bool) -> str:
    """Return the answer when it is yes; a sender refused is ours to repair, so it can wait."""
    answer = f"{code} {words.decode(errors='replace')}"
    if 200 <= code < 300:
        return answer
    if code >= 500 and about_receiver:
        raise Undeliverable(answer)
    raise Postponed(answer)
