"""Installations, inputs and names: what happened, recorded as reported facts."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from engine.serials import install
from engine.serials.build import use_in_units
from engine.serials.build.edges import add_edges
from engine.serials.events import Links, record_events, write_event
from engine.serials.install import Fitting
from engine.serials.intake.loading.staged import Key, Loading, Row, noon
from engine.serials.models import ExternalId
from engine.serials.other_names import name_also
from engine.serials.record import Effect, How, LotInput
from engine.serials.rules import flag_lots


def groups_of(loading: Loading, *names: str) -> Iterator[tuple[Key, list[Row]]]:
    """Yield rows that belong together, by the cells and references named, the oldest first."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row, said in loading.rows():
        key = tuple(
            said.get(name, "") if name in said or not hasattr(row, name) else getattr(row, name)
            for name in names
        )
        groups[key].append((row, said))
    yield from sorted(groups.items(), key=lambda group: str(group[0][0]))


def on_day(loading: Loading, day: str) -> How:
    """Return how what happened on a day is recorded: at its noon, told by the batch's source."""
    happened = noon(day, at=loading.how["at"])
    how: How = {**loading.how, "source": loading.batch.source}
    return {**how, "event_at": happened} if happened else how


def load_installs(loading: Loading) -> None:
    """Record what was built into what: one event a day, or several of a day with many."""
    for lines in loading.groups():
        recorded = install.install_units(
            loading.db,
            [
                Fitting(row.unit_id or 0, row.other_id or 0, said.get("position") or None)
                for row, said in lines
            ],
            reported=True,
            **on_day(loading, lines[0][1].get("installed_on", "")),
        )
        loading.became([(row.line, row.unit_id or 0, recorded.event.id) for row, _ in lines])


def load_inputs(loading: Loading) -> None:
    """Record which lots went into what was made; the stock that came with its own file stays."""
    for lines in loading.groups():
        made_id, unit_id = lines[0][0].other_id, lines[0][0].unit_id
        inputs = [
            LotInput(row.lot_id or 0, Decimal(said["quantity"]) if said.get("quantity") else None)
            for row, said in lines
        ]
        how = on_day(loading, lines[0][1].get("used_on", ""))
        links = Links().about([one.lot_id for one in inputs], "input")
        if unit_id:
            links.add([unit_id], Effect())
        else:
            links.about([made_id], "output")
        event = write_event(loading.db, "input_added", links, **how)
        if unit_id:
            use_in_units(loading.db, event, [unit_id], inputs)
        else:
            add_edges(loading.db, event, made_id, inputs, again=True)
        flag_lots(loading.db, event, inputs)
        record_events(loading.db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
        loading.became([(row.line, row.lot_id or 0, event.id) for row, _ in lines])


def load_names(loading: Loading) -> None:
    """Keep what other systems call our records."""
    how: How = {**loading.how, "in_import": True}
    for row, said in loading.rows():
        name: ExternalId = name_also(
            loading.db,
            said["of"],
            row.other_id or 0,
            named_by=said["system"],
            value=said["value"],
            **how,
        )
        loading.became([(row.line, name.id, None)])
