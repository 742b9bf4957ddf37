"""What people may attach: few kinds of file, each proved by its first bytes, none too large."""

import csv
import zipfile
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import PurePosixPath
from typing import Final

from engine.errors import Refused
from engine.words import N_

MOST_BYTES: Final = 25 * 1024 * 1024
MOST_UNPACKED: Final = 200 * 1024 * 1024
MOST_MEMBERS: Final = 2_000
MOST_RATIO: Final = 200  # a spreadsheet of equal cells shrinks about a hundredfold


class UploadRefused(Refused):
    """This file cannot be attached."""


class KindNotAllowed(UploadRefused):
    """“%(name)s” cannot be attached. Attach one of these: %(kinds)s."""


class FileTooLarge(UploadRefused):
    """“%(name)s” is larger than %(most)s MB. Attach a smaller file."""


class FileEmpty(UploadRefused):
    """“%(name)s” is empty. Check the file and attach it again."""


class ContentIsAnother(UploadRefused):
    """The content of “%(name)s” is no %(kind)s. Save it in that format, then attach it."""


class ArchiveUnsafe(UploadRefused):
    """“%(name)s” unpacks to more than a spreadsheet holds, or to places outside it."""


@dataclass(frozen=True)
class Kind:
    """One kind of file: its media type and how its content is known."""

    media_type: str
    words: str


KINDS: Final = {
    "pdf": Kind("application/pdf", "PDF"),
    "png": Kind("image/png", N_("PNG picture")),
    "jpg": Kind("image/jpeg", N_("JPEG picture")),
    "csv": Kind("text/csv", N_("CSV table")),
    "xlsx": Kind(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", N_("workbook")
    ),
    "eml": Kind("message/rfc822", N_("mail message")),
    "txt": Kind("text/plain", N_("text")),
}
_BINARY = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04", b"\x7fELF", b"MZ")


def check_upload(name: str, content: bytes, *, most_bytes: int = MOST_BYTES) -> str:
    """Return the media type of an upload; raises an `UploadRefused` that says what to do."""
    extension = extension_of(name)
    kind = KINDS.get(extension)
    if kind is None:
        raise KindNotAllowed(name=name, kinds=", ".join(KINDS))
    if len(content) > most_bytes:
        raise FileTooLarge(name=name, most=most_bytes // (1024 * 1024))
    if not content:
        raise FileEmpty(name=name)
    if not _looks_like(extension, content):
        raise ContentIsAnother(name=name, kind=kind.words)

    if extension == "xlsx":
        _check_workbook(name, content)
    return kind.media_type


def extension_of(name: str) -> str:
    """Return the extension in small letters, `jpg` for `jpeg` too."""
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower().lstrip(".")
    return "jpg" if extension == "jpeg" else extension


def _looks_like(extension: str, content: bytes) -> bool:  # noqa: PLR0911 (one line a kind)
    match extension:
        case "pdf":
            return content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]
        case "png":
            return content.startswith(b"\x89PNG\r\n\x1a\n") and content.rstrip().endswith(
                b"IEND\xaeB`\x82"
            )
        case "jpg":
            return content.startswith(b"\xff\xd8\xff")
        case "xlsx":
            return content.startswith(b"PK\x03\x04")
        case "eml":
            return _is_text(content) and _has_mail_header(content)
        case "csv":
            return _is_text(content) and _is_table(content)
        case _:
            return _is_text(content)


def _text(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):  # Excel in China saves CSV as GB 18030
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _is_text(content: bytes) -> bool:
    if content.startswith(_BINARY) or b"\x00" in content:
        return False
    return _text(content) is not None


def _is_table(content: bytes) -> bool:
    try:
        return next(csv.reader(StringIO(_text(content) or "", newline="")), None) is not None
    except csv.Error:
        return False


def _has_mail_header(content: bytes) -> bool:
    head = content[:65_536].replace(b"\r\n", b"\n").split(b"\n\n")[0].lower()
    names = {line.split(b":")[0] for line in head.split(b"\n") if b":" in line}
    return b"from" in names and bool(names & {b"date", b"subject", b"to", b"message-id"})


def _check_workbook(name: str, content: bytes) -> None:
    """Refuse an archive bomb: names and sizes as declared, then as really unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if "[Content_Types].xml" not in {one.filename for one in members}:
                raise ContentIsAnother(name=name, kind=KINDS["xlsx"].words)
            if len(members) > MOST_MEMBERS or not all(map(_is_inside, members)):
                raise ArchiveUnsafe(name=name)
            _check_unpacked(name, archive, members, most=_most_unpacked(content))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as problem:
        raise ContentIsAnother(name=name, kind=KINDS["xlsx"].words) from problem


def _most_unpacked(content: bytes) -> int:
    return min(MOST_UNPACKED, max(len(content) * MOST_RATIO, 1024 * 1024))


def _is_inside(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
    return not (path.is_absolute() or ".." in path.parts or is_link or member.flag_bits & 1)


def _check_unpacked(
    name: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], *, most: int
) -> None:
    """Count while unpacking: a declared size can lie."""
    total = 0
    for member in members:
        with archive.open(member) as file:
            while chunk := file.read(1 << 16):
                total += len(chunk)
                if total > most:
                    raise ArchiveUnsafe(name=name)
