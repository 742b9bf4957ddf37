"""HTML to PDF/A-3a and PDF/UA-1 in one file: only the print worker imports this module.

WeasyPrint writes one standard at a time; `_Metadata` names both in the XMP. The same record prints
to the same bytes: every date comes from the record, and nothing comes from outside the layouts.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any, Self
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import segno
import weasyprint
from weasyprint.pdf.metadata import NS, DocumentMetadata
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from engine.evidence import layouts

VARIANT = "pdf/a-3a"
LETTER_VARIANT = "pdf/a-3u"  # without tags: ten thousand letters, each read by a person
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # fontTools would write the time into the fonts


class CannotPrint(Exception):
    """A record cannot be printed as it is; the message says why, in words."""


def draw(
    layout: str,
    record: Mapping[str, Any],
    *,
    language: str,
    signatures: Sequence[Mapping[str, Any]] = (),
    attachments: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Return the PDF of a record; raises `CannotPrint`.

    Attachments are `{"name", "content": bytes, "description", "relationship"}`; the relationship is
    one of PDF/A-3's (Source, Data, Supplement, Alternative).
    """
    attached = [
        {"name": one["name"], "sha256": sha256(one["content"]).hexdigest()}
        for one in sorted(attachments, key=lambda one: str(one["name"]))
    ]
    html = layouts.html_of(
        layout, record, language=language, signatures=signatures, attached=attached
    )
    with _Complaints() as complaints:
        pdf = _print(html, assets_of(record), attachments, layouts.created_at(record, signatures))
    complaints.refuse()
    return pdf


