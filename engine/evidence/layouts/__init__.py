"""Evidence documents as HTML: one Jinja layout per document, named `<process>/<document>`.

A record is plain JSON, in the record's language throughout:

    {
        "title": "Disposition record",        # what kind of document this is
        "number": "NC-2026-0007-D2",          # the document's own number
        "version": 1,                         # optional, 1
        "language": "en",                     # "en" or "zh"
        "company": "Lakeside Devices Ltd",    # optional, in the header
        "kicker": "…", "subtitle": "…",       # optional lines around the title
        "created_at": "2026-03-02T08:00:00Z", # when the record was made: the date in the PDF
        "mark": "drill",                      # optional: "drill" or "demo", on every page
        "band": [["Round", "2"], …],          # optional: up to five facts under the title; without
                                              # it the case's number, severity and dates stand there
        "case": {                             # everything optional
            "number": "NC-2026-0007", "title": "…", "severity": "Major",
            "severity_code": "minor" | "major" | "critical",
            "opened_at": "…Z", "closed_at": "…Z",
        },
        "quantity": "48 pieces",              # destruction certificate only, optional
        "sections": [
            {"heading": "…", "rows": [["label", value], …]},
            {"heading": "…", "table": {"columns": ["Serial", {"label": "Quantity",
                "align": "right"}], "rows": [[value, …], …], "total": ["", "48"]}},
            {"heading": "…", "text": "paragraphs, parted by an empty line"},
            {"heading": "…", "lists": [{"heading": "PUMP-220, lot K-7",
                "note": "Serials: 2,000", "names": ["P-00001", …]}]},
        ],
    }

A section may hold rows, table, lists and text together, `"note"` (small print under it) and
`"page_break": true`. A value is a text (line breaks are kept), a whole number, true or false, null
(a dash) or a list of values (bullets). Decimals and moments come as texts, already in words.

A signature is what `signatures.shown` returns; a document without any is a review copy and says so.
"""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes

from engine.evidence.canonical import canonical

HERE = Path(__file__).parent
ROW_WIDTH = 96  # letters of the fixed-width face on one line
BLOCK_ROWS = 40  # a paragraph of a whole book is laid out slowly
CELL_WIDTH = 84  # letters that the words of one row of a table may ask for, unbroken
NAME = re.compile(r"[a-z][a-z_]*/[a-z][a-z_]*")
MARKS = ("drill", "demo")  # what `record.mark` may name
LANG = {"en": "en", "zh": "zh-Hans"}  # Hans picks the right glyphs of Han characters


class LayoutUnknown(LookupError):
    """There is no such layout."""


