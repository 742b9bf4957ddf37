"""What is wrong with a file of rules, in words: nothing is loaded while anything is."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from engine.facts import CLOCKS
from engine.regulators import jurisdictions, rulebook
from engine.regulators.authorities import RECIPIENTS
from engine.regulators.calendars import COUNTRIES
from engine.regulators.rulebook import COUNTED, OPEN, READ, Rule, rule_of, tables_of
from engine.regulators.triggers import FUNCTIONS, WHAT_IS_KNOWN
from forms import expressions

TEXT = re.compile(r"[a-z][a-z0-9_]*")
ROW = re.compile(r"[A-Z]{2}-[0-9]{1,2}")
CHOICES = {
    "duty": rulebook.DUTIES,
    "whose": rulebook.WHOSE,
    "about": rulebook.ABOUT,
    "direction": ("after", "before"),
    "unit": (*COUNTED, *OPEN),
    "roll": rulebook.ROLLS,
    "grade": (rulebook.CHECKED, rulebook.UNVERIFIED),
}


def problems_of(folder: Path) -> list[str]:
    """Return every problem of the files in a folder, one sentence each; none where all is well."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        return [f"{folder.name}: there is no file of rules"]
    found: list[str] = []
    sound: list[Rule] = []
    for path in files:
        broken, rules = _file(path)
        found += broken
        sound += rules
    return found + _twice(sound)


def main(folder: Path | None = None) -> int:
    """Print one line per problem, or how many rules there are; return 1 when one is broken."""
    found = problems_of(folder or rulebook.FOLDER)
    for sentence in found:
        print(sentence)  # noqa: T201  it is what the command line asked for
    if not found and folder is None:
        rules = rulebook.listed()
        checked = sum(rule.is_checked for rule in rules)
        print(f"{len(rules)} rules: {checked} checked, {len(rules) - checked} unverified")  # noqa: T201  as above
    return 1 if found else 0


