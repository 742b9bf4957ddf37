"""The people of every story: always the same; one for each role, a second where two must act."""

from collections.abc import Iterator
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from engine.people.models import PersonAccount, RoleGrant
from engine.people.person import Person

PASSWORD = "seven quiet herons at dawn"
HIRED_AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

_NAMES = {
    "qa_technician": ("tao.ren", "Ren Tao"),
    "qa_engineer": ("mei.chen", "Chen Mei"),
    "inspector": ("jonas.weber", "Jonas Weber"),
    "production": ("ana.costa", "Ana Costa"),
    "warehouse": ("wei.zhang", "Zhang Wei"),
    "qa_manager": ("li.wang", "Wang Li"),
    "management_representative": ("hua.lin", "Lin Hua"),
    "executive": ("gang.xu", "Xu Gang"),
    "mrb_quality": ("sara.novak", "Sara Novak"),
    "mrb_engineering": ("david.okafor", "David Okafor"),
    "mrb_manufacturing": ("jing.liu", "Liu Jing"),
    "medical_reviewer": ("elena.rossi", "Elena Rossi"),
    "regulatory_affairs": ("yan.zhao", "Zhao Yan"),
    "prrc": ("katrin.vogel", "Katrin Vogel"),
    "supplier_quality": ("omar.haddad", "Omar Haddad"),
    "complaint_handler": ("nina.berg", "Nina Berg"),
    "customer_service": ("lucy.park", "Lucy Park"),
    "field_service": ("ben.carter", "Ben Carter"),
    "auditor": ("ruth.stein", "Ruth Stein"),
    "administrator": ("ivo.marek", "Ivo Marek"),
    "purchasing": ("petra.kranz", "Petra Kranz"),
}
_SECONDS = {
    "second_qa_engineer": ("qa_engineer", "peng.sun", "Sun Peng"),
    "second_qa_technician": ("qa_technician", "rosa.diaz", "Rosa Díaz"),
    "second_inspector": ("inspector", "min.zhou", "Zhou Min"),
    "second_warehouse": ("warehouse", "paul.meyer", "Paul Meyer"),
    "second_qa_manager": ("qa_manager", "fang.he", "He Fang"),
}


class People:
    """`people.qa_engineer`, `people.second_inspector`, …; iterating gives everyone."""

    def __init__(self) -> None:
        self._everyone: dict[str, Person] = {}
        for role, (user_name, printed_name) in _NAMES.items():
            self._add(role, role, user_name, printed_name)
        for key, (role, user_name, printed_name) in _SECONDS.items():
            self._add(key, role, user_name, printed_name)

    def __getattr__(self, key: str) -> Person:
        try:
            return self._everyone[key]
        except KeyError:
            message = f"nobody here is a {key}: see tests/support/personas.py"
            raise AttributeError(message) from None

    def __iter__(self) -> Iterator[Person]:
        return iter(self._everyone.values())

    def _add(self, key: str, role: str, user_name: str, printed_name: str) -> None:
        number = len(self._everyone) + 1
        self._everyone[key] = Person(number, user_name, printed_name, frozenset({role}))


def settle(db: Session) -> None:
    """Write everyone's account, password and granted, confirmed role; flushes."""
    people = People()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for person in people:
        db.add(
            PersonAccount(
                user_name=person.user_name,
                printed_name=person.printed_name,
                email=f"{person.user_name}@holdfast.example",
                opened_at=HIRED_AT,
                identity_verified_at=HIRED_AT,
                identity_verified_by_id=None,
                identity_evidence="passport seen",
            )
        )
        db.flush()  # one by one: the database counts as the personas do
    for person in people:
        account = db.get_one(PersonAccount, person.id)
        account.password_hash, account.password_set_at = cheap, HIRED_AT
        account.password_set_by_id = person.id
        confirmed_by = people.management_representative
        if person is confirmed_by:
            confirmed_by = people.qa_manager
        grant(db, person, next(iter(person.roles)), confirmed_by=confirmed_by)
    db.flush()


def grant(db: Session, person: Person, *roles: str, confirmed_by: Person) -> None:
    """Give someone roles in the database, beside those they have."""
    db.add_all(
        RoleGrant(
            person_id=person.id,
            role=role,
            is_signing=True,
            granted_at=HIRED_AT,
            granted_by_id=People().administrator.id,
            confirmed_at=HIRED_AT,
            confirmed_by_id=confirmed_by.id,
        )
        for role in roles
    )
