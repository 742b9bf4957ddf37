"""The file as it came: kept by its hash, opened as rows of cells, whatever its encoding or kind."""

import codecs
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook
from sqlalchemy.orm import Session

from engine.db import upserting
from engine.serials.errors import (
    EncodingUnclear,
    FileHasNoRows,
    LineTooLong,
    NotThisEncoding,
    QuoteNotClosed,
    SheetUnreadable,
    WorkbookTooLarge,
    WorkbookTooWide,
)
from engine.serials.intake.values import ROUNDED
from engine.serials.models import ImportFile

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "gb18030": "GB 18030",
    "cp1252": "Windows-1252",
}
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MOST_OF_A_LINE = 1024 * 1024  # characters; a table of ours has no longer line
MOST_UNPACKED = 400 * 1024 * 1024
MOST_RATIO = 200  # a sheet of equal cells shrinks about a hundredfold
MOST_CELLS = 20_000_000  # a table takes room for every one between the first and the last
CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,9})["']""")
LONGEST_PLACE = 32  # bytes
OTHER_BOOKS = frozenset({"xl/workbook.bin", "content.xml"})  # read otherwise, and not measured
PIECE = 1 << 20
LOOKED_AT = 1 << 16

Cells = list[str]


@dataclass(frozen=True)
class Form:
    """How a file is read: a workbook, or text in an encoding with a separator."""

    encoding: str = ""  # "" for a workbook
    separator: str = ""

    @property
    def is_workbook(self) -> bool:
        """Say whether it is a workbook."""
        return not self.encoding


# --- keeping ---------------------------------------------------------------------------------


def keep(db: Session, path: Path) -> ImportFile:
    """Keep a file by its hash in the document store, once; flushes. Memory stays small."""
    sha256 = db.info["documents"].put_file(path)
    fresh = upserting(db, ImportFile).values(sha256=sha256, size=path.stat().st_size, content=b"")
    db.execute(fresh.on_conflict_do_nothing())  # two may send one file at once
    return db.get_one(ImportFile, sha256)


def opened(db: Session, sha256: str) -> IO[bytes]:
    """Open the bytes of a kept file; raises `ContentLost` or `ContentDamaged`."""
    row = db.get_one(ImportFile, sha256)
    if row.size is None:
        return io.BytesIO(row.content)

    stream: IO[bytes] = db.info["documents"].open_file(sha256)
    return stream


def fingerprint(stream: IO[bytes]) -> str:
    """Return the SHA-256 of what a stream holds, from its beginning to its end."""
    digest = hashlib.sha256()
    while piece := stream.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


# --- what it is ------------------------------------------------------------------------------


def form_of(stream: IO[bytes], *, encoding: str = "", separator: str = "") -> Form:
    """Find out how a file is to be read; what a person said goes before what it looks like.

    Raises `EncodingUnclear` when nothing is sure: then ask; `NotThisEncoding` when what was said
    is wrong.
    """
    head = stream.read(LOOKED_AT)
    stream.seek(0)
    if not head.strip(b"\x00\r\n \xef\xbb\xbf\xff\xfe"):
        raise FileHasNoRows
    if head.startswith(b"PK\x03\x04"):
        return Form()

    found = encoding or _encoding(stream, head)
    _must_decode(stream, found)
    first = next(_lines(stream, found), "")
    stream.seek(0)
    counted = {mark: first.count(mark) for mark in SEPARATORS}
    return Form(found, separator or max(counted, key=lambda mark: counted[mark]))


