"""Rows of tests and inspections: what was tested, what was measured, whether both agree."""

from decimal import Decimal, InvalidOperation

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.intake.referring.naming import (
    Groups,
    keep_parts,
    lots_of,
    parts_of,
    refuse_future,
    units_of,
)

# rows that agree in all of these are one test; without a measurement, of all their units at once
ONE_TEST = (
    "kind",
    "tested_on",
    "outcome",
    "equipment",
    "program",
    "operator",
    "procedure",
    "document_no",
    "sample_size",
    "failed_count",
    "remark",
)


def of_tests(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer results to their unit or lot; the lines of one test are one group."""
    parts = parts_of(c, known)
    keep_parts(c, parts)
    lots_of(c, known, parts)
    units = units_of(c, known, parts)
    refuse_future(c, known, "tested_on")
    serials, lots = c.column("serial"), c.refers["lot_id"]
    for place, unit in enumerate(units):
        if not serials[place] and not c.column("lot_no")[place]:
            c.wrong(place, "serial", "unit_or_lot")
        elif unit is not None and lots[place] and unit.lot_id and lots[place] != unit.lot_id:
            c.wrong(place, "lot_no", "other_lot", value=serials[place])
        elif unit is not None:
            lots[place] = None  # the unit was tested, not its lot
    _refuse_contradictions(c)
    said = [c.column(name) for name in ONE_TEST]
    measured = c.column("characteristic")
    for place in c.sound():
        unit = units[place]
        subject = (unit.id if unit else None, lots[place])
        key = (
            c.refers["part_id"][place],
            *(subject if measured[place] else (unit is None, lots[place])),
            bool(measured[place]),
            *(column[place] for column in said),
        )
        c.groups[place] = groups.number(key)


def _refuse_contradictions(c: Chunk) -> None:
    names, values, met = c.column("characteristic"), c.column("value"), c.column("is_met")
    sizes, failed, outcomes = c.column("sample_size"), c.column("failed_count"), c.column("outcome")
    for place in range(len(c)):
        if bool(names[place]) != bool(values[place]):
            c.wrong(place, "value", "value_missing")
        if outcomes[place] == "passed" and (
            met[place] == "no" or not is_within(*_limits(c, place))
        ):
            c.wrong(place, "outcome", "outcome_differs", value=names[place] or values[place])
        if int(failed[place] or 0) > int(sizes[place] or 0):
            c.wrong(place, "failed_count", "sample_differs")


def _limits(c: Chunk, place: int) -> tuple[str, str, str]:
    return c.column("value")[place], c.column("lower")[place], c.column("upper")[place]


def is_within(value: str, lower: str, upper: str) -> bool:
    """Say whether a measured number lies within its limits; what is no number is not judged."""
    measured, least, most = _number(value), _number(lower), _number(upper)
    if measured is None:
        return True
    return (least is None or measured >= least) and (most is None or measured <= most)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
