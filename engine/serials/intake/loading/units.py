"""Units by the hundred thousand: everything between the staged rows and the store is SQL."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Uuid, bindparam, delete, func, select, text

from engine.serials import parties
from engine.serials.errors import StoreChanged
from engine.serials.intake import bulk
from engine.serials.intake.chunk import SPLIT
from engine.serials.intake.loading.staged import Loading
from engine.serials.models import (
    CUSTODY,
    LINK_ROLE,
    USABILITY,
    EventNode,
    ImportGroup,
    ImportRow,
)
from engine.serials.record import Effect
from engine.serials.sets import id_set, is_sqlite
from engine.serials.standing import come_again, standing
from engine.serials.units import units_by_id

IN_HOUSE, CONFORMING = CUSTODY.code("in_house"), USABILITY.code("conforming")
SUBJECT = LINK_ROLE.code("subject")
# a unit's number is drawn with its row: links, roots and lineage then need no look-up
NUMBERED = """
    INSERT INTO import_line (batch_id, line, entity, entity_id, is_new, event_id)
    SELECT r.batch_id, r.line, 'unit', coalesce(r.other_id, {number}), r.other_id IS NULL,
           g.event_id
    FROM import_row AS r
    JOIN import_group AS g ON g.batch_id = r.batch_id AND g.group_no = r.group_no
    WHERE r.batch_id = :batch AND r.state = 'new'
    ORDER BY r.line
"""
ON_POSTGRES = text(NUMBERED.format(number="nextval(CAST(:sequence AS regclass))"))
ON_SQLITE = text(NUMBERED.format(number=":after + row_number() OVER (ORDER BY r.line)"))
AFTER = text(
    "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'unit'), 0),"
    " coalesce((SELECT max(id) FROM unit), 0))"
)
MADE = """
    FROM import_row AS r
    JOIN import_line AS l ON l.batch_id = r.batch_id AND l.line = r.line
    JOIN import_group AS g ON g.batch_id = r.batch_id AND g.group_no = r.group_no
    WHERE r.batch_id = :batch AND r.state = 'new'
"""
NEW = MADE + "AND r.other_id IS NULL"
STEPS = tuple(
    text(step + rows + " ORDER BY l.entity_id")
    for rows, step in (
        (NEW, f"""
        INSERT INTO unit (id, part_id, serial, lot_id, custody, usability, location_id,
                          is_released, version)
        SELECT l.entity_id, r.part_id, r.key, r.lot_id, {IN_HOUSE}, g.usability, r.location_id,
               g.usability = {CONFORMING}, 1
        """),
        (NEW, """
        INSERT INTO unit_root (unit_id, root_id, lot_id)
        SELECT l.entity_id, l.entity_id, r.lot_id
        """),
        (MADE, f"""
        INSERT INTO event_link (unit_id, event_id, role, custody, usability, location_id)
        SELECT l.entity_id, g.event_id, {SUBJECT}, {IN_HOUSE}, g.usability, r.location_id
        """),
    )
)  # fmt: skip
# units that came without a lot and are told it by this file: their event is that of the lot
FILLING = """
    FROM import_row AS r
    JOIN event_node AS m ON m.node_id = r.lot_id
    JOIN event AS e ON e.id = m.event_id AND e.recording = :recording AND e.type = 'lot_added'
    WHERE r.batch_id = :batch AND r.state = 'fill'
