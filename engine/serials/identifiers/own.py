"""Links of our own kind, for what has no number of an issuing agency: parts, lots, units, places.

https://holdfast.example.com/id/OWN/PUMP-7/lot/L-1/serial/0007
https://holdfast.example.com/id/location/WH-1
"""

from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from engine.serials.identifiers.parsed import Broken


class Own(NamedTuple):
    """What a link of our own names; a location, or a part with what is known of one piece."""

    site: str
    maker: str | None = None
    part_no: str | None = None
    lot_no: str | None = None
    serial: str | None = None
    location: str | None = None


def link(own: Own) -> str:
    """Return the link of a part, a lot, a unit or a location."""
    if own.location is not None:
        return f"{own.site}/id/location/{_quoted(own.location)}"
    path = f"{_quoted(own.maker or '')}/{_quoted(own.part_no or '')}"
    path += f"/lot/{_quoted(own.lot_no)}" if own.lot_no else ""
    path += f"/serial/{_quoted(own.serial)}" if own.serial else ""
    return f"{own.site}/id/{path}"


def looks_like(text: str) -> bool:
    """Say whether this is a web address whose path is one of ours."""
    return text.startswith(("http://", "https://")) and urlsplit(text).path.startswith("/id/")


def read(text: str) -> Own:
    """Read a link of our own kind, of whatever site; raises `Broken`."""
    address = urlsplit(text)
    site = f"{address.scheme}://{address.netloc}"
    match [unquote(part) for part in address.path.split("/")[2:]]:
        case ["location", code] if code:
            return Own(site, location=code)
        case [maker, part_no] if maker and part_no:
            return Own(site, maker, part_no)
        case [maker, part_no, "lot", lot_no] if lot_no:
            return Own(site, maker, part_no, lot_no)
        case [maker, part_no, "serial", serial] if serial:
            return Own(site, maker, part_no, None, serial)
        case [maker, part_no, "lot", lot_no, "serial", serial] if lot_no and serial:
            return Own(site, maker, part_no, lot_no, serial)
        case _:
            raise Broken


def _quoted(text: str) -> str:
    return quote(text, safe="")
