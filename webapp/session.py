"""Who is signed in: Flask-Login over the sessions kept on the server, so that any can be ended."""

from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from engine.clock import now
from engine.errors import NotAllowed
from engine.people import sessions, tokens, viewing
from engine.people.person import Person
from engine.people.queries import account_of, person_of
from engine.people.roles import MANAGES
from engine.people.sign_in import SignedIn
from webapp.api import problems
from webapp.config import holdfast
from webapp.reading import read, reading

login_manager = LoginManager()


BEARER = "Bearer "


@dataclass(frozen=True, eq=False)
class Caller(UserMixin):  # type: ignore[misc]  # the library comes without types
    """Another system, or a person's own script, that sent a token with its request."""

    token_id: int
    scopes: frozenset[str]
    person: Person
    must_change_password: bool = False
    seconds_left: int = 0


class OwnPasswordFirst(NotAllowed):
    """Someone else set your password. Choose your own on the page before you use a token."""


@dataclass(frozen=True, eq=False)
class Visitor(UserMixin):  # type: ignore[misc]  # the library comes without types
    """A person behind a live session; `token` is in the cookie and, hashed, in the database."""

    token: str
    session_id: int
    person: Person
    must_change_password: bool
    seconds_left: int
    viewing: str | None = None  # the role an administrator looks as, with its rights alone

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie: the token, never the person's id."""
        return self.token


def person_or_none() -> Person | None:
    """Return the person signed in, or None."""
    visitor = _visitor()
    return visitor.person if visitor else None


def person() -> Person:
    """Return the person signed in; every view behind `@allow` has one."""
    visitor = _visitor()
    if visitor is None:
        message = "nobody is signed in: the view needs @allow"
        raise RuntimeError(message)
    return visitor.person


def session_id() -> int:
    """Return the row of this browser's session."""
    visitor = _visitor()
    if isinstance(visitor, Visitor):
        return visitor.session_id

    message = "nobody is signed in here: the view needs @allow and is no part of the interface"
    raise RuntimeError(message)


def caller() -> Caller | None:
    """Return the token behind this request, None on a page."""
    visitor = _visitor()
    return visitor if isinstance(visitor, Caller) else None


def role_viewed() -> str | None:
    """Return the role that this browser looks as, None where the person looks as themselves."""
    visitor = _visitor()
    return visitor.viewing if isinstance(visitor, Visitor) else None


def must_change_password() -> bool:
    """Tell whether someone else set this person's password."""
    visitor = _visitor()
    return visitor is not None and visitor.must_change_password


def seconds_left() -> int:
    """Return when this session ends if nothing is done: the page warns two minutes before."""
    visitor = _visitor()
    return visitor.seconds_left if visitor else 0


def _visitor() -> Visitor | Caller | None:
    who: Any = current_user
    return who._get_current_object() if who and who.is_authenticated else None  # noqa: SLF001


@login_manager.user_loader  # type: ignore[untyped-decorator]  # the library has no types
def load(token: str) -> Visitor | None:
    """Find the live session of a token; a request that brings a token of its own needs none."""
    if bears_token():
        return None
    at = now()
    db = read()
    found = sessions.session_of(db, token, at=at)
    if found is None:
        g.session_has_ended = True
        return None
    sessions.note_use(holdfast().database, found, at=at)
    account = account_of(db, found.person_id)
    who, role = person_of(db, found.person_id, at=at), None
    if MANAGES in who.roles and (role := viewing.role_viewed(db, found.id)) is not None:
        who = replace(who, roles=frozenset({role}), on_behalf_of=())
    return Visitor(
        token=token,
        session_id=found.id,
        person=who,
        viewing=role,
        must_change_password=account.must_change_password,
        seconds_left=int(
            min(sessions.IDLE, found.opened_at + sessions.ABSOLUTE - at).total_seconds()
        ),
    )


def bears_token() -> bool:
    """Tell whether this request of the interface brings a token: then no cookie counts."""
    return problems.wanted() and request.headers.get("Authorization", "").startswith(BEARER)


@login_manager.request_loader  # type: ignore[untyped-decorator]  # the library has no types
def load_caller(_request: object) -> Caller | None:
    """Find who a token is of; why it is not accepted is said where somebody is needed."""
    if not bears_token() or "token_refused" in g:
        return None
    at, address = now(), request.remote_addr or ""
    token = request.headers["Authorization"].removeprefix(BEARER).strip()
    bearer = tokens.bearer_of(read(), token, at=at)
    reading.session.remove()  # its snapshot is older than what may be written next
    try:
        if bearer is None:
            tokens.refuse_token(holdfast().database, address=address, at=at)
        if bearer.must_change_password:
            raise OwnPasswordFirst
    except NotAllowed as refused:
        g.token_refused = refused
        return None
    tokens.note_use(holdfast().database, bearer, address=address, at=at)
    return Caller(bearer.token_id, bearer.scopes, bearer.person)


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]  # the library has no types
def sign_in_first() -> Response:
    """Send to the sign-in page and back; a live part of a page sends the whole page there."""
    if problems.wanted():
        return problems.nobody(g.get("token_refused"))
    back = request.full_path.rstrip("?") if request.method == "GET" else _page_it_came_from()
    address = url_for("auth.sign_in", back=back or "/")
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("auth.sign_in")})
    return cast("Response", redirect(address, 303))


def _page_it_came_from() -> str | None:
    """Return the page a form was on: its draft is kept there, and the person goes back to it."""
    came_from = urlsplit(request.referrer or "")
    return came_from.path if came_from.netloc == request.host else request.form.get("back")


def enter(signed_in: SignedIn) -> None:
    """Start this browser's session afresh: nothing of an earlier one stays."""
    session.clear()
    login_user(
        Visitor(
            token=signed_in.token,
            session_id=signed_in.session_id,
            person=signed_in.person,
            must_change_password=signed_in.must_change_password,
            seconds_left=int(sessions.IDLE.total_seconds()),
        )
    )


def leave() -> None:
    """Forget this browser's session."""
    logout_user()
    session.clear()


def keep_sessions(app: Flask) -> None:
    """Have Flask-Login use these sessions; a cookie says nothing that a row does not confirm."""
    # the browser's address and name may change with its network; the row decides
    login_manager.session_protection = None
    login_manager.init_app(app)
