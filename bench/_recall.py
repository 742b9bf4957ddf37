"""A recall over many consignees, laid in a few statements for the benchmarks of notices."""

from datetime import datetime

from sqlalchemy import insert, select, update

from bench._company import PEOPLE
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.bpmn.step import Step
from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.notices import opening
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter, NoticeText
from engine.serials.models import Event, Location, Party, Shipment, ShipmentLine
from engine.serials.sets import id_set
from tests.processes import founding
from tests.processes.company import Company

NUMBER = "RC-2026-0001"
COUNTRIES = (("US", "en"), ("CN", "zh"))


def release_notices(ours: Company) -> None:
    """Release the notices' own diagrams, which the recall's closure holds in life."""
    for process in ("consignee_notice", "notice_text"):
        founding.release_process(ours.holdfast, process, PEOPLE)


def lay_consignees(ours: Company, count: int) -> None:
    """Ship some of one lot to `count` hospitals, half of them in each country."""
    lot_id = ours.make_lot("L-1", count)
    at = ours.at
    with ours.holdfast.database.begin() as db:
        event = db.scalars(select(Event.id).order_by(Event.id.desc())).first()
        db.execute(
            insert(Party),
            [
                {
                    "code": f"H-{n:05d}",
                    "kind": "distributor" if n % 50 == 0 else "consignee",
                    "name": f"Hospital {n:05d}",
                    "country": COUNTRIES[n % 2][0],
                    "language": COUNTRIES[n % 2][1],
                    "address": f"{n} Hill Street",
                    "email": f"h{n}@hospital.example",
                }
                for n in range(count)
            ],
        )
        parties = db.scalars(select(Party.id).where(Party.code >= "H-").order_by(Party.id)).all()
        parties = parties[-count:]
        db.execute(
            insert(Location),
            [
                {"party_id": one, "code": f"HL-{one}", "name": "Store", "kind": "consignee"}
                for one in parties
            ],
        )
        places = db.execute(
            select(Location.party_id, Location.id).where(Location.party_id.in_(id_set(db, parties)))
        ).all()
        db.execute(
            insert(Shipment),
            [
                {"consignee_id": party, "location_id": place, "shipped_at": at, "event_id": event}
                for party, place in places
            ],
        )
        shipments = db.scalars(select(Shipment.id).order_by(Shipment.id.desc()).limit(count)).all()
        db.execute(
            insert(ShipmentLine),
            [
                {"shipment_id": one, "lot_id": lot_id, "quantity": 1, "event_id": event}
                for one in shipments
            ],
        )


def begin(ours: Company, at: datetime) -> None:
    """Begin the recall and freeze its scope."""
    by = PEOPLE.qa_manager
    with ours.holdfast.database.begin() as db:
        case = Case(
            number=NUMBER, process="recall", title="Flow may stop", language="en",
            opened_by_id=by.id, opened_at=at,
        )  # fmt: skip
        db.add(case)
        db.flush()
        root = runtime.start(db, "recall", business_key=NUMBER, variables={}, by=by, at=at)
        case.instance_id = root.id
        scopes.freeze(
            db, case, scopes.propose(db, case, "L-1", reason="signal", by=by, at=at),
            is_provisional=False, by=by, at=at,
        )  # fmt: skip


def open_notices(ours: Company) -> None:
    """Open a notice for each consignee, as the recall's own step does."""
    with ours.holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == NUMBER)).one()
        opening.open_all(
            Step(
                db, db.get_one(Instance, case.instance_id), "open_notices", {}, PEOPLE.qa_manager,
                ours.at, open_children=lambda *_: None,  # type: ignore[arg-type,return-value]  # not used
            )
        )  # fmt: skip


def send_letters(ours: Company, count: int) -> None:
    """Say that everybody was written to: one in twenty by post, one in fifty in vain."""
    at = ours.at
    with ours.holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == NUMBER)).one()
        written = NoticeText(
            case_id=case.id, jurisdiction="US", language="en", version=9, state="draft", words={},
            opened_at=at,
        )  # fmt: skip
        db.add(written)
        db.flush()
        run = LetterRun(
            case_id=case.id, kind="notice", text_id=written.id, total_count=count, asked_at=at
        )
        db.add(run)
        db.flush()
        notices = db.scalars(select(Notice.id).where(Notice.case_id == case.id))
        db.execute(
            insert(NoticeLetter),
            [
                {
                    "notice_id": one, "number": 1, "run_id": run.id, "text_id": written.id,
                    "state": "stored", "pdf_sha256": f"{one:064}", "stored_at": at,
                    "channel": "print" if place % 20 == 0 else "mail",
                    "sent_at": None if place % 20 == 0 else at,
                    "bounced_at": at if place % 50 == 1 else None,
                }
                for place, one in enumerate(notices)
            ],
        )  # fmt: skip
        db.execute(update(Notice).values(state="sent", first_sent_at=at))
