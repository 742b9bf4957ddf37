"""Which accounts are systems, and what a system may not do."""

from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.people.token_models import ServiceAccount


class SystemsDoNotDecide(Refused):
    """A service account is a system: it has no password, signs nothing and decides nothing."""


def is_service(db: Session, person_id: int) -> bool:
    """Tell whether an account is a system's."""
    return db.get(ServiceAccount, person_id) is not None


def refuse_service(db: Session, person_id: int) -> None:
    """Raise `SystemsDoNotDecide` for a system's account."""
    if is_service(db, person_id):
        raise SystemsDoNotDecide
