"""Recording from a page: once per key, every problem back on the form, then on to the goods."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.recalls.destroying import ALTERED_TOO_EARLY
from engine.clock import now
from engine.commands import earlier_result, remember
from engine.errors import Conflict, EngineError, Invalid, NotFound, Problem, Refused
from engine.serials.models import Flag, Location, Party
from engine.serials.moments import misdated
from engine.serials.record import How
from webapp.numbers import whole
from webapp.sentences import in_words
from webapp.session import person
from webapp.times import zone
from webapp.transactions import begin, request_key
from webapp.words import N_

NO_PLACE = N_("There is no place %(place)s here. Choose one from the list")
NO_PARTY = N_("There is no party %(party)s here. Choose one from the list")
NOT_A_NUMBER = N_("“%(text)s” is no number. Write it with digits, such as 12 or 0.5")
MISSING = N_("Fill this in")
NOT_A_DATE = N_("“%(text)s” is no date. Write it like 2026-11-26")
OWN_KINDS = ("warehouse", "quarantine", "line", "laboratory")
KEPT = ("csrf_token", "request_key")


@dataclass(frozen=True)
class Done:
    """What was recorded, where the person goes on, and what to know about it."""

    event_id: int
    address: str
    words: str
    warnings: Sequence[str] = ()


def carry_out(
    name: str, run: Callable[[Session], Done], again: Callable[[list[Problem], str], str]
) -> ResponseReturnValue:
    """Run a command once under the form's key; show the form `again` with what is wrong."""
    key, by = request_key(), person()
    asked = {field: request.form.getlist(field) for field in request.form if field not in KEPT}
    try:
        with begin() as db:
            result = earlier_result(db, key, name=name, request=asked)
            if result is None:
                done = run(db)
                result = {"address": done.address, "event": done.event_id}
                remember(db, key, name=name, request=asked, result=result, by_id=by.id, at=now())
                for words in (done.words, *done.warnings):
                    flash(words)
    except Invalid as wrong:
        return again(wrong.problems, ""), 422
    except (Refused, Conflict, NotFound) as refused:
        return again([], in_words(refused)), _status(refused)
    return redirect(result["address"], 303)


def _status(refused: EngineError) -> int:
    return 409 if isinstance(refused, Conflict) else 422


def too_early(db: Session, event_id: int) -> list[str]:
    """Return in words which authorities should have known first of what was just altered."""
    flags = db.scalars(
        select(Flag)
        .where(Flag.event_id == event_id, Flag.rule == ALTERED_TOO_EARLY)
        .order_by(Flag.id)
    )
    said = [
        gettext(
            "%(number)s: nothing is altered before %(authority)s knows of it, and the gate is "
            "closed. It is recorded all the same, and flagged: quality is told.",
            number=", ".join(one.facts["cases"]), authority=one.facts["authority"],
        )
        for one in flags
    ]  # fmt: skip
    return list(dict.fromkeys(said))


def how_of(form: "Entered") -> How:
    """Return who records now, when it happened, and the papers that the form names."""
    how: How = {"by": person(), "at": now(), "event_at": form.moment("event_at")}
    if documents := form.words("documents"):
        how["documents"] = documents
    return how


