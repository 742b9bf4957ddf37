"""Reading what is sent to the interface: JSON or nothing."""

import re
from typing import Any

from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from engine.errors import Problem, Refused
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
    N_("Not a valid UUID."),
    N_("Number too large."),
    N_("String does not match expected pattern."),
)
# what it says with a limit or a choice in it: how it is recognised, and the sentence with places
FILLED = (
    (r"Length must be between (?P<low>\d+) and (?P<high>\d+)\.",
     N_("Length must be between %(low)s and %(high)s.")),
    (r"Shorter than minimum length (?P<low>\d+)\.", N_("Shorter than minimum length %(low)s.")),
    (r"Longer than maximum length (?P<high>\d+)\.", N_("Longer than maximum length %(high)s.")),
    (r"Must be greater than or equal to (?P<low>\S+) and less than or equal to (?P<high>\S+)\.",
     N_("Must be greater than or equal to %(low)s and less than or equal to %(high)s.")),
    (r"Must be greater than or equal to (?P<low>\S+)\.",
     N_("Must be greater than or equal to %(low)s.")),
    (r"Must be less than or equal to (?P<high>\S+)\.",
     N_("Must be less than or equal to %(high)s.")),
    (r"Must be one of: (?P<choices>.*)\.", N_("Must be one of: %(choices)s.")),
    (r"One of: (?P<choices>.*)\.", N_("One of: %(choices)s.")),
)  # fmt: skip


def problem_of(at: str, said: str) -> Problem:
    """Return what the reader says of one value as a problem that any language can tell."""
    for pattern, sentence in FILLED:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return Problem(at, sentence, tuple(found.groupdict().items()))
    return Problem(at, said)


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
