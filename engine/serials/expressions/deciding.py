"""What each stretch of a text means here: one thing recorded, a remark, or a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import find
from engine.serials.expressions import dates, looking, ranges, sentences as say
from engine.serials.expressions.looking import Group, Place, Recorded
from engine.serials.expressions.saying import Said, runs_of_numbers, splits
from engine.serials.expressions.understood import (
    LEAVE,
    Choice,
    Facts,
    Piece,
    Question,
    Term,
    key_of,
)
from engine.serials.identifiers import parse
from engine.serials.named import Match
from engine.serials.near import near

FACTS = ("equipment", "operator", "program", "label")
PLACES = ("site", "location")
LASTING = ("lot", "serial", "part", "work_order")  # also on the next line: a pasted column
MOST_NEAR = 20  # “did you mean” costs a look for each


@dataclass
class Mention:
    """A part that the text names: it tells the numbers after it apart, or stands for itself."""

    term: Term | None  # None: not recorded
    text: str
    piece: int  # its place among the pieces
    is_used: bool = False


@dataclass
class Element:
    """What joins into the expression: `named`, `described`, `part`, or how things are joined."""

    kind: str
    terms: tuple[Term, ...] = ()
    name: str = ""
    mention: Mention | None = None


@dataclass
class Reading:
    """The state of reading one text from its beginning to its end."""

    db: Session
    text: str
    recorded: Recorded
    answers: Mapping[str, str]
    zone: tzinfo
    pieces: list[Piece] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    context: str = ""
    is_beginning: bool = False
    part: Mention | None = None
    near_count: int = 0
    last_lots: list[Match] = field(default_factory=list)
    labels: dict[str, find.Found] = field(default_factory=dict)

    def read(self, said: Sequence[Said]) -> None:
        """Decide about every stretch, in order."""
        wanted = [one.value for one in said if one.role == "label"]
        self.labels = dict(zip(wanted, find.resolve_many(self.db, wanted), strict=True))
        for one in joined(self.text, said, self.recorded):
            getattr(self, f"_{one.role}")(one)

    # --- what only separates or explains --------------------------------------------------------

    def _blank(self, said: Said) -> None:
        self._piece(said, "blank")

    def _stop(self, said: Said) -> None:
        self._piece(said, "blank")
        self.elements.append(Element("stop"))

    def _break(self, said: Said) -> None:
        self._piece(said, "blank")
        self.elements.append(Element("break"))
        if self.context not in LASTING:
            self.context = ""
        if any(one.isdigit() or one in "①②③④⑤⑥⑦⑧⑨⑩" for one in said.value):  # “2)”: a new entry
            self.context, self.part, self.is_beginning = "", None, False

    def _word(self, said: Said) -> None:
        meaning = said.value
        self._piece(said, "word", say.WORDS.get(meaning, ""))
        if meaning in ("and", "or", "except"):
            self.elements.append(Element(meaning))
        elif meaning == "prefix":
            self.is_beginning = True
        elif meaning == "filler":
            if said.end - said.start == 2 and self.text[said.start : said.end] == "开头":
                self.is_beginning = False
            if self.context == "part":
                self.context = ""
        elif meaning != "expiry":
            self.context, self.is_beginning = meaning, False

    def _expiry(self, said: Said) -> None:
        meant = dates.readings(said.more["day"])
        known = {one.expires_on for one in self.last_lots if one.expires_on}
        if not known or known & set(meant):
            self._piece(said, "remark", say.EXPIRY if known else say.EXPIRY_UNKNOWN)
            return
        lot = self.last_lots[0]
        facts: Facts = (
            ("lot", lot.lot_no),
            ("recorded", lot.expires_on),
            ("said", said.more["day"]),
        )
        choices = (
            Choice("same", say.SAME_LOT),
            Choice(LEAVE, say.LEAVE_LOT),
        )
        question = self._question("expiry", said, say.EXPIRES_OTHERWISE, facts, choices)
        self._asked(said, question, is_kept=False)
        if question.answer == LEAVE:
            self._take_back(lot)

    def _take_back(self, lot: Match) -> None:
        for element in reversed(self.elements):
            if element.kind == "named" and any(
                term.get("lot", {}).get("id") == lot.id for term in element.terms
            ):
                self.elements.remove(element)
                return

    # --- numbers -------------------------------------------------------------------------------

    def _number(self, said: Said) -> None:
        token = said.value
        if self.is_beginning and self.context in ("", "lot", "serial"):
            self._groups(said, beginning=token)
        elif self.context in FACTS:
            self._fact(said)
        elif self.context in PLACES:
            self._place(said)
        elif self.context == "work_order" and token in self.recorded.orders:
            self._named(said, say.WORK_ORDER, ({"work_order": {"number": token}},))
        elif self.context == "di" or (self.context == "part" and token in self.recorded.parts):
            self._part(said, token)
        else:
            self._lot_or_unit(said)

    def _lot_or_unit(self, said: Said) -> None:
        token, known = said.value, self.recorded
        lots, units = self._of_part(known.lots.get(token, ())), self._of_part(
            known.units.get(token, ())
        )
        if self.context == "lot" and lots:
            units = []
        if self.context == "serial" and units:
            lots = []
        matches = [*lots, *units]
        if len(matches) == 1 and self._is_as_said(matches[0]):
            self._match(said, matches[0])
        elif matches:
            self._which(said, matches)
        elif outside := [*known.lots.get(token, ()), *known.units.get(token, ())]:
            self._which(said, outside, say.OTHER_PART, (("part", self.part.text),))  # type: ignore[union-attr]
        elif token in known.orders and self.context in ("", "work_order"):
            self._named(said, say.WORK_ORDER, ({"work_order": {"number": token}},))
        elif token in known.parts and not self.context:
            self._part(said, token)
        else:
            self._unrecorded(said)

    def _is_as_said(self, match: Match) -> bool:
        """Say whether a thing is of the kind, and of the part, that the words before it name."""
        if self.part is not None and self.part.term is None:
            return False
        return self.context not in ("lot", "serial") or (self.context == "lot") == (
            match.kind == "lot"
        )

    def _of_part(self, matches: Sequence[Match]) -> list[Match]:
        if self.part is None or self.part.term is None:
            return list(matches)
        wanted = self.part.term["part"]["id"]
        return [one for one in matches if one.part_id == wanted]

    def _which(
        self, said: Said, matches: Sequence[Match], sentence: str = "", facts: Facts = ()
    ) -> None:
        if not sentence:
            kinds = {one.kind for one in matches}
            sentence = say.SAME_NUMBER if len(matches) > 1 else say.OTHER_KIND
            if len(matches) == 1 and self.part is not None and self.part.term is None:
                sentence, facts = say.PART_UNKNOWN, (("part", self.part.text),)
            elif len(kinds) == 1 and kinds == {"lot"} and len(matches) > 1:
                sentence = say.SAME_LOT_NUMBER
        choices = [
            Choice(f"{one.kind}:{one.id}", say.THIS[one.kind], facts_of(one), (term_of(one),))
            for one in matches
        ]
        if len(matches) > 1:
            all_terms = tuple(term_of(one) for one in matches)
            choices.append(Choice("all", say.ALL_OF_THEM, (), all_terms))
        choices.append(Choice(LEAVE, say.LEAVE_OUT))
        question = self._question("which", said, sentence, facts, tuple(choices))
        self._asked(said, question)
        chosen = question.chosen
        self.last_lots = [
            one for one in matches if chosen and term_of(one) in chosen.terms and one.kind == "lot"
        ]

    def _match(self, said: Said, match: Match) -> None:
        self.last_lots = [match] if match.kind == "lot" else []
        self._named(said, say.AS[match.kind], (term_of(match),), facts_of(match))

    def _unrecorded(self, said: Said) -> None:
        token = said.value
        if self._range_inside(said) or self._slash_inside(said):
            return
        if not any(one.isdigit() for one in token):
            if self.context == "part":
                self.part = Mention(None, token, len(self.pieces))
            self._unread(said)
            return
        if self.context == "part":
            self.part = Mention(None, token, len(self.pieces))
        if self.near_count < MOST_NEAR:
            self.near_count += 1
            if meant := near(self.db, token):
                choices = [
                    Choice(f"{m.kind}:{m.id}", say.THIS[m.kind], facts_of(m), (term_of(m),))
                    for m in meant[:6]
                ]
                choices.append(Choice(LEAVE, say.LEAVE_UNRECORDED))
                self._asked(
                    said,
                    self._question("near", said, say.DID_YOU_MEAN, (), tuple(choices)),
                )
                return
        self._missing(said, say.NOT_RECORDED_AS.get(self.context, say.NOT_RECORDED))

    def _missing(self, said: Said, sentence: str) -> None:
        facts: Facts = (("text", self._text(said)),)
        problem = Problem(f"{said.start}-{said.end}", sentence, facts)
        self._piece(said, "not_recorded", sentence, facts, problem=problem)

    def _unread(self, said: Said) -> None:
        """Ask about words that nobody recorded; words side by side are asked about once."""
        before = self.pieces[-1] if self.pieces else None
        earlier = self.pieces[-2] if len(self.pieces) > 1 else None
        is_next = (
            before is not None
            and earlier is not None
            and before.kind == "blank"
            and before.text.strip(" ") == ""
            and earlier.question is not None
            and earlier.question.key.startswith("unread")
        )
        if is_next and earlier is not None:
            del self.pieces[-2:]
            said = Said(earlier.start, said.end, "number", self.text[earlier.start : said.end])
        if self.context not in ("lot", "serial"):
            self.context = ""
        choices = (Choice(LEAVE, say.LEAVE_WORDS),)
        self._asked(said, self._question("unread", said, say.NOT_UNDERSTOOD, (), choices))

    # --- ranges and beginnings -----------------------------------------------------------------

    def _range(self, said: Said) -> None:
        self._between(said, said.more["from"], said.more["to"])

    def _range_inside(self, said: Said) -> bool:
        """Read a token with a dash as a range where that is plain, or ask where it may be one."""
        ways = splits(said.value)
        for first, last in ways:
            if ranges.plain_range(first, last):
                self._between(said, first, last)
                return True
        for first, last in ways:
            if end := ranges.whole_end(first, last):
                self._not_plain(said, first, end)
                return True
        return False

    def _between(self, said: Said, first: str, last: str) -> None:
        plain = ranges.plain_range(first, last)
        if plain is not None:
            self._groups(said, range=plain)
            return
        self._not_plain(said, first, ranges.whole_end(first, last) or last)

    def _not_plain(self, said: Said, first: str, last: str) -> None:
        """Ask what a range means that is not plain: its ends differ in more than their figures."""
        choices = []
        if meant := ranges.plain_range(first, last):
            facts: Facts = (("first", first), ("last", last), ("count", meant.count))
            terms = self._range_terms(meant)
            if terms:
                choices.append(Choice("range", say.FROM_TO, facts, terms))
        ends = [
            match
            for end in (first, last)
            for match in (
                *self._of_part(self.recorded.lots.get(end, ())),
                *self._of_part(self.recorded.units.get(end, ())),
            )
        ]
        if ends:
            terms = tuple(term_of(one) for one in ends)
            named = ", ".join(dict.fromkeys(one.label for one in ends))
            choices.append(Choice("ends", say.ONLY_THESE, (("named", named),), terms))
        choices.append(Choice(LEAVE, say.LEAVE_OUT))
        self._asked(said, self._question("range", said, say.RANGE_UNCLEAR, (), tuple(choices)))

    def _range_terms(self, range: ranges.Range) -> tuple[Term, ...]:
        said = {"from": range.first, "to": range.last, **self._part_said()}
        lots, units = self._counted(None, range)
        return (
            *(({"lot_range": said},) if lots else ()),
            *(({"serial_range": said},) if units else ()),
        )

    def _groups(
        self, said: Said, *, beginning: str | None = None, range: ranges.Range | None = None
    ) -> None:
        """Take all lots or all serials that begin so or lie in a range; ask which, if several."""
        lots, units = self._counted(beginning, range)
        if self.context == "lot" and lots:
            units = []
        if self.context == "serial" and units:
            lots = []
        name = "prefix" if beginning is not None else "range"
        told = {"begins": beginning} if range is None else {"from": range.first, "to": range.last}
        found = [(kind, one) for kind, rows in (("lot", lots), ("serial", units)) for one in rows]
        if not found:
            self._missing(said, say.NONE_BEGIN if range is None else say.NONE_WITHIN)
            return

        choices = [
            Choice(
                f"{kind}:{one.part_id}",
                say.COUNTED[kind],
                group_facts(one),
                (
                    {
                        f"{kind}_{name}": {
                            **told,
                            "part": {"id": one.part_id, "number": one.part_no},
                        }
                    },
                ),
            )
            for kind, one in found
        ]
        as_said = self.context not in ("lot", "serial") or found[0][0] == self.context
        is_known = self.part is None or self.part.term is not None
        if len(found) == 1 and as_said and is_known:
            only = choices[0]
            terms: tuple[Term, ...] = only.terms
            if self.part is None:  # what comes to be later under this number is meant too
                terms = ({f"{found[0][0]}_{name}": told},)
            self._named(
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
        self._asked(said, self._question("group", said, say.SEVERAL, (), tuple(choices)))

    def _counted(
        self, beginning: str | None, range: ranges.Range | None
    ) -> tuple[list[Group], list[Group]]:
        lots = looking.lots_within(self.db, beginning=beginning, range=range)
        units = looking.units_within(self.db, beginning=beginning, range=range)
        return self._groups_of_part(lots), self._groups_of_part(units)

    def _groups_of_part(self, found: list[Group]) -> list[Group]:
        if self.part is None or self.part.term is None:
            return found
        self.part.is_used = True
        return [one for one in found if one.part_id == self.part.term["part"]["id"]]

    def _part_said(self) -> dict[str, object]:
        if self.part is None or self.part.term is None:
            return {}
        return {"part": {key: self.part.term["part"][key] for key in ("id", "number")}}

    def _slash_inside(self, said: Said) -> bool:
        pieces = [one for one in said.value.split("/") if one]
        if len(pieces) < 2 or not all(self.recorded.knows(one) for one in pieces):
            return False
        matches = [
            match
            for one in pieces
            for match in (*self.recorded.lots.get(one, ()), *self.recorded.units.get(one, ()))
        ]
        terms = tuple(term_of(one) for one in matches)
        named = ", ".join(pieces)
        choices = (
            *((Choice("ends", say.ONLY_THESE, (("named", named),), terms),) if terms else ()),
            Choice(LEAVE, say.LEAVE_OUT),
        )
        self._asked(said, self._question("slash", said, say.SLASH, (), choices))
        return True

    # --- labels, parts, and what events name --------------------------------------------------

    def _label(self, said: Said) -> None:
        found = self.labels[said.value]
        if found.problem is not None and not found.matches:
            problem = Problem(
                f"{said.start}-{said.end}", found.problem.sentence, found.problem.facts
            )
            self._piece(
                said, "not_recorded", problem.sentence, problem.facts, problem=problem
            )
            label = parse(said.value)
            if label.is_label and not (label.lot_no or label.serial):
                self.part = Mention(None, label.di or said.value, len(self.pieces))
            return
        if len(found.matches) == 1 and found.problem is None:
            match = found.matches[0]
            if match.kind == "part":
                self._mention(said, match)
            else:
                self._match(said, match)
            return
        sentence, facts = say.SAME_NUMBER, ()
        if found.problem is not None:
            sentence, facts = found.problem.sentence, found.problem.facts  # type: ignore[assignment]
        self._which(said, found.matches, sentence, facts)

    def _part(self, said: Said, token: str) -> None:
        matches = self.recorded.parts.get(token, ())
        if not matches:
            self.part = Mention(None, token, len(self.pieces))
            self._missing(said, say.NOT_RECORDED_AS["part"])
        elif len(matches) == 1:
            self._mention(said, matches[0])
        else:
            choices = (
                *(
                    Choice(f"part:{m.id}", say.THIS["part"], facts_of(m), (term_of(m),))
                    for m in matches
                ),
                Choice(LEAVE, say.LEAVE_OUT),
            )
            question = self._question("part", said, say.SAME_PART_NUMBER, (), choices)
            self._asked(said, question, is_kept=False)
            chosen = question.chosen
            if chosen and chosen.terms:
                self.part = Mention(chosen.terms[0], token, len(self.pieces) - 1)
                self.elements.append(Element("part", chosen.terms, mention=self.part))

    def _mention(self, said: Said, match: Match) -> None:
        self.part = Mention(term_of(match), self._text(said), len(self.pieces))
        self._piece(said, "understood", say.AS["part"], facts_of(match), terms=(term_of(match),))
        self.elements.append(Element("part", (term_of(match),), mention=self.part))

    def _fact(self, said: Said) -> None:
        name, value = self.context, said.value
        if self.is_beginning or self.recorded.fact(name, value):
            key = "begins" if self.is_beginning else "value"
            term: Term = {"fact": {"name": name, key: value}}
            facts: Facts = (("name", name), ("value", value))
            self._piece(said, "understood", say.FACT, facts, terms=(term,))
            self.elements.append(Element("described", (term,), name))
            return
        self._missing(said, say.FACT_UNKNOWN)

    def _place(self, said: Said) -> None:
        found = self.recorded.places.get(said.value, [])
        if not found:
            self._missing(said, say.PLACE_UNKNOWN)
            return
        term: Term = {self.context: {"ids": [one.id for one in found], "name": said.value}}
        facts: Facts = (("name", said.value), ("places", _names(found)))
        sentence = say.SITE if self.context == "site" else say.LOCATION
        self._piece(said, "understood", sentence, facts, terms=(term,))
        self.elements.append(Element("described", (term,), self.context))

    # --- when -----------------------------------------------------------------------------------

    def _made(self, said: Said) -> None:
        self._window(said, is_made=True)

    def _window(self, said: Said, *, is_made: bool = False) -> None:
        more = said.more
        first = more.get("first") or more.get("since") or more.get("day")
        last = more.get("last") or more.get("until") or more.get("day")
        ways = _ways(first, last)
        if not ways:
            self._missing(said, say.DATE_UNKNOWN)
            return
        fact = self._fact_before()
        choices = []
        for start, end in ways:
            from_at, to_at = dates.window(start, end, zone=self.zone)
            when = {
                "from": from_at.isoformat() if from_at else None,
                "to": to_at.isoformat() if to_at else None,
            }
            facts: Facts = (("first", start or "…"), ("last", end or "…"))
            value = f"{start}/{end}"
            choices.append(Choice(value, say.MADE, facts, ({"made": when},)))
        if not is_made and fact is not None and len(choices) == 1:
            fact.terms[0]["fact"] |= choices[0].terms[0]["made"]
            self._piece(said, "understood", say.IN_THAT_TIME, choices[0].facts)
            return
        if is_made and len(choices) == 1:
            only = choices[0]
            self._piece(said, "understood", only.sentence, only.facts, terms=only.terms)
            self.elements.append(Element("described", only.terms, "made"))
            return
        sentence = say.WHICH_DAY if len(ways) > 1 else say.WHEN_MADE
        asked = (*choices, Choice(LEAVE, say.LEAVE_OUT))
        question = self._question("made", said, sentence, (), asked)
        self._asked(said, question, is_kept=False)
        if question.chosen and question.chosen.terms:
            self.elements.append(Element("described", question.chosen.terms, "made"))

    def _fact_before(self) -> Element | None:
        last = next((e for e in reversed(self.elements) if e.kind != "stop"), None)
        is_fact = last is not None and last.kind == "described" and "fact" in last.terms[0]
        return last if is_fact else None

    # --- putting down -----------------------------------------------------------------------------

    def _named(self, said: Said, sentence: str, terms: tuple[Term, ...], facts: Facts = ()) -> None:
        self._piece(said, "understood", sentence, facts or (("text", said.value),), terms=terms)
        self.elements.append(Element("named", terms))
        if self.part is not None:
            self.part.is_used = True

    def _question(
        self, kind: str, said: Said, sentence: str, facts: Facts, choices: tuple[Choice, ...]
    ) -> Question:
        text = self._text(said)
        key = key_of(kind, text)
        answer = self.answers.get(key)
        known = answer if answer in {one.value for one in choices} else None
        return Question(key, text, sentence, (("text", text), *facts), choices, known)

    def _asked(self, said: Said, question: Question, *, is_kept: bool = True) -> None:
        """Put down a question; an answer makes it understood, or leaves it out and says so."""
        chosen = question.chosen
        if self.part is not None:
            self.part.is_used = True
        if chosen is None:
            kind, terms = "question", ()
        else:
            kind, terms = ("left_out" if chosen.value == LEAVE else "understood"), chosen.terms  # type: ignore[assignment]
        sentence, facts = question.sentence, question.facts
        if chosen is not None:
            sentence, facts = chosen.sentence, (("text", question.text), *chosen.facts)
        self._piece(said, kind, sentence, facts, terms=terms, question=question)
        if terms and is_kept:
            self.elements.append(Element("named", terms))

    def _piece(
        self,
        said: Said,
        kind: str,
        sentence: str = "",
        facts: Facts = (),
        *,
        terms: tuple[Term, ...] = (),
        question: Question | None = None,
        problem: Problem | None = None,
    ) -> None:
        text = self._text(said)
        self.pieces.append(
            Piece(said.start, said.end, text, kind, sentence, facts, terms, question, problem)
        )

    def _text(self, said: Said) -> str:
        return self.text[said.start : said.end]


def joined(text: str, said: Sequence[Said], known: Recorded) -> list[Said]:
    """Put numbers with spaces between them together where they are recorded as one."""
    listed = list(said)
    for first, last in reversed(list(runs_of_numbers(listed))):
        for end in range(last, first, -1):
            whole = text[listed[first].start : listed[end].end]
            if known.knows(whole) or any(known.fact(name, whole) for name in FACTS):
                one = Said(listed[first].start, listed[end].end, "number", whole)
                listed[first : end + 1] = [one]
                break
    return listed


def candidates(text: str, said: Sequence[Said]) -> set[str]:
    """Return every number that may have to be looked up."""
    listed = list(said)
    found = {one.value for one in listed if one.role == "number"}
    for one in listed:
        if one.role == "range":
            found |= {one.more["from"], one.more["to"]}
    for number in list(found):
        found.update(end for way in splits(number) for end in way)
        found.update(one for one in number.split("/") if one)
        found.update(
            end
            for first, last in splits(number)
            if (end := ranges.whole_end(first, last)) is not None
        )
    for first, last in runs_of_numbers(listed):
        found.update(
            text[listed[first].start : listed[end].end]
            for end in range(first + 1, min(last, first + 12) + 1)
        )
    return found


def term_of(match: Match) -> Term:
    """Return the term that names one thing: by id, with the words a person reads beside it."""
    if match.kind == "part":
        return {"part": {"id": match.id, "number": match.part_no}}
    told = {"id": match.id, "part": match.part_no, "maker": match.maker}
    return {match.kind: {**told, "number" if match.kind == "lot" else "serial": match.label}}


def facts_of(match: Match) -> Facts:
    """Return what a person reads of one thing."""
    return (
        ("number", match.label),
        ("part", match.part_no),
        ("name", match.part_name),
        ("maker", match.maker or ""),
        ("also", match.also or ""),
    )


def group_facts(group: Group) -> Facts:
    """Return what a person reads of a group."""
    return (("count", group.count), ("part", group.part_no), ("maker", group.maker))


def _names(found: Sequence[Place]) -> str:
    return ", ".join(dict.fromkeys(one.name for one in found))


def _ways(first: str | None, last: str | None) -> list[tuple["dates.date | None", "dates.date | None"]]:
    """Return the windows that two dates may mean: month and day are read alike in both."""
    starts = dates.readings(first) if first else [None]
    ends = dates.readings(last) if last else [None]
    if not starts or not ends:
        return []
    if first == last:
        return [(one, one) for one in starts]
    if len(starts) == len(ends):
        pairs = list(zip(starts, ends, strict=True))
    else:
        pairs = [(start, end) for start in starts for end in ends]
    return [(s, e) for s, e in pairs if s is None or e is None or s <= e]
