"""What a sealed one-page record costs beside a bare render of the same HTML, in CPU time.

    python -m bench.sealed_record [rounds]

Both sides run in this process, in turn, with warm fonts, so that the load of the machine meets
both alike. "Sealed" is everything from the record to the stored bytes: layout, PDF/A-3a and
PDF/UA-1, attachment, check for missing glyphs, PAdES B-B seal, SHA-256 and fsync.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time

import weasyprint

from engine.evidence import layouts, printing
from engine.evidence.seal import Seal
from engine.evidence.store import DocumentStore
from tests.engine.evidence import samples

AT = datetime(2026, 3, 4, tzinfo=UTC)


def main(rounds: int) -> None:
    """Print medians and their ratio for each language."""
    with tempfile.TemporaryDirectory() as folder:
        seal = Seal.made(Path(folder) / "seal", company="Lakeside Infusion Ltd", at=AT)
        store = DocumentStore(Path(folder) / "documents")
        print(f"{'record':<32}{'bare ms':>10}{'printed ms':>12}{'sealed ms':>12}{'ratio':>8}")
        for language in ("en", "zh"):
            measure(language, rounds, seal, store)


def measure(language: str, rounds: int, seal: Seal, store: DocumentStore) -> None:
    """Take both sides in turn and print one line."""
    layout, record, signed = samples.destruction(language)
    attachments = samples.attachments(record)
    html = layouts.html_of(layout, record, language=language, signatures=signed)
    style = (layouts.HERE / "print.css").read_text("utf-8")

    def bare() -> bytes:
        page = weasyprint.HTML(
            string=html, base_url="asset:/", url_fetcher=printing.Assets(printing.assets_of(record))
        )
        css = weasyprint.CSS(string=style, font_config=printing.fonts())
        pdf: bytes = page.write_pdf(stylesheets=[css], font_config=printing.fonts())
        return pdf

    def printed() -> bytes:
        return printing.draw(
            layout, record, language=language, signatures=signed, attachments=attachments
        )

    def sealed() -> bytes:
        pdf = seal.seal_pdf(printed(), at=AT, reason=record["number"])
        store.put(pdf)
        return pdf

    times: dict[str, list[float]] = {"bare": [], "printed": [], "sealed": []}
    for warm in range(rounds + 2):
        for name, work in (("bare", bare), ("printed", printed), ("sealed", sealed)):
            began = process_time()
            assert work().startswith(b"%PDF-")
            if warm >= 2:
                times[name].append((process_time() - began) * 1000)
    mid = {name: median(one) for name, one in times.items()}
    print(
        f"{'destruction certificate, ' + language:<32}{mid['bare']:>10.0f}{mid['printed']:>12.0f}"
        f"{mid['sealed']:>12.0f}{mid['sealed'] / mid['bare']:>8.2f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
