"""Tests and inspections with what was measured, on what, by which program and by whom."""

from collections import defaultdict

from engine.serials import examine
from engine.serials.intake.loading.facts import on_day
from engine.serials.intake.loading.staged import Loading, Row
from engine.serials.intake.referring.tests import is_within
from engine.serials.record import How

FACTS = ("equipment", "program", "operator", "procedure")


def load_tests(loading: Loading) -> None:
    """Record each test with its readings; units tested alike, without a reading, are one event."""
    tests: dict[int, list[Row]] = defaultdict(list)
    for row, said in loading.rows():
        tests[row.group_no or 0].append((row, said))
    for lines in sorted(tests.values(), key=lambda lines: lines[0][1].get("tested_on", "")):
        _record(loading, lines)


def _record(loading: Loading, lines: list[Row]) -> None:
    row, said = lines[0]
    failed = said["outcome"] == "failed"
    units = list(dict.fromkeys(one.unit_id for one, _ in lines if one.unit_id))
    lots = [row.lot_id] if row.lot_id else []
    looked = examine.Looked(
        units=units,
        stock_parts=[part for lot in lots if failed for part in examine.whole_lot(loading.db, lot)],
        nodes=lots,
    )
    sample = examine.Sample(_count(said, "sample_size"), _count(said, "failed_count"))
    recorded = examine.examine(
        loading.db,
        said.get("kind") or "test",
        looked,
        outcome=said["outcome"],
        readings=[_reading(one) for _, one in lines if one.get("characteristic")],
        sample=sample,
        remark=said.get("remark"),
        **_how(loading, said),
    )
    event_id = recorded.event.id
    loading.became([(one.line, event_id, event_id) for one, _ in lines])


def _reading(said: dict[str, str]) -> examine.Reading:
    lower, upper = said.get("lower", ""), said.get("upper", "")
    is_met = said.get("is_met")
    return examine.Reading(
        said["characteristic"],
        said["value"],
        is_met == "yes" if is_met else is_within(said["value"], lower, upper),
        lower or None,
        upper or None,
        said.get("uom") or None,
    )


def _count(said: dict[str, str], name: str) -> int | None:
    return int(said[name]) if said.get(name) else None


def _how(loading: Loading, said: dict[str, str]) -> How:
    how = on_day(loading, said.get("tested_on", ""))
    if said.get("document_no"):
        how["documents"] = [said["document_no"]]
    how["facts"] = {name: [said[name]] for name in FACTS if said.get(name)}
    return how
