"""Holds: the register, and the tags that hang on the goods."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.cases.register import is_a_case
from engine.clock import now
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.qr import qr
from webapp.queries.held import AGES, Asked, released_holds, standing
from webapp.queries.hold_targets import TagLine, tags_of_case, tags_of_holds
from webapp.queries.stock import place_name
from webapp.reading import read
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("holds", __name__, url_prefix="/holds")


@bp.get("")
@allow("hold.read")
def index() -> ResponseReturnValue:
    """List what is held, the oldest first, narrowed by case, place, age and owner."""
    if request.args.get("state") == "released":
        return _released()

    sort = _sort()
    asked = Asked(
        case_number=_case_number(),
        place=_id("place"),
        owner=_id("owner"),
        age=age if (age := request.args.get("age", "")) in AGES else "",
    )
    found = up_to_last(
        lambda page: standing(read(), asked, at=now(), oldest_first=sort == "oldest", page=page),
        lambda found: found.page,
    )
    kept = {
        "case": asked.case_number or None,
        "place": asked.place,
        "owner": asked.owner,
        "age": asked.age or None,
        "sort": sort if sort != "oldest" else None,
    }
    return render_template(
        "holds/index.html",
        found=found,
        asked=asked,
        sort=sort,
        is_filtered=any(value is not None for name, value in kept.items() if name != "sort"),
        has_case=not asked.case_number or is_a_case(read(), asked.case_number),
        place=place_name(read(), asked.place) if asked.place else "",
        address=addresses(**kept),  # type: ignore[arg-type]  # ids go into an address as they are
        page_address=page_addresses(**kept),  # type: ignore[arg-type]  # the names of an address are its own
    )


def _released() -> str:
    sort, number = _sort(), _case_number()
    lines, page = up_to_last(
        lambda asked: released_holds(
            read(), case_number=number, oldest_first=sort == "oldest", page=asked
        ),
        lambda found: found[1],
    )
    kept = {"state": "released", "sort": sort, "case": number or None}
    return render_template(
        "holds/released.html",
        lines=lines,
        page=page,
        sort=sort,
        number=number,
        has_case=not number or is_a_case(read(), number),
        page_address=page_addresses(**kept),
    )


def _sort() -> str:
    return "newest" if request.args.get("sort") == "newest" else "oldest"


def _case_number() -> str:
    return request.args.get("case", "").strip().upper()[:40].replace("\x00", "")


def _id(name: str) -> int | None:
    return whole(request.args.get(name))


@bp.get("/tags")
@allow("tag.print")
def some_tags() -> ResponseReturnValue:
    """Show the tags of the holds chosen in the register."""
    chosen = [one for said in request.args.getlist("hold") if (one := whole(said))]
    lines, page = up_to_last(
        lambda asked: tags_of_holds(read(), chosen, asked), lambda found: found[1]
    )
    return render_template(
        "holds/tags.html",
        lines=lines,
        page=page,
        number="",
        chosen=chosen,
        code=_code,
        page_address=lambda number: url_for(".some_tags", hold=chosen, page=number),
    )


@bp.get("/tags/<case_number>")
@allow("tag.print")
def tags(case_number: str) -> ResponseReturnValue:
    """Show the tags of a case, one to a sheet when printed."""
    lines, page = up_to_last(
        lambda asked: tags_of_case(read(), case_number, asked), lambda found: found[1]
    )
    return render_template(
        "holds/tags.html",
        lines=lines,
        page=page,
        number=case_number,
        chosen=[],
        code=_code,
        page_address=lambda number: url_for(".tags", case_number=case_number, page=number),
    )


def _code(line: TagLine) -> str:
    return qr(url_for("search.index", q=line.name, _external=True))
