"""Tracing from outside: run a trace, read what it found, ask why, compare, download."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.clock import now
from engine.serials import expressions, trace, tracing
from engine.serials.dictionary import seen
from engine.serials.errors import UnitUnknown
from engine.serials.models import Location, TraceRun, TraceRunStock, TraceRunUnit
from engine.serials.models.axes import CUSTODIES
from engine.serials.models.trace import WAYS_IN
from engine.serials.trace import KeptStock, KeptUnit, Tally
from engine.serials.trace.comparing import SIDES
from engine.words import N_
from webapp.api.blueprint import Paged, Stored, Strict, moment, part
from webapp.api.paging import page_of
from webapp.api.writing import Answer, once
from webapp.exports import exported
from webapp.permissions import allow
from webapp.queries import trace_why, tracing as queries
from webapp.queries.stock import actors
from webapp.queries.trace_file import as_rows
from webapp.reading import read
from webapp.session import person
from webapp.times import zone

bp = part("traces", "Where did this go, and what is in it.", under="/traces")
ID = validate.Range(1, 2**63 - 1)
ONE_WAY = N_("Send the text as people write it, or the expression, not both.")
SEEN = {  # field of an answer: what of the dictionary has to be seen
    "serial": ("unit", "serial"),
    "root_serial": ("unit", "serial"),
    "lot_no": ("lot", "lot_no"),
    "part_name": ("part", "name"),
    "part_name_zh": ("part", "name_zh"),
    "quantity": ("stock", "quantity"),
    "custody": ("unit", "custody"),
    "usability": ("unit", "usability"),
    "location": ("unit", "location"),
    "party": ("party", "name"),
    "country": ("party", "country"),
}


# --- what is asked and answered ----------------------------------------------------------------


class Wanted(Strict):
    """What is to be traced forward: a text as people write it, or an expression."""

    text = Stored(
        validate=validate.Length(1, 500_000),
        metadata={"description": "Lots, serials, ranges, UDIs, dates, as people write them."},
    )
    answers = fields.Dict(
        keys=Stored(validate=validate.Length(1, 100)),
        values=Stored(validate=validate.Length(1, 200)),
        validate=validate.Length(max=1_000),
        load_default=dict,
        metadata={"description": "Answers to the questions of the 422 before, by their keys."},
    )
    expression = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": 'The expression of an earlier run, or one made: {"any": [term, …], '
            '"except": [term, …]}. Terms: {"lot": {"id": 7}}, {"unit": {"id": 9}}, '
            '{"segment": {"id": 3}}, {"part": {"id": 2}}, {"lot_prefix": {"begins": "15A"}}, '
            '{"serial_range": {"from": "AP0447", "to": "AP0463"}}, '
            '{"work_order": {"number": "WO-1"}}, {"fact": {"name": "equipment", "value": "E-7"}}, '
            '{"made": {"from": …, "to": …}}, {"site": {"ids": […]}}, {"location": {"ids": […]}}, '
            '{"was_at": {"ids": […]}}, {"shipped": {"ids": […]}}, {"container": {"id": 4}}, '
            '{"all": [term, …]}, {"any": [term, …]}.'
        },
    )

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("text" in data) == ("expression" in data):
            raise ValidationError(ONE_WAY)


class Figures(Schema):
    """How much of one group is affected; each unit is counted once, with what it stands in."""

    id = fields.Integer(allow_none=True)
    name = fields.String()
    country = fields.String(allow_none=True)
    unit_count = fields.Integer(required=True)
    contains = fields.Integer(required=True)
    contained = fields.Integer(required=True)
    cannot_exclude = fields.Integer(required=True)
    quantity = fields.String(required=True)
    quantity_cannot_exclude = fields.String(required=True)


class RunLine(Schema):
    """One trace as it is listed."""

    id = fields.Integer(required=True)
    said = fields.String(required=True)
    at = moment()
    by = fields.String(required=True, allow_none=True)
    root_count = fields.Integer(required=True)
    unit_count = fields.Integer(required=True)
    stock_count = fields.Integer(required=True)
    node_count = fields.Integer(required=True)
    result_sha256 = fields.String(required=True)


class Run(RunLine):
    """One trace as it was kept: what was asked, what came out, and how to prove it later."""

    expression = fields.Dict(required=True)
    as_of_event_id = fields.Integer(required=True, allow_none=True)
    last_event_id = fields.Integer(required=True)
    ledger_head = fields.String(required=True, allow_none=True)
    custody = fields.List(fields.Nested(Figures), required=True)
    consignees = fields.List(fields.Nested(Figures), required=True)
    countries = fields.List(fields.Nested(Figures), required=True)
    places = fields.List(fields.Nested(Figures), required=True)
    not_recorded = fields.List(fields.String(), required=True)
    left_out = fields.List(fields.String(), required=True)


class Runs(Schema):
    """A page of traces."""

    data = fields.List(fields.Nested(RunLine), required=True)
    next = fields.String(required=True, allow_none=True)


class TraceJob(Schema):
    """A large trace that is worked on; `run_id` when it is kept."""

    id = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["waiting", "done", "given_up"]))
    root_count = fields.Integer(required=True)
    run_id = fields.Integer(required=True, allow_none=True)


class Narrowed(Paged):
    """Which units of a run."""

    how = fields.String(validate=validate.OneOf(list(WAYS_IN)))
    custody = fields.String(validate=validate.OneOf(list(CUSTODIES)))
    is_certain = fields.Boolean()
    party_id = fields.Integer(validate=ID)
    roots_only = fields.Boolean(
        load_default=False,
        metadata={"description": "Only what stands by itself, in no other unit."},
    )


class Side(Paged):
    """Which units of a comparison."""

    side = fields.String(load_default="added", validate=validate.OneOf(list(SIDES)))


class Found(Schema):
    """A page of what a trace found; fields that the account may not see are left out."""

    data = fields.List(fields.Dict(), required=True)
    next = fields.String(required=True, allow_none=True)


class StepOf(Schema):
    """One step of the way by which a unit came in."""

    kind = fields.String(required=True)
    id = fields.Integer(required=True)
    label = fields.String(required=True)
    how = fields.String(required=True)
    until = moment(or_none=True)


class OwnLotOf(Schema):
    """A lot that a unit was made of, and the lots of that part that the trace has."""

    lot_id = fields.Integer(required=True)
    lot_no = fields.String(required=True)
    part_no = fields.String(required=True)
    traced_lots = fields.List(fields.String(), required=True)


class StruckOf(Schema):
    """A correction of what would have led to the unit."""

    event_id = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)


class Reasons(Schema):
    """Why a unit is in a trace, by the shortest way, or why it is not."""

    unit_id = fields.Integer(required=True)
    is_affected = fields.Boolean(required=True)
    how = fields.String(required=True, allow_none=True)
    is_certain = fields.Boolean(required=True, allow_none=True)
    path = fields.List(fields.Nested(StepOf), required=True)
    why_not = fields.String(required=True, allow_none=True)
    own_lots = fields.List(fields.Nested(OwnLotOf), required=True)
    corrections = fields.List(fields.Nested(StruckOf), required=True)


class DifferenceOf(Schema):
    """How many only the second run has, only the first, or both."""

    added = fields.Integer(required=True)
    gone = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)


class ComparedRuns(Schema):
    """Two runs beside each other."""

    is_same = fields.Boolean(required=True)
    units = fields.Nested(DifferenceOf, required=True)
    stock = fields.Nested(DifferenceOf, required=True)
    nodes = fields.Nested(DifferenceOf, required=True)


class AsFile(Strict):
    """Which file."""

    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "json"]))


# --- running -----------------------------------------------------------------------------------


@bp.route("", methods=["POST"])
@allow("trace.run")
@bp.arguments(Wanted)
@bp.response(201, Run)
@bp.alt_response(202, schema=TraceJob, description="Much is affected: a job traces it.")
def trace_forward(said: Mapping[str, Any]) -> Any:
    """Trace forward and keep the run; where much is affected a job does it (202, Location).

    What of a text can mean two things is asked back: 422 with `questions`. Send the text again
    with `answers`, under a new key.
    """
    body, status, headers = once(lambda db: _started(db, said))
    if status == 202:  # a job, which has a schema of its own
        answer = jsonify(body)
        answer.status_code = status
        answer.headers.update(headers)
        return answer
    return body, status, headers


def _started(db: Session, said: Mapping[str, Any]) -> Answer:
    if "text" in said:
        understood = expressions.understand(db, said["text"], answers=said["answers"], zone=zone())
        expression = tracing.expression_of(understood)
    else:
        expression = expressions.checked(db, said["expression"], at="expression")
    key = f"api:{person().id}:{request.headers['Idempotency-Key']}"
    started = tracing.start(db, expression, by=person(), at=now(), key=key)
    if isinstance(started, TraceRun):
        address = url_for(f"{bp.name}.one_run", run_id=started.id)
        return Answer(_run(db, started.id), status=201, headers={"Location": address})
    address = url_for(f"{bp.name}.one_job", job_id=started.id)
    return Answer(_job(started), status=202, headers={"Location": address})


@bp.route("/jobs/<int:job_id>", methods=["GET"])
@allow("trace.read")
@bp.response(200, TraceJob)
def one_job(job_id: int) -> Any:
    """Read how far a large trace is."""
    return _job(queries.job_of(read(), job_id))


def _job(job: jobs.Job) -> dict[str, Any]:
    state = "done" if job.result else "given_up" if job.given_up_at else "waiting"
    return {
        "id": job.id,
        "state": state,
        "root_count": job.body["units"],
        "run_id": job.result["run_id"] if job.result else None,
    }


# --- reading -----------------------------------------------------------------------------------


@bp.route("", methods=["GET"])
@allow("trace.read")
@bp.arguments(Paged, location="query")
@bp.response(200, Runs)
def all_runs(asked: Mapping[str, Any]) -> Any:
    """List the traces that were kept, the oldest first."""
    kept = TraceRun.__table__.c
    told = [column for column in kept if column.key not in {"seeds", "counts"}]
    page = page_of(read(), select(*told), [kept.id], asked, list_name="traces")
    names = actors(read(), (row.by_id for row in page.rows))
    lines = [_line(row, names.get(row.by_id or 0)) for row in page.rows]
    return {"data": lines, "next": page.next}


@bp.route("/<int:run_id>", methods=["GET"])
@allow("trace.read")
@bp.response(200, Run)
def one_run(run_id: int) -> Any:
    """Read a trace: its figures by custody, consignee, country and place, and its fingerprint."""
    return _run(read(), run_id)


def _line(row: Any, by: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "said": queries.said(row.expression),
        "at": row.at.isoformat(),
        "by": by,
        "root_count": row.root_count,
        "unit_count": row.unit_count,
        "stock_count": row.stock_count,
        "node_count": row.node_count,
        "result_sha256": row.result_sha256,
    }


def _run(db: Session, run_id: int) -> dict[str, Any]:
    view = queries.run_page(db, run_id)
    run = view.run
    groups = {
        "custody": view.custody,
        "consignees": view.consignees,
        "countries": view.countries,
        "places": view.places,
    }
    return {
        **_line(run, view.by),
        "expression": run.expression,
        "as_of_event_id": run.as_of_event_id,
        "last_event_id": run.last_event_id,
        "ledger_head": run.ledger_head,
        **{name: [_figures(row) for row in rows] for name, rows in groups.items()},
        "not_recorded": list(view.not_recorded),
        "left_out": list(view.left_out),
    }


def _figures(row: queries.Row) -> dict[str, Any]:
    tally: Tally = row.tally
    return {
        "id": row.key if isinstance(row.key, int) else None,
        "name": row.name,
        "country": row.country,
        "unit_count": tally.unit_count,
        "contains": tally.contains,
        "contained": tally.contained,
        "cannot_exclude": tally.cannot_exclude,
        "quantity": f"{tally.quantity:f}",
        "quantity_cannot_exclude": f"{tally.quantity_cannot_exclude:f}",
    }


@bp.route("/<int:run_id>/units", methods=["GET"])
@allow("trace.read")
@bp.arguments(Narrowed, location="query")
@bp.response(200, Found)
def units_of_run(asked: Mapping[str, Any], run_id: int) -> Any:
    """List the affected units, each with how it came in and whether that is certain.

    `how`: `named`; `contains`, now or built of it; `contained`, once, and it was removed.
    """
    db, kept = read(), TraceRunUnit
    tracing.run_of(db, run_id)
    found = trace.units_by_run(run_id)
    if asked["roots_only"]:
        found = found.where(kept.unit_id == kept.root_id)
    for name, column in (
        ("how", kept.how),
        ("custody", kept.custody),
        ("is_certain", kept.is_certain),
        ("party_id", Location.party_id),
    ):
        if name in asked:
            found = found.where(column == asked[name])
    page = page_of(db, found, [kept.__table__.c.unit_id], asked, list_name=f"units of {run_id}")
    return {"data": [_shown(KeptUnit(*tuple(row))) for row in page.rows], "next": page.next}


@bp.route("/<int:run_id>/stock", methods=["GET"])
@allow("trace.read")
@bp.arguments(Paged, location="query")
@bp.response(200, Found)
def stock_of_run(asked: Mapping[str, Any], run_id: int) -> Any:
    """List the affected quantities of lots, each with whether that is certain."""
    db = read()
    tracing.run_of(db, run_id)
    by = [TraceRunStock.__table__.c.stock_id]
    found = trace.stock_by_run(run_id)
    page = page_of(db, found, by, asked, list_name=f"stock of {run_id}")
    return {"data": [_shown(KeptStock(*tuple(row))) for row in page.rows], "next": page.next}


def _shown(row: KeptUnit | KeptStock) -> dict[str, Any]:
    """Return a row without what the person may not see."""
    told = asdict(row)
    if isinstance(row, KeptStock):
        told["quantity"] = f"{row.quantity:f}"
    hidden = {
        name
        for name, (entity, field) in SEEN.items()
        if field not in {one.name for one in seen(entity, person())}
    }
    return {name: value for name, value in told.items() if name not in hidden}


@bp.route("/<int:run_id>/units/<int:unit_id>/why", methods=["GET"])
@allow("trace.read")
@bp.response(200, Reasons)
def why(run_id: int, unit_id: int) -> Any:
    """Say by which way a unit came into a trace, or why it is not in it."""
    db = read()
    tracing.run_of(db, run_id)
    told = trace_why.told(db, run_id, unit_id=unit_id)
    if not told:
        raise UnitUnknown(unit=unit_id)
    reason, why_not = told[0].why, told[0].why_not
    return {
        "unit_id": unit_id,
        "is_affected": reason is not None,
        "how": reason.how if reason else None,
        "is_certain": reason.is_certain if reason else None,
        "path": [
            {**asdict(step), "until": step.until.isoformat() if step.until else None}
            for step in (reason.path if reason else ())
        ],
        "why_not": why_not.reason if why_not else None,
        "own_lots": [
            {
                "lot_id": lot.lot_id,
                "lot_no": lot.lot_no,
                "part_no": lot.part_no,
                "traced_lots": [number for _, number in lot.in_run],
            }
            for lot in (why_not.own_lots if why_not else ())
        ],
        "corrections": [asdict(one) for one in (why_not.struck if why_not else ())],
    }


@bp.route("/<int:run_id>/compared/<int:other_id>", methods=["GET"])
@allow("trace.read")
@bp.response(200, ComparedRuns)
def compared(run_id: int, other_id: int) -> Any:
    """Say how the second run differs from the first, in figures."""
    found = trace.compare(read(), run_id, other_id)
    return {**asdict(found), "is_same": found.is_same}


@bp.route("/<int:run_id>/compared/<int:other_id>/units", methods=["GET"])
@allow("trace.read")
@bp.arguments(Side, location="query")
@bp.response(200, Found)
def compared_units(asked: Mapping[str, Any], run_id: int, other_id: int) -> Any:
    """List the units that only one of two runs has, or that are in otherwise."""
    db = read()
    for one in (run_id, other_id):
        tracing.run_of(db, one)
    found = trace.units_by_side(run_id, other_id, asked["side"])
    by = [TraceRunUnit.__table__.c.unit_id]
    page = page_of(db, found, by, asked, list_name=f"{run_id} and {other_id}")
    return {"data": [_shown(KeptUnit(*tuple(row))) for row in page.rows], "next": page.next}


@bp.route("/<int:run_id>/file", methods=["GET"])
@allow("trace.read")
@bp.arguments(AsFile, location="query")
@bp.doc(
    responses={
        "200": {
            "description": "Every affected unit and quantity, row by row.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    }
)
def as_file(asked: Mapping[str, Any], run_id: int) -> Response:
    """Download what a trace found as CSV or JSON, with the columns the account may see."""
    db = read()
    kept = tracing.run_of(db, run_id)
    columns, rows = as_rows(db, kept, person())
    name = gettext("Trace %(number)s", number=run_id)
    return exported(columns, rows, format=asked["format"], name=name, at=kept.at)
