"""What is signed when one recall ends in another: both side by side, and what follows."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance, facts, scopes
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import authorities, gates, uniting
from engine.cases.recalls.succession import MERGED, SUPERSEDED
from engine.cases.records.sections import Section, head, minute
from engine.cases.scopes.figures import Figures
from engine.evidence.signatures import RecordToSign
from engine.facts import NAMES
from engine.words import N_, say

TITLES = {MERGED: N_("Merge two recalls"), SUPERSEDED: N_("Supersede a recall")}
BECOMES = {
    MERGED: (
        N_("The scopes become one: what either names is held and counted here, once."),
        N_(
            "Who was told of all that is on its list is not told again; replies and attempts count."
        ),
        N_("Holds of the other are released after these are placed, in the same step."),
    ),
    SUPERSEDED: (
        N_("The scope stays as it is frozen: it names everything that the other names."),
        N_("Every consignee gets the letter of this recall; links of earlier letters answer it."),
        N_("Holds of the other are released: the same product is on hold here."),
    ),
}
BOTH = (
    N_("Gates that an authority keeps closed stay closed here; reports sent keep their numbers."),
    N_("Open tasks and waiting letters of the other end; what was answered and signed stays."),
)


def record_of(db: Session, other: Case, case: Case, kind: str, reason: str) -> RecordToSign:
    """Draw up what is signed: who ends, who goes on, how much of what, and why."""
    language = case.language
    content = {
        **head(db, other, title=TITLES[kind], number=other.number),
        "sections": [
            {"heading": say(N_("Reason"), language), "text": reason.strip()},
            _beside(db, other, case),
            {
                "heading": say(N_("What becomes of it"), language),
                "text": "\n\n".join(say(one, language) for one in (*BECOMES[kind], *BOTH)),
            },
        ],
    }
    return RecordToSign(
        stream=other.stream,
        record_type=f"case_{kind}",
        record_id=other.number,
        record_version=other.version,
        content=content,
        language=language,
        process=other.process,
        role="qa_manager",
    )


def _beside(db: Session, other: Case, case: Case) -> Section:
    language = case.language
    ends, stays = _figures(db, other), _figures(db, case)
    rows = [[say(label, language), ends[label], stays[label]] for label in ends]
    units, lots = uniting.not_in(db, case, other)
    rows.append([say(N_("Units and lots the other scope does not name"), language),
                 f"{units:,} + {lots:,}", "–"])  # fmt: skip
    return {
        "heading": say(N_("Two recalls"), language),
        "table": {
            "columns": ["", f"{say(N_('Ends'), language)}: {other.number}",
                        f"{say(N_('Goes on'), language)}: {case.number}"],
            "rows": rows,
        },
    }  # fmt: skip


def _figures(db: Session, case: Case) -> dict[str, str | None]:
    version = scopes.standing(db, case)
    found = Figures.from_json(version.counts) if version else None
    told = select(func.count(), func.count(Notice.first_sent_at), func.count(Notice.answered_at))
    notices = db.execute(told.where(Notice.case_id == case.id)).one()
    sums = balance.totals(db, case.id)
    still_open = sum(q for name, q in sums.items() if balance.ACCOUNTS[name].is_open)
    closed = sum(one.state == "closed" for one in gates.gates_of(db, case))
    sent = [one.receipt for one in authorities.notifications_of(db, case) if one.receipt]
    known = facts.latest(db, case, "awareness")
    return {
        N_("What"): case.title,
        NAMES["awareness"]: minute(datetime.fromisoformat(known.value)) if known else "–",
        N_("Scope"): f"{version.number}: {version.text}" if version else "–",
        N_("Units in all"): f"{found.units:,}" if found else "–",
        N_("Quantity of lots in all"): found.quantity if found else "–",
        N_("Still open"): f"{Decimal(still_open).normalize():f}",
        N_("Notices: all, sent, answered"): " / ".join(f"{one:,}" for one in notices),
        N_("Gates that are closed"): str(closed),
        N_("Reports to authorities"): ", ".join(sent) or "–",
    }
