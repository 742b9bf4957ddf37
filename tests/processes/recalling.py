"""Steps of a recall as the stories walk them: signal, containment, evaluation, decision."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.models import Instance, Task
from engine.cases import commands, replies, scopes
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import gates, jurisdictions, passing
from engine.cases.recalls.passing import Passing
from engine.cases.replies.given import Given, Line
from engine.cases.scopes import signed
from engine.cases.signing import Signing
from engine.evidence import ceremony
from engine.people import Person
from engine.serials import parties, ship
from engine.serials.models import LotStock
from engine.serials.record import How, StockPart
from tests.processes.company import Company
from tests.support.personas import PASSWORD

TEXT = (
    "draft_text", "verify_translation", "approve_text_regulatory", "approve_text_medical",
    "release_letters",
)  # fmt: skip
DECIDERS = ("executive", "quality", "regulatory", "medical")


def report_signal(
    company: Company,
    scope: str,
    *,
    by: Person | None = None,
    is_drill: bool = False,
    language: str | None = None,
    **own: Any,
) -> str:
    """Report a signal about what `scope` says in words; return the number of the recall."""
    raw = {
        "source": "supplier_notice",
        "sender": "Sensor Works",
        "description": "Pressure sensors of the lot drift after 200 hours of use.",
        "scope": {"text": scope},
        "aware_at": {"local": f"{company.at:%Y-%m-%dT%H:%M}", "zone": "UTC"},
        "aware_by": "Olga Grant, supplier quality; notice by e-mail",
        **own,
    }
    with company.holdfast.database.begin() as db:
        company.number = commands.report(
            db, raw, by=by or company.people.qa_engineer, at=company.at, key=company.new_key(),
            process="recall", is_drill=is_drill, language=language,
        ).number  # fmt: skip
    return company.number


def contain(company: Company, scope: str, **order: Any) -> None:
    """Triage the signal and order that what `scope` says is held."""
    company.do("triage_signal")
    company.do("order_containment", scope={"text": scope}, **order)


def decide(company: Company, action: str = "removal", **hazard: Any) -> None:
    """Evaluate the hazard, propose the action, and have all four approve it."""
    company.do("evaluate_health_hazard", **hazard)
    company.do("prepare_decision", action=action)
    for who in DECIDERS:
        company.do(f"decide_as_{who}")


def to_decision(company: Company, scope: str, action: str = "removal", **hazard: Any) -> str:
    """Take a signal to the decision on its action; return the number of the recall."""
    number = report_signal(company, scope)
    contain(company, scope)
    decide(company, action, **hazard)
    return number


LEGAL_NAMES = {
    "EU": "eu_fsca", "CN": "cn_recall", "US": "us_removal", "CA": "ca_recall", "GB": "gb_fsca",
    "JP": "jp_recall",
}  # fmt: skip
NO = {"EU": "eu_none", "CN": "cn_no_defect", "US": "us_none"}


def decide_jurisdictions(company: Company, **given: dict[str, Any]) -> None:
    """Sign what the recall is in every jurisdiction that waits; `given` names answers by code.

    A second person confirms where nothing is reported.
    """
    for task in company.open_tasks_at("decide_jurisdiction"):
        code = code_of(company, task)
        answers = {
            "legal_name": LEGAL_NAMES.get(code, "other_recall"),
            **({"class_name": "nmpa_1"} if code == "CN" else {}),
            **given.get(code, {}),
        }
        company.do("decide_jurisdiction", task=task, **answers)
    for task in company.open_tasks_at("confirm_no_report"):
        company.do("confirm_no_report", task=task)


def say_no(company: Company, *codes: str) -> None:
    """Sign for these jurisdictions that nothing is done there, with the reason."""
    decide_jurisdictions(
        company,
        **{
            code: {
                "legal_name": NO[code], "class_name": "", "is_reportable": False,
                "reason": "Evident before use; no harm is to be expected.",
            }
            for code in codes
        },
    )  # fmt: skip


def code_of(company: Company, task: Task) -> str:
    """Return the jurisdiction that a task of a child is about."""

    def look(db: Session) -> str:
        row = jurisdictions.row_of(db, task.instance_id)
        return str(row.code if row else db.get_one(Instance, task.instance_id).parent_key)

    return str(company.reads(look))


def approve_strategy(company: Company, **strategy: Any) -> None:
    """Draft the strategy and have it approved."""
    company.do("draft_strategy", **strategy)
    company.do("approve_strategy")


def notify(company: Company, *codes: str) -> None:
    """Prepare and submit the notification of each jurisdiction."""
    for element in ("prepare_notification", "submit_notification"):
        for task in company.open_tasks_at(element):
            if code_of(company, task) in codes:
                company.do(element, task=task)


def tell_consignees(company: Company) -> None:
    """Have every text written, approved and released, and the letters that are due go out."""
    work(company)
    for element in TEXT:
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    work(company)


def work(company: Company) -> None:
    """Let the jobs run, the mail go out, and what the mail system said be taken up."""
    with clock.at(company.at):
        company.holdfast.run_jobs()
        company.holdfast.deliver()
        company.holdfast.take_up_letters()


def answer_notices(company: Company, *hospitals: str, outcome: str = "quarantined") -> None:
    """Have these hospitals, or all that have not answered, say what became of all they have."""
    parties = {company.places[f"{one}_party"] for one in hospitals}
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        waiting = select(Notice).where(Notice.case_id == case.id, Notice.answered_at.is_(None))
        if parties:
            waiting = waiting.where(Notice.party_id.in_(parties))
        for notice in db.scalars(waiting.order_by(Notice.id)).all():
            units = scopes.units_of(db, case, notice.party_id, limit=1_000)
            lots = scopes.stock_of(db, case, notice.party_id)
            given = Given(
                channel="telephone", name="R. Shaw", role="Pharmacist", language=notice.language,
                received_at=company.at,
                lines=(
                    *(Line(outcome, Decimal(1), unit_id=one.unit_id) for one in units),
                    *(Line(outcome, one.there, lot_id=one.lot_id) for one in lots),
                ),
            )  # fmt: skip
            replies.record(
                db, notice, given, by=company.people.customer_service, at=company.at,
                key=company.new_key(),
            )  # fmt: skip
    company.take_up_reports()


def verify_effectiveness(company: Company, **plan: Any) -> None:
    """Plan the checks, do each that was drawn, and find the recall effective."""
    company.do("plan_checks", **plan)
    company.do("start_checks")
    for task in company.open_tasks_at("check_consignee"):
        company.do("check_consignee", task=task)
    company.do("evaluate_effectiveness")


def freeze_signed(company: Company, scope: int, *, by: Person) -> None:
    """Freeze a candidate as its page does: drawn up, then signed."""
    session = f"session-{by.id}"
    with company.holdfast.database.begin() as db:
        pending = signed.open_signing(
            db, company.number, scope, by=by, session_id=session, at=company.at
        )
        needs_name = ceremony.needs_user_name(db, session, company.at)
    signing = Signing(pending.nonce, PASSWORD, session, by.user_name if needs_name else None)
    with company.holdfast.database.begin() as db:
        signed.sign_and_freeze(
            db, company.number, scope, signing, by=by, at=company.at, key=company.new_key()
        )


def propose_for(company: Company, said: str, reason: str) -> int:
    """Propose a scope of the recall that the company is at."""
    with company.holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == company.number)).one()
        version = scopes.propose(
            db, case, said, reason=reason, by=company.people.qa_engineer, at=company.at
        )
        number: int = version.number
    return number


def end_oversight(company: Company, outcome: str = "ended") -> None:
    """Ask every authority that waits, and record what it answers."""
    for element in ("request_termination", "record_outcome"):
        for task in company.open_tasks_at(element):
            asks = {} if outcome == "ended" else {"what_is_asked": "All devices of that year."}
            own = {"outcome": outcome, **asks} if element == "record_outcome" else {}
            company.do(element, task=task, **own)


def add_hospital(company: Company, code: str, country: str | None) -> int:
    """Describe a hospital in a country, or in one that nobody has written down; return its id."""
    with company.holdfast.database.begin() as db:
        party = parties.add_party(
            db, code, code.title(), kind="consignee", country=country, by=None, at=company.at
        )
        party.email = f"stores@{code.lower()}.example"
        place = parties.add_location(
            db, party.id, code, code.title(), kind="consignee", by=None, at=company.at
        )
        company.places |= {f"{code}_party": party.id, code: place.id}
        return party.id


def deliver(company: Company, hospital: str, *serials: str, lot: int = 0, of_it: int = 0) -> None:
    """Ship units, or some of a lot, to a hospital, and have it receive them."""
    how: How = {"by": company.people.warehouse, "at": company.at}
    with company.holdfast.database.begin() as db:
        units = [company.unit(serial).id for serial in serials]
        place = company.places[hospital]
        stock = _some(db, lot, "in_house", of_it)
        ship.ship(
            db, to_location_id=place, units=units, stock_parts=stock,
            document_no=f"DN-{hospital}", **how,
        )  # fmt: skip
        ship.deliver(
            db, location_id=place, units=units, stock_parts=_some(db, lot, "in_transit", of_it),
            **how,
        )  # fmt: skip


def send_back(company: Company, hospital: str, lot: int, quantity: int) -> None:
    """Receive some of a lot from a hospital."""
    with company.holdfast.database.begin() as db:
        ship.receive_return(
            db, location_id=company.places["TARN"], by=company.people.warehouse, at=company.at,
            stock_parts=_some(db, lot, "at_consignee", quantity, place=company.places[hospital]),
        )  # fmt: skip


def _some(
    db: Session, lot: int, custody: str, quantity: int, *, place: int | None = None
) -> list[StockPart]:
    rows = select(LotStock.id).where(
        LotStock.lot_id == lot, LotStock.custody == custody, LotStock.quantity > 0
    )
    if place is not None:
        rows = rows.where(LotStock.location_id == place)
    first = db.scalars(rows.order_by(LotStock.id)).first()
    return [StockPart(first, Decimal(quantity))] if first and quantity else []


def board_scraps_what_is_held(company: Company, *serials: str) -> None:
    """Have the board rule that units and the rest of their sensors are destroyed; see it done."""
    left = int(company.totals["held"]) - len(serials)
    lot = company.line("scrap", lot="SENS-1", quantity=left)
    company.propose(company.line("scrap", *serials), lot)
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        for task in company.open_tasks_at(element):
            company.do(element, task=task)


def open_gate(company: Company, gate: gates.Gate) -> None:
    """Sign that the authority let the action go on."""
    by = company.people.regulatory_affairs
    act_on_gate(company, gate, passing.OPEN, "Letter of 26 March", by=by)


def act_on_gate(company: Company, gate: gates.Gate, act: str, ground: str, *, by: Person) -> None:
    """Open, pass or close a gate as its page does: drawn up, then signed."""
    session, asked = f"session-{by.id}", Passing(company.number, gate.id, act, ground)
    with company.holdfast.database.begin() as db:
        nonce = passing.open_signing(db, asked, by=by, session_id=session, at=company.at).nonce
    needs = company.reads(lambda db: ceremony.needs_user_name(db, session, company.at))
    signing = Signing(nonce, PASSWORD, session, by.user_name if needs else None)
    with company.holdfast.database.begin() as db:
        passing.act_on(db, asked, signing, by=by, at=company.at, key=company.new_key())
    company.take_up_reports()


def open_gates(company: Company) -> None:
    """Record that every authority let the action go on, and let go out what waited for it."""
    for gate in company.reads(lambda db: gates.gates_of(db, company.case)):
        open_gate(company, gate)
    work(company)
