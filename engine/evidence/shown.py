"""A signature as people see it, on every page and print: 21 CFR 11.50(b)."""

from typing import Any

from sqlalchemy.orm import Session

from engine.evidence.canonical import moment
from engine.evidence.signatures import Signature, SignatureVoided
from engine.people.models import PersonAccount
from engine.people.roles import roles


def shown(db: Session, signature: Signature) -> dict[str, Any]:
    """Return name, meaning, times and all else a layout or page prints of a signature."""
    role = roles().get(signature.role or "")
    voided = db.get(SignatureVoided, signature.id)
    principal = (
        db.get(PersonAccount, signature.on_behalf_of_id) if signature.on_behalf_of_id else None
    )
    return {
        "signature_id": signature.id,
        "printed_name": signature.printed_name,
        "role": role.name(signature.language) if role else signature.role,
        "on_behalf_of": principal.printed_name if principal else None,
        "meaning": signature.meaning,
        "sentence": signature.sentence,
        "reason": signature.reason,
        "at": moment(signature.at),
        "time_zone": signature.time_zone,
        "component_count": signature.component_count,
        "voided_at": moment(voided.at) if voided else None,
        "void_reason": voided.reason if voided else None,
    }
