"""EPCs, EPC classes and places as EPCIS writes them, and what they name here.

Written as URN (EPC Tag Data Standard 1.13) or as GS1 Digital Link, one thing has one `canonical`
name. What has no GTIN is named by a link of ours.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from biip.checksums import gs1_standard_check_digit

from engine.serials.identifiers import gs1, own
from engine.serials.identifiers.parsed import Broken

CANONICAL = "https://id.gs1.org"
_URN = re.compile(r"urn:epc:(?:id|class|idpat):(?P<scheme>[a-z]+):(?P<rest>.+)")


@dataclass(frozen=True)
class Name:
    """What a URI names: kind is unit, lot, part, container, place, party or other."""

    uri: str
    kind: str = "other"
    gtin: str | None = None
    serial: str | None = None
    lot_no: str | None = None
    sscc: str | None = None
    gln: str | None = None
    extension: str | None = None
    site: str | None = None
    maker: str | None = None
    part_no: str | None = None
    location: str | None = None


def read(uri: str) -> Name:
    """Return what a URI names; one that is not understood names something else, as it stands."""
    try:
        if own.looks_like(uri):
            return _of_own(uri)
        if gs1.is_link(uri):
            return _of_elements(uri, dict(gs1.of_link(uri)))
        if match := _URN.fullmatch(uri):
            return _of_urn(uri, match["scheme"], match["rest"].split("."))
    except (Broken, ValueError):
        pass
    return Name(uri)


def canonical(uri: str) -> str:
    """Return the one name of what a URI names, however it is written."""
    name = read(uri)
    if name.kind in ("unit", "lot", "part"):
        if name.gtin:
            return link_of(name.gtin, lot_no=name.lot_no, serial=name.serial, with_both=False)
        return uri
    if name.sscc:
        return f"{CANONICAL}/00/{name.sscc}"
    if name.gln:
        base = f"{CANONICAL}/{'417' if name.kind == 'party' else '414'}/{name.gln}"
        return f"{base}/254/{name.extension}" if name.extension else base
    return uri


def link_of(
    gtin: str, *, lot_no: str | None = None, serial: str | None = None, with_both: bool = True
) -> str:
    """Return the Digital Link of a part, a lot or a unit.

    A unit is named by its serial alone: its lot is told by the event that made it.
    """
    elements = [("01", gtin)]
    elements += [("10", lot_no)] if lot_no and (with_both or not serial) else []
    elements += [("21", serial)] if serial else []
    return gs1.link(CANONICAL, elements)


def place_link(gln: str) -> str:
    """Return the Digital Link of a physical place."""
    return f"{CANONICAL}/414/{gln}"


def party_link(gln: str) -> str:
    """Return the Digital Link of a party."""
    return f"{CANONICAL}/417/{gln}"


def container_link(sscc: str) -> str:
    """Return the Digital Link of a case or pallet."""
    return f"{CANONICAL}/00/{sscc}"


def _of_own(uri: str) -> Name:
    said = own.read(uri)
    if said.location is not None:
        return Name(uri, "place", site=said.site, location=said.location)
    kind = "unit" if said.serial else "lot" if said.lot_no else "part"
    return Name(
        uri,
        kind,
        serial=said.serial,
        lot_no=said.lot_no,
        site=said.site,
        maker=said.maker,
        part_no=said.part_no,
    )


def _of_elements(uri: str, values: dict[str, str]) -> Name:
    if "01" in values:
        kind = "unit" if "21" in values else "lot" if "10" in values else "part"
        return Name(uri, kind, gtin=values["01"], serial=values.get("21"), lot_no=values.get("10"))
    if "00" in values:
        return Name(uri, "container", sscc=values["00"])
    if "414" in values:
        return Name(uri, "place", gln=values["414"], extension=values.get("254"))
    if "417" in values:
        return Name(uri, "party", gln=values["417"])
    return Name(uri)


def _of_urn(uri: str, scheme: str, parts: list[str]) -> Name:
    if scheme in ("sgtin", "lgtin") and len(parts) >= 3:
        gtin, last = _gtin(parts[0], parts[1]), unquote(".".join(parts[2:]))
        if scheme == "lgtin":
            return Name(uri, "lot", gtin=gtin, lot_no=last)
        return Name(uri, "part", gtin=gtin) if last == "*" else Name(uri, "unit", gtin, last)
    if scheme == "sscc" and len(parts) == 2:
        digits = parts[1][0] + parts[0] + parts[1][1:]
        return Name(uri, "container", sscc=_checked(digits, 17))
    if scheme == "sgln" and len(parts) == 3:
        extension = unquote(parts[2])
        gln = _checked(parts[0] + parts[1], 12)
        return Name(uri, "place", gln=gln, extension=None if extension == "0" else extension)
    if scheme == "pgln" and len(parts) == 2:
        return Name(uri, "party", gln=_checked(parts[0] + parts[1], 12))
    return Name(uri)


def _gtin(company: str, item: str) -> str:
    return _checked(item[0] + company + item[1:], 13)


def _checked(digits: str, length: int) -> str:
    if len(digits) != length:
        raise ValueError(digits)
    return f"{digits}{gs1_standard_check_digit(digits)}"
