"""What other systems call a record: their names, kept and taken back."""

from functools import partial
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import other_names
from engine.serials.other_names import SYSTEMS, names_of
from engine.serials.record import How
from webapp.permissions import allow
from webapp.queries.recording import Record, record_named
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of
from webapp.views.record.shared import bp, form_page


@bp.get("/names/<record_kind>/<int:record_id>")
@allow("master.change")
def names(record_kind: str, record_id: int) -> ResponseReturnValue:
    """Show the names of a record in other systems, and ask for another."""
    return _names_page(record_named(read(), record_kind, record_id), [], "")


def _names_page(record: Record, problems: list[Problem], sentence: str) -> str:
    return form_page(
        "names", problems, sentence, record=record, systems=SYSTEMS,
        names=names_of(read(), record.kind, record.id), address=_address_of(record),
    )  # fmt: skip


@bp.post("/names/<record_kind>/<int:record_id>")
@allow("master.change")
def add_name(record_kind: str, record_id: int) -> ResponseReturnValue:
    """Keep another name, or take one back with the reason."""
    record = record_named(read(), record_kind, record_id)
    is_back = "retire" in request.form
    return carry_out(
        f"record_name:{record.kind}:{record.id}",
        partial(_take_back if is_back else _add, record),
        lambda problems, sentence: _names_page(record, problems, sentence),
    )


def _add(record: Record, db: Session) -> Done:
    form = Entered()
    system = form.text("system", required=True)
    value = form.text("value", required=True)
    how = _without_time(form)
    form.check()
    row = other_names.name_also(db, record.kind, record.id, named_by=system, value=value, **how)
    return Done(row.id, _here(record), gettext("The name is kept."))


def _take_back(record: Record, db: Session) -> Done:
    form = Entered()
    asked = form.whole("retire") or 0
    reason = form.text(f"reason-{asked}", required=True)
    form.check()
    # only a name of this record: the address says which one the person looked at
    known = {one.id for one in names_of(db, record.kind, record.id)}
    how: How = {**_without_time(form), "reason": reason}
    other_names.unname(db, asked if asked in known else 0, **how)
    return Done(asked, _here(record), gettext("The name is taken back."))


def _without_time(form: Entered) -> How:
    how = how_of(form)
    return {"by": how["by"], "at": how["at"]}


def _here(record: Record) -> str:
    return url_for("record.names", record_kind=record.kind, record_id=record.id)


def _address_of(record: Record) -> str:
    ids: dict[str, Any] = {f"{record.kind}_id": record.id}
    if record.kind in ("unit", "lot"):
        return url_for(f"units.{record.kind}", **ids)
    return url_for("master.one", record_kind=record.kind, record_id=record.id)
