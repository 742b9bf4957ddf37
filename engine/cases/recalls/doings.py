"""What is done to goods that an authority has to know of first, and what is told who begins it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.cases.recalls import gates
from engine.cases.recalls.models import Gate
from engine.errors import Problem
from engine.regulators import jurisdictions as law
from engine.words import N_

NAMED = 20  # goods that one sentence names
FINISHED = N_("Mark it as not finished, and it stays pending for a line of its own")
SENT = N_("Mark it as not sent, and it stays pending for a line of its own")
RELABELLED = N_("Mark it as not relabelled, and it stays pending for a line of its own")
LEFT = N_("Look at it only in ways that leave it as it is")


@dataclass(frozen=True)
class Doing:
    """One way of dealing with goods: which gates on destruction stop it, and what is told."""

    held_back: str  # a msgid
    of_lot: str  # a msgid: of a lot, that so much may go and no more
    alters: bool = False  # only gates that forbid altering stop it
    instead: str = ""  # a msgid: what to do with what is held back


DESTROYING = Doing(
    N_(
        "%(number)s: the gate on destruction of %(authority)s is closed. %(rule)s. It holds back "
        "%(what)s: mark it as not destroyed, and it stays pending for a line of its own; or leave "
        "this task until the gate is open. Regulatory affairs opens it in %(number)s under "
        "Authorities; in urgency it is passed there with a reason and a signature."
    ),
    N_(
        "%(number)s: the gate on destruction of %(authority)s is closed. %(rule)s. Of lot %(what)s "
        "%(free)s may be destroyed and no more: the rest stays pending for a line of its own; or "
        "leave this task until the gate is open. Regulatory affairs opens it in %(number)s under "
        "Authorities; in urgency it is passed there with a reason and a signature."
    ),
)


def _altering(instead: str) -> Doing:
    # MDR 89(1): nothing that alters the device or a sample of its batch in a way that may affect
    # the evaluation of the causes, before the authority is informed of it
    return Doing(
        N_(
            "%(number)s: the gate on destruction and alteration of %(authority)s is closed. "
            "%(rule)s (%(source)s): %(what)s may still show why it failed. %(instead)s; or wait "
            "until the gate is open. Regulatory affairs opens it in %(number)s under Authorities; "
            "in urgency it is passed there with a reason and a signature."
        ),
        N_(
            "%(number)s: the gate on destruction and alteration of %(authority)s is closed. "
            "%(rule)s (%(source)s): of lot %(what)s %(free)s may be altered or sent away and no "
            "more. %(instead)s; or wait until the gate is open. Regulatory affairs opens it in "
            "%(number)s under Authorities; in urgency it is passed there with a reason and a "
            "signature."
        ),
        alters=True,
        instead=instead,
    )


REWORKING, RELABELLING, EXAMINING = _altering(FINISHED), _altering(RELABELLED), _altering(LEFT)
# a supplier opens what it gets back to find the fault: then it is out of our hands
RETURNING = _altering(SENT)


@dataclass(frozen=True)
class HeldBack:
    """What one closed gate of a recall holds back: a unit, or what of a lot exceeds `free`."""

    case_number: str
    gate: Gate
    unit_id: int | None
    lot_id: int | None
    name: str
    free: Decimal = Decimal(0)  # how much of the lot may go
    doing: Doing = DESTROYING

    @property
    def authority(self) -> str:
        """Return who has to know first; where no authority is named, where that is."""
        here = law.named(self.gate.jurisdiction)
        return here.authority or here.code


def problems_in(at: str, found: Iterable[HeldBack]) -> list[Problem]:
    """Return what is wrong with going on: a sentence for each gate, and for each lot."""
    groups: dict[tuple[str, str, int | None], list[HeldBack]] = {}
    for one in found:
        of_lot = one.lot_id if one.free else None
        groups.setdefault((one.case_number, one.gate.jurisdiction, of_lot), []).append(one)
    return [_problem(at, held) for held in groups.values()]


def _problem(at: str, held: Sequence[HeldBack]) -> Problem:
    first = held[0]
    doing = first.doing
    facts: tuple[tuple[str, object], ...] = (
        ("authority", first.authority),
        ("number", first.case_number),
        ("rule", (gates.RULES[first.gate.rule],)),
        ("what", ", ".join(one.name for one in held[:NAMED]) + "…" * (len(held) > NAMED)),
    )
    if doing.alters:
        facts += (("source", gates.source_of(first.gate)), ("instead", (doing.instead,)))
    if not first.free:
        return Problem(at, doing.held_back, facts)
    return Problem(at, doing.of_lot, (*facts, ("free", f"{first.free.normalize():f}")))
