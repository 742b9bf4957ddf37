"""Robots: accounts that answer for a role in drills, and that nobody can ever sign in with.

A robot's account is disabled from its first day, holds no role and has no password. What it
answers bears its name; it signs nothing, because a signature is a person's.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, KeyType
from engine.errors import NotAllowed, Refused
from engine.people.models import PersonAccount
from engine.people.person import Person
from engine.people.record import record


class RobotsStayDisabled(Refused):
    """This account is a robot's, which answers in drills. Nobody signs in with it."""


class RobotsOnlyPractise(NotAllowed):
    """A robot answers in drills and nowhere else."""


class DrillRobot(Base):
    """An account that answers for a role in drills."""

    __tablename__ = "drill_robot"
    __table_args__ = (UniqueConstraint("role", "number"),)

    person_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("person_account.id"), primary_key=True, autoincrement=False
    )
    role: Mapped[str]
    number: Mapped[int]  # another where a step must not be done by who did an earlier one


def robot(db: Session, role: str, *, number: int = 1, at: datetime) -> Person:
    """Return a robot of a role as commands see it; its account is opened where it lacks. Flushes.

    `at` is the time of the server: the account is nothing of a drill's clock.
    """
    account = db.scalar(
        select(PersonAccount)
        .join(DrillRobot, DrillRobot.person_id == PersonAccount.id)
        .where(DrillRobot.role == role, DrillRobot.number == number)
    )
    if account is None:
        account = _open(db, role, number, at)
    return Person(
        account.id, account.user_name, account.printed_name, frozenset({role}), is_robot=True
    )


def _open(db: Session, role: str, number: int, at: datetime) -> PersonAccount:
    account = PersonAccount(
        user_name=f"drill.robot.{role}.{number}",
        printed_name=f"Drill robot 演练机器人 ({role.replace('_', ' ')} {number})",
        opened_at=at,
        disabled_at=at,
    )
    db.add(account)
    db.flush()
    db.add(DrillRobot(person_id=account.id, role=role, number=number))
    db.flush()
    body = {"person": account.id, "role": role, "number": number}
    record(db, "drill_robot_opened", body, by=None, at=at)
    return account


def refuse_robot(db: Session, person_id: int) -> None:
    """Raise `RobotsStayDisabled` for a robot's account."""
    if db.get(DrillRobot, person_id) is not None:
        raise RobotsStayDisabled
