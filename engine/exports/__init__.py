"""Rows as files that other programs open: CSV, XLSX and JSON, written row by row.

A column says what its values are, and that decides how they are written: a text stays the text it
is, whatever a spreadsheet would make of it, and a number stays one that it can add up.
"""

from engine.exports.column import TYPES, Column
from engine.exports.delimited import csv_of
from engine.exports.notation import json_of
from engine.exports.spreadsheet import CellTooLong, xlsx_of

__all__ = ["TYPES", "CellTooLong", "Column", "csv_of", "json_of", "xlsx_of"]
