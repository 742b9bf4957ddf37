"""What can go wrong when the store is asked in the words of the dictionary."""

from engine.errors import NotAllowed, NotFound, Refused


class EntityUnknown(NotFound):
    """The data dictionary describes no %(entity)s."""


class ColumnUnknown(Refused):
    """There is no column %(column)s here. Choose one from the data dictionary."""


class ColumnHidden(NotAllowed):
    """Your roles do not see %(column)s. The data dictionary says whose do."""
