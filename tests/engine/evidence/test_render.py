"""The printed page: archival, accessible, closed to the outside, the same every time."""

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pikepdf
import pytest

from engine.evidence import layouts
from engine.evidence.canonical import canonical
from engine.evidence.render import NotPrinted, render_pdf
from tests.engine.evidence import samples

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = samples.all_samples()


@pytest.fixture(scope="module")
def printed() -> dict[str, bytes]:
    return {
        name: render_pdf(
            layout,
            record,
            language=record["language"],
            signatures=signed,
            attachments=samples.attachments(record),
        )
        for name, (layout, record, signed) in SAMPLES.items()
    }


def told(*command: object) -> str:
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", SAMPLES)
def test_the_words_of_a_document_are_approved(printed, name, tmp_path):
    """Changing a word is a diff that someone approves: delete the golden file to take it anew."""
    (tmp_path / "d.pdf").write_bytes(printed[name])
    words = told("pdftotext", "-layout", "-enc", "UTF-8", tmp_path / "d.pdf", "-")
    golden = GOLDEN / f"{name}.txt"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(words, encoding="utf-8")
        pytest.fail(f"{golden.name} was written: read it, then commit it")

    assert words == golden.read_text("utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_document_claims_archive_and_access_and_keeps_their_marks(printed, name):
    with pikepdf.open(BytesIO(printed[name])) as pdf:
        xmp = ET.fromstring(pdf.Root.Metadata.read_bytes())
        claims = {
            key.rpartition("}")[2]: value
            for element in xmp.iter()
            for key, value in element.attrib.items()
            if "pdfa/ns/id" in key
        }
        assert claims == {"part": "3", "conformance": "A"}
        assert xmp.find(".//{http://www.aiim.org/pdfua/ns/id/}part").text == "1"
        schemas = xmp.find(".//{http://www.aiim.org/pdfa/ns/extension/}schemas")
        assert "http://www.aiim.org/pdfua/ns/id/" in ET.tostring(schemas, encoding="unicode")

        root = pdf.Root
        assert root.OutputIntents[0].S == "/GTS_PDFA1"
        assert root.StructTreeRoot.K
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert str(root.Lang) == layouts.LANG[SAMPLES[name][1]["language"]]
        assert str(pdf.docinfo.Title).startswith(SAMPLES[name][1]["number"])
        assert not pdf.is_encrypted
        assert "/JavaScript" not in root.get("/Names", {})
        assert all(page.get("/Tabs") == "/S" for page in pdf.pages)


def fonts(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    return [
        one
        for one in pdf.objects
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_font_is_embedded_and_no_glyph_is_missing(printed, name):
    with pikepdf.open(BytesIO(printed[name])) as pdf:
        assert fonts(pdf)
        assert all(
            {"/FontFile2", "/FontFile3", "/FontFile"} & set(one.keys()) for one in fonts(pdf)
        )
        for page in pdf.pages:
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) in ("Tj", "TJ"):
                    texts = operands[0] if str(operator) == "TJ" else operands
                    assert not any(
                        b"\0\0" in re.findall(rb"(?s)..", bytes(one))
                        for one in texts
                        if isinstance(one, pikepdf.String)
                    )


@pytest.mark.parametrize("name", SAMPLES)
def test_tables_have_headings_and_pictures_have_words(printed, name):
    with pikepdf.open(BytesIO(printed[name])) as pdf:
        elements = [
            one
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/StructElem"
        ]
        kinds = {str(one.S) for one in elements}
        assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"} <= kinds
        assert all(str(one.Alt) for one in elements if one.S == "/Figure")


def test_the_record_is_attached_as_data(printed):
    name = "disposition_record.zh"
    with pikepdf.open(BytesIO(printed[name])) as pdf:
        (spec,) = (
            one
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Filespec"
        )
        assert spec.AFRelationship == "/Source"
        assert spec in list(pdf.Root.AF)
        attached = pdf.attachments["record.json"].get_file().read_bytes()
        assert attached == canonical(SAMPLES[name][1])
        stream = spec.EF.F
        assert str(stream.Params.ModDate).startswith("D:20260304064511Z")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_file_is_sound(printed, name, tmp_path, seal, at):
    path = tmp_path / "sealed.pdf"
    path.write_bytes(seal.seal_pdf(printed[name], at=at, reason="test"))

    assert "No syntax or stream encoding errors" in told("qpdf", "--check", path)
    assert "record.json" in told("qpdf", "--list-attachments", path)
    assert "Signature is Valid" in told("pdfsig", "-nocert", path)
    assert "Total document signed" in told("pdfsig", "-nocert", path)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_an_independent_validator_agrees(printed, name, profile, tmp_path, seal, at):
    if not (validator := os.environ.get("VERAPDF")):
        pytest.skip("not independently validated")

    path = tmp_path / "sealed.pdf"
    path.write_bytes(seal.seal_pdf(printed[name], at=at, reason="test"))
    assert 'isCompliant="true"' in told(validator, "--flavour", profile, path)


@pytest.mark.parametrize("name", ["nonconformance_report.en", "disposition_record.zh"])
def test_the_same_record_prints_to_the_same_bytes(printed, name):
    """In another process with another hash seed, too."""
    code = (
        "import sys; from tests.engine.evidence import samples;"
        "from engine.evidence import printing\n"
        f"layout, record, signed = samples.all_samples()[{name!r}]\n"
        "sys.stdout.buffer.write(printing.draw(layout, record, language=record['language'],"
        " signatures=signed, attachments=samples.attachments(record)))"
    )
    again = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path.cwd())},
    ).stdout
    assert again == printed[name]


