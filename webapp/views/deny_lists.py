"""The signed deny list: made on a schedule or now, and downloaded before it is needed."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.serials.exchange import denylist
from webapp.config import holdfast
from webapp.downloads import download
from webapp.permissions import allow
from webapp.queries.deny_lists import deny_list, deny_lists
from webapp.reading import read
from webapp.session import person
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("deny_lists", __name__, url_prefix="/interfaces/deny-lists")

TYPES = {"jws": "application/jose", "csv": "text/csv", "pem": "application/x-pem-file"}


@bp.get("")
@allow("denylist.read")
def index() -> ResponseReturnValue:
    """Show the newest list and those before it."""
    lines, page = up_to_last(lambda asked: deny_lists(read(), page=asked), lambda found: found[1])
    return render_template(
        "interfaces/deny_lists.html",
        lines=lines,
        page=page,
        newest=denylist.newest(read()),
        folder=holdfast().settings.deny_folder,
        now_at=now(),
        page_address=page_addresses(),
    )


@bp.post("")
@allow("denylist.make")
def make() -> ResponseReturnValue:
    """Make a list of what is held now."""
    app = holdfast()
    denylist.make(app.database, by=person(), at=now(), folder=app.settings.deny_folder)
    flash(gettext("The deny list is made and signed."))
    return redirect(url_for(".index"), 303)


@bp.get("/<int:list_id>.<kind>")
@allow("denylist.read")
def file(list_id: int, kind: str) -> ResponseReturnValue:
    """Hand out one of the two files of a list."""
    if kind not in denylist.NAMES:
        abort(404)
    found = deny_list(read(), list_id)
    sha256 = found.jws_sha256 if kind == "jws" else found.csv_sha256
    content = holdfast().documents.open(sha256)
    return download(content, name=denylist.NAMES[kind], media_type=TYPES[kind])


@bp.get("/root.pem")
@allow("denylist.read")
def root() -> ResponseReturnValue:
    """Hand out the certificate that a list is checked with."""
    content = (holdfast().settings.keys_folder / "root.pem").read_bytes()
    return download(content, name="root.pem", media_type=TYPES["pem"])
