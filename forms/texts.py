"""Text as people type it, made safe to keep, to sign and to print."""

import unicodedata

from forms.field import Json
from forms.words import N_

MAX_RAW = 200_000  # characters of one raw text before anything is done with it
GS = "\x1d"  # FNC1 as scanners send it between the parts of a UDI
# Overrides of the writing direction would let a signed record read otherwise than it is.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

NOT_TEXT = N_("Enter “%(label)s” as text.")
UNPRINTABLE = N_("Take out the characters that cannot be printed from “%(label)s”.")
TOO_LONG = N_("“%(label)s” must be %(max)s characters or fewer; it has %(length)s.")


class TextRefused(ValueError):
    """This text cannot be kept; `sentence` and `facts` say why."""

    def __init__(self, sentence: str, **facts: object) -> None:
        """Carry the sentence for the field to say."""
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


def clean(raw: Json, *, max_length: int, lines: bool = False, allow: str = "") -> str:
    """Return the text trimmed, with one kind of line end, or raise `TextRefused`.

    None is no text.
    """
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise TextRefused(NOT_TEXT)
    if len(raw) > MAX_RAW:
        raise TextRefused(TOO_LONG, max=max_length, length=len(raw))
    text = raw.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n")
    if not all(_is_printable(sign, lines=lines, allow=allow) for sign in text):
        raise TextRefused(UNPRINTABLE)
    text = unicodedata.normalize("NFC", text).strip()
    text = "" if says_nothing(text) else text
    if len(text) > max_length:
        raise TextRefused(TOO_LONG, max=max_length, length=len(text))
    return text


def says_nothing(text: str) -> bool:
    """Say whether a text is empty to the eye: white space and signs without width."""
    return all(sign.isspace() or unicodedata.category(sign) == "Cf" for sign in text)


def _is_printable(sign: str, *, lines: bool, allow: str) -> bool:
    if sign in allow or sign == "\t" or (lines and sign == "\n"):
        return True
    if sign in _OVERRIDES:
        return False
    # control signs, halves of a pair, private and unassigned signs, line and paragraph separators
    return unicodedata.category(sign) not in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
