"""What was changed in a PDF behind its seal, by comparison with the revision that was sealed."""

from hashlib import sha256
from io import BytesIO
from typing import Any

import pikepdf
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import PdfSignatureStatus

# what leads away from a page or an annotation of it, and draws nothing
AWAY = frozenset({"/Parent", "/P", "/Dest", "/A"})


def level(pdf: bytes, end: int, status: PdfSignatureStatus) -> str:
    """Return in words what was changed behind the seal, which ends at byte `end`."""
    words: dict[ModificationLevel | None, str] = {
        ModificationLevel.NONE: "no difference",
        ModificationLevel.LTA_UPDATES: "validation data only",
        ModificationLevel.FORM_FILLING: "form fields filled in or signed",
        ModificationLevel.ANNOTATIONS: "annotations added",
    }
    if status.modification_level != ModificationLevel.OTHER:
        return words.get(status.modification_level, "nothing that could be compared")
    if (pages := _pages(pdf)) is not None and pages == _pages(pdf[:end]):
        return "changes of the file's structure; what its pages draw is as it was sealed"
    return "changes that no signer allows (pages painted over or replaced)"


def _pages(pdf: bytes) -> list[str] | None:
    """Return a fingerprint of all that each page draws; None where they cannot be read."""
    try:
        with pikepdf.open(BytesIO(pdf)) as opened:
            return [_drawn(one.obj, set()) for one in opened.pages]
    except (pikepdf.PdfError, OSError, RecursionError):
        return None


def _drawn(drawn: Any, seen: set[tuple[int, int]]) -> str:
    """Return a fingerprint of an object and all below it: contents, fonts, images, annotations."""
    if isinstance(drawn, pikepdf.Object) and drawn.is_indirect:
        if drawn.objgen in seen:
            return "again"
        seen.add(drawn.objgen)
    if isinstance(drawn, pikepdf.Array):
        text = repr([_drawn(one, seen) for one in drawn])
    elif isinstance(drawn, pikepdf.Dictionary | pikepdf.Stream):
        away = AWAY if drawn.get("/Type") == "/Page" or "/Rect" in drawn else ()
        below = {name: _drawn(one, seen) for name, one in drawn.items() if name not in away}
        stream = drawn.read_raw_bytes() if isinstance(drawn, pikepdf.Stream) else b""
        text = repr((sorted(below.items()), sha256(stream).hexdigest()))
    else:
        text = repr(drawn)
    return sha256(text.encode()).hexdigest()
