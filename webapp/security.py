"""What every answer carries and every unsafe request must show: headers, origin, token."""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf import CSRFProtect
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from webapp.sealed_forms import refuse_unsealed
from webapp.session import bears_token, person_or_none

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# pages without a sign-in keep no cookie: each of their forms carries a seal of its own instead
SEALED = frozenset({"notice_page"})

POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "font-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'"
)

csrf = CSRFProtect()


class SentFromElsewhere(Forbidden):
    """This was sent from another site. Open Holdfast and send it from there."""


class NoSuchCharacter(UnprocessableEntity):
    """A text holds a character that stands for nothing (U+0000). Delete it and send it again."""


def secure(app: Flask) -> None:
    """Guard every request and dress every answer."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # asked below, after the origin
    csrf.init_app(app)
    app.before_request(refuse_other_sites)
    app.before_request(refuse_no_character)
    app.after_request(add_headers)


def refuse_no_character() -> None:
    """Refuse U+0000 in a form: PostgreSQL keeps none, and nobody can see it.

    Addresses are looked up, so that they find nothing; the interface looks at its fields itself.
    """
    if request.method in SAFE:
        return
    texts = [text for pair in request.form.items(multi=True) for text in pair]
    if any("\0" in text for text in texts):
        raise NoSuchCharacter


def refuse_other_sites() -> None:
    """Refuse an unsafe request from another site, or a form that is not ours."""
    if request.method in SAFE:
        return
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise SentFromElsewhere
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        raise SentFromElsewhere
    if request.path.startswith("/api/") and (bears_token() or person_or_none() is None):
        # no browser sends a token by itself; and nobody's cookie can be misused without one
        return

    if request.routing_exception is not None:
        return  # nothing is done at such an address: it says 404 or 405 itself
    if request.blueprint in SEALED:
        refuse_unsealed()
    else:
        csrf.protect()


def add_headers(response: Response) -> Response:
    """Set the policy; a view that set its own header keeps it."""
    for name, value in (
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),  # /scan has its own
        # pages are personal: a shared machine's Back button must not show them
        ("Cache-Control", "no-store"),
    ):
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.vary.add("Cookie")
    return response
