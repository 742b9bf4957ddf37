"""Looking at Holdfast as a role sees it: the administrator's, read-only, in the ledger."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key, KeyType, Ref
from engine.errors import NotAllowed, NotFound
from engine.people.models import WebSession
from engine.people.permissions import authorize
from engine.people.person import Person
from engine.people.record import record
from engine.people.roles import role_of
from engine.people.sessions import ABSOLUTE, IDLE


class RoleView(Base):
    """One time that a session looked at the pages as a role sees them."""

    __tablename__ = "role_view"
    __table_args__ = (
        CheckConstraint("(left_at IS NULL) = (left_why IS NULL)", name="left_for_a_reason"),
        Index(
            "uq_role_view_open",
            "session_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    session_id: Mapped[int] = mapped_column(KeyType, ForeignKey("web_session.id"))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    role: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    left_why: Mapped[str | None]  # left, session_ended


class ReadOnlyView(NotAllowed):
    """You see this as %(role)s does: nothing can be changed. Leave the view first."""


class NoView(NotFound):
    """You are not looking as another role any more."""


class AlreadyViewing(NotAllowed):
    """You look as another role already. Leave that view first."""


def enter(db: Session, session_id: int, role: str, *, by: Person, at: datetime) -> RoleView:
    """Let an administrator's session see what a role sees, until it leaves; flushes."""
    authorize(by, "role.view")
    role_of(role)
    db.get(WebSession, session_id, with_for_update=True)
    if role_viewed(db, session_id) is not None:
        raise AlreadyViewing

    view = RoleView(session_id=session_id, person_id=by.id, role=role, entered_at=at)
    db.add(view)
    db.flush()
    record(db, "role_view_entered", {"view": view.id, "role": role}, by=by, at=at)
    return view


def leave(db: Session, session_id: int, *, by: Person, at: datetime) -> None:
    """End the view of a session; flushes. Raises `NoView`."""
    view = db.scalar(_open(session_id).with_for_update())
    if view is None:
        raise NoView
    _close(db, view, "left", by=by, at=at)


def role_viewed(db: Session, session_id: int) -> str | None:
    """Return the role that a session looks as, None where it looks with its own."""
    view = db.scalar(_open(session_id))
    return view.role if view else None


def close_ended(db: Session, *, at: datetime) -> int:
    """End the views of sessions that ended or ran out; return how many. Flushes."""
    ended = db.scalars(
        select(RoleView)
        .join(WebSession, WebSession.id == RoleView.session_id)
        .where(
            RoleView.left_at.is_(None),
            or_(
                WebSession.ended_at.is_not(None),
                WebSession.last_seen_at <= at - IDLE,
                WebSession.opened_at <= at - ABSOLUTE,
            ),
        )
        .with_for_update(of=RoleView, skip_locked=True)
    ).all()
    for view in ended:
        _close(db, view, "session_ended", by=None, at=at)
    return len(ended)


def _open(session_id: int) -> Select[RoleView]:
    return select(RoleView).where(RoleView.session_id == session_id, RoleView.left_at.is_(None))


def _close(db: Session, view: RoleView, why: str, *, by: Person | None, at: datetime) -> None:
    view.left_at, view.left_why = at, why
    db.flush()
    body = {"view": view.id, "role": view.role, "why": why, "person": view.person_id}
    record(db, "role_view_left", body, by=by, at=at)
