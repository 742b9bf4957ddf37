"""Asking the store in the words of the data dictionary: columns, filters and groups by name.

One statement answers, whatever was chosen; what a person may not see is neither a column nor a
filter of theirs.
"""

from engine.serials.asking.columns import Chosen, choosable, chosen
from engine.serials.asking.errors import ColumnHidden, ColumnUnknown, EntityUnknown
from engine.serials.asking.filters import OPERATORS, Filter, operators_of, read_filter
from engine.serials.asking.rows import Answered, Asked, answer, rows_of, shown_columns

__all__ = [
    "OPERATORS",
    "Answered",
    "Asked",
    "Chosen",
    "ColumnHidden",
    "ColumnUnknown",
    "EntityUnknown",
    "Filter",
    "answer",
    "choosable",
    "chosen",
    "operators_of",
    "read_filter",
    "rows_of",
    "shown_columns",
]
