"""Who may use a route: `@allow("action")` on every view, nothing without it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app
from flask.typing import ResponseReturnValue

from engine.people.permissions import authorize
from engine.people.scopes import authorize_token
from webapp.session import caller, person, person_or_none

PUBLIC = "public"  # no one need be signed in
SIGNED_IN = "signed_in"  # anyone who is

View = TypeVar("View", bound=Callable[..., Any])


def allow(action: str) -> Callable[[View], View]:
    """Let a view be used by those who may do `action` (engine/people/permissions.toml)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **parts: object) -> ResponseReturnValue:
            if action != PUBLIC:
                if person_or_none() is None:
                    return cast("Any", current_app).login_manager.unauthorized()  # type: ignore[no-any-return]  # Flask-Login answers with any response
                if action != SIGNED_IN:
                    permit(action)
            return view(*args, **parts)  # type: ignore[no-any-return]  # what a view returns

        guarded.allowed_action = action  # type: ignore[attr-defined]  # a mark of our own on it
        return cast("View", guarded)

    return decorate


def permit(action: str) -> None:
    """Let whoever asks go on with `action`: by the scopes of their token, and by their roles.

    Raises `NotAllowed`.
    """
    if (token := caller()) is not None:
        authorize_token(token.scopes, action)
    authorize(person(), action)
