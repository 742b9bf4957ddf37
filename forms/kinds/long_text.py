"""Several lines of text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json
from forms.kind import Kind, Option, is_count
from forms.texts import clean


class LongText(Kind):
    """Several lines of text."""

    has_script = True
    is_wide = True
    options: ClassVar[Mapping[str, Option]] = {
        "max_length": (is_count, 4000),
        "rows": (is_count, 5),
    }

    def accept(self, raw: Json, context: Context) -> Json:
        """Take trimmed text with its line ends."""
        return clean(raw, max_length=self.option("max_length"), lines=True)

    def json_schema(self) -> dict[str, Any]:
        """Describe several lines of text."""
        return {"type": "string", "maxLength": self.option("max_length")}