def _file(path: Path) -> tuple[list[str], list[Rule]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return [f"{path.name}: cannot be read: {error}"], []
    if content.get("jurisdiction") != path.stem:
        return [f"{path.name}: `jurisdiction` has to be “{path.stem}”, as the file is named"], []
    known = {one.code.lower() for one in jurisdictions.listed()} | {jurisdictions.OTHER}
    if path.stem not in known:
        return [f"{path.name}: jurisdictions.toml names no jurisdiction “{path.stem}”"], []
    strange = sorted(set(content) - {"jurisdiction", "defaults", "rule"})
    found = [f"{path.name}: nobody reads “{key}”" for key in strange]
    if not content.get("rule"):
        found.append(f"{path.name}: there is no rule in it")
    rules = []
    for number, (code, table) in enumerate(tables_of(content), start=1):
        where = f"{path.name}, {table.get('id', f'rule {number}')}"
        broken = [f"{where}: {sentence}" for sentence in _table(path.stem, table)]
        found += broken
        if not broken:
            rules.append(rule_of(code, table))
    return found, rules


def _table(code: str, table: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with one rule: first its shape, then what it says."""
    shape = list(_shape(table))
    if shape:
        return shape
    said = [sentence for check in CHECKS for sentence in check(table)]
    if not table["id"].startswith(f"{code}_"):
        said.append(f"its id has to begin with “{code}_”")
    if table.get("gate") and table["gate"] not in {
        gate.rule for gate in jurisdictions.named(code).gates
    }:
        said.append(f"jurisdictions.toml has no gate “{table['gate']}” here")
    return said


def _shape(table: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(rulebook.NEEDED - set(table)):
        yield f"“{key}” is missing"
    for key, value in table.items():
        if key not in rulebook.GIVEN:
            yield f"nobody reads “{key}”"
        elif type(value) is not rulebook.KEYS[key]:
            yield f"“{key}” has to be of the kind {rulebook.KEYS[key].__name__}, not {value!r}"
        elif value == "":
            yield f"“{key}” says nothing; leave it out"
        elif isinstance(value, int) and value < 0:
            yield f"“{key}” cannot be less than nothing"
    for key, choices in CHOICES.items():
        if key in table and table[key] not in choices:
            yield f"“{key}” is {table[key]!r}, and not one of {', '.join(choices)}"


# --- what a rule says -------------------------------------------------------------------------


def _names(table: Mapping[str, Any]) -> Iterator[str]:
    for key in ("id", "obligation", "packet"):
        if key in table and not TEXT.fullmatch(table[key]):
            yield f"“{key}” is written in small letters, digits and _"
    if "row" in table and not ROW.fullmatch(table["row"]):
        yield "“row” is written as US-1"
    if table["name_zh"].isascii():
        yield "“name_zh” has to be Chinese"
    if ("note" in table) != ("note_zh" in table):
        yield "a note stands in both languages"


def _recipients(table: Mapping[str, Any]) -> Iterator[str]:
    if not table["recipient"]:
        yield "nobody gets it: “recipient” is empty"
    for one in table["recipient"]:
        if one not in RECIPIENTS:
            yield f"the directory of authorities knows no “{one}”"
    if table["calendar"] not in (*COUNTRIES, rulebook.AUTHORITY):
        yield f"there is no calendar of “{table['calendar']}”"


def _period(table: Mapping[str, Any]) -> Iterator[str]:
    unit, amount = table["unit"], table.get("amount")
    if unit in COUNTED and amount is None:
        yield f"a period in {unit} needs an “amount”"
    if unit in OPEN and unit != "plan" and amount is not None:
        yield f"“{unit}” has no “amount”"
    if unit != "plan" and {"least", "most"} & set(table):
        yield "only what a plan sets has “least” and “most”"
    if not table.get("least", 0) <= table.get("amount", 10**9) or table.get(
        "amount", 0
    ) > table.get("most", 10**9):
        yield "“amount” lies outside of “least” and “most”"
    if unit == "immediate" and "target" not in table:
        yield "what is due at once needs a “target”: the hours we give ourselves"
    if table.get("direction") == "before" and unit not in ("hours", "days", "work_days"):
        yield "before an event only hours, days and work_days are counted"
    if table.get("roll", "none") != "none" and (
        unit not in ("days", "weeks", "months", "years") or table.get("direction") == "before"
    ):
        yield "only a period of days, weeks, months or years after an event rolls"
    if table.get("two_work_days") and unit != "days":
        yield "“two_work_days” is about periods of days"
    if table.get("after_years") and unit != "days":
        yield "“after_years” is about periods of days"


def _target(table: Mapping[str, Any]) -> Iterator[str]:
    target, amount = table.get("target"), table.get("amount")
    if target is None or amount is None:
        return
    if table.get("direction") == "before":
        if target < amount:
            yield "the “target” lies after what the law asks for"
    elif target >= amount:
        yield "the “target” has to lie before what the law asks for"


def _readings(table: Mapping[str, Any]) -> Iterator[str]:
    for one in table.get("reading", ()):
        if not (one.get("why") and one.get("why_zh")):
            yield "a reading says “why” and “why_zh”"
        elif strange := sorted(set(one) - {"why", "why_zh", *READ}):
            yield f"a reading cannot change “{strange[0]}”"
        elif not set(one) & set(READ):
            yield "a reading changes nothing"
        else:
            read = {**{key: value for key, value in table.items() if key != "reading"}, **one}
            for sentence in (*_period(read), *_expressions(read)):
                yield f"a reading: {sentence}"


def _expressions(table: Mapping[str, Any]) -> Iterator[str]:
    try:
        for name in sorted(expressions.check(table["start"], functions=FUNCTIONS) - set(CLOCKS)):
            yield f"“start” names {name}, which no clock can run from"
    except expressions.ExpressionRefused as refused:
        yield f"“start” cannot be read: {refused}"
    if "when" not in table:
        if table.get("about", "action") != "device" and table.get("whose", "ours") != "others":
            yield "“when” is missing: which facts make it due"
        return
    try:
        strange = expressions.check(table["when"]) - set(CLOCKS) - set(WHAT_IS_KNOWN)
        for name in sorted(strange):
            yield f"“when” names {name}, which nobody records"
    except expressions.ExpressionRefused as refused:
        yield f"“when” cannot be read: {refused}"


def _law(table: Mapping[str, Any]) -> Iterator[str]:
    if "words" in table and "file" not in table:
        yield "words are cited with the file they stand in"
    if table.get("grade") == rulebook.CHECKED:
        if "words" not in table:
            yield "it says checked, and cites no words of the law"
        if not table.get("binding", True):
            yield "it says checked, and guidance is never checked law"
    if "valid_from" in table and "valid_to" in table and table["valid_to"] < table["valid_from"]:
        yield "it ends before it begins"


CHECKS: tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...] = (
    _names, _recipients, _period, _target, _readings, _expressions, _law,
)  # fmt: skip


def _twice(rules: list[Rule]) -> list[str]:
    """Two versions of one rule never hold on one day."""
    return [
        f"{one.id} stands there twice for the same time"
        for one, other in combinations(rules, 2)
        if one.id == other.id and _overlap(one, other)
    ]


def _overlap(one: Rule, other: Rule) -> bool:
    ends = [each.valid_to for each in (one, other) if each.valid_to is not None]
    begins = [each.valid_from for each in (one, other) if each.valid_from is not None]
    return not ends or not begins or max(begins) <= min(ends)
