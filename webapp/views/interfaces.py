"""Interfaces: what passed between systems, and how each of them does."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.clock import now
from webapp.permissions import allow
from webapp.queries.interfaces import CHANNELS, health, log
from webapp.reading import read
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("interfaces", __name__, url_prefix="/interfaces")
LONGEST = 100


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """List what passed, narrowed by channel, system and failure; above it how each system does."""
    db = read()
    channel = request.args.get("channel", "")
    system = request.args.get("system", "").strip()[:LONGEST].replace("\0", "")
    failed = request.args.get("failed") == "yes"
    lines, page = up_to_last(
        lambda asked: log(db, channel=channel, system=system, failed=failed, page=asked),
        lambda found: found[1],
    )
    return render_template(
        "interfaces/log.html",
        lines=lines,
        page=page,
        channels=CHANNELS,
        channel=channel,
        system=system,
        failed=failed,
        health=health(db, at=now()),
        page_address=page_addresses(
            channel=channel or None, system=system or None, failed="yes" if failed else None
        ),
    )
