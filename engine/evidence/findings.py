"""What a check found, line by line, in words."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One thing that was checked.

    `sentence` is a gettext msgid with %(fact)s places; `holds` is None where it could not be
    checked, and the sentence then says what was missing.
    """

    holds: bool | None
    sentence: str
    facts: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return self.sentence % dict(self.facts)


@dataclass
class Result:
    """All lines of one check, in the order they were looked at."""

    lines: list[Line] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether everything that was checked holds."""
        return bool(self.lines) and all(line.holds is not False for line in self.lines)

    @property
    def causes(self) -> list[str]:
        """Return the sentences of what does not hold."""
        return [str(line) for line in self.lines if line.holds is False]

    def ok(self, sentence: str, **facts: object) -> None:
        """Note that something holds."""
        self.lines.append(Line(True, sentence, tuple(facts.items())))

    def fail(self, sentence: str, **facts: object) -> None:
        """Note that something does not hold, naming the cause."""
        self.lines.append(Line(False, sentence, tuple(facts.items())))

    def unknown(self, sentence: str, **facts: object) -> None:
        """Note that something could not be checked."""
        self.lines.append(Line(None, sentence, tuple(facts.items())))

    def __str__(self) -> str:
        marks = {True: "ok     ", False: "FAILED ", None: "open   "}
        verdict = "HOLDS" if self.holds else "DOES NOT HOLD"
        return "\n".join([*(f"{marks[line.holds]}{line}" for line in self.lines), verdict])
