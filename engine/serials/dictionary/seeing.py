"""Who may see and who may change a field: asked by pages, interface, exports and reports alike."""

from collections.abc import Mapping
from typing import Any

from engine.people.permissions import may
from engine.people.person import Person
from engine.serials.dictionary.described import Field, entity

CHANGES = ("free", "release", "correction")


def seen(name: str, person: Person | None) -> tuple[Field, ...]:
    """Return the fields of an entity that a person may see, in the order of the file.

    Nobody (`None`) sees what everybody sees.
    """
    return tuple(field for field in entity(name).fields if is_seen(field, person))


def changeable(name: str, person: Person | None) -> tuple[Field, ...]:
    """Return the fields that a person may change by hand; what is fixed by release is the row's."""
    if person is None or not may(person, entity(name).action):
        return ()
    return tuple(
        field
        for field in seen(name, person)
        if field.changes in CHANGES and field.kept and set(field.changed_by) & person.roles
    )


def describable(name: str, person: Person | None) -> tuple[Field, ...]:
    """Return the fields that a person may fill in when they describe a new record."""
    if person is None or not may(person, "master.change"):
        return ()
    return tuple(
        field
        for field in seen(name, person)
        if field.changes != "event" and field.kept and set(field.changed_by) & person.roles
    )


def is_seen(field: Field, person: Person | None) -> bool:
    """Say whether a person may see a field."""
    if not field.seen_by:
        return True
    return person is not None and bool(set(field.seen_by) & person.roles)


def shown(name: str, row: Mapping[str, Any], person: Person | None) -> dict[str, Any]:
    """Return a row of an entity's table without what the person may not see.

    Keys are columns or fields; a hidden key inside a JSON column (`payload.patient_reference`) is
    taken out of it. What the dictionary does not describe is not shown, its number aside.
    """
    what = entity(name)
    hidden = [field for field in what.fields if not is_seen(field, person)]
    out = {key for field in hidden for key in (field.name, field.kept)}
    known = {key for field in what.fields for key in (field.name, field.kept)} | {"id"}
    return {
        key: _without(key, value, hidden)
        for key, value in row.items()
        if key in known and key not in out
    }


def payload_shown(payload: Mapping[str, Any], person: Person | None) -> dict[str, Any]:
    """Return what an event says in detail, without what the person may not see."""
    return dict(shown("event", {"payload": payload}, person)["payload"])


def _without(key: str, value: Any, hidden: list[Field]) -> Any:
    inner = {field.kept.partition(".")[2] for field in hidden if field.kept.startswith(f"{key}.")}
    if not inner or not isinstance(value, Mapping):
        return value
    return {name: one for name, one in value.items() if name not in inner}
