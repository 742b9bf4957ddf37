"""Tracing from the command line: how the text was understood, how far it is, who has how much."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import EngineError
from engine.exports import Column, csv_of
from engine.serials import expressions, trace, tracing
from engine.serials.backward import Made, composition
from engine.serials.expressions import Understood
from engine.serials.models import TraceRun, Unit
from engine.serials.trace import Counts, Tally
from webapp.compose import Holdfast

Say = Callable[[str], None]

DONE, NOT_UNDERSTOOD = 0, 2  # the exit codes of `holdfast trace`
COLUMNS = (
    Column("kind", "Kind", "text"),
    Column("part_no", "Part number", "text"),
    Column("number", "Serial or lot number", "text"),
    Column("quantity", "Quantity", "quantity"),
    Column("inside", "Inside", "text"),
    Column("how", "How it came in", "text"),
    Column("is_certain", "Certain", "boolean"),
    Column("custody", "Custody", "text"),
    Column("usability", "Usability", "text"),
    Column("location", "Place", "text"),
    Column("party", "Organisation", "text"),
    Column("country", "Country", "text"),
)


def trace_text(
    holdfast: Holdfast, text: str, *, csv: Path | None, as_json: bool, say: Say, progress: Say
) -> int:
    """Trace what a text means and keep the run; return 2 when the text leaves a question open."""
    database = holdfast.database
    with database.read() as db:
        said = expressions.understand(db, text)
        expression = None
        try:
            expression = tracing.expression_of(said)
        except EngineError as problem:
            for line in (*understood(said), str(problem)):
                progress(line)
            return NOT_UNDERSTOOD
    for line in understood(said):
        progress(line)

    def how_far(what: str, count: int) -> None:
        progress(f"{what}: {count:,}")

    with database.begin() as db:
        seeds = expressions.seeds_of(db, expression)
        run = trace.run(db, seeds, expression=expression, by=None, at=now(), progress=how_far)
        counts = trace.counts(db, run.id)
    for line in [_as_json(run, counts)] if as_json else _told(run, counts):
        say(line)
    if csv is not None:
        with database.read() as db, csv.open("wb") as file:
            file.writelines(csv_of(COLUMNS, _rows(db, run.id)))
    return DONE


def understood(said: Understood) -> Iterator[str]:
    """Return how a text was understood, and what is asked back, a line each."""
    for piece in said.pieces:
        if piece.sentence:
            yield f"{piece.text.strip()}: {piece.sentence % dict(piece.facts)}"
        elif piece.problem is not None:
            yield f"{piece.text.strip()}: {piece.problem}"
    for question in said.open_questions:
        yield f"{question.text}: {question.sentence % dict(question.facts)}"
        for choice in question.choices:
            yield f"    {choice.sentence % dict(choice.facts)}"


def _told(run: TraceRun, counts: Counts) -> Iterator[str]:
    all_of = counts.all_units
    yield (
        f"Trace {run.id}: {run.unit_count:,} units, {run.root_count:,} of them by themselves;"
        f" {run.stock_count:,} quantities of lots; {run.node_count:,} lots and runs."
    )
    yield f"SHA-256 {run.result_sha256}"
    yield ""
    yield _line("", "contains", "former host", "cannot exclude", "quantity")
    yield _tally("all", all_of)
    for custody, tally in sorted(counts.by_custody().items()):
        yield _tally(custody, tally)
    names = {row.consignee_id: f"{row.consignee} ({row.country or '-'})" for row in counts.sent}
    if names:
        yield ""
        yield "Sent to"
    sent = counts.by_consignee()
    for consignee in sorted(sent, key=lambda key: (-sent[key].unit_count, names[key])):
        yield _tally(names[consignee], sent[consignee])


def _tally(name: str, tally: Tally) -> str:
    return _line(
        name,
        f"{tally.contains:,}",
        f"{tally.contained:,}",
        f"{tally.cannot_exclude:,}",
        f"{tally.quantity + tally.quantity_cannot_exclude:f}",
    )


def _line(name: str, *figures: str) -> str:
    return f"{name:44}" + "".join(f"{figure:>15}" for figure in figures)


def _as_json(run: TraceRun, counts: Counts) -> str:
    facts = {
        "run": run.id,
        "at": run.at.isoformat(),
        "expression": run.expression,
        "last_event_id": run.last_event_id,
        "ledger_head": run.ledger_head,
        "result_sha256": run.result_sha256,
        "units": run.unit_count,
        "by_themselves": run.root_count,
        "counts": counts.as_json(),
    }
    return json.dumps(facts, ensure_ascii=False, indent=2)


def _rows(db: Session, run_id: int) -> Iterator[list[object]]:
    for unit in trace.every_unit(db, run_id):
        inside = None if unit.is_root else unit.root_serial
        where = [unit.custody, unit.usability, unit.location, unit.party, unit.country]
        yield ["unit", unit.part_no, unit.serial, 1, inside, unit.how, unit.is_certain, *where]
    for lot in trace.every_stock(db, run_id):
        where = [lot.custody, lot.usability, lot.location, lot.party, lot.country]
        yield ["lot", lot.part_no, lot.lot_no, lot.quantity, None, None, lot.is_certain, *where]


def tree_of(holdfast: Holdfast, serial: str, *, say: Say) -> int:
    """Show what every unit of a serial was made of; return 2 when there is none."""
    with holdfast.database.read() as db:
        found = db.scalars(select(Unit.id).where(Unit.serial == serial).order_by(Unit.id)).all()
        for unit_id in found:
            for line in _branch(composition(db, unit_id=unit_id), 0):
                say(line)
    if not found:
        say(f"There is no unit {serial} here. Capitals and leading zeros count.")
    return DONE if found else NOT_UNDERSTOOD


def _branch(made: Made, depth: int) -> Iterator[str]:
    much = f" × {made.quantity:f}" if made.quantity is not None else ""
    until = f" until {made.until:%Y-%m-%d}" if made.until else ""
    yield (
        f"{'  ' * depth}{made.kind} {made.label}  {made.part_no} {made.part_name},"
        f" {made.maker} ({made.how}{until}){much}"
    )
    for part in made.parts:
        yield from _branch(part, depth + 1)


def difference_of(holdfast: Holdfast, runs: Iterable[int], *, say: Say) -> int:
    """Say how the second run differs from the first, and name the units that do."""
    first, second = runs
    with holdfast.database.read() as db:
        try:
            compared = trace.compare(db, first, second)
        except EngineError as problem:
            say(str(problem))
            return NOT_UNDERSTOOD
        for name in ("units", "stock", "nodes"):
            one = getattr(compared, name)
            say(
                f"{name}: {one.added:,} added, {one.gone:,} gone, {one.changed:,} changed,"
                f" {one.unchanged:,} unchanged"
            )
        for side in ("added", "gone", "changed"):
            for unit in trace.compared_units(db, first, second, side):
                say(f"  {side}: {unit.part_no} {unit.serial} ({unit.how}), {unit.party or '-'}")
    return DONE
