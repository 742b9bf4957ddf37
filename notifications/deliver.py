"""Sends what is due: claim, render, keep the bytes, send, mark. At least once, under one id.

Killed between sending and marking, the message goes out again after the lease: the same bytes
under the same Message-ID. That is what can be had; exactly once cannot.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine import outbox
from engine.db import Database
from engine.outbox import Outgoing
from notifications.channels import Channel, NotTaken, OwnForm, Undeliverable
from notifications.message import File, compose
from notifications.render import render

log = logging.getLogger(__name__)

AT_ONCE = 10  # what one worker holds: all of it waits for the lease when the worker is killed


@dataclass(frozen=True)
class Delivered:
    """What one round came to."""

    sent_count: int = 0
    failed_count: int = 0


def deliver_due(
    database: Database,
    channels: Mapping[str, Channel | OwnForm],
    *,
    keep: Callable[[bytes], str],
    at: datetime,
    site_url: str = "",
    most: int = 1_000,
    only: Collection[str] | None = None,
    stored: Callable[[str], bytes] | None = None,
) -> Delivered:
    """Send the messages due at `at`, up to `most`; several workers may do this at once.

    `keep` stores the exact bytes before they are sent and returns their sha256. With `only` the
    rest waits for whoever sends it: a slow receiver of one kind does not hold up another. `stored`
    gives the bytes of the files that a message brings, by their sha256.
    """
    sent = failed = 0
    while sent + failed < most:
        limit = min(AT_ONCE, most - sent - failed)
        claimed = outbox.claim_due(database, at=at, limit=limit, only=only)
        if not claimed:
            break
        for outgoing in claimed:
            if _deliver(
                database, channels, outgoing, keep=keep, at=at, site_url=site_url, stored=stored
            ):
                sent += 1
            else:
                failed += 1
    return Delivered(sent_count=sent, failed_count=failed)


def _deliver(
    database: Database,
    channels: Mapping[str, Channel | OwnForm],
    outgoing: Outgoing,
    *,
    keep: Callable[[bytes], str],
    at: datetime,
    site_url: str,
    stored: Callable[[str], bytes] | None,
) -> bool:
    try:
        channel = channels[outgoing.channel]
        if isinstance(channel, OwnForm):
            sha256, answer = channel.send(outgoing, keep=keep, at=at)
        else:
            sha256, answer = _mail(channel, outgoing, keep=keep, site_url=site_url, stored=stored)
    except Exception as error:  # any failure is kept with the message, shown, and tried again
        is_foreseen = isinstance(error, Undeliverable | NotTaken)
        log.warning("message %s was not sent: %s", outgoing.key, error, exc_info=not is_foreseen)
        outbox.mark_failed(
            database,
            outgoing,
            answer=f"{type(error).__name__}: {error}",
            for_good=isinstance(error, Undeliverable),
            at=at,
        )
        return False

    outbox.mark_sent(database, outgoing, sha256=sha256, answer=answer, at=at)
    return True


def _mail(
    channel: Channel,
    outgoing: Outgoing,
    *,
    keep: Callable[[bytes], str],
    site_url: str,
    stored: Callable[[str], bytes] | None,
) -> tuple[str, str]:
    rendered = render(outgoing.layout, outgoing.body, language=outgoing.language, site_url=site_url)
    data = compose(outgoing, rendered, sender=channel.sender, files=_files(outgoing, stored))
    sha256 = keep(data)
    return sha256, channel.deliver(data, receiver=outgoing.receiver)


def _files(outgoing: Outgoing, stored: Callable[[str], bytes] | None) -> list[File]:
    """Return the files a message brings; one that is lost stops it: never a letter without."""
    named = outgoing.body.get("files", ())
    if named and stored is None:
        message = f"message {outgoing.key} brings files, and nothing here reads them"
        raise NotTaken(message)
    return [File(one["name"], one["type"], stored(one["sha256"])) for one in named if stored]