def draw_sheet(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return the PDF of a page that is no record; raises `CannotPrint`."""
    target = BytesIO()
    with _Complaints() as complaints:
        weasyprint.HTML(string=html, base_url="asset:/", url_fetcher=Assets(pictures)).write_pdf(
            target, font_config=fonts()
        )
    complaints.refuse()
    return target.getvalue()


def draw_letter(
    layout: str,
    record: Mapping[str, Any],
    *,
    language: str,
    attachments: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Return a letter to a consignee as PDF/A-3u, not sealed; raises `CannotPrint`."""
    html = layouts.letter_of(layout, record, language=language)
    url = record.get("url")
    assets = {"asset:qr.svg": _qr(url)} if url else {}
    target = BytesIO()
    with _Complaints() as complaints:
        document = weasyprint.HTML(
            string=html, base_url="asset:/", url_fetcher=Assets(assets)
        ).render(
            font_config=fonts(),
            stylesheets=[_letter_css()],
            pdf_variant=LETTER_VARIANT,
            optimize_images=False,
        )
        created = layouts.created_at(record, ())
        document.write_pdf(
            target,
            pdf_variant=LETTER_VARIANT,
            attachments=[_attachment(one, created) for one in _by_name(attachments)],
        )
    complaints.refuse()
    return target.getvalue()


def _print(
    html: str, assets: Mapping[str, bytes], attachments: Sequence[Mapping[str, Any]], created: str
) -> bytes:
    fetcher = Assets(assets)
    try:
        document = weasyprint.HTML(string=html, base_url="asset:/", url_fetcher=fetcher).render(
            font_config=fonts(), stylesheets=[_css()], pdf_variant=VARIANT, optimize_images=False
        )
        document.metadata = _Metadata(**vars(document.metadata))
        target = BytesIO()
        document.write_pdf(
            target,
            pdf_variant=VARIANT,
            attachments=[_attachment(one, created) for one in _by_name(attachments)],
        )
    except FatalURLFetchingError as problem:
        message = f"the layout asked for something outside: {problem}"
        raise CannotPrint(message) from problem
    return target.getvalue()


def _by_name(attachments: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort by name: the PDF's name tree must be in order."""
    return sorted(attachments, key=lambda one: str(one["name"]))


def _attachment(one: Mapping[str, Any], created: str) -> weasyprint.Attachment:
    at = datetime.fromisoformat(created).astimezone(UTC)
    return weasyprint.Attachment(
        string=one["content"],
        name=one["name"],
        description=one["description"],
        created=at,
        modified=at,
        relationship=one["relationship"],
        url_fetcher=Assets({}),
    )


@cache
def fonts() -> FontConfiguration:
    """Return the one font configuration: a new one for each document costs 400 MB in the end."""
    return FontConfiguration()


@cache
def _css() -> weasyprint.CSS:
    # without url_fetcher= an @import in the style sheet would go to the network
    style = (layouts.HERE / "print.css").read_text("utf-8")
    return weasyprint.CSS(string=style, font_config=fonts(), url_fetcher=Assets({}))


@cache
def _letter_css() -> weasyprint.CSS:
    style = (layouts.HERE / "letter.css").read_text("utf-8")
    return weasyprint.CSS(string=style, font_config=fonts(), url_fetcher=Assets({}))


def assets_of(record: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what a layout may show besides text: a QR code to hold a paper copy to its record."""
    version = record.get("version") or 1
    words = f"{record['number']} v{version} sha256:{layouts.record_sha256(record)}"
    return {"asset:qr.svg": _qr(words)}


def _qr(words: str) -> bytes:
    svg = BytesIO()
    segno.make(words, error="m", micro=False).save(
        svg, kind="svg", border=0, xmldecl=False, nl=False, omitsize=True
    )
    return svg.getvalue()


class Assets(URLFetcher):  # type: ignore[misc]  # the library comes without types
    """Serve the assets of one document and nothing else, be it a file, a host or a data URL."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=("asset",), allow_redirects=False, fail_on_errors=True)
        self._assets = assets

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return an asset; anything else stops the printing."""
        if url not in self._assets:
            raise FatalURLFetchingError(url[:200])
        return URLFetcherResponse(url, self._assets[url], {"Content-Type": "image/svg+xml"})


class _Complaints(logging.Handler):
    """Collect what WeasyPrint only warns about (a character without a glyph, an unread style)."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def __enter__(self) -> Self:
        logging.getLogger("weasyprint").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("weasyprint").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())

    def refuse(self) -> None:
        """Raise `CannotPrint` when there was anything: a record with a box in it is no record."""
        if self.found:
            raise CannotPrint("; ".join(dict.fromkeys(self.found)))


class _Metadata(DocumentMetadata):  # type: ignore[misc]  # the library comes without types
    """XMP metadata that claims PDF/UA-1 beside PDF/A-3a, with the schema PDF/A asks for."""

    def generate_rdf_metadata(self, variant: str, version: int, conformance: str) -> bytes:
        rdf = fromstring(super().generate_rdf_metadata(variant, version, conformance))  # noqa: S314 (our own bytes)
        description = SubElement(rdf, _rdf("Description"), {_rdf("about"): ""})
        SubElement(description, f"{{{NS['pdfuaid']}}}part").text = "1"
        rdf.append(_extension_schema())
        xml: bytes = tostring(rdf, encoding="utf-8")
        return xml


def _rdf(name: str) -> str:
    return f"{{{NS['rdf']}}}{name}"


def _extension_schema() -> Element:
    """Describe `pdfuaid` as PDF/A demands of every property outside its own list (6.6.2.3)."""
    return fromstring(  # noqa: S314 (our own bytes)
        f"""<rdf:Description xmlns:rdf="{NS["rdf"]}" rdf:about=""
            xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
            xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
            xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
          <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
            <pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
            <pdfaSchema:namespaceURI>{NS["pdfuaid"]}</pdfaSchema:namespaceURI>
            <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
            <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
              <pdfaProperty:name>part</pdfaProperty:name>
              <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
              <pdfaProperty:category>internal</pdfaProperty:category>
              <pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
            </rdf:li></rdf:Seq></pdfaSchema:property>
          </rdf:li></rdf:Bag></pdfaExtension:schemas>
        </rdf:Description>"""
    )
