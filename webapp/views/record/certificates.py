"""Certificates for units and lots, each with the file that was kept by its fingerprint."""

from functools import partial
from mimetypes import guess_type

from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound, Problem
from engine.evidence.documents import StoredFile
from engine.evidence.store import DocumentStore, NoRoomLeft
from engine.evidence.uploads import UploadRefused
from engine.serials import examine
from engine.serials.models import CERTIFICATES, Certificate
from webapp.downloads import download
from webapp.permissions import allow
from webapp.queries.recording import issuers
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of
from webapp.uploads import stored_file
from webapp.views.record.shared import address_of, bp, form_page, scanned_goods


class FileUnknown(NotFound):
    """No file was kept with this certificate."""


@bp.get("/certificate")
@allow("goods.certify")
def certificate() -> ResponseReturnValue:
    """Ask which certificate came, for what."""
    return _certificate_page([], "")


def _certificate_page(problems: list[Problem], sentence: str) -> str:
    return form_page("certificate", problems, sentence, kinds=CERTIFICATES, issuers=issuers(read()))


@bp.post("/certificate")
@allow("goods.certify")
def save_certificate() -> ResponseReturnValue:
    """Keep the file and record the certificate for what was scanned."""
    kept, problems = _kept()
    return carry_out("record_certificate", partial(_certify, kept, problems), _certificate_page)


def _kept() -> tuple[StoredFile | None, list[Problem]]:
    try:
        return stored_file("file"), []
    except (UploadRefused, NoRoomLeft) as refused:
        return None, [refused.problem("file")]


def _certify(kept: StoredFile | None, problems: list[Problem], db: Session) -> Done:
    form = Entered()
    form.problems += problems
    kind, number = form.one_of("kind", CERTIFICATES), form.text("number", required=True)
    issuer, issued_on = form.party(db, "issuer"), form.day("issued_on")
    goods = scanned_goods(db, form, "scanned", needs_quantity=False)
    how = how_of(form)
    form.check()
    recorded = examine.certify(
        db, kind, number, issuer_id=issuer, units=goods.units,
        nodes=[lot_id for lot_id, _ in goods.lots], issued_on=issued_on,
        file_name=kept.name if kept else None, file_sha256=kept.sha256 if kept else None, **how,
    )  # fmt: skip
    return Done(recorded.event.id, address_of(goods), gettext("The certificate is recorded."))


@bp.get("/certificates/<int:event_id>/file")
@allow("unit.read")
def certificate_file(event_id: int) -> ResponseReturnValue:
    """Send the file of a certificate as it came; the bytes are held against their fingerprint."""
    db = read()
    found = db.scalar(select(Certificate).where(Certificate.event_id == event_id))
    store: DocumentStore = db.info["documents"]
    # what another system told of a file it keeps itself has a fingerprint here, but no bytes
    if found is None or not found.file_sha256 or not store.holds(found.file_sha256):
        raise FileUnknown
    name = found.file_name or found.number
    media_type = guess_type(name)[0] or "application/octet-stream"
    return download(store.open(found.file_sha256), name=name, media_type=media_type)
