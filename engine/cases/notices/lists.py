"""A consignee's own list: on the letter, as a file to sort, and as a signed file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.scopes import ScopeVersion
from engine.exports.column import Column
from engine.exports.delimited import csv_of

KIND = "application/vnd.holdfast.consignee-list+json"
PAGE = 1_000
COLUMNS = (
    Column("part_no", "part_no"),
    Column("part_name", "part_name"),
    Column("udi_di", "udi_di"),
    Column("lot_no", "lot_no"),
    Column("serial", "serial"),
    Column("quantity", "quantity", "quantity"),
    Column("uom", "uom"),
)


@dataclass(frozen=True)
class Listed:
    """One unit, or a quantity of a lot."""

    part_no: str
    part_name: str
    udi_di: str | None
    lot_no: str | None
    serial: str | None
    quantity: Decimal
    uom: str

    @property
    def name(self) -> str:
        """Return what a person calls it in a sentence."""
        return self.serial or f"{self.lot_no} ({self.quantity:f} {self.uom})"


def list_of(db: Session, case: Case, version: ScopeVersion, party_id: int) -> list[Listed]:
    """Return what a scope version says one consignee was sent or has; nobody else's."""
    units: list[Listed] = []
    after = 0
    while True:
        page = scopes.units_of(db, case, party_id, after=after, limit=PAGE, version=version)
        units += [
            Listed(u.part_no, u.part_name, u.di, u.lot_no, u.serial, Decimal(1), "each")
            for u in page
        ]
        if len(page) < PAGE:
            break
        after = page[-1].unit_id
    units.sort(key=lambda one: (one.part_no, one.lot_no or "", one.serial or ""))
    stock = [
        Listed(s.part_no, s.part_name, s.di, s.lot_no, None, max(s.sent, s.there), s.uom)
        for s in scopes.stock_of(db, case, party_id, version=version)
    ]
    return [*units, *stock]


def difference(before: Iterable[Listed], after: Iterable[Listed]) -> dict[str, list[str]]:
    """Return what was added for a consignee and what is cleared, as sentences name it."""
    old, new = set(before), set(after)
    return {
        "added": sorted(one.name for one in new - old),
        "cleared": sorted(one.name for one in old - new),
    }


def grouped(listed: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return the rows of the letter's table: each part and lot with its serial numbers."""
    groups: dict[tuple[str, str, str | None, str | None, bool, str], list[Listed]] = {}
    for one in listed:
        key = (one.part_no, one.part_name, one.udi_di, one.lot_no, one.serial is None, one.uom)
        groups.setdefault(key, []).append(one)
    return [
        {
            "part": f"{part_no} {name}",
            "di": di,
            "lot": lot,
            "serials": [one.serial for one in those if one.serial],
            "quantity": f"{sum(one.quantity for one in those):f}",
        }
        for (part_no, name, di, lot, _, _), those in groups.items()
    ]


def as_csv(listed: Sequence[Listed]) -> bytes:
    """Return the list as CSV; its first line names the columns for programs."""
    rows = (
        (one.part_no, one.part_name, one.udi_di, one.lot_no, one.serial, one.quantity, one.uom)
        for one in listed
    )
    return b"".join(csv_of(COLUMNS, rows, bom=True))


def as_payload(
    listed: Sequence[Listed], *, number: str, consignee: str, scope: int | None, made_at: str
) -> dict[str, Any]:
    """Return what the signed file says."""
    return {
        "notice": number,
        "consignee": consignee,
        "scope_version": scope,
        "made_at": made_at,
        "units": [
            {
                "part_no": one.part_no,
                "udi_di": one.udi_di,
                "lot_no": one.lot_no,
                "serial": one.serial,
                "quantity": f"{one.quantity:f}",
                "uom": one.uom,
            }
            for one in listed
        ],
    }
