"""Mistakes of counting that can be named: none of them says anything true of a lot or a unit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms.context import LotFound
from forms.decimals import places_of, text_of
from forms.scanning import Scan, printable
from forms.words import N_

HOW_MANY = N_(
    "%(text)s × %(count)s: write how many as a number greater than zero, or the lot alone if all "
    "of it is meant."
)
WHOLE = N_("%(text)s × %(count)s: it is counted in whole pieces. Write a whole number.")
ONE_UNIT = N_(
    "%(text)s is the serial of one unit. Take away “× %(count)s”, or write the lot number instead."
)
SEVERAL_LINES = N_(
    "%(text)s stands on several lines (%(counts)s). Write it once, with how many there are in all."
)
ALL = N_("all of it")


def miscounted(found: Sequence[Scan[Any]], all_of_it: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a sentence with its facts for each mistake; `all_of_it` stands for a lot uncounted."""
    for scan in found:
        if scan.count is not None and scan.found and (sentence := _mistake(scan)):
            yield sentence, {"text": printable(scan.text), "count": text_of(scan.count)}
    for scans in _by_lot(found).values():
        if len(scans) > 1:
            counts = [all_of_it if one.count is None else text_of(one.count) for one in scans]
            yield SEVERAL_LINES, {"text": printable(scans[0].text), "counts": ", ".join(counts)}


def _mistake(scan: Scan[Any]) -> str:
    lots = [one for one in scan.found if isinstance(one, LotFound)]
    if not lots:
        return ONE_UNIT
    if scan.count is None or scan.count <= 0:
        return HOW_MANY
    return WHOLE if places_of(scan.count) and all(lot.uom == "each" for lot in lots) else ""


def _by_lot(found: Sequence[Scan[Any]]) -> Mapping[int, list[Scan[Any]]]:
    """Return the lines of each lot, where at least one counts."""
    lines: dict[int, list[Scan[Any]]] = {}
    for scan in found:
        for one in scan.found:
            if isinstance(one, LotFound):
                lines.setdefault(one.lot_id, []).append(scan)
    return {lot: scans for lot, scans in lines.items() if any(s.count is not None for s in scans)}
