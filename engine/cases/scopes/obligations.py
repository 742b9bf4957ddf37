"""What the law attaches to another scope, shown before it is signed.

`when`: `more` lots or serials of a device that the scope before named; an `other_device` that it
did not name; `less`, when something left. A rule is checked when its words were found in the text
that it names; every other is practice or a reading, and says so wherever it shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.cases.scopes.comparing import Change
from engine.regulators import jurisdictions as law
from engine.words import N_

ELSEWHERE = "*"


@dataclass(frozen=True)
class Rule:
    """One thing that a jurisdiction wants of a changed scope, and how well that is known."""

    id: str
    jurisdiction: str
    when: tuple[str, ...]
    what: str  # a msgid
    citation: str
    source: str = ""
    words: str = ""  # as they stand in the text

    @property
    def is_checked(self) -> bool:
        """Say whether the rule was compared with the text of the law."""
        return bool(self.words)


@dataclass(frozen=True)
class Obligation:
    """A rule that this change brings on, and the countries it does so for."""

    rule: Rule
    countries: tuple[str, ...]


RULES = (
    Rule(
        id="us_amendment",
        jurisdiction="US",
        when=("more",),
        what=N_(
            "Amend the report to FDA under its number, within 10 working days of initiating "
            "the extension."
        ),
        citation="21 CFR 806.10(d)",
        source="21cfr-part-806.md",
        words=(
            "shall within 10-working days of initiating the extension of the correction or "
            "removal, amend the report by submitting an amendment citing the original report "
            "number"
        ),
    ),
    Rule(
        id="us_new_report",
        jurisdiction="US",
        when=("other_device",),
        what=N_(
            "Send FDA a report of its own, under a new number, within 10 working days: an "
            "amendment is for the same device only."
        ),
        citation="21 CFR 806.10(a), (b), (d)",
        source="21cfr-part-806.md",
        words=(
            "the same correction or removal should be extended to additional lots or batches "
            "of the same device"
        ),
    ),
    Rule(
        id="us_supplementary_letter",
        jurisdiction="US",
        when=("less",),
        what=N_(
            "Tell FDA by a supplementary letter what was taken out and why; there is no form "
            "for it."
        ),
        citation="21 CFR 806.10, 7.49",
    ),
    Rule(
        id="cn_plan_change",
        jurisdiction="CN",
        when=(
            "more",
            "other_device",
            "less",
        ),
        what=N_("File the changed recall plan with the provincial authority (变更备案), in time."),
        citation="NMPA order 29, article 19",
        source="nmpa-order-29.md",
        words="对上报的召回计划进行变更的，应当及时报所在地省、自治区、直辖市食品药品监督管理部门备案",
    ),
    Rule(
        id="cn_notice",
        jurisdiction="CN",
        when=(
            "more",
            "other_device",
        ),
        what=N_(
            "Notify whoever is reached now within 1 day (NMPA 一级), 3 days (二级) or "
            "7 days (三级)."
        ),
        citation="NMPA order 29, article 15",
        source="nmpa-order-29.md",
        words="一级召回应当在1日内，二级召回应当在3日内，"
        "三级召回应当在7日内，通知到有关医疗器械经营企业",
    ),
    Rule(
        id="eu_fsn",
        jurisdiction="EU",
        when=(
            "more",
            "other_device",
            "less",
        ),
        what=N_(
            "Bring an updated field safety notice to the users without delay, the same in all "
            "Member States; its draft goes to the authority first, except in urgency."
        ),
        citation="Regulation (EU) 2017/745, article 89(8)",
        source="mdr-2017-745-article-089.md",
        words=(
            "the content of the draft field safety notice shall be submitted to the "
            "evaluating competent authority"
        ),
    ),
    Rule(
        id="eu_fsca_report",
        jurisdiction="EU",
        when=(
            "more",
            "other_device",
            "less",
        ),
        what=N_(
            "Update the report of the field safety corrective action to each competent "
            "authority concerned."
        ),
        citation="Regulation (EU) 2017/745, article 87; MDCG 2023-3",
    ),
    Rule(
        id="elsewhere",
        jurisdiction="*",
        when=(
            "more",
            "other_device",
            "less",
        ),
        what=N_("Ask regulatory affairs what the authority there wants of a changed scope."),
        citation="–",
    ),
)


def obligations(change: Change, countries: Iterable[str]) -> list[Obligation]:
    """Return what a change brings on where affected units went or may be sold.

    Nothing for the first scope: the recall itself is reported then.
    """
    if change.is_first:
        return []
    by_jurisdiction: dict[str, set[str]] = {}
    for country in countries:
        by_jurisdiction.setdefault(_jurisdiction(country), set()).add(country)
    return [
        Obligation(rule, tuple(sorted(by_jurisdiction[rule.jurisdiction])))
        for rule in RULES
        if rule.jurisdiction in by_jurisdiction and set(rule.when) & change.kinds
    ]


def _jurisdiction(country: str) -> str:
    if country in law.named("EU").countries:
        return "EU"
    known = {rule.jurisdiction for rule in RULES}
    return country if country in known else ELSEWHERE
