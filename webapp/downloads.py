"""Files that leave as downloads: named for a person, and never run as a page of ours."""

import re
import unicodedata
from urllib.parse import quote

from flask import Response, make_response


def download(content: bytes, *, name: str, media_type: str) -> Response:
    """Send a file to be saved under `name`; never inline, whatever its type.

    A name beyond ASCII goes as RFC 5987 says, beside a plain one for what cannot read it.
    """
    response = make_response(content)
    response.mimetype = media_type
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def disposition(name: str) -> str:
    """Return the header that names a download (RFC 6266)."""
    if name.isascii():
        return f'attachment; filename="{_quoted(name)}"'
    encoded = quote(name, safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{_quoted(_plain(name))}\"; filename*=UTF-8''{encoded}"


def _plain(name: str) -> str:
    stem, _, extension = name.rpartition(".")
    letters = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    letters = re.sub(r"[-_ ]{2,}", "_", letters).strip("-_ .") or "file"
    return f"{letters}.{extension}" if extension.isascii() else letters


def _quoted(name: str) -> str:
    return re.sub(r'[\x00-\x1f\x7f"\\]', "_", name)
