"""Passwords: argon2id with a cap on concurrent work, and what a good one is."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy.orm import Session

from engine.errors import EngineError, Refused
from engine.people.models import PersonAccount

SHORTEST = 15
LONGEST = 128


class PasswordRefused(Refused):
    """Choose another password."""


class PasswordTooShort(PasswordRefused):
    """Use at least %(shortest)s characters. A few words you will remember are best."""


class PasswordTooLong(PasswordRefused):
    """Use at most %(longest)s characters."""


class PasswordTooCommon(PasswordRefused):
    """This password is on lists that attackers try first. Choose another one."""


class PasswordNamesYou(PasswordRefused):
    """Leave out your name, your user name and the name of this system."""


class TooManyAtOnce(EngineError):
    """Too many people are signing in at this moment. Try again in a few seconds."""


class Hashing:
    """Argon2id with its cost; the default is RFC 9106's second choice (64 MiB, 3 passes)."""

    def __init__(
        self,
        *,
        memory_kib: int = 65_536,
        passes: int = 3,
        lanes: int = 4,
        concurrent: int = 4,
        patience_seconds: float = 10.0,
    ) -> None:
        """Set the cost; at most `concurrent` hashes run at once, for each takes `memory_kib`."""
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=lanes, hash_len=32, salt_len=16
        )
        self._slots = BoundedSemaphore(concurrent)
        self._patience_seconds = patience_seconds

    def hash(self, password: str) -> str:
        """Return the encoded hash of `password`."""
        with self._slot():
            return self._hasher.hash(normalised(password))

    def verify(self, encoded: str | None, password: str) -> bool:
        """Compare in the same time whether there is a hash or not."""
        if len(password) > LONGEST * 4:  # never hash a megabyte
            return False
        with self._slot():
            try:
                self._hasher.verify(encoded or self._nobody, normalised(password))
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        return encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Say whether `encoded` was made at another cost and should be made anew."""
        return self._hasher.check_needs_rehash(encoded)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._patience_seconds):
            raise TooManyAtOnce
        try:
            yield
        finally:
            self._slots.release()

    @cached_property
    def _nobody(self) -> str:
        """Give the hash that stands in for unknown people, so they take as long as known ones."""
        return self._hasher.hash("nobody has this password")


_default = Hashing()


def hashing(db: Session) -> Hashing:
    """Return the hashing this database was opened with (`info["hashing"]`), else the default."""
    chosen: Hashing = db.info.get("hashing", _default)
    return chosen


def check_password(db: Session, user_id: int, password: str, *, at: datetime) -> bool:
    """Say whether this is the person's password now; takes as long for nobody as for somebody."""
    account = db.get(PersonAccount, user_id)
    usable = account if account and account.is_active and account.opened_at <= at else None
    return hashing(db).verify(usable.password_hash if usable else None, password)


def normalised(password: str) -> str:
    """Return one form for what looks the same on every keyboard (NIST SP 800-63B 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, context: Iterable[str] = ()) -> None:
    """Raise `PasswordRefused` unless `password` may be chosen; `context` holds names to avoid.

    Length and lists, no composition rules and no forced rotation (ASVS 6.2).
    """
    chosen = normalised(password)
    if len(chosen) < SHORTEST:
        raise PasswordTooShort(shortest=SHORTEST)
    if len(chosen) > LONGEST:
        raise PasswordTooLong(longest=LONGEST)
    folded = chosen.casefold()
    if _is_common(folded):
        raise PasswordTooCommon

    if any(word in folded for word in _context_words(context)):
        raise PasswordNamesYou


def _context_words(context: Iterable[str]) -> set[str]:
    words = {part for text in context for part in text.casefold().replace("@", " ").split()}
    # short names ("Li") hide in ordinary words; Chinese names are whole at two characters
    long_enough = {w for w in words if len(w) >= 4 or (len(w) >= 2 and not w.isascii())}
    return long_enough | {"holdfast"}


def _is_common(folded: str) -> bool:
    """Say whether it is a listed password, a listed one repeated, or a run of the keyboard."""
    letters = "".join(c for c in folded if not c.isspace())
    bare = letters.rstrip("0123456789!.?*#$@")
    if letters in _common() or bare in _common() or len(set(letters)) < 5:
        return True
    return _is_repeated(letters) or any(letters in run * 8 for run in _RUNS)


def _is_repeated(letters: str) -> bool:
    return len(letters) > 1 and letters in (letters + letters)[1:-1]


_RUNS = (
    "0123456789",
    "9876543210",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


@cache
def _common() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
