"""Makes the e-mail: the same outbox row gives the same bytes, whenever and by whoever it is sent.

The Message-ID comes from the outbox key, so a receiver that gets a repeat can tell.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from engine.outbox import Outgoing
from notifications.channels import Undeliverable
from notifications.render import Rendered

SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")  # passes every relay unchanged


@dataclass(frozen=True)
class File:
    """What goes with a message: its name, its media type, its bytes."""

    name: str
    type: str
    content: bytes


def compose(
    outgoing: Outgoing, rendered: Rendered, *, sender: str, files: Sequence[File] = ()
) -> bytes:
    """Return the exact bytes to send; `sender` is `Name <address>`.

    The policy refuses line breaks in headers, so no fact can add a header of its own.
    """
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SEVEN_BIT)
    message["Message-ID"] = message_id(outgoing.key, sender=sender)
    message["Date"] = format_datetime(outgoing.said_at)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _address(outgoing.receiver)
    message["Subject"] = rendered.subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    for file in files:
        main, _, sub = file.type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    # only now: add_alternative() moves every Content- header into the first part
    message["Content-Language"] = "zh-Hans" if outgoing.language == "zh" else "en"
    # a random boundary would make other bytes of each attempt
    for depth, part in enumerate(one for one in message.walk() if one.is_multipart()):
        part.set_boundary(f"=_{depth or ''}{_digest(outgoing.key)}")
    return message.as_bytes()


def _address(receiver: str) -> Address:
    try:
        return Address(addr_spec=receiver)
    except (ValueError, IndexError, MessageError) as error:  # the parser stumbles in many ways
        message = f"not an e-mail address: {receiver!r}"
        raise Undeliverable(message) from error


def message_id(key: str, *, sender: str) -> str:
    """Return the Message-ID of an outbox key: the same on every attempt."""
    host = parseaddr(sender)[1].partition("@")[2]
    return f"<{_digest(key)}@{host}>"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
