"""Webhooks over https, as Standard Webhooks says: signed, to listed hosts, never redirected.

A name is looked up once and the very address that was checked is connected to, so that a name
that changes in between leads nowhere else. Each try is kept with its exact bytes.
"""

import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult

from standardwebhooks.webhooks import Webhook

from engine.db import Database
from engine.errors import EngineError
from engine.outbox import Outgoing
from engine.serials.exchange.addresses import WaysOut, allowed, parted
from engine.serials.exchange.subscriptions import GONE, secrets_of, subscription_of, switch_off
from engine.serials.models import WebhookAttempt
from notifications.channels import NotTaken, Undeliverable

SECONDS = 15.0  # for a whole try: a receiver queues what it is sent and answers at once
MOST_BYTES = 16_384  # of an answer; what is kept of it is less
KEPT = 2_000
Find = Callable[[str, int], Sequence[str]]


def find(host: str, port: int) -> list[str]:
    """Return the addresses that a name comes to."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def find_within(find: Find, host: str, port: int, *, seconds: float) -> Sequence[str]:
    """Look a name up within a time; the system's own look-up knows none and cannot be stopped.

    A look-up that takes longer ends by itself, in a thread that nobody waits for.
    """
    answers: list[Sequence[str]] = []
    problems: list[BaseException] = []

    def look_up() -> None:
        try:
            answers.append(find(host, port))
        except (OSError, UnicodeError) as problem:
            problems.append(problem)

    looking = threading.Thread(target=look_up, daemon=True)
    looking.start()
    looking.join(seconds)
    if problems:
        raise problems[0]
    if not answers:
        message = f"{host} was not found within {seconds:g} seconds"
        raise TimeoutError(message)
    return answers[0]


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the beginning of what was said."""

    status: int
    words: str


@dataclass(frozen=True)
class WebhookChannel:
    """Hands webhooks over; `context` is only given where another authority is to be trusted."""

    database: Database
    ways: WaysOut
    context: ssl.SSLContext | None = None
    find: Find = find

    def send(
        self, outgoing: Outgoing, *, keep: Callable[[bytes], str], at: datetime
    ) -> tuple[str, str]:
        """Sign and send one webhook; return the hash of its bytes and the answer.

        Raises `NotTaken`, and `Undeliverable` when trying again is of no use: the receiver said
        410, the subscription is off, or its address is not allowed.
        """
        parts, data = self._request(outgoing, at=at)
        sha256 = keep(data)
        begun = time.monotonic()
        try:
            answer = self._post(parts, data)
        except (OSError, ValueError, NotTaken) as problem:
            self._note(outgoing, sha256, None, f"{type(problem).__name__}: {problem}", begun, at)
            raise NotTaken(str(problem)) from problem
        except Undeliverable as problem:
            self._note(outgoing, sha256, None, str(problem), begun, at)
            raise
        self._note(outgoing, sha256, answer.status, answer.words, begun, at)
        said = f"{answer.status} {answer.words}".strip()
        if 200 <= answer.status < 300:
            return sha256, said
        if answer.status == 410:
            self._switch_off(int(outgoing.receiver), at=at)
            raise Undeliverable(said)
        raise NotTaken(said)

    def _request(self, outgoing: Outgoing, *, at: datetime) -> tuple[SplitResult, bytes]:
        """Return where it goes and the exact bytes; nothing of them depends on the lookup."""
        with self.database.read() as db:
            subscription = subscription_of(db, int(outgoing.receiver))
            if subscription.off_at is not None:
                message = "the subscription is switched off"
                raise Undeliverable(message)
            secrets = secrets_of(db, subscription.id, at=at)
        try:
            parts = parted(subscription.address, self.ways)
        except EngineError as refused:
            raise Undeliverable(str(refused)) from refused
        return parts, request(outgoing, parts, secrets, at=at)

    def _post(self, parts: SplitResult, data: bytes) -> Answer:
        host, port = str(parts.hostname), parts.port or 443
        until = time.monotonic() + SECONDS
        reachable = allowed(find_within(self.find, host, port, seconds=SECONDS), self.ways)
        if not reachable:
            message = f"{host} is at an address inside, which is not allowed"
            raise Undeliverable(message)
        context = self.context or ssl.create_default_context()
        with (
            socket.create_connection(
                (reachable[0], port), timeout=max(0.1, until - time.monotonic())
            ) as bare,
            context.wrap_socket(bare, server_hostname=host) as sock,
        ):
            sock.sendall(data)
            return _answer(sock, until=until)

    def _note(
        self,
        outgoing: Outgoing,
        sha256: str,
        status: int | None,
        answer: str,
        begun: float,
        at: datetime,
    ) -> None:
        took_ms = round(1000 * (time.monotonic() - begun))
        with self.database.begin() as db:
            db.add(
                WebhookAttempt(
                    outgoing_id=outgoing.id,
                    at=at,
                    sha256=sha256,
                    status=status,
                    answer=answer[:KEPT],
                    took_ms=took_ms,
                )
            )

    def _switch_off(self, subscription_id: int, *, at: datetime) -> None:
        with self.database.begin() as db:
            if subscription_of(db, subscription_id, lock=True).off_at is None:
                switch_off(db, subscription_id, reason=GONE, by=None, at=at)


def webhook_id(key: str) -> str:
    """Return the webhook-id of an outbox key: the same on every try."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def payload(body: dict[str, Any]) -> str:
    """Return the text that is signed and sent: the same for the same row."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def request(
    outgoing: Outgoing, parts: SplitResult, secrets: Sequence[str], *, at: datetime
) -> bytes:
    """Return the whole request; a signature for each secret that is good now."""
    key, text = webhook_id(outgoing.key), payload(outgoing.body)
    body = text.encode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    signatures = " ".join(Webhook(one).sign(key, at, text) for one in secrets)
    head = (
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: Holdfast-Webhooks/1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        f"webhook-id: {key}",
        f"webhook-timestamp: {int(at.timestamp())}",
        f"webhook-signature: {signatures}",
    )
    return "\r\n".join((*head, "", "")).encode("ascii") + body


def _answer(sock: ssl.SSLSocket, *, until: float) -> Answer:
    """Read the status and the beginning of what is said; a redirect is an answer like another."""
    said = b""
    while len(said) < MOST_BYTES and not _is_whole(said):
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no whole answer within {SECONDS:.0f} seconds")  # noqa: EM102, TRY003
        sock.settimeout(left)
        more = sock.recv(4096)
        if not more:
            break
        said += more
    head, _, body = said.partition(b"\r\n\r\n")
    first = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if not first[0].startswith(b"HTTP/1.") or len(first) < 2 or not first[1].isdigit():
        message = "what came back is no answer of HTTP"
        raise NotTaken(message)
    return Answer(int(first[1]), body[:KEPT].decode(errors="replace").replace("\x00", ""))


def _is_whole(said: bytes) -> bool:
    """Say whether no more is to come: the length was named, and that much is here."""
    head, end, body = said.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
    return False