"""
FILLED = tuple(
    text(step + FILLING).bindparams(bindparam("recording", type_=Uuid()))
    for step in (
        f"""
        INSERT INTO event_link (unit_id, event_id, role)
        SELECT r.other_id, e.id, {SUBJECT}
        """,
        """
        INSERT INTO import_line (batch_id, line, entity, entity_id, is_new, event_id)
        SELECT r.batch_id, r.line, 'unit', r.other_id, :no, e.id
        """,
    )
)
OF_LOT = text(
    """
    UPDATE unit SET lot_id = r.lot_id, version = unit.version + 1 FROM import_row AS r
    WHERE r.batch_id = :batch AND r.state = 'fill' AND r.other_id = unit.id
      AND unit.lot_id IS NULL AND NOT unit.is_released
    """
)
ROOT_OF_LOT = text(
    """
    UPDATE unit_root SET lot_id = r.lot_id FROM import_row AS r
    WHERE r.batch_id = :batch AND r.state = 'fill' AND r.other_id = unit_root.unit_id
    """
)


def load_units(loading: Loading) -> None:
    """Receive units: one event for those that came alike, whatever their number."""
    db, batch_id = loading.db, loading.batch.id
    _open_groups(loading)
    _bring_again(loading)
    if is_sqlite(db):
        db.execute(ON_SQLITE, {"batch": batch_id, "after": db.scalar(AFTER)})
    else:
        sequence = db.scalar(select(func.pg_get_serial_sequence("unit", "id")))
        db.execute(ON_POSTGRES, {"batch": batch_id, "sequence": sequence})
    new = db.scalar(
        select(func.count()).where(ImportRow.batch_id == batch_id, ImportRow.state == "new")
    )
    for step in STEPS:
        db.execute(step, {"batch": batch_id})
        loading.progress((new or 0) // len(STEPS))
    _fill_lots(loading)
    db.execute(delete(ImportGroup).where(ImportGroup.batch_id == batch_id))


def _bring_again(loading: Loading) -> None:
    """Let units that never came to be come to be after all, under their own rows.

    Raises `StoreChanged` when anything was recorded of one of them since the file was checked.
    """
    db, batch_id = loading.db, loading.batch.id
    brought = (
        select(ImportRow.other_id, ImportRow.lot_id, ImportRow.location_id, ImportGroup.usability)
        .join(
            ImportGroup,
            (ImportGroup.batch_id == ImportRow.batch_id)
            & (ImportGroup.group_no == ImportRow.group_no),
        )
        .where(
            ImportRow.batch_id == batch_id,
            ImportRow.state == "new",
            ImportRow.other_id.is_not(None),
        )
    )
    alike: dict[tuple[int | None, int | None, str], list[int]] = defaultdict(list)
    for unit_id, lot_id, location_id, usability in db.execute(brought):
        alike[lot_id, location_id, usability].append(unit_id or 0)
    if not alike:
        return

    ids = [unit_id for some in alike.values() for unit_id in some]
    units_by_id(db, ids, lock=True)
    if standing(db, id_set(db, ids)):
        raise StoreChanged
    for (lot_id, location_id, usability), some in alike.items():
        effect = Effect("in_house", usability, location_id)
        come_again(db, some, effect=effect, lot_id=lot_id, seg_id=None)


def _fill_lots(loading: Loading) -> None:
    """Give units the lot they came without: one event for each lot, so that cases hear of it.

    Raises `StoreChanged` when one of them has a lot, or is released, since the file was checked.
    """
    db, batch_id = loading.db, loading.batch.id
    filling = (ImportRow.batch_id == batch_id, ImportRow.state == "fill")
    lots = db.scalars(select(ImportRow.lot_id).where(*filling).distinct()).all()
    if not lots:
        return

    count = db.scalar(select(func.count()).where(*filling)) or 0
    filled: Any = db.execute(OF_LOT, {"batch": batch_id})
    if filled.rowcount != count:
        raise StoreChanged
    db.execute(ROOT_OF_LOT, {"batch": batch_id})
    events = loading.write_events("lot_added", [("", None, {}) for _ in lots])
    nodes = [
        {"node_id": lot_id, "event_id": event_id, "role": "output"}
        for lot_id, event_id in zip(sorted(one for one in lots if one), events, strict=True)
    ]
    bulk.add(db, EventNode, nodes)
    for step in FILLED:
        db.execute(step, {"batch": batch_id, "recording": loading.recording, "no": False})
    loading.progress(count)


def _open_groups(loading: Loading) -> None:
    """Write the event of each group, with its lot."""
    db, batch_id = loading.db, loading.batch.id
    first = (
        select(func.min(ImportRow.line))
        .where(ImportRow.batch_id == batch_id, ImportRow.state == "new")
        .group_by(ImportRow.group_no)
    )
    rows = db.execute(
        select(
            ImportRow.group_no,
            ImportRow.part_id,
            ImportRow.lot_id,
            ImportRow.location_id,
            ImportRow.cells,
        )
        .where(ImportRow.batch_id == batch_id, ImportRow.line.in_(first))
        .order_by(ImportRow.group_no)
    ).all()
    said = [dict(zip(loading.names, row.cells.split(SPLIT), strict=True)) for row in rows]
    events = loading.write_events(
        "received",
        [
            (one.get("received_on", ""), row.location_id, {})
            for row, one in zip(rows, said, strict=True)
        ],
    )
    groups: list[dict[str, Any]] = []
    nodes: list[dict[str, Any]] = []
    released: tuple[set[int], set[int]] = (set(), set())
    for row, one, event_id in zip(rows, said, events, strict=True):
        usability = one.get("usability") or "unreleased"
        groups.append(
            {
                "batch_id": batch_id,
                "group_no": row.group_no,
                "event_id": event_id,
                "usability": usability,
            }
        )
        if row.lot_id:
            nodes.append({"node_id": row.lot_id, "event_id": event_id, "role": "subject"})
        if usability == "conforming":
            released[0].add(row.part_id)
            released[1].update([row.lot_id] if row.lot_id else [])
    bulk.add(db, ImportGroup, groups)
    bulk.add(db, EventNode, nodes)
    parties.lock_key_fields(db, parts=released[0], lots=released[1])
