"""EPCIS 2.0: partners send events and ask for them (GS1 EPCIS 2.0, section 12, REST binding)."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, jsonify, request, url_for
from flask.views import MethodView
from marshmallow import Schema, fields

from engine.clock import now
from engine.errors import NotFound, Refused
from engine.serials.epcis import capture, documents, events
from engine.serials.epcis.asking import asked_of
from engine.serials.models import EpcisCapture
from webapp.api.blueprint import part
from webapp.api.log import note_change
from webapp.api.reading import NotJson
from webapp.config import holdfast
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin

bp = part("epcis", "EPCIS 2.0 events of partners and of ours.", under="/epcis")

BEHAVIOURS = ("rollback", "proceed")
VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "GS1-Extensions": ""}


class WrongBehaviour(Refused):
    """GS1-Capture-Error-Behaviour is rollback or proceed."""


class NotServed(NotFound):
    """Named queries and subscriptions are not served here. Ask for events with /epcis/events."""


class Job(Schema):
    """A capture job, as the standard describes it; `flags` are facts that did not fit ours."""

    captureID = fields.String(required=True)  # noqa: N815  the standard's word
    createdAt = fields.DateTime(required=True)  # noqa: N815  the standard's word
    finishedAt = fields.DateTime(allow_none=True)  # noqa: N815  the standard's word
    running = fields.Boolean(required=True)
    success = fields.Boolean(required=True)
    captureErrorBehaviour = fields.String(required=True)  # noqa: N815  the standard's word
    errors = fields.List(fields.Dict(), required=True)
    capturedCount = fields.Integer(required=True)  # noqa: N815  the standard's word
    knownCount = fields.Integer(required=True)  # noqa: N815  the standard's word
    flags = fields.List(fields.Dict(), required=True)


@bp.route("/capture")
class Capture(MethodView):
    """Send a document."""

    @allow("epcis.capture")
    @bp.response(202, Job)
    @bp.doc(
        **{
            "x-question": True,  # its events have ids of their own: a repeat changes nothing
            "parameters": [
                {
                    "in": "header",
                    "name": "GS1-Capture-Error-Behaviour",
                    "schema": {"type": "string", "enum": list(BEHAVIOURS)},
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    media_type: {"schema": {"type": "object"}}
                    for media_type in ("application/json", "application/ld+json")
                },
            },
        }
    )
    def post(self) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Keep an EPCISDocument and take over its events in a job; its address is in Location.

        An event that was captured before is known by its eventID and not taken over again.
        """
        asked = request.headers.get("GS1-Capture-Error-Behaviour", BEHAVIOURS[0])
        if asked not in BEHAVIOURS:
            raise WrongBehaviour
        content = request.get_data()
        try:
            json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError) as broken:
            raise NotJson from broken
        with begin() as db:
            job = capture.begin_capture(db, content, error_behaviour=asked, by=person(), at=now())
            note_change(db, 202)
            shown = _shown(job, [])
        address = url_for(".CaptureJob", uuid=shown["captureID"])
        return shown, 202, {"Location": address, **VERSIONS}


@bp.route("/capture/<uuid:uuid>")
class CaptureJob(MethodView):
    """How a capture went."""

    @allow("epcis.capture")
    @bp.response(200, Job)
    def get(self, uuid: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Return a capture job: whether it still runs, and what it could not take over."""
        db = read()
        job = capture.capture_by_uuid(db, uuid)
        return _shown(job, capture.flags_of(db, job)), 200, VERSIONS


@bp.route("/events")
class Events(MethodView):
    """Ask for events."""

    @allow("epcis.read")
    @bp.response(200, {"type": "object"}, content_type="application/ld+json")
    @bp.doc(
        parameters=[
            {"in": "query", "name": name, "schema": {"type": "string"}}
            for name in ("eventType", "GE_eventTime", "LT_eventTime", "MATCH_anyEPC", "perPage")
        ]
    )
    def get(self) -> Response:
        """Return the events that fit the standard's named parameters, the newest first.

        Further: GE_/LT_recordTime, EQ_bizStep, EQ_disposition, EQ_readPoint, EQ_bizLocation,
        EQ_action, EQ_eventID, EQ_persistentDisposition_set and _unset, EQ_bizTransaction_*,
        EQ_source_*, EQ_destination_*, WD_readPoint, WD_bizLocation, EQ_quantity and GT_, GE_, LT_,
        LE_quantity, EQ_/EXISTS_ with the name of an extension, MATCH_epc, MATCH_parentID,
        MATCH_inputEPC, MATCH_outputEPC, MATCH_epcClass and its like, EXISTS_errorDeclaration,
        orderBy, orderDirection,
        eventCountLimit, maxEventCount, nextPageToken. Several values stand apart by "|".
        """
        asked = asked_of(request.args.items(multi=True))
        page = events.query(read(), asked)
        answer = _document(documents.answer_of, page.events)
        if page.next is not None:
            kept = [(k, v) for k, v in request.args.items(multi=True) if k != "nextPageToken"]
            query = urlencode([*kept, ("nextPageToken", page.next)])
            answer.headers["Link"] = f'<{url_for(".Events")}?{query}>; rel="next"'
        return answer


@bp.route("/events/<path:epcis_id>")
class OneEvent(MethodView):
    """One event."""

    @allow("epcis.read")
    @bp.response(200, {"type": "object"}, content_type="application/ld+json")
    def get(self, epcis_id: str) -> Response:
        """Return an event by its eventID, and beside it the declaration that it was wrong."""
        return _document(documents.document_of, events.event_by_id(read(), epcis_id))


@bp.route("/queries")
class Queries(MethodView):
    """Named queries, which are out."""

    @allow("epcis.read")
    @bp.response(200, {"type": "object"}, content_type="application/ld+json")
    def get(self) -> None:
        """Say that named queries and subscriptions are not served."""
        raise NotServed


def _document(make: Any, told: Iterable[events.Told]) -> Response:
    rows = [(one.body, one.context) for one in told]
    answer = jsonify(make(rows, site=holdfast().settings.base_url, at=now()))
    answer.mimetype = "application/ld+json"
    answer.headers.update(VERSIONS)
    return answer


def _shown(job: EpcisCapture, flags: Iterable[tuple[str, list[Any]]]) -> dict[str, Any]:
    return {
        "captureID": str(job.uuid),
        "createdAt": job.received_at,
        "finishedAt": job.finished_at,
        "running": job.finished_at is None,
        "success": job.success is not False,
        "captureErrorBehaviour": job.error_behaviour,
        "errors": job.errors,
        "capturedCount": job.captured_count,
        "knownCount": job.known_count,
        "flags": [{"eventID": one, "flags": said} for one, said in flags],
    }


def _refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(constant)
