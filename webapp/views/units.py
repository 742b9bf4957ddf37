"""Look-up of units and lots."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.cases.accounts import ACCOUNTS
from engine.cases.affecting import affecting_lot, affecting_unit
from engine.cases.pages import Page
from engine.cases.reported import listing
from engine.clock import now
from engine.serials.identifiers import parse
from engine.serials.intake.taking_back import came_with
from engine.serials.listing import COUNTED
from engine.serials.models.axes import CUSTODIES, USABILITIES
from engine.serials.queries import SHOWN, LotPage, Pages, UnitPage, lot_page, unit_page
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.events import open_flag_count
from webapp.queries.life import container_page, life_of_node, life_of_unit, segment_page
from webapp.queries.listed import asked_of, is_controlled_by_lot, units_and_lots
from webapp.queries.made_of import behind
from webapp.queries.search import look_up, readable
from webapp.queries.stock import actors, lot_axes, releasers, units_of_lot, went_into
from webapp.reading import read
from webapp.views.search import address_of, address_of_one, is_live
from webapp.views.tasks import FAR_BEYOND

bp = Blueprint("units", __name__, url_prefix="/units-and-lots")


@bp.get("")
@allow("unit.read")
def index() -> ResponseReturnValue:
    """List units and lots, the newest first; what names one in full is opened."""
    db, said = read(), request.args
    if said.get("kind") == "all":  # of a part: as it is controlled
        part = said.get("part", "")
        kind = "lot" if is_controlled_by_lot(db, readable(part)) else "unit"
        return redirect(url_for(".index", kind=kind, part=part))
    if not is_live() and (typed := said.get("q", "")).strip():
        looked = look_up(db, typed, at=now())
        named = address_of_one(looked)
        if named or looked.pieces or looked.is_too_long or looked.said.is_label:
            return redirect(named or url_for("search.index", q=typed))

    asked = asked_of(said)
    return render_template(
        "units/index.html",
        found=units_and_lots(db, asked),
        open_flags=open_flag_count(db),
        asked=asked,
        address=lambda **changed: url_for(
            ".index", **{name: value for name, value in {**asked.kept, **changed}.items() if value}
        ),
        address_of=address_of,
        custodies=CUSTODIES,
        usabilities=USABILITIES,
        counted=COUNTED,
        is_label=parse(asked.begins).is_label,
    )


@bp.get("/units/<int:unit_id>")
@allow("unit.read")
def unit(unit_id: int) -> ResponseReturnValue:
    """Show one unit."""
    db, pages = read(), _pages()
    view = unit_page(db, unit_id, pages)
    return render_template(
        "units/unit.html",
        view=view,
        life=life_of_unit(db, unit_id),
        came=came_with(db, "unit", unit_id),
        told=listing.newest(db, listing.Wanted(unit_id=unit_id)),
        affecting=affecting_unit(db, unit_id),
        accounts=ACCOUNTS,
        behind=behind(db, view.made_of),
        people=actors(db, (moment.actor_id for moment in view.timeline)),
        releasers=releasers(db, view.timeline),
        **_paged(view, pages, unit_id=unit_id),
    )


@bp.get("/lots/<int:lot_id>")
@allow("lot.read")
def lot(lot_id: int) -> ResponseReturnValue:
    """Show one lot."""
    db, pages = read(), _pages()
    view = lot_page(db, lot_id, pages)
    after = whole(request.args.get("into")) or None
    return render_template(
        "units/lot.html",
        view=view,
        life=life_of_node(db, lot_id),
        came=came_with(db, "lot", lot_id),
        told=listing.newest(db, listing.Wanted(lot_id=lot_id)),
        affecting=affecting_lot(db, lot_id),
        accounts=ACCOUNTS,
        behind=behind(db, view.made_of),
        axes=lot_axes(db, view),
        people=actors(db, (moment.actor_id for moment in view.timeline)),
        releasers=releasers(db, view.timeline),
        into=went_into(db, lot_id, after=after),
        is_into_first=not after,
        units=units_of_lot(db, lot_id),
        counted=COUNTED,
        **_paged(view, pages, lot_id=lot_id),
    )


@bp.get("/runs/<int:segment_id>")
@allow("lot.read")
def segment(segment_id: int) -> ResponseReturnValue:
    """Show one production run: what went in, what came out, on which equipment, how it tested."""
    db = read()
    view = segment_page(db, segment_id)
    return render_template(
        "units/segment.html",
        view=view,
        people=actors(db, (moment.actor_id for moment in view.timeline)),
        releasers={},
    )


@bp.get("/containers/<int:container_id>")
@allow("lot.read")
def container(container_id: int) -> ResponseReturnValue:
    """Show what lies in one case or pallet."""
    return render_template("units/container.html", view=container_page(read(), container_id))


def _pages() -> Pages:
    """Return which page of shipments and events is asked for; nonsense is the first."""

    def asked(name: str) -> int:
        return min(max(1, request.args.get(name, 1, type=int)), FAR_BEYOND)

    return Pages(shipments=asked("sent"), timeline=asked("events"))


def _paged(view: UnitPage | LotPage, pages: Pages, **ids: int) -> dict[str, Any]:
    """Return where the shipments and the events of a page stand, and how to turn them."""

    def turn(name: str) -> Callable[[int], str]:
        return lambda number: url_for(str(request.endpoint), **ids, **{name: number})  # type: ignore[arg-type]  # the names of an address are its own

    return {
        "sent_page": Page(number=pages.shipments, size=SHOWN, total_count=view.shipment_count),
        "events_page": Page(number=pages.timeline, size=SHOWN, total_count=view.timeline_count),
        "sent_address": turn("sent"),
        "events_address": turn("events"),
    }
