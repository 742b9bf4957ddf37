"""Freezing a scope under a signature: what is signed, and the command itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine import commands, jobs
from engine.cases.models import Case
from engine.cases.records.sections import Section, head, table
from engine.cases.scopes import telling
from engine.cases.scopes.comparing import Change, change_of, countries_of
from engine.cases.scopes.differences import ConsigneeDifference, differences_by_consignee
from engine.cases.scopes.errors import ScopeDecided, ScopeOutOfDate
from engine.cases.scopes.figures import PLACE_WORDS, Figures
from engine.cases.scopes.freezing import freeze
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.obligations import Obligation, obligations
from engine.cases.scopes.standing import moved_on, numbered, standing
from engine.cases.signing import Signing
from engine.cases.tasks import case_numbered, lock_case, refuse_ended
from engine.errors import Conflict, Problem, Refused
from engine.evidence import ceremony
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.jobs import MANY
from engine.people import Person, authorize
from engine.people.queries import person_of
from engine.serials.models import TraceRun
from engine.words import N_, say

ACTION, VERB = "scope.freeze", "freeze_scope"
MOST_TOLD = 60  # consignees that the signed page names one by one


@dataclass(frozen=True)
class Consequences:
    """What freezing a candidate would bring on, shown before it is signed."""

    before: ScopeVersion | None
    change: Change
    told: Sequence[ConsigneeDifference]  # only those for whom something changes
    obligations: Sequence[Obligation]


def consequences(db: Session, case: Case, version: ScopeVersion) -> Consequences:
    """Return what freezing a candidate changes beside the scope that stands."""
    before = standing(db, case)
    change = change_of(db, before, version)
    told = [one for one in differences_by_consignee(db, before, version) if one.is_any]
    asked = obligations(change, countries_of(db, before, version))
    return Consequences(before, change, told, asked)


def open_signing(
    db: Session, number: str, scope: int, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Draw up what freezing a candidate is signed on; flushes. Raises why it cannot be frozen."""
    authorize(by, ACTION)
    case = lock_case(db, number)
    version = _candidate(db, case, scope)
    return ceremony.open_pending(
        db, record=record_of(db, case, version), meaning="approve", by=by, session_id=session_id,
        at=at,
    )  # fmt: skip


def _candidate(db: Session, case: Case, scope: int) -> ScopeVersion:
    refuse_ended(case)
    version = numbered(db, case, scope)
    if version.state != "proposed":
        raise ScopeDecided(scope=scope)
    if moved_on(db, version):
        raise ScopeOutOfDate(scope=scope)
    return version


def sign_and_freeze(
    db: Session, number: str, scope: int, signing: Signing, *, by: Person, at: datetime, key: str
) -> jobs.Job | None:
    """Freeze a candidate under a signature; a repeated `key` changes nothing.

    Where it has more than `MANY` units a job does it, and that is returned. When a colleague froze
    another one meanwhile, what was shown is not what is signed: the ceremony refuses it.
    """
    authorize(by, ACTION)
    case = lock_case(db, number)
    asked = {"case": number, "scope": scope, "by": by.id}
    earlier = commands.earlier_result(db, key, name=VERB, request=asked)
    if earlier is not None:
        return db.get(jobs.Job, earlier["job"]) if earlier["job"] else None

    version = _candidate(db, case, scope)
    signature = ceremony.sign(
        db, signing.nonce, user_name=signing.user_name, password=signing.password,
        record_sha256=record_of(db, case, version).sha256, by=by, session_id=signing.session_id,
        at=at, reason=signing.reason,
    )  # fmt: skip
    job = None
    if db.get_one(TraceRun, version.run_id).root_count > MANY:
        body = {"case": number, "scope": scope, "by": by.id, "signature": signature.id}
        unique = f"{_key(case, version)}{key}"
        job = jobs.ask(db, unique, name=VERB, body=body, at=at, total_count=2)
    else:
        _freeze(db, case, version, signature.id, by=by, at=at)
    case.version += 1
    result = {"number": number, "job": job.id if job else None}
    commands.remember(db, key, name=VERB, request=asked, result=result, by_id=by.id, at=at)
    return job


def _freeze(
    db: Session, case: Case, version: ScopeVersion, signature_id: int, *, by: Person, at: datetime
) -> None:
    difference = freeze(
        db, case, version, by=by, at=at, is_provisional=False, signature_id=signature_id
    )
    telling.tell(db, case, difference, by=by, at=at)


def carry_out(db: Session, job: jobs.Job) -> dict[str, Any] | jobs.More:
    """Freeze a large candidate as it was signed; what stands in the way is the job's result."""
    if job.done_count == 0:  # so that the page says that it has begun
        return jobs.More(1, job.body, 2)
    case = lock_case(db, job.body["case"])
    version = numbered(db, case, job.body["scope"])
    by = person_of(db, job.body["by"], at=job.asked_at)
    try:
        with db.begin_nested():
            _freeze(db, case, version, job.body["signature"], by=by, at=job.asked_at)
    except (Conflict, Refused) as refused:
        return jobs.refusal(refused)
    return {"scope": version.number}


def why_not_frozen(db: Session, case: Case, version: ScopeVersion) -> Problem | None:
    """Return why a candidate that was signed was not frozen after all, where that is so."""
    return jobs.last_refusal(db, _key(case, version)) if version.state == "proposed" else None


