"""What is scanned or pasted line by line, where each line is one thing the serial store knows."""

from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context
from forms.counting import ALL, miscounted
from forms.errors import Problem
from forms.field import Json
from forms.kind import Kind, Wrong
from forms.scanning import TOO_MANY, Find, Scan, identity_of, printable, scan_text, scans


class Scanned(Kind):
    """A kind that finds what was scanned; every line that is not exactly one thing is told."""

    has_script = True
    sentence_if_unknown: ClassVar[str]
    sentence_if_ambiguous: ClassVar[str]

    def find(self, context: Context) -> Find[Any]:
        """Return the look-up of what this kind takes."""
        raise NotImplementedError

    def answer(self, found: Any, count: Decimal | None) -> Json:
        """Write one thing as answers keep it, with how many of it when that was written."""
        raise NotImplementedError

    def accept(self, raw: Json, context: Context) -> Json:
        """Take what the serial store knows, each once, in the order of the scans."""
        found = scans(raw, self.find(context))
        if not found:  # signs that leave nothing to read, though the field was not blank
            raise Wrong([self.missing_problem()])
        if len(found) > self.option("max_count"):
            raise self.wrong(TOO_MANY, max=self.option("max_count"), count=len(found))
        problems = [problem for scan in found if (problem := self._problem(scan))]
        problems += [
            self.problem(sentence, **facts)
            for sentence, facts in miscounted(found, context.say(ALL))
        ]
        if problems:
            raise Wrong(problems)
        answers = {identity_of(o): self.answer(o, scan.count) for scan in found for o in scan.found}
        return list(answers.values())

    def _problem(self, scan: Scan[Any]) -> Problem | None:
        text, parts = printable(scan.text), sorted({one.part_no for one in scan.found})
        if not scan.found:
            return self.problem(self.sentence_if_unknown, text=text)
        if len(scan.found) > 1:
            return self.problem(
                self.sentence_if_ambiguous, text=text, parts=", ".join(parts), part=parts[0]
            )
        return None

    def filled(self, raw: Json, context: Context) -> Any:
        """Return one line per thing."""
        return scan_text(raw)

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many there are."""
        return len(value)
