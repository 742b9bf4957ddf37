"""The history of a case in sentences: every ledger entry as a person reads it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases.models import Case
from engine.cases.pages import HistoryLine
from engine.cases.recalls import gates, passing
from engine.evidence.ledger import LedgerEntry
from engine.facts import NAMES
from engine.serials.vocabulary import KINDS
from engine.words import N_

SENTENCES = {
    "action_decided": N_("Action decided"),
    "authority_answered": N_("Authority answered: %(jurisdiction)s"),
    "authority_notified": N_("Authority notified: %(jurisdiction)s"),
    "class_received": N_("Class received: %(jurisdiction)s"),
    "correction_read_otherwise": N_("Correction read otherwise"),
    "correction_recorded": N_("Field correction recorded"),
    "correction_verified": N_("Field correction read twice"),
    "effectiveness_frame_frozen": N_("Frame of the effectiveness checks frozen"),
    "effectiveness_sample_drawn": N_("Sample of the effectiveness checks drawn"),
    "effectiveness_seed_committed": N_("Seed of the effectiveness checks committed"),
    "jurisdiction_asked_again": N_("Jurisdiction asked again: %(jurisdiction)s"),
    "jurisdiction_decided": N_("Jurisdiction decided: %(jurisdiction)s"),
    "letters_asked": N_("Letters asked for"),
    "letters_paused": N_("Letters paused"),
    "letters_resumed": N_("Letters resumed"),
    "letters_retried": N_("Letters tried again"),
    "letters_stored": N_("Letters stored"),
    "notice_text_approved": N_("Text of the notices approved: %(jurisdiction)s"),
    "notices_opened": N_("Notices opened"),
    "open_closed": N_("Open units closed"),
    "outreach_attempted": N_("Attempt to reach a consignee"),
    "return_authorised": N_("Return authorised"),
    "return_received": N_("Return received"),
    "return_withdrawn": N_("Return authorisation withdrawn"),
    "scope_frozen": N_("Scope frozen"),
    "scope_proposed": N_("Scope proposed"),
    "scope_withdrawn": N_("Scope withdrawn"),
    "status_figures_taken": N_("Figures of a status report taken"),
    "status_reported": N_("Status report approved"),
    "status_reports_scheduled": N_("Status reports scheduled"),
    "strategy_approved": N_("Strategy approved"),
    "test_letter_sent": N_("Test letter sent"),
    "gate_opened": N_("Gate opened: %(jurisdiction)s, %(gate)s"),
    "gate_closed": N_("Gate closed again: %(jurisdiction)s, %(gate)s"),
    "case_opened": N_("Reported “%(title)s”"),
    "task_completed": N_("Completed %(element)s"),
    "task_claimed": N_("Claimed %(element)s"),
    "task_given_back": N_("Gave back %(element)s"),
    "task_handed_over": N_("Handed %(element)s over to %(to)s"),
    "comment_added": N_("Noted: %(text)s"),
    "document_attached": N_("Attached %(name)s"),
    "reply_recorded": N_("Reply %(reply)s of %(name)s recorded"),
    "notice_passed_on": N_("%(by)s passed notice %(notice)s on to %(to)s"),
    "customers_link_made": N_("%(by)s made a link of notice %(notice)s for its customers"),
    "notice_link_sent_anew": N_("%(by)s had a new link of notice %(notice)s sent"),
    "notice_link_revoked": N_("Withdrew a link of notice %(notice)s"),
    "reported_event_recorded": N_("Recorded %(event)s"),
    "reported_event_corrected": N_("Corrected %(event)s, now version %(version)s"),
    "reported_event_linked": N_("Reported event %(event)s feeds the case"),
    "reported_event_unlinked": N_("Took reported event %(event)s away from the case"),
    "linked_to_case": N_("Linked to %(case)s"),
    "taken_from_case": N_("Taken away from %(case)s"),
    "awareness_moved": N_("Known earlier, by %(event)s: %(who)s"),
    "reported_event_no_looked_at": N_(
        "Looked at the no on %(event)s in %(jurisdiction)s as a second person: %(confirmed)s"
    ),
    "awareness_corrected": N_(
        "Corrected when the case was first known of: %(awareness)s (%(who)s), before that %(was)s"
    ),
    "reported_event_decided": N_("Decided on %(event)s in %(jurisdiction)s: %(reportable)s"),
    "document_sealed": N_("Sealed %(name)s"),
    "signed": N_("Signed %(record_type)s: %(sentence)s"),
    "signature_voided": N_("Voided signature %(signature_id)s"),
    "events_recorded": N_("Recorded in the serial store: %(what)s"),
    "counts_compared": N_("Compared the counts: %(result)s"),
    "answer_corrected": N_("Corrected %(element)s, now version %(version)s"),
    "field_action_decided": N_("Decided on field action: %(decision)s"),
    "obligations_reckoned": N_(
        "Reckoned what is owed to authorities: %(opened_count)s more, %(earlier_count)s due "
        "earlier, %(dropped_count)s not owed"
    ),
    "obligation_met": N_("Submitted %(obligation)s to %(authority)s: %(receipt)s"),
    "fact_told": N_("Recorded what starts a clock in %(jurisdiction)s: %(name)s"),
    "case_closed": N_("Closed the case"),
    "case_voided": N_("Voided the case"),
    "case_merged": N_("Merged into %(into)s: %(reason)s"),
    "case_superseded": N_("Superseded by %(into)s: %(reason)s"),
    "recall_taken_up": N_("Took up %(number)s: %(reason)s"),
    "case_reopened": N_("Reopened the case"),
    "legacy_case_continued": N_("Goes on with %(number)s of %(source)s"),
    "drill_started": N_("Started the drill"),
    "drill_settled": N_("Accounted for what was open in the drill"),
    "drill_scored": N_("Scored the drill: %(points)s of 100 points"),
    "drill_abandoned": N_("Abandoned the drill: %(reason)s"),
    "case_migration_begun": N_("Began to bring the case over from another system"),
    "case_migrated": N_("Brought the case over from another system"),
}
PASSED_IN_URGENCY = N_("Gate passed in urgency: %(jurisdiction)s, %(gate)s")
DOCUMENTS = {
    "nonconformance_report": N_("Nonconformance report"),
    "disposition_record": N_("Disposition record"),
    "destruction_certificate": N_("Destruction certificate"),
    "decision_record": N_("Decision on the physical action"),
    "jurisdiction_record": N_("Decision of a jurisdiction"),
    "strategy_record": N_("Strategy of the recall"),
    "closure_record": N_("Closure record of the recall"),
    "case_void": N_("Void case"),
    "case_merged": N_("Merge two recalls"),
    "case_superseded": N_("Supersede a recall"),
    "case_reopen": N_("Reopen case"),
    "case_migration": N_("Migration of a case"),
    "scope_version": N_("Freeze the scope"),
    "balance_unresolved": N_("Unresolved after documented effort"),
    "balance_lost": N_("Lost, with signed justification"),
    **{f"gate_{act}": one.title for act, one in passing.ACTS.items()},
    "awareness_corrected": N_("Correct when the case was first known of"),
    "event_reportability": N_("Reportability of an event"),
    "event_second_look": N_("Second look at a no"),
}
DECISIONS = {
    "opens_recall": N_("a recall is opened"),
    "no_field_action": N_("no field action"),
}
GATES = (gates.MESSAGE, "gate_closed")
REPORTABLE, NOT_REPORTABLE = N_("reportable"), N_("not reportable")
CONFIRMED, NOT_CONFIRMED = N_("confirmed"), N_("not confirmed")
AGREED, DIFFERED = N_("everything agrees"), N_("there are differences")
NOTHING: Mapping[str, str] = MappingProxyType({})
Words = tuple[str, ...]  # a fact that is itself words to be translated, joined by commas


def history(db: Session, case: Case, *, last: int | None = None) -> tuple[HistoryLine, ...]:
    """Return the case's ledger as sentences, newest first; `last` keeps only so many.

    A fact that is a tuple holds msgids; the page translates and joins them.
    """
    return history_of_stream(db, case.stream, _task_names(db, case), last=last)


def history_of_stream(
    db: Session, stream: str, names: Mapping[str, str] = NOTHING, *, last: int | None = None
) -> tuple[HistoryLine, ...]:
    """Return a stream of the ledger as sentences, newest first; `names` are those of its steps."""
    entries = db.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.stream == stream)
        .order_by(LedgerEntry.seq.desc())
        .limit(last)
    ).all()
    return tuple(_line(entry, names) for entry in entries)


def _task_names(db: Session, case: Case) -> dict[str, str]:
    """Return what the diagram calls every step of the case that was open once."""
    rows = db.execute(
        select(Task.process, Task.element_id, Task.name)
        .join(Instance, Instance.id == Task.root_id)
        .where(Instance.business_key == case.number)
        .distinct()
    )
    return {f"{process}.{element}": name for process, element, name in rows}


def _line(entry: LedgerEntry, names: Mapping[str, str]) -> HistoryLine:
    written = json.loads(entry.content)
    body, by = written["body"], written["by"]
    facts = {**body, **_in_words(entry.action, body, names)}
    sentence = SENTENCES.get(entry.action, entry.action.replace("_", " ").capitalize())
    if entry.action == gates.MESSAGE and body["state"] == "overridden":
        sentence = PASSED_IN_URGENCY
    return HistoryLine(
        at=entry.at,
        by=by["printed_name"] if by else None,
        sentence=sentence,
        facts=facts,
        reason=body.get("reason") or (body.get("evidence") if entry.action in GATES else None),
        sequence=entry.seq,
        sha256=entry.hash,
    )


# the one fact of an action that is said in words of its own
NAMED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fact_told": ("name", NAMES),
    "field_action_decided": ("decision", DECISIONS),
}


def _in_words(action: str, body: dict[str, Any], names: Mapping[str, str]) -> dict[str, Words]:
    said: dict[str, Words] = {}
    for fact in ("element", "record_type"):
        if fact in body:
            place = str(body[fact])
            said[fact] = (names.get(place) or DOCUMENTS.get(place) or place,)
    if action == "events_recorded":
        said["what"] = tuple(KINDS[one].label for one in body["types"] if one in KINDS)
    if action == "counts_compared":
        differs = body["missing"] or body["unexpected"] or body["differing"]
        said["result"] = (DIFFERED if differs else AGREED,)
    if action in GATES:
        said["gate"] = (gates.label(body["jurisdiction"], body["what"]),)
    if action == "reported_event_decided":
        said["reportable"] = (REPORTABLE if body["is_reportable"] else NOT_REPORTABLE,)
    if action == "reported_event_no_looked_at":
        said["confirmed"] = (CONFIRMED if body["is_confirmed"] else NOT_CONFIRMED,)
    if action == "awareness_corrected":
        said |= {fact: (_minute(body[fact]),) for fact in ("awareness", "was")}
    if action in NAMED:
        fact, words = NAMED[action]
        said[fact] = (words.get(body[fact], body[fact]),)
    return said


def _minute(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
