"""Which law a consignee's letter follows, and the language that it must be in."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.regulators import jurisdictions as law
from engine.words import N_

# official languages of the state, the first is taken where the consignee names none of them
OFFICIAL: dict[str, tuple[str, ...]] = {
    "AT": ("de",), "AU": ("en",), "BE": ("nl", "fr", "de"), "BG": ("bg",), "CA": ("en", "fr"),
    "CH": ("de", "fr", "it"), "CN": ("zh",), "CY": ("el",), "CZ": ("cs",), "DE": ("de",),
    "DK": ("da",), "EE": ("et",), "ES": ("es",), "FI": ("fi", "sv"), "FR": ("fr",), "GB": ("en",),
    "GR": ("el",), "HK": ("zh", "en"), "HR": ("hr",), "HU": ("hu",), "IE": ("en",), "IS": ("is",),
    "IT": ("it",), "JP": ("ja",), "LI": ("de",), "LT": ("lt",), "LU": ("fr", "de"), "LV": ("lv",),
    "MT": ("en",), "NL": ("nl",), "NO": ("no",), "NZ": ("en",), "PL": ("pl",), "PT": ("pt",),
    "RO": ("ro",), "SE": ("sv",), "SG": ("en", "zh"), "SI": ("sl",), "SK": ("sk",), "TW": ("zh",),
    "US": ("en",),
}  # fmt: skip
LANGUAGES = ("en", "zh")  # what the legal sentences come in; others are `wordings` of the company


@dataclass(frozen=True)
class Law:
    """What a jurisdiction's letter is called, where it is laid down, and which layout draws it."""

    layout: str
    name: str
    citation: str
    is_checked: bool  # its clause was held against the text in the library of laws
    marking: str  # the layouts' word that stands over the letter and in the subject of the mail
    marking_of_correction: str | None = None

    def marked(self, *, is_correction: bool) -> str:
        """Return which marking a letter bears."""
        return (self.marking_of_correction if is_correction else None) or self.marking


# 7.49(c)(1)(iii)-(vi) is not in the library: the items are those of 810.15(c), nearly the same
US = Law(
    "recall_letter",
    N_("Recall letter"),
    "21 CFR 7.49",
    is_checked=False,
    marking="us_urgent_recall",
    marking_of_correction="us_urgent_correction",
)
EU = Law(
    "field_safety_notice",
    N_("Field safety notice"),
    "Regulation (EU) 2017/745 Art. 89(8)",
    is_checked=True,
    marking="eu_urgent",
)
CN = Law(
    "recall_notice",
    N_("Recall notice"),
    "总局令第29号 第十五条",
    is_checked=True,
    marking="cn_title",
)
ELSEWHERE = Law(
    "field_safety_notice",
    N_("Field safety notice"),
    "MEDDEV 2.12-1 rev 8",
    is_checked=False,
    marking="eu_urgent",
)
LAWS = {"US": US, "EU": EU, "CN": CN}  # by jurisdiction; letters elsewhere follow ELSEWHERE


def jurisdiction_of(country: str | None) -> str:
    """Return the jurisdiction whose letter a consignee there gets: "EU" for the whole Union."""
    if country in law.named("EU").countries:
        return "EU"
    return country or "–"


def law_of(jurisdiction: str) -> Law:
    """Return the law that the letters of a jurisdiction follow."""
    return LAWS.get(jurisdiction, ELSEWHERE)


def language_for(country: str | None, wanted: str | None) -> str:
    """Return the language that the law of the country asks for; the consignee's own beside it."""
    official: Sequence[str] = OFFICIAL.get(country or "", ())
    if wanted and (wanted in official or not official):
        return wanted
    return official[0] if official else "en"