def test_a_review_copy_says_that_it_is_not_signed():
    layout, record, _ = samples.disposition()
    html = layouts.html_of(layout, record, language="en")

    assert "Review copy, not signed" in html
    assert "Signatures" not in html


def test_every_signature_is_shown_in_full_words():
    """21 CFR 11.50: the printed name, the date and time, the meaning."""
    layout, record, signed = samples.disposition("zh")
    html = layouts.html_of(layout, record, language="zh", signatures=signed)
    for one in signed:
        assert one["printed_name"] in html
        assert one["sentence"] in html
    assert "2026-03-04 06:01:11 UTC" in html
    assert "2026-03-04 14:01:11 (Asia/Shanghai, UTC+08:00)" in html


@pytest.mark.parametrize(("mark", "said"), [("drill", "DRILL 演练"), ("demo", "DEMO 演示")])
def test_what_is_not_real_says_so_on_every_page(mark, said):
    layout, record, signed = samples.nonconformance()
    html = layouts.html_of(layout, record | {"mark": mark}, language="en", signatures=signed)

    assert f'class="badge mark">{said}' in html


def test_a_void_signature_is_struck_and_says_why():
    layout, record, signed = samples.destruction()
    void = signed[0] | {"voided_at": "2026-03-05T00:00:00Z", "void_reason": "Counted anew"}
    html = layouts.html_of(layout, record, language="en", signatures=[void])

    assert "Counted anew" in html
    assert "is_void" in html


def test_what_people_type_is_text_and_never_markup():
    layout, record, _ = samples.nonconformance()
    record["sections"][1]["text"] = "<script>alert(1)</script> {{ 7 * 7 }}"
    html = layouts.html_of(layout, record, language="en")

    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in html


def test_three_hundred_units_repeat_their_heading_on_every_page(tmp_path):
    layout, record, signed = samples.nonconformance(unit_count=300)
    (tmp_path / "long.pdf").write_bytes(
        render_pdf(layout, record, language="en", signatures=signed)
    )
    pages = told("pdftotext", "-layout", tmp_path / "long.pdf", "-").split("\f")

    with_units = [page for page in pages if "SN-26-" in page]
    assert len(with_units) > 5
    assert all("Resin lot" in page for page in with_units)
    assert sum(page.count("SN-26-") for page in pages) == 300


