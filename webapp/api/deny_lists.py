"""The signed deny list, for systems that keep it for when Holdfast is away."""

from flask import make_response
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from engine.serials.exchange import denylist
from webapp.api.blueprint import part
from webapp.config import holdfast
from webapp.permissions import allow
from webapp.queries.deny_lists import DenyListUnknown
from webapp.reading import read

bp = part("deny_list", "All that is held, signed, for when Holdfast is away.", under="/deny-list")


@bp.route("")
class Newest(MethodView):
    """The newest list."""

    @allow("denylist.read")
    @bp.response(200, {"type": "string"}, content_type="application/jose")
    @bp.alt_response(304, description="You have the newest already.")
    def get(self) -> ResponseReturnValue:
        """Hand out the newest signed list (JWS, compact); its ETag is its SHA-256."""
        found = denylist.newest(read())
        if found is None:
            raise DenyListUnknown
        response = make_response(holdfast().documents.open(found.jws_sha256))
        response.mimetype = "application/jose"
        response.set_etag(found.jws_sha256)
        return response
