"""Sealing and checking from where an event loop runs already."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pikepdf

from engine.evidence.seal import Seal
from engine.evidence.verify import verify_pdf


def test_a_thread_with_an_event_loop_can_seal_and_check(tmp_path: Path, at: datetime) -> None:
    seal = Seal.made(tmp_path, company="Tarn Medical", at=at)
    blank = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(blank)

    async def within() -> str:
        sealed = seal.seal_pdf(blank.getvalue(), at=at, reason="record")
        return str(verify_pdf(sealed, trust=[seal.root]))

    with ThreadPoolExecutor(1) as apart:  # a browser test of this process may run a loop already
        told = apart.submit(lambda: asyncio.run(within())).result()
    assert "the sealed bytes are unchanged" in told