def _key(case: Case, version: ScopeVersion) -> str:
    return f"{VERB}:{case.number}:{version.number}:"


# --- what is signed --------------------------------------------------------------------------


def record_of(db: Session, case: Case, version: ScopeVersion) -> RecordToSign:
    """Draw up what is signed: the scope as traced, what it changes, what that brings on."""
    found, language = consequences(db, case, version), case.language
    content = {
        **head(db, case, title=N_("Freeze the scope"), number=f"{case.number}-S{version.number}"),
        "sections": [
            _scope(db, version, found.before, language),
            _figures(version, found.before, language),
            *_changes(found.change, language),
            *_told(found.told, language),
            *_obligations(found.obligations, language),
        ],
    }
    return RecordToSign(
        stream=case.stream,
        record_type="scope_version",
        record_id=f"{case.number}/{version.number}",
        record_version=1,
        content=content,
        language=language,
        process=case.process,
        role="qa_manager",
    )


def _scope(
    db: Session, version: ScopeVersion, before: ScopeVersion | None, language: str
) -> Section:
    run = db.get_one(TraceRun, version.run_id)
    rows = [
        [N_("What it says"), version.text],
        [N_("Why"), version.reason],
        [N_("Trace"), str(run.id)],
        [N_("Fingerprint of what it found"), run.result_sha256],
        [N_("It takes the place of scope"), str(before.number) if before else "–"],
    ]
    return {
        "heading": say(N_("Scope"), language) + f" {version.number}",
        "rows": [[say(label, language), said] for label, said in rows],
    }


def _figures(version: ScopeVersion, before: ScopeVersion | None, language: str) -> Section:
    now = Figures.from_json(version.counts)
    was = Figures.from_json(before.counts) if before else None
    rows = [
        [say(PLACE_WORDS[place], language), _much(was, place), _much(now, place)]
        for place in PLACE_WORDS
    ]
    for label, name in (
        (N_("Units in all"), "units"),
        (N_("Quantity of lots in all"), "quantity"),
        (N_("Consignees"), "consignees"),
    ):
        rows.append(
            [say(label, language), str(getattr(was, name)) if was else "–", str(getattr(now, name))]
        )
    rows.append(
        [
            say(N_("Countries"), language),
            ", ".join(was.countries) if was else "–",
            ", ".join(now.countries) or "–",
        ]
    )
    columns = (N_("Where, when it was traced"), N_("Scope before"), N_("This scope"))
    return table(N_("How much lies where: units, and quantities of lots"), columns, rows, language)


def _much(figures: Figures | None, place: str) -> str:
    if figures is None:
        return "–"
    much = figures.places[place]
    return f"{much.units} + {much.quantity}"


def _changes(change: Change, language: str) -> list[Section]:
    rows = [
        [N_("Units added: held where a hold can reach them"), str(change.added_units)],
        [N_("Units that leave: on hold until their release is signed"), str(change.left_units)],
        [N_("Quantity of lots added"), f"{change.added_quantity:f}"],
        [N_("Quantity of lots that leaves"), f"{change.left_quantity:f}"],
        [N_("Of it at consignees"), f"{change.left_at_consignees:f}"],
        [N_("Lots added"), ", ".join(change.added_lots) or "–"],
        [N_("Lots that leave"), ", ".join(change.left_lots) or "–"],
        [N_("Devices not named before"), ", ".join(change.other_devices) or "–"],
    ]
    return [
        {
            "heading": say(N_("What changes"), language),
            "rows": [[say(label, language), said] for label, said in rows],
        }
    ]


def _told(told: Sequence[ConsigneeDifference], language: str) -> list[Section]:
    if not told:
        return []
    rows = [
        [
            one.name,
            one.country or "–",
            f"{one.added_units} + {one.added_quantity:f}",
            f"{one.cleared_units} + {one.cleared_quantity:f}",
        ]
        for one in told[:MOST_TOLD]
    ]
    if rest := told[MOST_TOLD:]:
        more = say(N_("and %(count)s more consignees"), language, count=len(rest))
        rows.append(
            [
                more,
                "",
                _both([(one.added_units, one.added_quantity) for one in rest]),
                _both([(one.cleared_units, one.cleared_quantity) for one in rest]),
            ]
        )
    columns = (N_("Consignee"), N_("Country"), N_("Added for them"), N_("Cleared for them"))
    return [table(N_("What each consignee is told"), columns, rows, language)]


def _both(each: Sequence[tuple[int, Decimal]]) -> str:
    units, quantities = zip(*each, strict=True)
    return f"{sum(units)} + {sum(quantities):f}"


def _obligations(asked: Sequence[Obligation], language: str) -> list[Section]:
    if not asked:
        return []
    rows = [
        [
            ", ".join(one.countries),
            say(one.rule.what, language),
            one.rule.citation,
            say(
                N_("compared with the text") if one.rule.is_checked else N_("unverified"), language
            ),
        ]
        for one in asked
    ]
    columns = (N_("Country"), N_("What the law attaches"), N_("Source"), N_("Evidence"))
    return [table(N_("Obligations that this brings on"), columns, rows, language)]


def case_of(db: Session, number: str) -> Case:
    """Return the recall of this number; raises `CaseUnknown`."""
    return case_numbered(db, number)
