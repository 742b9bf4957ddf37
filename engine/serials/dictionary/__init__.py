"""The data dictionary: one file per entity describes every field that is taken in or shown."""

from engine.serials.dictionary.described import Entity, Field, entities, entity
from engine.serials.dictionary.seeing import changeable, describable, seen, shown

__all__ = ["Entity", "Field", "changeable", "describable", "entities", "entity", "seen", "shown"]
