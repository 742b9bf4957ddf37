"""The mail folder of an installation without a mail server: what would have been sent."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from notifications.channels.folder import mails, read_mail
from webapp.config import holdfast
from webapp.permissions import allow

bp = Blueprint("mail", __name__, url_prefix="/mail-folder")


@bp.get("")
@allow("mail.read")
def index() -> ResponseReturnValue:
    """List the mails, newest first."""
    folder = holdfast().settings.mail_folder
    return render_template("ops/mails.html", mails=mails(folder)[:200] if folder else None)


@bp.get("/<name>")
@allow("mail.read")
def one(name: str) -> ResponseReturnValue:
    """Show the text of one mail."""
    folder = holdfast().settings.mail_folder
    if folder is None:
        abort(404)
    found = read_mail(folder, name)
    body = found.get_body(("plain",))
    return render_template(
        "ops/mail.html", mail=found, text=body.get_content() if body is not None else ""
    )
