"""Reading GS1 element strings and Digital Links, and writing them for labels.

What each element may hold is GS1's own dictionary; biip says what a date or a GTIN means. GS1
General Specifications sections 3 and 4.14, GS1 Digital Link: URI Syntax 1.4.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from engine.serials.identifiers.content import check
from engine.serials.identifiers.dictionary import Identifier, fits, identifier_at, table
from engine.serials.identifiers.parsed import WRITTEN_TWICE, Broken, Elements

FNC1 = "\x1d"
SEPARATORS = ("<GS>", "{GS}", "␝", "^")  # how scanners and label text write FNC1
# AIM symbology identifiers (ISO/IEC 15424) of carriers whose data is element strings
CARRIERS = ("]C1", "]e0", "]d2", "]Q3", "]J1")
PLAIN_CARRIERS = ("]d1", "]Q1", "]J0", "]C0", "]A0")  # data that may be anything, a link too
RETAIL_CARRIERS = {"]E0": 13, "]E4": 8}  # EAN-13 and EAN-8: a GTIN and nothing beside it
_MARK = re.compile(r"(?<!\\)\((\d{2,4})\)")
_LINK = re.compile(r"(?:https?|HTTPS?)://[^/?#]+(?:[/?#].*)?")
_URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
SERIALISED = {"253": 13, "255": 13, "8003": 14}  # keys that name one thing only when longer


def of_message(message: str) -> Elements:
    """Read element strings run together, FNC1 between them; raises `Broken`."""
    for written in SEPARATORS:
        message = message.replace(written, FNC1)
    rest = message.removeprefix(FNC1)
    found = []
    while rest:
        identifier = _known(rest)
        value = _value(identifier, rest[len(identifier.ai) :])
        found.append((identifier.ai, value))
        rest = rest[len(identifier.ai) + len(value) :].removeprefix(FNC1)
    return _read(found)


def of_brackets(text: str) -> Elements:
    r"""Read element strings as printed beside a code, `(01)…(21)…`; raises `Broken`.

    A bracket inside a value stays unless an application identifier is in it; `\(` always stays.
    """
    marks = [mark for mark in _MARK.finditer(text) if mark[1] in table()]
    if not marks or marks[0].start() != 0:
        raise Broken

    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return _read(
        (mark[1], text[mark.end() : end].strip().replace("\\(", "("))
        for mark, end in zip(marks, ends, strict=True)
    )


def of_link(text: str) -> Elements:
    """Read a GS1 Digital Link on any host; raises `Broken`."""
    if not _LINK.fullmatch(text) or not _URI_CHARACTERS.fullmatch(text):
        raise Broken

    address = urlsplit(text)
    segments = address.path.split("/")
    start = _key_of(segments)
    key, *qualifiers = [
        (segments[n], unquote(segments[n + 1])) for n in range(start, len(segments), 2)
    ]
    attributes = [pair for part in address.query.split("&") if (pair := _attribute(part))]
    _check_path(key[0], [ai for ai, _ in qualifiers], [ai for ai, _ in attributes])
    codes = [key[0], *(ai for ai, _ in qualifiers), *(ai for ai, _ in attributes)]
    if len(codes) != len(set(codes)):
        raise Broken(WRITTEN_TWICE)
    return _read((ai, _padded(ai, value)) for ai, value in (key, *qualifiers, *attributes))


def of_scan(data: str) -> Elements:
    """Read what a reader sends with its symbology identifier in front; raises `Broken`.

    Plain data gives no elements, an EAN symbol its GTIN, a composite symbol both its parts.
    """
    carrier, data = data[:3], data[3:]
    if carrier in CARRIERS and data:
        return of_message(data)
    if carrier in RETAIL_CARRIERS:
        linear, _, composite = data.partition("|")
        if len(linear) != RETAIL_CARRIERS[carrier]:
            raise Broken
        gtin = ("01", linear.zfill(14))
        return _read([gtin, *(of_scan(composite) if composite else ())])
    if carrier in PLAIN_CARRIERS:
        return of_link(data) if _LINK.fullmatch(data) else ()
    raise Broken


def check_together(elements: Elements, *, is_whole: bool) -> None:
    """Raise `Broken` when elements do not go together on one thing.

    One repeated says the same each time, and none excludes another. `is_whole` says that these
    are all its codes together: only then must each find what it needs beside it.
    """
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise Broken(WRITTEN_TWICE)
    for ai in values:
        identifier = table()[ai]
        others = [other for other in values if other != ai]
        if any(fits(pattern, other) for pattern in identifier.excludes for other in others):
            raise Broken
        if is_whole and not all(_is_met(groups, values) for groups in identifier.needs):
            raise Broken


def message(elements: Iterable[tuple[str, str]]) -> str:
    """Return element strings run together as a code carries them, FNC1 first."""
    written = [ai + value + ("" if table()[ai].is_fixed else FNC1) for ai, value in elements]
    return FNC1 + "".join(written).removesuffix(FNC1)


def brackets(elements: Iterable[tuple[str, str]]) -> str:
    """Return element strings as they are printed beside a code."""
    return "".join(f"({ai}){value}" for ai, value in elements)


def link(stem: str, elements: Sequence[tuple[str, str]]) -> str:
    """Return elements as a Digital Link below `stem`; raises `Broken` when they make none."""
    values = dict(elements)
    key = next((ai for ai in values if table()[ai].qualifiers is not None), None)
    if key is None:
        raise Broken

    orders = table()[key].qualifiers or ()
    order = max(orders, key=lambda one: sum(ai in values for ai in one))
    path = [key, *(ai for ai in order if ai in values)]
    attributes = [ai for ai in values if ai not in path]
    if not all(table()[ai].is_attribute for ai in attributes):
        raise Broken
    address = stem.rstrip("/") + "".join(f"/{ai}/{quote(values[ai], safe='')}" for ai in path)
    query = "&".join(f"{ai}={quote(values[ai], safe='')}" for ai in attributes)
    return f"{address}?{query}" if query else address


def is_allowed(ai: str, value: str) -> bool:
    """Say whether a value may stand under an application identifier."""
    try:
        check(table()[ai], value)
    except Broken:
        return False
    return True


def is_link(text: str) -> bool:
    """Say whether this is a web address."""
    return bool(_LINK.fullmatch(text))


def begins_with_mark(text: str) -> bool:
    """Say whether a bracketed application identifier comes first."""
    mark = _MARK.match(text)
    return mark is not None and mark[1] in table()


def _known(text: str) -> Identifier:
    identifier = identifier_at(text)
    if identifier is None:
        raise Broken
    return identifier


def _value(identifier: Identifier, rest: str) -> str:
    if identifier.is_fixed:
        return rest[: identifier.length]
    return rest.partition(FNC1)[0]


def _read(pairs: Iterable[tuple[str, str]]) -> Elements:
    elements = tuple(pairs)
    if not elements:
        raise Broken
    for ai, value in elements:
        check(table()[ai], value)
    return elements


def _key_of(segments: Sequence[str]) -> int:
    """Return where the last primary key of a path stands, its value and pairs after it."""
    for start in range(len(segments) - 2, 0, -2):
        known = table().get(segments[start])
        if known is not None and known.qualifiers is not None:
            return start
    raise Broken


def _attribute(part: str) -> tuple[str, str] | None:
    name, equals, value = part.partition("=")
    if not (equals and name.isdigit()):
        return None  # what is not of GS1 is another's
    if name not in table():
        raise Broken
    return name, unquote_plus(value)


def _check_path(key: str, qualifiers: Sequence[str], attributes: Sequence[str]) -> None:
    orders = table()[key].qualifiers or ()
    if not any(_is_in_order(qualifiers, order) for order in orders):
        raise Broken
    own = {ai for order in orders for ai in order}
    if any(ai in own or not table()[ai].is_attribute for ai in attributes):
        raise Broken


def _is_in_order(qualifiers: Sequence[str], order: Sequence[str]) -> bool:
    left = iter(order)
    return all(ai in left for ai in qualifiers)


def _padded(ai: str, value: str) -> str:
    return value.zfill(14) if ai == "01" and len(value) in (8, 12, 13) else value


def _is_met(groups: Sequence[Sequence[str]], values: dict[str, str]) -> bool:
    return any(all(_is_beside(pattern, values) for pattern in group) for group in groups)


def _is_beside(pattern: str, values: dict[str, str]) -> bool:
    # a signature is of one thing: of a document or an asset type only with its serial
    least = SERIALISED.get(pattern, 0) if "8030" in values else 0
    return any(fits(pattern, ai) and len(value) > least for ai, value in values.items())
