"""What a unit or a lot was made of, as other systems read it, with its tests and certificates."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from engine.serials.backward import Made, composition
from engine.serials.dictionary import seen
from engine.serials.errors import LotUnknown, UnitUnknown
from engine.serials.models import Lot, Unit
from engine.serials.models.examination import CERTIFICATES, EXAMINATIONS, OUTCOMES
from engine.serials.proven import Proof, proven
from webapp.api.blueprint import moment, part
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person

bp = part("made-of", "What units and lots were made of, down to the suppliers' lots.")
SEEN = {  # field of an answer: what of the dictionary has to be seen
    "number": ("unit", "serial"),
    "part_name": ("part", "name"),
    "manufacturer": ("party", "name"),
    "quantity": ("stock", "quantity"),
    "position": ("install", "position"),
    "tests": ("examination", "outcome"),
    "certificates": ("certificate", "number"),
}


class TestOf(Schema):
    """One inspection or test, and what came out."""

    event_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(sorted(EXAMINATIONS)))
    outcome = fields.String(required=True, validate=validate.OneOf(sorted(OUTCOMES)))
    at = moment()


class CertificateOf(Schema):
    """One certificate; the fingerprint is that of its file."""

    event_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(sorted(CERTIFICATES)))
    number = fields.String(required=True)
    issuer = fields.String(required=True)
    issued_on = fields.Date(required=True, allow_none=True)
    file_sha256 = fields.String(required=True, allow_none=True)


class Thing(Schema):
    """One unit, run or lot, how it came into what is above it, and what it was made of itself."""

    kind = fields.String(required=True, validate=validate.OneOf(["unit", "segment", "lot"]))
    id = fields.Integer(required=True)
    part_no = fields.String(required=True)
    how = fields.String(
        required=True,
        metadata={
            "description": "itself, made_in, of_lot, went_into, used_in, installed_in or was_in."
        },
    )
    until = moment(or_none=True)
    number = fields.String()
    part_name = fields.String()
    manufacturer = fields.String()
    quantity = fields.String(allow_none=True)
    position = fields.String(allow_none=True)
    tests = fields.List(fields.Nested(TestOf))
    certificates = fields.List(fields.Nested(CertificateOf))
    parts = fields.List(fields.Nested("Thing"), required=True)


@bp.route("/units/<int:record_id>/made-of", methods=["GET"])
@allow("unit.read")
@bp.response(200, Thing)
def of_unit(record_id: int) -> ResponseReturnValue:
    """Read what a unit was made of, former contents too, each with its tests and certificates."""
    if read().get(Unit, record_id) is None:
        raise UnitUnknown(unit=record_id)
    return _answer(composition(read(), unit_id=record_id))


@bp.route("/lots/<int:record_id>/made-of", methods=["GET"])
@allow("lot.read")
@bp.response(200, Thing)
def of_lot(record_id: int) -> ResponseReturnValue:
    """Read what a lot was made of, each thing with its tests and certificates."""
    if read().get(Lot, record_id) is None:
        raise LotUnknown(lot=record_id)
    return _answer(composition(read(), lot_id=record_id))


def _answer(made: Made) -> ResponseReturnValue:
    hidden = {
        name
        for name, (entity, field) in SEEN.items()
        if field not in {one.name for one in seen(entity, person())}
    }
    return jsonify(_thing(made, proven(read(), made), hidden))


def _thing(made: Made, proofs: dict[tuple[str, int], Proof], hidden: set[str]) -> dict[str, Any]:
    proof = proofs.get((made.kind, made.id), Proof())
    said = {
        "kind": made.kind,
        "id": made.id,
        "part_no": made.part_no,
        "how": made.how,
        "until": made.until.isoformat() if made.until else None,
        "number": made.label,
        "part_name": made.part_name,
        "manufacturer": made.maker,
        "quantity": f"{made.quantity:f}" if made.quantity is not None else None,
        "position": made.position,
        "tests": [
            {
                "event_id": one.event_id,
                "kind": one.kind,
                "outcome": one.outcome,
                "at": one.at.isoformat(),
            }
            for one in proof.tests
        ],
        "certificates": [
            {
                "event_id": one.event_id,
                "kind": one.kind,
                "number": one.number,
                "issuer": one.issuer,
                "issued_on": one.issued_on.isoformat() if one.issued_on else None,
                "file_sha256": one.file_sha256,
            }
            for one in proof.certificates
        ],
        "parts": [_thing(piece, proofs, hidden) for piece in made.parts],
    }
    return {name: value for name, value in said.items() if name not in hidden}
