"""The sign page: exactly what is signed, what signing does, and what may go wrong with it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.cases.signing import Signing
from engine.clock import now
from engine.errors import EngineError, Gone, Problem
from engine.evidence import ceremony, failures
from engine.evidence.ceremony import (
    PendingExpired,
    RecordChanged,
    SecondComponentNeeded,
    WrongCredentials,
)
from engine.evidence.failures import SigningLocked
from engine.evidence.meanings import sentence
from engine.evidence.signatures import PendingSign
from webapp.errors import status_of
from webapp.reading import reading
from webapp.session import person, session_id
from webapp.transactions import begin
from webapp.words import N_


class SignPageGone(Gone):
    """This page to sign is no longer open. Review the record again, then sign it."""


class SignedAlready(Gone):
    """You signed this record. What you signed stands in its history."""


# what is drawn up again with one button, and then signed
OUT_OF_DATE = (RecordChanged, PendingExpired, SignPageGone, SignedAlready)

# what follows from a signature, by its meaning
CONSEQUENCES: Mapping[str, str] = MappingProxyType(
    {
        "author": N_("What you propose goes to the people who decide on it."),
        "approve": N_("When everyone who is asked has approved, it is carried out."),
        "reject": N_("What this record proposes is turned down and not carried out."),
        "review": N_("The case goes on with what you have reviewed."),
        "perform": N_("The work counts as done, and another person checks it."),
        "verify": N_("The work counts as checked, and the case goes on."),
        "witness": N_("What was done counts as witnessed and cannot be taken back."),
        "release": N_("The tags may come off, and what is released may be used and shipped."),
        "close": N_("The case is closed, its report is sealed and nothing in it can be changed."),
        "void": N_("Every open step ends, the holds of this case are released, and it is void."),
        "reopen": N_("What was released is held again, and the case starts from its beginning."),
        "correct": N_("The corrected version counts from now on; the earlier one is kept."),
        "attest": N_("Your decision and its grounds are kept, and the case goes on with it."),
    }
)


@dataclass(frozen=True)
class SignPage:
    """What the sign page shows: the record word for word, and what the person needs to sign it."""

    nonce: str
    meaning: str
    sentence: str  # as it is signed, in the language of the record
    consequence: str
    record: dict[str, Any]
    record_sha256: str
    review_pdf_sha256: str | None
    expires_at: datetime
    needs_user_name: bool


def pending(db: Session, nonce: str) -> PendingSign:
    """Return the open sign page; raises when it is another person's or session's, used or over."""
    found = db.get(PendingSign, nonce)
    is_ours = found is not None and (found.person_id, found.session_id) == (
        person().id,
        str(session_id()),
    )
    if found is None or not is_ours:
        raise SignPageGone
    if found.used_at is not None:
        raise SignedAlready
    if found.expires_at <= now():
        raise PendingExpired
    return found


def has_signed(db: Session, nonce: str, record_id: str) -> bool:
    """Say whether this person signed this record on this page: then it must not say otherwise."""
    found = db.get(PendingSign, nonce)
    return (
        found is not None
        and found.used_at is not None
        and found.person_id == person().id
        and found.record["record_id"] == record_id
    )


def sign_page(db: Session, nonce: str, *, consequence: str = "") -> SignPage:
    """Return the page to sign on; the record is read from the very bytes that are hashed."""
    found = pending(db, nonce)
    return SignPage(
        nonce=nonce,
        meaning=found.meaning,
        sentence=sentence(found.meaning, str(found.record.get("language") or "en")),
        consequence=consequence or CONSEQUENCES.get(found.meaning, ""),
        record=json.loads(found.record_content)["content"],
        record_sha256=found.record_sha256,
        review_pdf_sha256=found.record.get("review_pdf_sha256"),
        expires_at=found.expires_at,
        # 21 CFR 11.200(a)(1): the first signing of a session uses both components
        needs_user_name=ceremony.needs_user_name(db, str(session_id()), now()),
    )


def typed(nonce: str) -> Signing:
    """Return what the person typed to sign."""
    return Signing(
        nonce=nonce,
        user_name=request.form.get("user_name") or None,
        password=request.form.get("password", ""),
        session_id=str(session_id()),
        reason=request.form.get("reason", "").strip() or None,
    )


def attempt(nonce: str, act: Callable[[Session], object]) -> list[Problem]:
    """Do a signed act in one transaction; return what was wrong with what the person typed.

    A wrong try is counted in a transaction of its own, though everything else is rolled back; the
    one that locks raises `SigningLocked`.
    """
    try:
        with begin() as db:
            act(db)
    except WrongCredentials as wrong:
        with begin() as db:
            has_locked = failures.note_failure(
                db, by=person(), session_id=str(session_id()), nonce=nonce, at=now()
            )
        if has_locked:
            raise SigningLocked from wrong
        return [wrong.problem("password")]
    except SecondComponentNeeded as wrong:
        return [wrong.problem("user_name")]
    return []


def out_of_date(
    error: EngineError, *, again: str, back: str, values: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    """Show that the record changed or the page is over, with a button that draws it up anew."""
    reading.session.remove()
    page = render_template(
        "signing/again.html", error=error, again=again, back=back, values=values or {},
        is_signed=isinstance(error, SignedAlready),
    )  # fmt: skip
    return page, status_of(error)
