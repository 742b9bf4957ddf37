"""Reading what is sent to the interface: JSON or nothing."""

from typing import Any

from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from engine.errors import Refused
from engine.words import N_

# what the reader of JSON says of single values, so that it is said in Chinese too
SAID = (
    N_("Unknown field."),
    N_("Field may not be null."),
    N_("Not a valid string."),
    N_("Not a valid utf-8 string."),
    N_("Not a valid integer."),
    N_("Not a valid number."),
    N_("Not a valid boolean."),
    N_("Not a valid list."),
    N_("Not a valid mapping type."),
    N_("Not a valid date."),
    N_("Not a valid datetime."),
    N_("Not a valid aware datetime."),
    N_("Invalid input type."),
    N_("Invalid value."),
    N_("String does not match expected pattern."),
)


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
