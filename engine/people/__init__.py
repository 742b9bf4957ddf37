"""Who may do what: people, roles, qualifications, delegation, credentials."""

from engine.people.models import PersonAccount
from engine.people.passwords import check_password
from engine.people.permissions import authorize, may
from engine.people.person import Person
from engine.people.queries import (
    acting_for,
    holds_qualification,
    may_sign,
    people_with_role,
    person_of,
    standing,
)

__all__ = [
    "Person",
    "PersonAccount",
    "acting_for",
    "authorize",
    "check_password",
    "holds_qualification",
    "may",
    "may_sign",
    "people_with_role",
    "person_of",
    "standing",
]