def _encoding(stream: IO[bytes], head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head[1:400:2] and head[1:400:2].count(0) > len(head[1:400:2]) // 2:
        return "utf-16-le"
    if b"\x00" in head[0:400:2] and head[0:400:2].count(0) > len(head[0:400:2]) // 2:
        return "utf-16-be"
    try:
        _must_decode(stream, "utf-8")
    except NotThisEncoding:
        if _is_chinese(head):
            return "gb18030"
        raise EncodingUnclear from None
    return "utf-8-sig"


def _is_chinese(head: bytes) -> bool:
    """Say whether every byte above ASCII stands in a pair as GB 2312 writes its characters.

    Western text in Windows-1252 decodes as GB 18030 too, to nonsense; but there such bytes stand
    alone between letters.
    """
    at, size = 0, len(head) - 4  # the last character may be cut
    while at < size:
        if head[at] < 0x80:
            at += 1
        elif head[at] >= 0xA1 and head[at + 1] >= 0xA1:
            at += 2
        else:
            return False
    return True


def _must_decode(stream: IO[bytes], encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := stream.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise NotThisEncoding(encoding=ENCODINGS.get(encoding, encoding)) from error
    finally:
        stream.seek(0)


# --- rows of cells ---------------------------------------------------------------------------


def rows(stream: IO[bytes], form: Form) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of each row that is not empty, the header among them."""
    if form.is_workbook:
        yield from _sheet(stream)
        return

    record: list[str] = []  # the lines of the row that is being read
    lines = _noted(_lines(stream, form.encoding), record)
    reader = csv.reader(lines, delimiter=form.separator)
    last: list[str] = []
    try:
        for cells in reader:
            last = record.copy()
            record.clear()
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise LineTooLong(line=reader.line_num + 1) from error
    _refuse_open_quote(last, form.separator, reader.line_num)


def _noted(lines: Iterator[str], record: list[str]) -> Iterator[str]:
    for line in lines:
        record.append(line)
        yield line


def _refuse_open_quote(last: list[str], separator: str, ends_at: int) -> None:
    """Raise `QuoteNotClosed` where the last row ends inside a quotation: it swallowed the rest."""
    try:
        list(csv.reader(last, delimiter=separator, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise QuoteNotClosed(line=ends_at - len(last) + 1) from error


def _lines(stream: IO[bytes], encoding: str) -> Iterator[str]:
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    text = io.TextIOWrapper(stream, encoding, newline="")
    number = 0
    try:
        while line := text.readline(MOST_OF_A_LINE):
            number += 1
            if len(line) == MOST_OF_A_LINE:
                raise LineTooLong(line=number)
            yield line
    except UnicodeError as error:
        raise NotThisEncoding(encoding=ENCODINGS.get(encoding, encoding)) from error
    finally:
        if not stream.closed:  # who reads only the beginning closes the stream first
            text.detach()


def _sheet(stream: IO[bytes]) -> Iterator[tuple[int, Cells]]:
    refuse_bomb(stream)
    try:
        book = CalamineWorkbook.from_filelike(stream)
        sheet = book.get_sheet_by_index(0)
        first = sheet.start[0] if sheet.start else 0
        for number, cells in enumerate(sheet.iter_rows(), start=first + 1):
            said = [_said(cell) for cell in cells]
            if any(said):
                yield number, said
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise SheetUnreadable from error


def _said(cell: Any) -> str:
    """Return what a cell of a workbook says; formulas come as the value last computed."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if not cell.is_integer():
            return repr(cell)
        whole = str(int(cell))
        return f"{ROUNDED}{whole}" if abs(cell) >= 1e15 else whole
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second)
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def refuse_bomb(stream: IO[bytes]) -> None:
    """Refuse a workbook that unpacks too far, or whose cells lie so far apart that it would.

    Declared sizes lie, so all is unpacked and every cell's place read before a table is asked for:
    two cells in two corners are seventeen thousand million. Raises `WorkbookTooLarge`,
    `WorkbookTooWide`, `SheetUnreadable`.
    """
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            packed = max(1, stream.seek(0, io.SEEK_END))
        if not OTHER_BOOKS.isdisjoint(one.filename for one in members):
            raise SheetUnreadable
        most = min(MOST_UNPACKED, packed * MOST_RATIO)
        if sum(one.file_size for one in members) > most or len(members) > 2_000:
            raise WorkbookTooLarge(most=MOST_UNPACKED // 1024**2)
        total = 0
        for one in members:
            before, row, column = b"", 0, 0
            for piece in _unpacked(stream, one):
                total += len(piece)
                if total > most:
                    raise WorkbookTooLarge(most=MOST_UNPACKED // 1024**2)
                for letters, digits in CELL.findall(before + piece):
                    row, column = max(row, int(digits)), max(column, _column(letters))
                before = piece[-LONGEST_PLACE:]
            if row * column > MOST_CELLS:
                raise WorkbookTooWide(rows=row, columns=column)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise SheetUnreadable from error
    stream.seek(0)


@cache
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _unpacked(stream: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a member really unpacks to, piece by piece."""
    stream.seek(member.header_offset)
    header = stream.read(30)
    if len(header) < 30 or member.flag_bits & 1:
        raise zipfile.BadZipFile
    stream.seek(
        int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1
    )
    is_stored = member.compress_type == zipfile.ZIP_STORED
    if not is_stored and member.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile

    left, unpack = member.compress_size, zlib.decompressobj(-15)
    while left > 0 and not unpack.eof:
        piece = stream.read(min(left, 1 << 16))
        left -= len(piece)
        if not piece:
            break
        if is_stored:
            yield piece
            continue
        while piece:
            yield unpack.decompress(piece, PIECE)
            piece = unpack.unconsumed_tail


def first_rows(stream: IO[bytes], form: Form, count: int) -> list[tuple[int, Cells]]:
    """Return the first rows of a file."""
    return list(islice(rows(stream, form), count))
