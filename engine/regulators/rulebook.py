"""The rules of the law as files, `rules/<jurisdiction>.toml`: what is due to whom, and by when.

A rule is a table with these keys; a table `defaults` gives a file's rules what they share.

id, row       its name, beginning with the code of the jurisdiction, and its row of the collection
obligation    the name under which rules share one obligation: the earliest clock governs
name, name_zh what is due, in both languages
duty          report | notice | publication | record | gate (what has to be waited for) | keeping
whose         ours | authority | others: whose duty it is
about         action (of a case) | event (that was reported) | device (with no case)
when          an expression: which facts make it due; a fact that nobody recorded is None
start         an expression: the fact, or `first_of(…)`, that the clock runs from
direction     after | before the start
amount, unit  hours, weekday_hours (Monday to Friday), days, work_days, weeks, months, years; or
              immediate, plan (the plan sets the interval: `least` to `most` days, else `amount`),
              answer (of the authority) and for_ever
after_years   the clock runs again from each anniversary of the start
counts_day_zero, roll (none | next_work_day), two_work_days: how a period of days is counted
target        the internal target, in the unit (immediate: hours, plan: days)
reading       where the text is open: the keys another reading changes, and `why`, `why_zh`
calendar      the country whose days count, or authority: that of the authority of the obligation
binding       false: guidance; urgent: in urgency the action goes first
source        the clause; file and words: where and how the collection of laws says it
grade         checked (a test finds the words of the law) | unverified
valid_from, valid_to  from when and until when the clause is law
recipient, packet, gate  who gets it, the template of its packet, and what waits for it
note, note_zh what a reader has to know
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import EngineError

FOLDER = Path(__file__).with_name("rules")
CHECKED, UNVERIFIED = "checked", "unverified"
DUTIES = ("report", "notice", "publication", "record", "gate", "keeping")
WHOSE = ("ours", "authority", "others")
ABOUT = ("action", "event", "device")
COUNTED = ("hours", "weekday_hours", "days", "work_days", "weeks", "months", "years")
OPEN = ("immediate", "plan", "answer", "for_ever")
ROLLS = ("none", "next_work_day")
AUTHORITY = "authority"


class RulesBroken(EngineError):
    """The rules of the law cannot be used. Mend their files: %(problems)s."""


class RuleUnknown(EngineError):
    """There is no rule %(rule)s here."""


@dataclass(frozen=True)
class Reading:
    """Another way to read the text: what it changes of the rule, and why it is possible."""

    changes: Mapping[str, Any]
    why: str
    why_zh: str

    def said(self, language: str) -> str:
        """Return why it is possible, in a language."""
        return self.why_zh if language == "zh" else self.why


@dataclass(frozen=True)
class Rule:
    """One clock of the law, as its file says it; `version` changes with any word of it."""

    jurisdiction: str
    id: str
    name: str
    name_zh: str
    start: str
    unit: str
    source: str
    recipient: tuple[str, ...]
    version: str
    calendar: str
    row: str = ""
    obligation: str = ""
    duty: str = "report"
    whose: str = "ours"
    about: str = "action"
    when: str = ""
    direction: str = "after"
    amount: int | None = None
    least: int | None = None
    most: int | None = None
    after_years: int = 0
    counts_day_zero: bool = False
    roll: str = "none"
    two_work_days: bool = False
    target: int | None = None
    reading: tuple[Reading, ...] = ()
    binding: bool = True
    urgent: bool = False
    file: str = ""
    words: str = ""
    grade: str = UNVERIFIED
    valid_from: date | None = None
    valid_to: date | None = None
    packet: str = ""
    gate: str = ""
    note: str = ""
    note_zh: str = ""

    @property
    def is_checked(self) -> bool:
        """Say whether its clause was compared with the text of the law."""
        return self.grade == CHECKED

    @property
    def shared(self) -> str:
        """Return the name of the obligation that it is a clock of."""
        return self.obligation or self.id

    def said(self, language: str) -> str:
        """Return what is due, in a language."""
        return self.name_zh if language == "zh" else self.name

    def noted(self, language: str) -> str:
        """Return what a reader has to know, in a language."""
        return self.note_zh if language == "zh" else self.note

    def is_in_force(self, on: date) -> bool:
        """Say whether the clause is law on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


# what a reading may say differently
READ = ("start", "amount", "unit", "roll", "counts_day_zero", "two_work_days")
KEYS: Mapping[str, type[Any]] = {
    "amount": int, "least": int, "most": int, "after_years": int, "target": int,
    "counts_day_zero": bool, "two_work_days": bool, "binding": bool, "urgent": bool,
    "valid_from": date, "valid_to": date, "recipient": list, "reading": list,
} | {
    one.name: str for one in fields(Rule) if one.type is str
}  # fmt: skip
GIVEN = frozenset(KEYS) - {"jurisdiction", "version"}
NEEDED = frozenset(one.name for one in fields(Rule) if one.default is MISSING) & GIVEN


def listed() -> tuple[Rule, ...]:
    """Return every rule, by jurisdiction and in the order of its file; raises `RulesBroken`."""
    return _read(FOLDER)


def of_jurisdiction(code: str) -> tuple[Rule, ...]:
    """Return the rules of a jurisdiction; those of `other` where no file has its name."""
    found = tuple(one for one in listed() if one.jurisdiction == code.upper())
    return found or tuple(one for one in listed() if one.jurisdiction == "OTHER")


def named(rule_id: str) -> Rule:
    """Return a rule by its name, the last of its versions; raises `RuleUnknown`."""
    for one in reversed(listed()):
        if one.id == rule_id:
            return one
    raise RuleUnknown(rule=rule_id)


@cache
def _read(folder: Path) -> tuple[Rule, ...]:
    from engine.regulators.checking import problems_of  # noqa: PLC0415  it checks what this reads

    broken = problems_of(folder)
    if broken:
        raise RulesBroken(problems="; ".join(broken))
    return tuple(
        rule_of(code, table)
        for path in sorted(folder.glob("*.toml"))
        for code, table in tables_of(tomllib.loads(path.read_text("utf-8")))
    )


def tables_of(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each rule of a file with what its defaults give it, and the jurisdiction's code."""
    shared = content.get("defaults", {})
    for table in content.get("rule", ()):
        yield str(content["jurisdiction"]).upper(), {**shared, **table}


def rule_of(code: str, table: Mapping[str, Any]) -> Rule:
    """Make a rule of a table that was found to be sound."""
    given = {key: value for key, value in table.items() if key not in ("recipient", "reading")}
    plain = json.dumps(table, sort_keys=True, ensure_ascii=False, default=str)
    return Rule(
        jurisdiction=code,
        version=hashlib.sha256(f"{code} {plain}".encode()).hexdigest()[:12],
        recipient=tuple(table["recipient"]),
        reading=tuple(_reading(one) for one in table.get("reading", ())),
        **given,
    )


def _reading(table: Mapping[str, Any]) -> Reading:
    changes = {key: value for key, value in table.items() if key in READ}
    return Reading(changes, table["why"], table["why_zh"])
