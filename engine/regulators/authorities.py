"""The directory of authorities: who is written to, in which languages and how."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.words import N_

FILE = Path(__file__).with_name("authorities.toml")
CHANNELS = {
    "portal": N_("Portal of the authority"),
    "mail": N_("E-mail"),
    "paper": N_("On paper, signed and sealed"),
    "gateway": N_("Electronic gateway only"),
}
MEMBER_STATE, COUNTRY = "member_state", "country"
# who gets something and is no authority of the directory, or not one alone
OTHERS = {
    "users": N_("Distributors and users"),
    "public": N_("The public"),
    "file": N_("Our own records"),
    "manufacturer": N_("The manufacturer"),
    MEMBER_STATE: N_("The authority of each member state"),
    COUNTRY: N_("The authority of the country"),
}


@dataclass(frozen=True)
class Authority:
    """One authority: nothing of it was compared with its own page."""

    code: str
    name: str
    name_zh: str
    country: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    form: str
    form_zh: str

    def said(self, language: str) -> str:
        """Return its name in a language."""
        return self.name_zh if language == "zh" else self.name

    def wants(self, language: str) -> str:
        """Return what it wants it on, in a language."""
        return self.form_zh if language == "zh" else self.form


@cache
def listed() -> Mapping[str, Authority]:
    """Return every authority of the directory, by its code."""
    return {
        code: Authority(
            code=code,
            name=row["name"],
            name_zh=row["name_zh"],
            country=row["country"],
            languages=tuple(row["languages"]),
            channels=tuple(row["channels"]),
            form=row["form"],
            form_zh=row["form_zh"],
        )
        for code, row in tomllib.loads(FILE.read_text("utf-8")).items()
    }


RECIPIENTS = frozenset({*listed(), *OTHERS})
