"""The box: from what people have (numbers, lists, labels, dates) to what a trace starts from.

An expression is plain JSON that a scope can keep: `{"any": [term, …], "except": [term, …],
"left_out": [text, …], "not_recorded": [text, …]}`. A term has one key, its kind:

    {"lot": {"id": 7, "number": "K-7", "part": "RES", "maker": "Resin Works"}}
    {"unit": {"id": 9, "serial": "AP0447", "part": "PUMP", "maker": "…"}}
    {"segment": {"id": 11, "number": "WO-7"}}      a production run
    {"lot_prefix": {"begins": "15AMLB"}}            also with "part": {"id", "number"}
    {"serial_range": {"from": "AP0447", "to": "AP0463"}}   likewise lot_range, serial_prefix
    {"part": {"id": 3, "number": "PUMP"}}  {"work_order": {"number": "WO-1"}}
    {"made": {"from": "2026-03-01T00:00:00+00:00", "to": …, "days": …}}
    {"site": {"ids": […], "name": …}}      where it was made
    {"location": {"ids": […], "name": …}}  where it lies now; was_at: or ever was; shipped: to where
    {"container": {"id": 4, "number": "095…"}}  a carton or pallet: all that is or was in it
    {"fact": {"name": "equipment", "value": "EQ-7", "from": …, "to": …}}   see naming.concerned
    {"all": [term, …]}  {"any": [term, …]}
"""

from engine.serials.expressions.grammar import checked
from engine.serials.expressions.joining import said_of
from engine.serials.expressions.reading import TextTooLong, understand
from engine.serials.expressions.seeds import ExpressionUnknown, seeds_of, taken_out
from engine.serials.expressions.understood import LEAVE, Choice, Piece, Question, Understood

__all__ = [
    "LEAVE",
    "Choice",
    "ExpressionUnknown",
    "Piece",
    "Question",
    "TextTooLong",
    "Understood",
    "checked",
    "said_of",
    "seeds_of",
    "taken_out",
    "understand",
]
