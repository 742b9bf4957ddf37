"""Reading a table another system sent: CSV or XLSX, row by row, under the names of our columns."""

import io
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from engine.serials.exchange.errors import ColumnsMissing
from engine.serials.intake import files

MOST = Decimal(10) ** 12


def rows_of(content: bytes, columns: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line number, by our names of the columns (`columns`: ours: theirs).

    Read as an import is, with its bounds: raises what `intake.files` raises, and `ColumnsMissing`.
    """
    stream = io.BytesIO(content)
    lines = files.rows(stream, files.form_of(stream))
    _, first = next(lines, (0, []))
    header = [cell.strip().casefold() for cell in first]
    places = {}
    for ours, theirs in columns.items():
        if theirs.strip():
            places[ours] = theirs.strip()
    missing = [theirs for theirs in places.values() if theirs.casefold() not in header]
    if missing:
        raise ColumnsMissing(columns=", ".join(missing))
    found = {ours: header.index(theirs.casefold()) for ours, theirs in places.items()}
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            yield (
                number,
                {n: cells[at].strip() if at < len(cells) else "" for n, at in found.items()},
            )


def quantity_of(text: str) -> Decimal | None:
    """Return a quantity as systems write it (`12`, `12.50`, `1,5`); None when it is none."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return None
    is_ours = found.is_finite() and abs(found) < MOST
    return found.quantize(Decimal("0.000001")) if is_ours else None
