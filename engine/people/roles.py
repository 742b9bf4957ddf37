"""The roles there are: their words in both languages, and which of them decide by signing."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import Refused

QUALITY = ("qa_manager", "management_representative")  # who confirms a role that decides
MANAGES = "administrator"
READS = "auditor"


@dataclass(frozen=True)
class Role:
    """One role: `is_signing` needs quality's confirmation, `is_alone` admits no second role."""

    code: str
    en: str
    zh: str
    is_signing: bool = False
    is_alone: bool = False

    def name(self, language: str) -> str:
        """Return the role's words in `language`, English when it is not Chinese."""
        return self.zh if language.startswith("zh") else self.en


class RoleUnknown(Refused):
    """There is no role %(role)s."""


@cache
def roles() -> dict[str, Role]:
    """Return every role by its code, in the order of the file."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        code: Role(
            code=code,
            en=row["en"],
            zh=row["zh"],
            is_signing=row.get("signing", False),
            is_alone=row.get("alone", False),
        )
        for code, row in rows.items()
    }


def role_of(code: str) -> Role:
    """Return the role called `code`; raises `RoleUnknown`."""
    try:
        return roles()[code]
    except KeyError:
        raise RoleUnknown(role=code) from None
