"""Reading what is sent to the interface: JSON or nothing."""

from typing import Any

from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from engine.errors import Refused


class NotJson(Refused):
    """What was sent is not JSON. Send it in UTF-8, as the description of this interface shows."""


class JsonParser(FlaskParser):
    """Answers whatever cannot be read, however it is broken, with the same sentence."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """Return the JSON of a request."""
        try:
            return super().load_json(req, schema)
        except (BadRequest, ValueError, RecursionError) as broken:
            raise NotJson from broken
