"""ETag and If-Match: a change of something that has changed meanwhile is refused."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import PreconditionFailed, PreconditionRequired


class MatchMissing(PreconditionRequired):
    """Send If-Match with the ETag of what you read, so that nobody's change is overwritten."""


class ChangedSince(PreconditionFailed):
    """Someone changed this since you read it. Read it again before you change it."""


def etag(shown: Mapping[str, Any]) -> str:
    """Return the tag of what is shown: another word in it, another tag."""
    said = json.dumps(shown, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def tagged(shown: Mapping[str, Any]) -> Response:
    """Answer with one thing and its ETag; 304 to whoever has it already."""
    response = jsonify(shown)
    response.set_etag(etag(shown))
    response.make_conditional(request)
    return response


def refuse_unmatched(shown: Mapping[str, Any]) -> None:
    """Raise unless the request names what is there now; `shown` is read under lock."""
    if not request.if_match:
        raise MatchMissing
    if not request.if_match.contains(etag(shown)):
        raise ChangedSince
