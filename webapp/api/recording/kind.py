"""One type of event as it is recorded from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import Invalid
from engine.serials.record import How, Recorded
from engine.serials.vocabulary import FACTS
from webapp.api.blueprint import Past, Stored, Strict
from webapp.api.naming import Naming, StockName, UnitName
from webapp.session import person

MOST = 10_000


class Happened(Strict):
    """What every event says."""

    event_at = Past(
        metadata={
            "description": "When it happened; now when left out. Not before 1950, and ahead by "
            "five minutes at most."
        }
    )
    source_system = Stored(
        validate=validate.Length(1, 80),
        metadata={"description": "The system that tells it; the account's name when left out."},
    )
    documents = fields.List(
        Stored(validate=validate.Length(1, 200)),
        validate=validate.Length(max=50),
        metadata={"description": "Numbers of orders, delivery notes, reports."},
    )
    reason = Stored(validate=validate.Length(1, 2000))
    facts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(FACTS))),
        values=fields.List(
            Stored(validate=validate.Length(1, 200)), validate=validate.Length(1, 50)
        ),
        metadata={"description": "Equipment, operator, program … that a trace may start from."},
    )


class OfGoods(Happened):
    """What an event says that is about units and quantities of lots alike."""

    units = fields.List(
        fields.Nested(UnitName), load_default=list, validate=validate.Length(max=MOST)
    )
    stock = fields.List(
        fields.Nested(StockName), load_default=list, validate=validate.Length(max=MOST)
    )


class OfCase(OfGoods):
    """What an event says that the gate decides about."""

    under_case = Stored(
        validate=validate.Length(1, 40),
        metadata={"description": "The case whose own holds do not stop its own disposition."},
    )


Said = Mapping[str, Any]
Record = Callable[[Session, Naming, Said, How], Recorded]


@dataclass(frozen=True)
class Recordable:
    """One type of event: its words, what it says, who may record it, and the command behind it."""

    code: str
    words: str
    schema: type[Strict]
    action: str
    run: Record

    def record(self, db: Session, said: Said) -> Recorded:
        """Record one event; raises `Invalid` where it names what is not there."""
        naming = Naming(db)
        return self.run(db, naming, said, how_of(said))


_found: dict[str, Recordable] = {}
RECORDABLE: Mapping[str, Recordable] = MappingProxyType(_found)


def records(code: str, schema: type[Strict], *, action: str) -> Callable[[Record], Record]:
    """Let other systems record this type of event; the docstring is what they read.

    `action` is what the page of the same command asks: one permission, whichever way it comes.
    """

    def keep(run: Record) -> Record:
        _found[code] = Recordable(code, run.__doc__ or "", schema, action, run)
        return run

    return keep


def how_of(said: Said) -> How:
    """Return who, when and from where, as a request says it."""
    how: How = {
        "by": person(),
        "at": now(),
        "source": said.get("source_system") or person().user_name,
        "event_at": said.get("event_at"),
        "documents": said.get("documents", ()),
        "reason": said.get("reason"),
        "facts": said.get("facts", {}),
    }
    return how


def complete(naming: Naming) -> None:
    """Raise every problem that naming met: nothing is recorded of what is not there."""
    if naming.problems:
        raise Invalid(naming.problems)