class Entered:
    """The fields of a form as they were typed; `problems` gathers what is wrong with them."""

    def __init__(self, typed: Mapping[str, str] | None = None) -> None:
        """Read the form that was sent, or what was kept of one."""
        self.typed = request.form if typed is None else typed
        self.problems: list[Problem] = []

    def text(self, name: str, *, required: bool = False) -> str:
        """Return a text, trimmed; NUL bytes are what no database keeps."""
        value = self.typed.get(name, "").replace("\x00", "").strip()
        if required and not value:
            self.problems.append(Problem(name, MISSING))
        return value

    def words(self, name: str) -> list[str]:
        """Return the words of a list that is typed with commas or line by line."""
        typed = self.text(name).replace("，", ",").replace("\n", ",")
        return [word.strip() for word in typed.split(",") if word.strip()]

    def quantity(self, name: str, *, required: bool = False) -> Decimal | None:
        """Return a quantity above zero, or None where it was left out."""
        return self.quantity_in(name, self.text(name, required=required))

    def quantity_in(self, name: str, said: str) -> Decimal | None:
        """Return the quantity that a text says; what is wrong with it is a problem at `name`."""
        if not said:
            return None
        try:
            value = Decimal(said)
            good = value.is_finite() and 0 < value < Decimal(10) ** 12
            good = good and value == value.quantize(Decimal("0.000001"))
        except InvalidOperation:
            good = False
        if not good:
            self.problems.append(Problem(name, NOT_A_NUMBER, (("text", said),)))
            return None
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number from 0, or None where it was left out."""
        said = self.text(name)
        if not said:
            return None
        number = whole(said, most=999_999_999)
        if number is None:
            self.problems.append(Problem(name, NOT_A_NUMBER, (("text", said),)))
        return number

    def moment(self, name: str) -> datetime | None:
        """Return a moment in the person's time zone, or None where it was left out."""
        said = self.text(name)
        if not said:
            return None
        try:
            value = datetime.fromisoformat(said)
        except ValueError:
            self.problems.append(Problem(name, NOT_A_DATE, (("text", said),)))
            return None
        if value.tzinfo is None:
            value = value.replace(tzinfo=zone())
        if wrong := misdated(name, value, at=now(), said=said):
            self.problems.append(wrong)
            return None
        return value.astimezone(UTC)

    def day(self, name: str) -> date | None:
        """Return a day, or None where it was left out."""
        return self.day_in(name, self.text(name))

    def day_in(self, name: str, said: str) -> date | None:
        """Return the day that a text says; what is wrong with it is a problem at `name`."""
        if not said:
            return None
        try:
            value = date.fromisoformat(said)
        except ValueError:
            self.problems.append(Problem(name, NOT_A_DATE, (("text", said),)))
            return None
        if wrong := misdated(name, value, at=now(), said=said):
            self.problems.append(wrong)
        return value

    def one_of(self, name: str, words: Container[str]) -> str:
        """Return a choice; anything else is a problem."""
        value = self.text(name, required=True)
        if value and value not in words:
            self.problems.append(Problem(name, MISSING))
        return value

    def place(self, db: Session, name: str, *, required: bool = True) -> int:
        """Return the id of a place by its code."""
        code = self.text(name, required=required).partition(" · ")[0]
        if not code:
            return 0
        found = db.scalar(select(Location.id).where(Location.code == code))
        if found is None:
            self.problems.append(Problem(name, NO_PLACE, (("place", code),)))
            return 0
        return found

    def party(self, db: Session, name: str) -> int:
        """Return the id of a party by its code."""
        code = self.text(name, required=True).partition(" · ")[0]
        if not code:
            return 0
        found = db.scalar(select(Party.id).where(Party.code == code))
        if found is None:
            self.problems.append(Problem(name, NO_PARTY, (("party", code),)))
            return 0
        return found

    def check(self) -> None:
        """Raise `Invalid` with everything that is wrong so far."""
        if self.problems:
            raise Invalid(self.problems)


def places(db: Session, *, own: bool, most: int = 300) -> list[tuple[str, str]]:
    """Return places to choose from, ours or everybody else's: the code, and the words for it."""
    ours = Party.kind.in_(("site", "manufacturer")) & Location.kind.in_(OWN_KINDS)
    rows = db.execute(
        select(Location.code, Location.name, Party.name)
        .join(Party, Party.id == Location.party_id)
        .where(ours if own else ~ours)
        .order_by(Party.name, Location.code)
        .limit(most)
    )
    return [(code, f"{code} · {name} · {party}") for code, name, party in rows]
