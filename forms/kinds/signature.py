"""Where a form says that a signature follows; the sign page asks for it, never the form."""

from typing import Any, NoReturn

from forms.context import Context
from forms.field import Json, Posted
from forms.kind import Kind
from forms.words import N_


class Signature(Kind):
    """A place that tells what comes; a value sent for it is refused."""

    anchors_itself = False
    takes_answer = False

    def accept(self, raw: Json, context: Context) -> NoReturn:
        """Refuse: a signature is given on its own page, to a record that is shown in full."""
        raise self.wrong(N_("A signature is given on the sign page, not in the form."))

    def read(self, posted: Posted, name: str) -> Json:
        """Take nothing."""
        return None

    def json_schema(self) -> dict[str, Any]:
        """Describe nothing: it is only read."""
        return {"readOnly": True}
