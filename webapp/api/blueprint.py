"""What every part of the interface is made of: a blueprint that reads JSON and nothing else."""

from datetime import UTC
from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from engine.clock import now
from engine.serials.moments import misdated
from webapp.api.reading import JsonParser
from webapp.sentences import in_words

BASE = "/api/v1"
PREFIX = "api-"


def part(name: str, description: str, *, under: str = "") -> Any:
    """Return the blueprint of one part; `under` is its address below /api/v1.

    A module of this folder serves what it calls `bp`: there is no list.
    """
    # a page of the same name has a blueprint of its own
    made = Blueprint(
        PREFIX + name, f"webapp.api.{name}", url_prefix=BASE + under, description=description
    )
    made.ARGUMENTS_PARSER = JsonParser()
    return made


NO_MOMENT = "invalid"  # keys of the fields' own sentences
NOT_TEXT = "invalid_utf8"


class Stored(fields.String):
    """Text that a database can keep: no character that is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        text = super()._deserialize(value, attr, data, **more)
        if "\0" in text or _is_broken(text):
            raise self.make_error(NOT_TEXT)
        return text


class Moment(fields.AwareDateTime):
    """A moment that can be told in UTC: not at an end of the calendar."""

    def __init__(self, **more: Any) -> None:
        """Read RFC 3339 with its zone."""
        super().__init__(format="iso", **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **more).astimezone(UTC)
        except OverflowError as outside:
            raise self.make_error(NO_MOMENT, input=value, obj_type="datetime") from outside


class Day(fields.Date):
    """A day of something's life: before 1950 its year is a slip."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        day = super()._deserialize(value, attr, data, **more)
        if wrong := misdated(attr or "", day, at=now(), said=str(value)):
            raise ValidationError(in_words(wrong))
        return day


class Past(fields.AwareDateTime):
    """A moment at which something happened: the rule and the sentences of the pages."""

    def __init__(self, **more: Any) -> None:
        """Read RFC 3339 with its zone."""
        super().__init__(format="iso", **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **more)
        if wrong := misdated(attr or "", moment, at=now(), said=str(value)):
            raise ValidationError(in_words(wrong))
        return moment.astimezone(UTC)


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class Strict(Schema):
    """A body in which nothing may stand that is not described."""

    class Meta:
        """Refuse what is not described."""

        unknown = RAISE


class Paged(Strict):
    """How far to read: `next` of one page is the `cursor` of the next."""

    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, 1000),
        metadata={"description": "At most so many in one answer."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(max=600),
        metadata={"description": "`next` of the answer before; the filters stay the same."},
    )


def moment(*, or_none: bool = False) -> fields.String:
    """Return the field of a time in an answer, which is kept as it was said."""
    return fields.String(required=True, allow_none=or_none, metadata={"format": "date-time"})