def html_of(
    layout: str,
    record: Mapping[str, Any],
    *,
    language: str,
    signatures: Sequence[Mapping[str, Any]] = (),
    attached: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return the HTML of a record; `attached` names files with their SHA-256."""
    words = partial(said, language=language)
    return _template(layout).render(
        words=words,
        record=_whole(record),
        language=language,
        lang=LANG.get(language, language),
        signatures=[{**_SIGNATURE, **one} for one in signatures],
        is_final=bool(signatures),
        attached=attached,
        band=_band(record, words),
        created_at=created_at(record, signatures),
        record_sha256=record_sha256(record),
    )


def said(key: str, language: str, wording: Mapping[str, str] | None = None) -> str:
    """Return the layouts' own word for something, where it is said outside of a document.

    `wording` is the company's translation into a language that the layouts do not have.
    """
    word = _words()[key]
    return (wording or {}).get(key) or word.get(language, word["en"])


def letter_of(layout: str, record: Mapping[str, Any], *, language: str) -> str:
    """Return the HTML of a letter to a consignee; see `engine.cases.notices.letters`."""
    wording = (record.get("wording") or {}).get("words")
    return _template(f"letters/{layout}").render(
        words=partial(said, language=language, wording=wording),
        record=record,
        language=language,
        lang=LANG.get(language, language),
        created_at=created_at(record, ()),
    )


@cache
def letter_words() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence that letters say themselves, by its key, in English and Chinese."""
    used = set(MARKS)
    for path in sorted((HERE / "letters").glob("*.html")):
        page = _environment().parse(path.read_text("utf-8"))
        for call in page.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "words":
                used |= {one.value for one in _texts_in(call.args[0])}
    of_letters = tomllib.loads((HERE / "letters.toml").read_text("utf-8"))
    words = {key: one for key, one in _words().items() if key in used and key not in of_letters}
    return MappingProxyType(words | of_letters)


def _texts_in(argument: nodes.Node) -> list[nodes.Const]:
    """Return the keys that an argument may be: itself, or those that a condition chooses from."""
    if isinstance(argument, nodes.Const):
        return [argument]
    if isinstance(argument, nodes.CondExpr):
        either = (argument.expr1, argument.expr2)
        return [one for each in either if each is not None for one in _texts_in(each)]
    return []


def _template(layout: str) -> Template:
    name = f"{layout}.html"
    if not NAME.fullmatch(layout) or not (HERE / name).is_file():
        raise LayoutUnknown(layout)
    return _environment().get_template(name)


def record_sha256(record: Mapping[str, Any]) -> str:
    """Return the hash that stands at the foot of every page: of the attached `record.json`."""
    return hashlib.sha256(canonical(record)).hexdigest()


def created_at(record: Mapping[str, Any], signatures: Sequence[Mapping[str, Any]]) -> str:
    """Return the PDF's date: of the last signature, or of the record, to the second in UTC."""
    newest = max([_moment(record["created_at"]), *(_moment(one["at"]) for one in signatures)])
    return newest.strftime("%Y-%m-%dT%H:%M:%SZ")


# a layout that names a key which is not here fails: only these may be left out
_RECORD: dict[str, Any] = dict.fromkeys(
    ("version", "company", "kicker", "subtitle", "mark", "quantity")
)
_CASE: dict[str, Any] = dict.fromkeys(
    ("number", "title", "severity", "severity_code", "opened_at", "closed_at")
)
_SECTION: dict[str, Any] = dict.fromkeys(("text", "rows", "table", "lists", "note", "page_break"))
_SIGNATURE: dict[str, Any] = dict.fromkeys(
    ("role", "on_behalf_of", "reason", "voided_at", "void_reason", "component_count")
)


def _whole(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with None for every optional part that it leaves out."""
    sections = [_SECTION | one for one in record.get("sections", [])]
    for one in sections:
        if one["table"]:
            one["table"] = {"total": None} | one["table"]
    return {
        **_RECORD,
        **record,
        "case": {**_CASE, **record.get("case", {})},
        "sections": sections,
    }


def _band(record: Mapping[str, Any], words: Any) -> list[list[Any]]:
    """Return the facts under the title: the record's own, or the case's."""
    if record.get("band"):
        return list(record["band"])
    case = record.get("case", {})
    shown = [
        [words("number"), record["number"]],
        [words("case"), case.get("number") if case.get("number") != record["number"] else None],
        [words("severity"), case.get("severity")],
        [words("opened"), case.get("opened_at") and _day(case["opened_at"])],
        [words("closed"), case.get("closed_at") and _day(case["closed_at"])],
        [words("version"), str(record.get("version", 1))],
    ]
    return [pair for pair in shown if pair[1]]


@cache
def _words() -> dict[str, dict[str, str]]:
    """Return what the layouts say themselves: of records, and of letters to consignees."""
    words: dict[str, dict[str, str]] = {}
    for name in ("words.toml", "letters.toml"):
        words |= tomllib.loads((HERE / name).read_text("utf-8"))
    return words


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    environment.filters.update(
        utc=_utc, local=_local, paragraphs=_paragraphs, blocks=_blocks, breaks=_breaks
    )
    return environment


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(text: str) -> str:
    return _moment(text).strftime("%Y-%m-%d")


def _utc(text: str) -> str:
    return _moment(text).strftime("%Y-%m-%d %H:%M:%S UTC")


def _local(text: str, zone: str) -> str:
    there = _moment(text).astimezone(ZoneInfo(zone))
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%d %H:%M:%S} ({zone}, UTC{offset[:3]}:{offset[3:]})"


def _paragraphs(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"\n\s*\n", text.strip())]


def _blocks(names: Sequence[str]) -> Iterator[str]:
    """Yield names in even columns, some rows at a time: many on a page, each easy to find."""
    wide = max(map(_width, names), default=0) + 2
    each = max(1, (ROW_WIDTH + 2) // wide)
    rows = [
        "".join(name + " " * (wide - _width(name)) for name in names[start : start + each]).rstrip()
        for start in range(0, len(names), each)
    ]
    for start in range(0, len(rows), BLOCK_ROWS):
        yield "\n".join(rows[start : start + BLOCK_ROWS])


def _breaks(shown: Any, column_count: int) -> str:
    """Say how a cell may be broken: not at all, between its words, or anywhere if need be."""
    text = str(shown)
    if _width(text) <= 8 or (_width(text) <= 14 and not re.search(r"\s", text)):
        return "whole"
    words = re.split(r"[\s\u2e80-\u9fff\uff00-\uffef]+", text)
    longest = max(map(_width, words))
    return "by_words" if longest <= CELL_WIDTH // max(1, column_count) else "anywhere"


def _width(text: str) -> int:
    """Count letters, a Han character as two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
