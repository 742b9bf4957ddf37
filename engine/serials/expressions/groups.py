"""Ranges and beginnings: all lots or serials that they reach, asked about where not plain."""

from engine.serials.expressions import looking, ranges, sentences as say
from engine.serials.expressions.looking import Group
from engine.serials.expressions.matches import matches_of, one_match
from engine.serials.expressions.saying import Said, dotted, splits
from engine.serials.expressions.state import Reading, group_facts, term_of
from engine.serials.expressions.understood import LEAVE, Choice, Facts, Term


def range_said(reading: Reading, said: Said) -> None:
    """Take two numbers with a word or a dash with spaces between them."""
    _between(reading, said, said.more["from"], said.more["to"])


def range_inside(reading: Reading, said: Said) -> bool:
    """Read a token with a dash as a range where that is plain, or ask where it may be one."""
    ways = splits(said.value)
    for first, last in ways:
        if ranges.plain_range(first, last):
            _between(reading, said, first, last)
            return True
    for first, last in ways:
        if end := ranges.whole_end(first, last):
            _not_plain(reading, said, first, end)
            return True
    if between := dotted(said.value):
        ways.append(between)
    for first, last in ways:
        if _may_be_ends(reading, first, last):
            _not_plain(reading, said, first, last)
            return True
    return False


def _may_be_ends(reading: Reading, first: str, last: str) -> bool:
    """Say whether two numbers look like the ends of a range, and either is recorded."""
    known = [bool(matches_of(reading, end)) for end in (first, last)]
    return all(known) or (any(known) and ranges.begin_alike(first, last))


def _between(reading: Reading, said: Said, first: str, last: str) -> None:
    plain = ranges.plain_range(first, last)
    if plain is not None:
        groups(reading, said, range=plain)
        return
    _not_plain(reading, said, first, ranges.whole_end(first, last) or last)


def _not_plain(reading: Reading, said: Said, first: str, last: str) -> None:
    """Ask what a range means that is not plain: its ends differ in more than their figures."""
    choices = []
    backwards = ranges.plain_range(last, first)
    meant = ranges.plain_range(first, last) or backwards
    if meant:
        first, last = meant.first, meant.last
        facts: Facts = (("first", first), ("last", last), ("count", meant.count))
        terms = _range_terms(reading, meant)
        if terms:
            choices.append(Choice("range", say.FROM_TO, facts, terms))
    ends = [match for end in (first, last) for match in matches_of(reading, end)]
    if ends:
        terms = tuple(term_of(one) for one in ends)
        named = ", ".join(dict.fromkeys(one.label for one in ends))
        choices.append(Choice("ends", say.ONLY_THESE, (("named", named),), terms))
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    sentence = say.RANGE_UNCLEAR if meant is None else say.MAY_BE_RANGE
    if backwards:
        sentence = say.RANGE_BACKWARDS
    reading.asked(said, reading.question("range", said, sentence, (), tuple(choices)))


def _range_terms(reading: Reading, range: ranges.Range) -> tuple[Term, ...]:
    said = {"from": range.first, "to": range.last, **_part_said(reading)}
    lots, units = _counted(reading, None, range)
    return (
        *(({"lot_range": said},) if lots else ()),
        *(({"serial_range": said},) if units else ()),
    )


def wild(reading: Reading, said: Said) -> None:
    """Ask whether a sign for whatever follows means all that begins so: `V2601*`."""
    beginning = said.value
    if reading.is_beginning:
        groups(reading, said, beginning=beginning)
        return
    found = _found(reading, beginning, None)
    itself = matches_of(reading, beginning)
    if not found:
        reading.missing(said, say.NONE_BEGIN)
        return
    if len(itself) == 1 and sum(one.count for _, one in found) == 1:  # “K-7*”: a footnote's sign
        one_match(reading, said, itself[0])
        return
    choices = [
        Choice(
            f"{kind}:{one.part_id}",
            say.PREFIX_AS[kind],
            (*group_facts(one), ("begins", beginning)),
            (_group_term(kind, "prefix", {"begins": beginning}, one),),
        )
        for kind, one in found
    ]
    if len(found) > 1:
        terms = tuple(term for one in choices for term in one.terms)
        choices.append(Choice("all", say.ALL_OF_THEM, (), terms))
    if itself:
        terms = tuple(term_of(one) for one in itself)
        choices.append(Choice("itself", say.ONLY_THESE, (("named", beginning),), terms))
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    facts: Facts = (("begins", beginning),)
    reading.asked(said, reading.question("wild", said, say.WILD, facts, tuple(choices)))


def _found(
    reading: Reading, beginning: str | None, range: ranges.Range | None
) -> list[tuple[str, Group]]:
    lots, units = _counted(reading, beginning, range)
    if reading.context == "lot" and lots:
        units = []
    if reading.context == "serial" and units:
        lots = []
    return [(kind, one) for kind, rows in (("lot", lots), ("serial", units)) for one in rows]


def _group_term(kind: str, name: str, told: dict[str, str], one: Group) -> Term:
    return {f"{kind}_{name}": {**told, "part": {"id": one.part_id, "number": one.part_no}}}


def groups(
    reading: Reading, said: Said, *, beginning: str | None = None, range: ranges.Range | None = None
) -> None:
    """Take all lots or all serials that begin so or lie in a range; ask which, if several."""
    found = _found(reading, beginning, range)
    name = "prefix" if beginning is not None else "range"
    told = {"begins": beginning or ""} if range is None else {"from": range.first, "to": range.last}
    if not found:
        reading.missing(said, say.NONE_BEGIN if range is None else say.NONE_WITHIN)
        return

    choices = [
        Choice(
            f"{kind}:{one.part_id}",
            say.COUNTED[kind],
            group_facts(one),
            (_group_term(kind, name, told, one),),
        )
        for kind, one in found
    ]
    as_said = reading.context not in ("lot", "serial") or found[0][0] == reading.context
    is_known = reading.part is None or reading.part.term is not None
    if len(found) == 1 and as_said and is_known:
        only = choices[0]
        terms: tuple[Term, ...] = only.terms
        if reading.part is None:  # what comes to be later under this number is meant too
            terms = ({f"{found[0][0]}_{name}": told},)
        reading.named(
            said,
            say.RANGE_AS[found[0][0]] if range else say.PREFIX_AS[found[0][0]],
            terms,
            (
                *only.facts,
                ("first", told.get("from", "")),
                ("last", told.get("to", "")),
                ("begins", beginning or ""),
                ("most", range.count if range else 0),
            ),
        )
        return
    if len(found) > 1:
        choices.append(
            Choice("all", say.ALL_OF_THEM, (), tuple(t for c in choices for t in c.terms))
        )
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    reading.asked(said, reading.question("group", said, say.SEVERAL, (), tuple(choices)))


def _counted(
    reading: Reading, beginning: str | None, range: ranges.Range | None
) -> tuple[list[Group], list[Group]]:
    lots = looking.lots_within(reading.db, beginning=beginning, range=range)
    units = looking.units_within(reading.db, beginning=beginning, range=range)
    return _groups_of_part(reading, lots), _groups_of_part(reading, units)


def _groups_of_part(reading: Reading, found: list[Group]) -> list[Group]:
    if reading.part is None or reading.part.term is None:
        return found
    reading.part.is_used = True
    return [one for one in found if one.part_id == reading.part.term["part"]["id"]]


def _part_said(reading: Reading) -> dict[str, object]:
    if reading.part is None or reading.part.term is None:
        return {}
    return {"part": {key: reading.part.term["part"][key] for key in ("id", "number")}}
