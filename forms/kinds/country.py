"""A country, by its ISO 3166 code."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from babel.core import Locale

from forms.context import Context
from forms.field import Json, Shown
from forms.kind import Kind, Option, is_list_of_words
from forms.words import N_, language_of

# codes CLDR names that ISO 3166-1 does not assign to a country
_NOT_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())


@cache
def countries(language: str) -> Mapping[str, str]:
    """Return the countries by code, named in `language` and sorted by name."""
    names = Locale(language_of(language)).territories.items()
    found = [(c, n) for c, n in names if len(c) == 2 and c.isalpha() and c not in _NOT_COUNTRIES]
    return dict(sorted(found, key=lambda pair: pair[1]))


class Country(Kind):
    """A country."""

    options: ClassVar[Mapping[str, Option]] = {"countries": (is_list_of_words, None)}
    sentence_if_missing = N_("Choose a country for “%(label)s”.")

    def codes(self) -> Sequence[str]:
        """Return the codes that can be chosen."""
        return self.option("countries") or list(countries("en"))

    def accept(self, raw: Json, context: Context) -> Json:
        """Take one of the codes."""
        if not isinstance(raw, str) or raw not in self.codes():
            raise self.wrong(self.sentence_if_missing)
        return raw

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the code chosen and the countries by name."""
        codes = set(self.codes())
        named = [(code, n) for code, n in countries(context.language).items() if code in codes]
        return {"chosen": raw if isinstance(raw, str) else "", "countries": named}

    def show(self, value: Json, language: str) -> Shown:
        """Write the country by name and code."""
        return Shown((f"{countries(language).get(value, value)} ({value})",))

    def lint(self) -> Sequence[str]:
        """Refuse a code that is no country."""
        return [
            f"there is no country {code}" for code in self.codes() if code not in countries("en")
        ]

    def json_schema(self) -> dict[str, Any]:
        """Describe a country's code."""
        return {"type": "string", "enum": list(self.codes())}
