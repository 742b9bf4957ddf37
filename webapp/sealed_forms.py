"""Forms of people without an account: sealed by us for one address and one form, no cookie."""

import hashlib
from uuid import uuid4

from flask import abort, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

LASTS = 7 * 24 * 3600  # a form that is filled in over a weekend


def new_key() -> str:
    """Make the key of a form: what is sent under it is sent once."""
    return str(uuid4())


def seal(key: str) -> str:
    """Return the seal of a form at this address: it was made here, for this key, not long ago."""
    return str(_serializer().dumps([_address(), key]))


def refuse_unsealed() -> None:
    """Refuse a form that does not carry its seal: a scanner's guess, or another site's."""
    key = request.form.get("request_key", "")
    try:
        sealed = _serializer().loads(request.form.get("csrf_token", ""), max_age=LASTS)
    except BadData:
        abort(400)
    if not key or sealed != [_address(), key]:
        abort(400)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or b"", salt="sealed-form")


def _address() -> str:
    """Return which link the form belongs to, without the link in it."""
    token = str((request.view_args or {}).get("token", ""))
    return hashlib.sha256(token.encode()).hexdigest()[:32]
