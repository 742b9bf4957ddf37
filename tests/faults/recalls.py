"""Scenarios of a recall: held in one step, told in letters, answered, widened, closed."""

from dataclasses import asdict
from decimal import Decimal

from sqlalchemy import select

from engine.cases import replies, scopes
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.replies.given import Given, Line
from engine.cases.scopes import signed
from engine.cases.signing import Signing
from tests.faults.cases import AT, KEY, UPKEEP, Told, complete, keep, kept, ready, scenario_of
from tests.processes import recalling as steps
from tests.processes.company import Company
from tests.processes.founding import release_process
from tests.processes.goods import lay_places
from tests.support.personas import PASSWORD, People
from webapp.compose import Holdfast

LETTERS_TOO = (Holdfast.run_jobs, *UPKEEP, Holdfast.take_up_letters, Holdfast.take_up_reports)


def _company_of(told: Told) -> Company:
    """Found the company: pumps of one sensor lot are in Ireland, in China and in house."""
    people = People()
    release_process(told.holdfast, "recall", people)
    company = Company(told.holdfast, people, AT, lay_places(told.holdfast, at=AT))
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3", "P-4"])
    steps.add_hospital(company, "SLIGO", "IE")
    steps.add_hospital(company, "SUZHOU", "CN")
    steps.deliver(company, "SLIGO", "P-1")
    steps.deliver(company, "SUZHOU", "P-2", "P-3")
    return company


# --- what a story has come to ----------------------------------------------------------------


def before_stop_ship(told: Told) -> None:
    company = _company_of(told)
    steps.report_signal(company, "SENS-1")
    company.do("triage_signal")
    ready(told, company, company.task("order_containment"), scope={"text": "SENS-1"})


def _to_letters(told: Told) -> Company:
    company = _company_of(told)
    steps.to_decision(company, "SENS-1")
    steps.decide_jurisdictions(company)
    steps.approve_strategy(company)
    steps.work(company)
    return company


def before_letters(told: Told) -> None:
    company = _to_letters(told)
    for element in steps.TEXT[:-1]:
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    steps.work(company)
    ready(told, company, company.open_tasks_at("release_letters")[0])


def _told_everybody(told: Told) -> Company:
    company = _to_letters(told)
    steps.tell_consignees(company)
    steps.open_gates(company)
    return company


def before_reply(told: Told) -> None:
    company = _told_everybody(told)
    keep(told, {"number": company.number, "party": company.places["SUZHOU_party"]})


def before_wider_scope(told: Told) -> None:
    """A wider scope is drawn up to be signed while letters are out."""
    company = _told_everybody(told)
    company.make_devices("SENS-2", ["Q-1", "Q-2"])
    steps.add_hospital(company, "WUXI", "CN")
    steps.deliver(company, "WUXI", "Q-1")
    scope = steps.propose_for(company, "SENS-1, SENS-2", "Second notice of the supplier")
    by = company.people.regulatory_affairs
    with told.database.begin() as db:
        pending = signed.open_signing(
            db, company.number, scope, by=by, session_id=f"session-{by.id}", at=AT
        )
    signing = Signing(pending.nonce, PASSWORD, f"session-{by.id}", None)
    keep(told, {"number": company.number, "scope": scope, "signing": asdict(signing)})


def before_recall_closes(told: Told) -> None:
    company = _told_everybody(told)
    company.do("publish_announcement")
    steps.notify(company, "CN", "EU")
    steps.work(company)
    steps.answer_notices(company)
    steps.verify_effectiveness(company, level="level_a")
    company.receive_return("P-1", "P-2", "P-3")
    company.do("review_returns", board=True)
    steps.board_scraps_what_is_held(company, "P-1", "P-2", "P-3", "P-4")
    company.do("review_returns", board=False)
    company.do("reconcile")
    steps.end_oversight(company)
    company.seal_documents()
    ready(told, company, company.task("verify_and_close"))


# --- what is sent ----------------------------------------------------------------------------


def answer_by_telephone(told: Told) -> None:
    what = kept(told)
    with told.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == what["number"])).one()
        notice = db.scalars(select(Notice).where(Notice.party_id == what["party"])).one()
        own = scopes.units_of(db, case, notice.party_id, limit=10)
        given = Given(
            channel="telephone", name="R. Shaw", role="Pharmacist", language=notice.language,
            received_at=AT,
            lines=tuple(Line("quarantined", Decimal(1), unit_id=one.unit_id) for one in own),
        )  # fmt: skip
        replies.record(db, notice, given, by=People().customer_service, at=AT, key=KEY)


def freeze(told: Told) -> None:
    what = kept(told)
    with told.database.begin() as db:
        signed.sign_and_freeze(
            db, what["number"], what["scope"], Signing(**what["signing"]),
            by=People().regulatory_affairs, at=AT, key=KEY,
        )  # fmt: skip


STOP_SHIP = scenario_of(before_stop_ship, complete, *UPKEEP)
LETTERS = scenario_of(before_letters, complete, *LETTERS_TOO)
REPLY = scenario_of(before_reply, answer_by_telephone, *UPKEEP)
WIDER_SCOPE = scenario_of(before_wider_scope, freeze, *LETTERS_TOO)
RECALL_CLOSES = scenario_of(before_recall_closes, complete, *UPKEEP)
