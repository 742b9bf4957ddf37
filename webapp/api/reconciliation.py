"""Comparisons: lines another system sends to be compared, and what came of it."""

import csv
import io
from typing import Any

from flask.typing import ResponseReturnValue
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from engine.clock import now
from engine.serials.exchange import runs, sources
from webapp.api.blueprint import Strict, part
from webapp.api.writing import Answer, once
from webapp.permissions import allow
from webapp.queries.reconciliation import source_line, unlike_count
from webapp.reading import read
from webapp.session import person

bp = part("comparisons", "What we say beside what another system says.", under="/comparisons")
OURS = (
    "part_no",
    "number",
    "location",
    "quantity",
    "status",
    "external_id",
    "component",
    "component_no",
)


class LineThere(Strict):
    """One line of the other system, under our names of the columns."""

    part_no = fields.String(required=True, validate=validate.Length(1, 200))
    number = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "The serial, or the lot number."},
    )
    location = fields.String(load_default="", validate=validate.Length(max=200))
    quantity = fields.String(load_default="", validate=validate.Length(max=40))
    status = fields.String(load_default="", validate=validate.Length(max=100))
    external_id = fields.String(load_default="", validate=validate.Length(max=200))
    component = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Part number of what is in the unit, one line for each."},
    )
    component_no = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Its lot or serial."},
    )


class LinesThere(Strict):
    """Everything the other system has: what is not among the lines counts as missing there.

    Of as-built records only those of the units among the lines are compared.
    """

    lines = fields.List(
        fields.Nested(LineThere), required=True, validate=validate.Length(1, 10_000)
    )


class BeingCompared(Schema):
    """The comparison is being made; read the same address for the result."""

    sha256 = fields.String(required=True, metadata={"description": "Of the lines as kept."})


class ComparisonResult(Schema):
    """What came of the last comparison."""

    at = fields.DateTime(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True)
    matched_count = fields.Integer(required=True)
    missing_here_count = fields.Integer(required=True)
    missing_there_count = fields.Integer(required=True)
    unlike_count = fields.Integer(required=True)
    open_count = fields.Integer(required=True)


@bp.route("/<name>")
class Comparison(MethodView):
    """The comparison of one name."""

    @allow("interface.read")
    @bp.response(200, ComparisonResult)
    def get(self, name: str) -> dict[str, Any]:
        """Say what came of the last comparison."""
        line = source_line(read(), sources.source_named(read(), name).id)
        run = line.newest
        return {
            "at": run.at if run else None,
            "problem": run.problem if run else None,
            "matched_count": run.matched_count if run else 0,
            "missing_here_count": run.missing_here_count if run else 0,
            "missing_there_count": run.missing_there_count if run else 0,
            "unlike_count": unlike_count(run) if run else 0,
            "open_count": line.open_count,
        }

    @allow("reconciliation.run")
    @bp.arguments(LinesThere)
    @bp.response(202, BeingCompared)
    def post(self, sent: dict[str, Any], name: str) -> ResponseReturnValue:
        """Compare these lines with what is recorded here; more than 10,000 come as a file."""

        def run(db: Any) -> Answer:
            source = sources.source_named(db, name)
            content = _table(sent["lines"], source.columns)
            job = runs.ask(db, source, content, "comparison.csv", by=person(), at=now())
            return Answer({"sha256": job.body["sha256"]}, status=202)

        return once(run)


def _table(lines: list[dict[str, str]], columns: dict[str, str]) -> bytes:
    """Return the lines as the source's own file would bring them, to be kept and compared alike."""
    names = [one for one in OURS if columns.get(one)]
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow([columns[one] for one in names])
    table.writerows([[line[one] for one in names] for line in lines])
    return written.getvalue().encode()
