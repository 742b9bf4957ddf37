"""Parties, places, parts and lots: new rows in bulk, empty fields filled one by one and told."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import insert

from engine.serials import master
from engine.serials.intake.layouts import KINDS, layout
from engine.serials.intake.loading.staged import SIZE, Loading
from engine.serials.models import ImportRow, LegacyCase, Location, Lot, Part, Party, TraceNode
from engine.serials.record import How

Made = list[tuple[ImportRow, dict[str, Any]]]
Model = type[Party | Location | Part | Lot | LegacyCase]


def load_parties(loading: Loading) -> None:
    """Describe parties."""
    _add(loading, Party, ((row, said) for row, said in _said(loading)))


def load_locations(loading: Loading) -> None:
    """Describe places of parties."""
    rows = (
        (row, {**_without(said, "party"), "party_id": row.party_id}) for row, said in _said(loading)
    )
    _add(loading, Location, rows)


def load_parts(loading: Loading) -> None:
    """Describe parts."""
    rows = (
        (
            row,
            {
                **_without(said, "manufacturer"),
                "manufacturer_id": row.party_id,
                "uom": said.get("uom") or "pcs",
                "issuer": said.get("issuer") or ("gs1" if said.get("di") else None),
                "is_released": False,
            },
        )
        for row, said in _said(loading)
    )
    _add(loading, Part, rows)


def load_lots(loading: Loading) -> None:
    """Describe lots; each takes its number in the one space of lots and runs."""
    rows = (
        (
            row,
            {
                **_without(said, "manufacturer", "part_no"),
                "manufacturer_id": row.party_id,
                "part_id": row.part_id,
                "is_unknown": False,
                "is_released": False,
            },
        )
        for row, said in _said(loading)
    )
    _add(loading, Lot, rows)


def load_cases(loading: Loading) -> None:
    """Keep cases of another system under their own numbers."""
    how = loading.how
    common = {
        "source": loading.batch.source,
        "at": how["at"],
        "by_id": how["by"].id if how["by"] else None,
    }
    rows = (
        (
            row,
            {
                **_without(said, "part_no", "serial", "lot_no"),
                **common,
                "unit_id": row.unit_id,
                "lot_id": row.lot_id,
            },
        )
        for row, said in _said(loading)
    )
    _add(loading, LegacyCase, rows)


def _said(loading: Loading, state: str = "new") -> Iterable[tuple[ImportRow, dict[str, Any]]]:
    what = layout(loading.batch.kind)
    dates = {one.name for one in what.columns if one.type == "date"}
    every = dict.fromkeys(one.name for one in what.columns)
    for row, cells in loading.rows(state):
        said = {
            name: date.fromisoformat(text) if name in dates and text else text or None
            for name, text in cells.items()
        }
        yield row, {**every, **said}


def _without(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}


def _add(loading: Loading, model: Model, rows: Iterable[tuple[ImportRow, dict[str, Any]]]) -> None:
    for piece in _pieces(rows):
        facts = [said for _, said in piece]
        if model is Lot:
            nodes = loading.db.scalars(
                insert(TraceNode).returning(TraceNode.id, sort_by_parameter_order=True),
                [{"kind": "lot"} for _ in facts],
            )
            facts = [{**said, "id": node} for said, node in zip(facts, nodes, strict=True)]
        ids = loading.db.scalars(
            insert(model).returning(model.id, sort_by_parameter_order=True), facts
        ).all()
        loading.became([(row.line, key, None) for (row, _), key in zip(piece, ids, strict=True)])
    _fill(loading, model)


def _pieces(rows: Iterable[tuple[ImportRow, dict[str, Any]]]) -> Iterable[Made]:
    piece: Made = []
    for row in rows:
        piece.append(row)
        if len(piece) == SIZE:
            yield piece
            piece = []
    if piece:
        yield piece


def _fill(loading: Loading, model: Model) -> None:
    """Fill what is empty with what the file says; the ledger tells each, as of any change."""
    reason = loading.how.get("reason") or f"import {loading.batch.id}, {loading.batch.file_name}"
    how: How = {**loading.how, "reason": reason}
    for row, said in _said(loading, "fill"):
        recorded: Any = loading.db.get_one(model, row.other_id)
        changes = {
            name: value
            for name, value in said.items()
            if value is not None and getattr(recorded, name, "") is None
        }
        master.change(
            loading.db,
            KINDS[loading.batch.kind],
            recorded.id,
            changes,
            **how,
        )
        loading.progress(1)