def test_a_character_that_no_font_has_stops_the_document():
    layout, record, _ = samples.nonconformance()
    record["sections"][1]["text"] = "private \ue123"

    with pytest.raises(NotPrinted, match="U\\+E123"):
        render_pdf(layout, record, language="en")


@pytest.mark.parametrize(
    "asked",
    [
        "file:///etc/hostname",
        "http://localhost:9/x.png",
        "data:image/svg+xml,<svg/>",
        "asset:other.svg",
        "print.css",
    ],
)
# the library leaves its colour profile open when a document is stopped
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_layout_cannot_fetch_anything(asked):
    from engine.evidence import printing

    style = f"@import url('{asked}'); p {{background: url('{asked}')}}"
    for html in (
        f'<img src="{asked}" alt="x">',
        f'<link rel="attachment" href="{asked}">',
        f'<link rel="stylesheet" href="{asked}">',
        f"<style>{style}</style><p>a",
    ):
        page = f'<html lang="en"><title>t</title>{html}'
        with pytest.raises(printing.CannotPrint, match="outside"):
            printing._print(page, {}, [], "2026-03-02T00:00:00Z")


def test_the_worker_ends_when_it_has_nothing_to_do():
    from engine.evidence import render

    layout, record, _ = samples.destruction()
    request = {"layout": layout, "record": record, "language": "en"}
    worker = render._Worker(idle_seconds=0.2)
    first = worker.draw(request)
    worker._process.join(20)
    assert not worker._process.is_alive()

    assert worker.draw(request) == first  # a fresh one starts by itself
    worker.end()


def test_the_worker_ends_with_the_server():
    from engine.evidence import render

    layout, record, _ = samples.destruction()
    render_pdf(layout, record, language="en")
    process = render._worker._process
    assert process.is_alive()

    render._worker._pipe.close()  # as if the server had gone
    process.join(10)
    assert not process.is_alive()
    assert render_pdf(layout, record, language="en")  # and a new one starts


def test_an_unknown_layout_is_told():
    _, record, _ = samples.destruction()
    with pytest.raises(NotPrinted, match="LayoutUnknown"):
        render_pdf("../secret", record, language="en")


def test_every_serial_of_a_long_list_is_read_whole(tmp_path):
    layout, record, signed = samples.destruction()
    serials = [f"SN-2026-ABCDEFGHIJ-0123456789-KLMNOP-{n:04d}" for n in range(2_000)]
    listed = {"heading": "PUMP-220, lot K-7", "note": "Serials: 2,000", "names": serials}
    record["sections"].append({"heading": "What was destroyed", "lists": [listed]})
    (tmp_path / "long.pdf").write_bytes(
        render_pdf(layout, record, language="en", signatures=signed)
    )

    words = told("pdftotext", "-layout", tmp_path / "long.pdf", "-").split()
    assert [word for word in words if word.startswith("SN-2026-")] == serials


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (
            ["Line", "Disposition", "Units and lots", "Quantity", "Why"],
            ["1", "Return to supplier", "P-00001, P-00002", "2000", "It cannot be mended. " * 12],
        ),
        (
            ["行", "处置", "单件与批", "不合格数量", "理由"],
            ["1", "退回供应商", "P-00001, P-00002", "2000", "裂纹贯穿密封面，无法恢复。" * 20],
        ),
    ],
)
def test_a_narrow_column_keeps_its_words_whole(tmp_path, columns, row):
    layout, record, signed = samples.disposition("en" if columns[0] == "Line" else "zh")
    long = ["2", row[1], "X" * 60, "1", row[4]]
    record["sections"] = [{"heading": "—", "table": {"columns": columns, "rows": [row, long]}}]
    (tmp_path / "table.pdf").write_bytes(
        render_pdf(layout, record, language=record["language"], signatures=signed)
    )

    words = told("pdftotext", "-layout", tmp_path / "table.pdf", "-")
    for word in (columns[1], columns[3], "P-00001", "2000"):
        assert word in words
