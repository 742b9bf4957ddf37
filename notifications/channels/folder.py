"""Mail into a folder, one .eml file each: for development, and where no server may be reached."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from engine.errors import NotFound

NAME = re.compile(r"[0-9a-f]{40}\.eml")


class MailUnknown(NotFound):
    """There is no such mail in the folder."""


@dataclass(frozen=True)
class FolderChannel:
    """Writes each message under the digest in its Message-ID: a repeat replaces itself."""

    sender: str
    folder: Path

    def deliver(self, data: bytes, *, receiver: str) -> str:
        """Write the bytes whole or not at all, and return the name of the file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{_parse(data)['Message-ID'].strip('<>').partition('@')[0]}.eml"
        unfinished = self.folder / f"{name}.{os.getpid()}.part"
        unfinished.write_bytes(data)
        unfinished.replace(self.folder / name)
        return f"written to {name}"


@dataclass(frozen=True)
class Mail:
    """One mail in the folder, as a list shows it."""

    name: str
    sent_at: datetime
    receiver: str
    subject: str


def mails(folder: Path) -> Sequence[Mail]:
    """Return the mails in the folder, the newest first."""
    found = [_mail(path) for path in folder.glob("*.eml")]
    return sorted(found, key=lambda mail: (mail.sent_at, mail.name), reverse=True)


def read_mail(folder: Path, name: str) -> EmailMessage:
    """Return one mail; `name` is one that `mails` gave. Raises `MailUnknown`."""
    path = folder / name
    if not NAME.fullmatch(name) or not path.is_file():
        raise MailUnknown
    return _parse(path.read_bytes())


def _mail(path: Path) -> Mail:
    message = _parse(path.read_bytes())
    return Mail(
        name=path.name,
        sent_at=parsedate_to_datetime(message["Date"]),
        receiver=str(message["To"]),
        subject=str(message["Subject"]),
    )


def _parse(data: bytes) -> EmailMessage:
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
