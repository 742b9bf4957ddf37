"""Static files: one address per release, kept for a year, compressed, small stylesheets joined."""

import gzip
import hashlib
import io
import re
import secrets
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, make_response, request, url_for
from werkzeug.security import safe_join

from webapp.permissions import PUBLIC, allow

FOLDER = Path(__file__).parent / "static"
SHEETS = (
    "tokens",
    "base",
    "shell",
    "parts",
    "forms",
    "tasks",
    "cases",
    "scan",
    "trace",
    "print",
)
EVERYWHERE = ("once", "keys", "session", "summary", "sort", "menu", "print")
COMPRESSED = ("text/", "application/json", "application/xml", "image/svg+xml")
LEAST_BYTES = 700  # smaller answers gain nothing

bp = Blueprint("assets", __name__)


@bp.get("/static/<release>/<path:name>")
@allow(PUBLIC)
def file(release: str, name: str) -> Response:
    """Serve one file; the address names the release, so it never changes."""
    content, media_type = _content(name)
    response = make_response(content)
    response.mimetype = media_type
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if release == RELEASE else "no-cache"
    )
    return response


def asset(name: str) -> str:
    """Return the address of a static file."""
    return url_for("assets.file", release=RELEASE, name=name)


@cache
def _content(name: str) -> tuple[bytes, str]:
    if name == "holdfast.css":
        return _stylesheet(), "text/css"
    if name == "js/holdfast.js":
        return _script(), "text/javascript"
    if name == "js/kinds.js":
        return _kinds(), "text/javascript"
    path = safe_join(str(FOLDER), name)
    if path is None or not Path(path).is_file():
        abort(404)
    media_type = guess_type(name)[0] or "application/octet-stream"
    return Path(path).read_bytes(), media_type


def _stylesheet() -> bytes:
    """Join our small sheets in order, then those of the field kinds: one request, not nine."""
    sheets = [FOLDER / "css" / f"{name}.css" for name in SHEETS]
    sheets += sorted((FOLDER / "kinds").glob("*.css"))
    return b"\n".join(sheet.read_bytes() for sheet in sheets)


def _script() -> bytes:
    """Join the behaviours of every page into the one module that loads the others."""
    joined = "".join(
        f'"./{name}.js": (() => {{\n{_read(name).replace("export function", "function")}\n'
        f"return {{ attach }};\n}})(),\n"
        for name in EVERYWHERE
    )
    return _read("app").replace("joined = {}", f"joined = {{\n{joined}}}").encode()


def _kinds() -> bytes:
    """Join the scripts of the field kinds into one module, those first that others import."""
    texts = {path.stem: path.read_text("utf-8") for path in (FOLDER / "kinds").glob("*.js")}
    joined = [
        _scoped(name, text)
        for name, text in sorted(texts.items(), key=lambda row: ("import {" in row[1], row[0]))
    ]
    return "\n".join(["export const kinds = {};", *joined]).encode()


def _scoped(name: str, text: str) -> str:
    """Return a module as a scope of its own whose exports are `kinds.<name>`."""
    exported = re.findall(r"^export (?:function|const) (\w+)", text, re.MULTILINE)
    text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    text = re.sub(
        r'^import ({.+?}) from "\./(\w+)\.js";', r"const \1 = kinds.\2;", text, flags=re.MULTILINE
    )
    return f"kinds.{name} = (() => {{\n{text}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _read(name: str) -> str:
    return (FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")


def _release() -> str:
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


RELEASE = _release()


def compress(response: Response) -> Response:
    """Send text gzipped when the browser can take it."""
    if (
        response.direct_passthrough
        or "Content-Encoding" in response.headers
        or not request.accept_encodings.quality("gzip")
        or not (response.mimetype or "").startswith(COMPRESSED)
        or (response.content_length or 0) < LEAST_BYTES
    ):
        return response

    response.set_data(_gzipped(response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def _gzipped(content: bytes) -> bytes:
    # a file name of random length hides how well a page with a token compressed (BREACH)
    name = "x" * secrets.randbelow(64)
    packed = io.BytesIO()
    with gzip.GzipFile(filename=name, mode="wb", fileobj=packed, compresslevel=6, mtime=0) as out:
        out.write(content)
    return packed.getvalue()


def serve_assets(app: Flask) -> None:
    """Serve the static files and compress what leaves."""
    app.register_blueprint(bp)
    app.jinja_env.globals["asset"] = asset
    app.after_request(compress)
