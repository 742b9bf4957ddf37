"""Webhooks: who is told of what, what was sent, and what nobody took, to send again."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import outbox
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials.exchange import subscriptions as subscribing
from engine.serials.exchange.announce import EVENT_TYPES
from engine.serials.exchange.errors import DeliveryUnknown
from webapp.config import holdfast
from webapp.downloads import download
from webapp.permissions import allow
from webapp.queries.webhooks import (
    deliveries,
    delivery,
    secret_lines,
    subscriptions,
)
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("webhooks", __name__, url_prefix="/interfaces/webhooks")


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """List the subscriptions."""
    return render_template("interfaces/webhooks.html", lines=subscriptions(read()))


@bp.get("/new")
@allow("webhook.manage")
def new() -> ResponseReturnValue:
    """Ask who is to be told of what."""
    return _new([])


@bp.post("/new")
@allow("webhook.manage")
def subscribe() -> ResponseReturnValue:
    """Make a subscription, and show its secret this once."""
    try:
        with begin() as db:
            made = subscribing.subscribe(
                db,
                request.form.get("name", ""),
                request.form.get("address", ""),
                request.form.getlist("event_types"),
                by=person(),
                at=now(),
            )
    except Invalid as wrong:
        return _new(wrong.problems), 422
    return _secret(made)


def _new(problems: list[Problem]) -> str:
    return render_template(
        "interfaces/webhook_new.html",
        event_types=EVENT_TYPES,
        chosen=request.form.getlist("event_types"),
        entered=request.form,
        problems=problems,
        hosts=holdfast().settings.ways_out.hosts,
    )


def _secret(made: subscribing.Subscribed) -> str:
    return render_template(
        "interfaces/webhook_secret.html", one=made.subscription, secret=made.secret
    )


@bp.get("/<int:subscription_id>")
@allow("interface.read")
def one(subscription_id: int) -> ResponseReturnValue:
    """Show one subscription, its secrets and what it was told."""
    return _one(subscription_id, [])


def _one(subscription_id: int, problems: list[Problem]) -> str:
    db = read()
    [line] = subscriptions(db, only=subscription_id)
    lines, page = up_to_last(
        lambda asked: deliveries(db, subscription_id=subscription_id, page=asked),
        lambda found: found[1],
    )
    return render_template(
        "interfaces/webhook.html",
        line=line,
        secrets=secret_lines(db, subscription_id),
        lines=lines,
        page=page,
        page_address=page_addresses(subscription_id=str(subscription_id)),
        problems=problems,
        now_at=now(),
    )


@bp.post("/<int:subscription_id>/rotate")
@allow("webhook.manage")
def rotate(subscription_id: int) -> ResponseReturnValue:
    """Make a new secret, and show it this once."""
    with begin() as db:
        made = subscribing.rotate(db, subscription_id, by=person(), at=now())
    return _secret(made)


@bp.post("/<int:subscription_id>/off")
@allow("webhook.manage")
def switch_off(subscription_id: int) -> ResponseReturnValue:
    """Tell this address nothing any more."""
    try:
        with begin() as db:
            subscribing.switch_off(
                db,
                subscription_id,
                reason=request.form.get("reason", ""),
                by=person(),
                at=now(),
            )
    except Invalid as wrong:
        return _one(subscription_id, wrong.problems), 422
    flash(gettext("This address is told nothing any more."))
    return redirect(url_for(".one", subscription_id=subscription_id), 303)


@bp.post("/<int:subscription_id>/on")
@allow("webhook.manage")
def switch_on(subscription_id: int) -> ResponseReturnValue:
    """Tell this address again."""
    with begin() as db:
        subscribing.switch_on(db, subscription_id, by=person(), at=now())
    flash(gettext("This address is told again."))
    return redirect(url_for(".one", subscription_id=subscription_id), 303)


@bp.post("/<int:subscription_id>/test")
@allow("webhook.manage")
def send_test(subscription_id: int) -> ResponseReturnValue:
    """Send a test event, and show what comes of it."""
    with begin() as db:
        outgoing_id = subscribing.send_test(db, subscription_id, by=person(), at=now())
    flash(gettext("The test is sent. Open this page again to see the answer."))
    return redirect(url_for(".shown", outgoing_id=outgoing_id), 303)


@bp.get("/deliveries")
@allow("interface.read")
def sent() -> ResponseReturnValue:
    """List what was put out, or only what nobody took."""
    state = request.args.get("state", "")
    lines, page = up_to_last(
        lambda asked: deliveries(read(), state=state, page=asked), lambda found: found[1]
    )
    return render_template(
        "interfaces/deliveries.html",
        lines=lines,
        page=page,
        state=state,
        page_address=page_addresses(state=state or None),
    )


@bp.get("/deliveries/<int:outgoing_id>")
@allow("interface.read")
def shown(outgoing_id: int) -> ResponseReturnValue:
    """Show one webhook: what it says, and every try."""
    return render_template("interfaces/delivery.html", view=delivery(read(), outgoing_id))


@bp.get("/deliveries/<int:outgoing_id>/<int:attempt_id>")
@allow("interface.read")
def bytes_sent(outgoing_id: int, attempt_id: int) -> ResponseReturnValue:
    """Hand out the exact bytes of one try."""
    view = delivery(read(), outgoing_id)
    for attempt in view.attempts:
        if attempt.id == attempt_id:
            content = holdfast().documents.open(attempt.sha256)
            name = f"webhook-{outgoing_id}-{attempt_id}.http"
            return download(content, name=name, media_type="application/octet-stream")
    raise DeliveryUnknown


@bp.post("/deliveries/<int:outgoing_id>/resend")
@allow("webhook.resend")
def resend(outgoing_id: int) -> ResponseReturnValue:
    """Try again what nobody took, under its id."""
    with begin() as db:
        delivery(db, outgoing_id)
        outbox.retry(db, outgoing_id, by=person(), at=now())
    flash(gettext("The webhook is sent again."))
    return redirect(url_for(".shown", outgoing_id=outgoing_id), 303)
