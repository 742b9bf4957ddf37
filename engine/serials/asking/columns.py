"""The columns that can be asked for: fields of an entity, and of what its fields refer to."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.people.person import Person
from engine.serials.asking.errors import ColumnHidden, ColumnUnknown, EntityUnknown
from engine.serials.dictionary import Entity, Field, entities, entity
from engine.serials.dictionary.seeing import is_seen

DEEPEST = 3  # stock → lot → part → manufacturer


@dataclass(frozen=True)
class Chosen:
    """One column by its path: `quantity`, or `lot_no.part_no.name` through what is referred to."""

    path: str
    fields: tuple[Field, ...]

    @property
    def field(self) -> Field:
        """Return the field at the end of the path."""
        return self.fields[-1]

    @property
    def column(self) -> str:
        """Return the column of the table that keeps it; a key inside JSON is in the column."""
        return self.field.kept.partition(".")[0]

    @property
    def key(self) -> str:
        """Return the key inside a JSON column, if it is one."""
        return self.field.kept.partition(".")[2]

    def says(self, language: str) -> str:
        """Return its label with those on its path."""
        return " › ".join(field.says(language) for field in self.fields)


def chosen(name: str, path: str, person: Person | None) -> Chosen:
    """Return a column that a person may see; raises `ColumnUnknown` or `ColumnHidden`."""
    what, fields = known(name), list[Field]()
    for step, part in enumerate(path.split(".")):
        field = next((one for one in what.fields if one.name == part and one.kept), None)
        if field is None or step >= DEEPEST or field.type == "bytes":
            raise ColumnUnknown(column=path)
        if not is_seen(field, person):
            raise ColumnHidden(column=field.label)
        fields.append(field)
        what = entity(field.refers_to) if field.refers_to else Entity("", "", "", "", "", "", ())
    return Chosen(path, tuple(fields))


def choosable(name: str, person: Person | None) -> list[Chosen]:
    """Return every column a person may choose: own fields, then one step through references."""
    what = known(name)
    own = [Chosen(field.name, (field,)) for field in _visible(what, person)]
    through = [
        Chosen(f"{outer.path}.{inner.name}", (outer.field, inner))
        for outer in own
        if outer.field.refers_to
        for inner in _visible(entity(outer.field.refers_to), person)
        if inner.name != entity(outer.field.refers_to).named_by
    ]
    return own + through


def known(name: str) -> Entity:
    """Return an entity of the dictionary; raises `EntityUnknown`."""
    if name not in {one.name for one in entities()}:
        raise EntityUnknown(entity=name)
    return entity(name)


def _visible(what: Entity, person: Person | None) -> Iterator[Field]:
    for field in what.fields:
        if field.kept and field.type != "bytes" and is_seen(field, person):
            yield field
