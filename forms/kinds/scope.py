"""What is affected, in the words of whoever reports it: read as the box of a trace reads it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context, ScopeRead
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, Wrong, is_count, is_flag
from forms.texts import clean
from forms.words import N_, say

ANSWER = "-answer-"  # between the name of the field and the key of a question
UNKNOWN_LATER = N_("Nothing in it is recorded here yet; it stays as it was written")
NOTHING = N_("Name something that is recorded here: a lot, a serial number or a range.")
ASKED = N_("Say what “%(text)s” means: choose an answer below it.")
NO_CHOICE = N_("Choose one of the answers below “%(text)s”.")
AFFECTED = N_("%(units)s units and %(quantity)s of lots, at %(consignees)s consignees")
PARTS = frozenset({"text", "answers", "expression", "counts"})


class Scope(Kind):
    """Free text, kept as written beside the expression it was read as and what that came to.

    With `may_wait` a text that nobody can read yet is taken too: a signal is never refused for
    want of identification.
    """

    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "max_length": (is_count, 160_000),  # a column of 10,000 serial numbers
        "rows": (is_count, 6),
        "may_wait": (is_flag, False),
    }
    sentence_if_missing = N_("Write what is affected: lots, serial numbers, ranges, supplier lots.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take the text with the expression it means; raise `Wrong` where it leaves a question."""
        text, given = self._parts(raw)
        read = context.read_scope(text, given)
        stray = [one for one in read.questions if given.get(one.key) and one.answer is None]
        if stray:
            raise Wrong([self.problem(NO_CHOICE, stray[0].key, text=stray[0].text)])
        waits = [one for one in read.questions if one.answer is None]
        if not self.option("may_wait"):
            asked = [self.problem(ASKED, one.key, text=one.text) for one in waits]
            if not read.expression.get("any"):
                raise Wrong([self.problem(NOTHING, "text"), *asked])
            if asked:
                raise Wrong(asked)
        return {
            "text": text,
            "answers": {one.key: one.answer for one in read.questions if one.answer},
            "expression": dict(read.expression) if not waits else {},
            "counts": dict(read.counts) if not waits else {},
        }

    def _parts(self, raw: Json) -> tuple[str, dict[str, str]]:
        parts = raw if isinstance(raw, dict) else {"text": raw}
        answers = parts.get("answers") or {}
        is_plain = isinstance(answers, dict) and all(isinstance(v, str) for v in answers.values())
        if not set(parts) <= PARTS or not is_plain:
            raise self.wrong(self.sentence_if_missing, "text")
        text = clean(parts.get("text"), max_length=self.option("max_length"), lines=True)
        if not text:
            raise self.wrong(self.sentence_if_missing, "text")
        return text, {key: value for key, value in answers.items() if value}

    def is_blank(self, raw: Json) -> bool:
        """Say whether no text was written."""
        if not isinstance(raw, dict) or not set(raw) & PARTS:
            return super().is_blank(raw)
        return super().is_blank(raw.get("text"))

    def read(self, posted: Posted, name: str) -> Json:
        """Take the text and what was answered to its questions."""
        prefix = f"{name}{ANSWER}"
        keys = [key for key in posted if key.startswith(prefix)]
        answers = {key.removeprefix(prefix): posted_text(posted, key) or "" for key in keys}
        return {"text": posted_text(posted, f"{name}-text") or "", "answers": answers}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the text, how it was read, and what is asked about it."""
        parts = raw if isinstance(raw, dict) else {"text": raw}
        text, answers = parts.get("text"), parts.get("answers")
        if not isinstance(text, str) or not text.strip():
            return {"text": "", "read": None}
        given = {k: v for k, v in answers.items() if isinstance(v, str)} if isinstance(
            answers, dict
        ) else {}  # fmt: skip
        longest = self.option("max_length")
        read = context.read_scope(text, given) if len(text) <= longest else ScopeRead()
        return {"text": text, "read": read}

    def show(self, value: Json, language: str) -> Shown:
        """Write the text and what it came to."""
        counts = value["counts"]
        came_to = say(AFFECTED, language) % counts if counts else say(UNKNOWN_LATER, language)
        return Shown((*value["text"].split("\n"), came_to))

    def variable(self, value: Json) -> Json:
        """Tell the diagram whether anything in it is recorded here."""
        return bool(value["expression"].get("any"))

    def json_schema(self) -> dict[str, Any]:
        """Describe the text, the expression and its figures."""
        part = {"type": "object"}
        return {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "answers": part,
                "expression": part,
                "counts": part,
            },
        }
