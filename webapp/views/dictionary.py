"""The data dictionary: every entity and field, searched and printed, its versions and changes."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.serials.dictionary import changeable, seen
from engine.serials.dictionary.versions import versions
from webapp.permissions import allow
from webapp.queries.dictionary import (
    found,
    grouped,
    label_of,
    latest,
    named_elsewhere,
    version_page,
    where_used,
)
from webapp.reading import read
from webapp.session import person
from webapp.times import language

bp = Blueprint("dictionary", __name__, url_prefix="/data-dictionary")


@bp.get("")
@allow("dictionary.read")
def index() -> ResponseReturnValue:
    """Show every entity with its fields, or those that say what was searched."""
    text = request.args.get("q", "")[:200]
    parts, me = found(text), person()
    return render_template(
        "dictionary/index.html",
        text=text,
        parts=parts,
        groups=grouped(parts, language()),
        field_count=sum(len(part.fields) for part in parts),
        version=latest(read()),
        named_elsewhere=named_elsewhere,
        where_used=where_used,
        label_of=label_of,
        i_see={(part.entity.name, f.name) for part in parts for f in seen(part.entity.name, me)},
        i_change={
            (part.entity.name, f.name) for part in parts for f in changeable(part.entity.name, me)
        },
    )


@bp.get("/versions")
@allow("dictionary.read")
def history() -> ResponseReturnValue:
    """List the versions that stood, the newest first."""
    return render_template("dictionary/versions.html", lines=versions(read()))


@bp.get("/versions/<int:version_id>")
@allow("dictionary.read")
def version(version_id: int) -> ResponseReturnValue:
    """Show what changed with a version."""
    return render_template("dictionary/version.html", view=version_page(read(), version_id))
