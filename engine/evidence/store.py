"""The content-addressed store: a file's name is the SHA-256 of its bytes, and it never changes."""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from engine.errors import EngineError, Refused


class ContentLost(EngineError):
    """The file %(sha256)s is not in the document store. Restore it from the backup."""


class ContentDamaged(EngineError):
    """The stored file %(sha256)s was damaged or changed. Restore it from the backup."""


class NoRoomLeft(Refused):
    """There is no room left to keep this file. Nothing was saved; tell an administrator."""

    @staticmethod
    def is_why(problem: OSError) -> bool:
        """Tell whether a file could not be written for want of room."""
        return problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


PUT_LATELY = timedelta(days=1)
PIECE = 1 << 20


@dataclass(frozen=True)
class DocumentStore:
    """Files by hash under one folder, two levels deep (`ab/abcdef…`)."""

    folder: Path

    def put(self, content: bytes) -> str:
        """Keep `content` and return its SHA-256 (hex); on the disk when this returns.

        Call it before the transaction that names the hash commits: a crash in between leaves a
        file that nobody names, never a name without its file. Raises `NoRoomLeft`.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not _touch(path):
            try:
                write_durably(path, content)
            except OSError as problem:
                if NoRoomLeft.is_why(problem):
                    raise NoRoomLeft from problem
                raise
        return sha256

    def put_file(self, source: Path) -> str:
        """Keep the bytes of a file as `put` does, piece by piece: memory stays small."""
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            path = self.path(sha256)
            if not _touch(path):
                file.seek(0)
                try:
                    write_durably(path, iter(lambda: file.read(PIECE), b""))
                except OSError as problem:
                    if NoRoomLeft.is_why(problem):
                        raise NoRoomLeft from problem
                    raise
        return sha256

    def open_file(self, sha256: str) -> BinaryIO:
        """Open a file to read piece by piece; raises what `open` raises, all of it read once."""
        try:
            file = self.path(sha256).open("rb")
        except FileNotFoundError as problem:
            raise ContentLost(sha256=sha256) from problem
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            file.close()
            raise ContentDamaged(sha256=sha256)
        file.seek(0)
        return file

    def open(self, sha256: str) -> bytes:
        """Return the bytes; raises `ContentLost`, and `ContentDamaged` when the hash differs."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as problem:
            raise ContentLost(sha256=sha256) from problem
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ContentDamaged(sha256=sha256)
        return content

    def drop(self, sha256: str, *, at: datetime) -> bool:
        """Remove bytes that nothing names any more; say whether they were removed.

        Bytes put in the last day stay: the transaction that names them may not have committed.
        """
        path = self.path(sha256)
        if not path.exists() or path.stat().st_mtime > (at - PUT_LATELY).timestamp():
            return False
        path.unlink(missing_ok=True)
        return True

    def holds(self, sha256: str) -> bool:
        """Tell whether the file is there (not whether it is whole; `open` does)."""
        return self.path(sha256).exists()

    def path(self, sha256: str) -> Path:
        """Return where the file lies; a name that is no SHA-256 is refused."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ContentLost(sha256=sha256)
        return self.folder / sha256[:2] / sha256


def _touch(path: Path) -> bool:
    """Make a file young, so that `drop` leaves it; False where there is none, or none any more."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return path.exists()  # `drop` may have looked at its age before, and removed it since


def write_durably(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file so that it is whole or absent after a crash: draft, fsync, rename, fsync.

    `content` may come in pieces.
    """
    missing = [parent for parent in (path.parent, *path.parent.parents) if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in (content,) if isinstance(content, bytes) else content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    for folder in (path.parent, *(parent.parent for parent in missing)):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk too, or a rename may be lost with the power."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
