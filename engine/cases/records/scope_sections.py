"""The scopes of a recall in a record: what each says, how much it names, by which trace."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from engine.cases.names import person_named
from engine.cases.records.sections import Section, minute
from engine.cases.scopes.figures import Figures
from engine.cases.scopes.models import STATES, ScopeVersion
from engine.serials.models import TraceRun
from engine.words import N_, say

PROVISIONAL = N_("Frozen, provisional")


def scope(db: Session, version: ScopeVersion, language: str) -> Section:
    """Return one scope with everything it is known by."""
    figures = Figures.from_json(version.counts)
    frozen = "–"
    if version.frozen_at is not None:
        by = person_named(db, version.frozen_by_id) if version.frozen_by_id else "Holdfast"
        frozen = say(N_("%(name)s, %(at)s"), language, name=by, at=minute(version.frozen_at))
    rows = [
        (N_("What it says"), version.text),
        (N_("Why"), version.reason),
        (N_("State"), say(PROVISIONAL if version.is_provisional else STATES[version.state],
                          language)),
        (N_("Units in all"), f"{figures.units:,}"),
        (N_("Quantity of lots in all"), figures.quantity),
        (N_("Consignees"), f"{figures.consignees:,}"),
        (N_("Countries"), ", ".join(code for code in figures.countries if code) or "–"),
        (N_("Frozen by"), frozen),
        (N_("Fingerprint of what it found"), db.get_one(TraceRun, version.run_id).result_sha256),
    ]  # fmt: skip
    return {
        "heading": f"{say(N_('Scope'), language)} {version.number}",
        "rows": [[say(label, language), said] for label, said in rows],
    }


def scopes(db: Session, versions: Iterable[ScopeVersion], language: str) -> list[Section]:
    """Return every scope that was ever frozen, in order."""
    return [scope(db, one, language) for one in versions if one.frozen_at is not None]
