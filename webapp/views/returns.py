"""The returns desk of a recall: leave to return with its label, and parcels opened by scan."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.overview import recall_named
from engine.cases.returns import authorising, receiving
from engine.cases.returns.models import CONDITIONS, FINDINGS, ReturnAuthorisation
from engine.cases.returns.receiving import Line, Parcel
from engine.errors import EngineError, Problem
from engine.evidence import render
from engine.serials.models import Party
from webapp.config import holdfast
from webapp.downloads import download
from webapp.permissions import allow
from webapp.qr import qr
from webapp.queries.returns import consignees, given, label_of, opened
from webapp.reading import read
from webapp.recording import MISSING, Done, Entered, carry_out, how_of, places
from webapp.session import person
from webapp.uploads import stored_file
from webapp.words import N_

bp = Blueprint("returns", __name__, url_prefix="/recalls/<number>/returns")

MOST = 500  # lines of one parcel
TOO_MANY = N_("These are too many lines for one parcel. Send %(most)s at most")


@bp.get("")
@allow("case.read")
def desk(number: str) -> ResponseReturnValue:
    """Show the leave given and the parcels opened; a label's code leads here with its number."""
    return _desk(number, [], "")


def _desk(number: str, problems: list[Problem], sentence: str) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "returns/desk.html",
        case=case,
        given=given(db, case),
        opened=opened(db, case),
        findings=FINDINGS,
        conditions=CONDITIONS,
        places=places(db, own=True),
        consignees=consignees(db, case),
        entered=request.form if request.method == "POST" else request.args,
        problems=problems,
        sentence=sentence,
    )


# --- leave to return -------------------------------------------------------------------------


@bp.post("/authorisations")
@allow("return.authorise")
def authorise(number: str) -> ResponseReturnValue:
    """Give a consignee leave to return, and lead on to its label."""

    def run(db: Session) -> Done:
        form = Entered()
        party_id = form.party(db, "consignee")
        place_id = form.place(db, "arrives_at")
        form.check()
        how = how_of(form)
        made = authorising.issue(
            db, number, party_id, location_id=place_id, instructions=form.text("instructions"),
            by=person(), at=how["at"],
        )  # fmt: skip
        address = url_for(".label", number=number, authorisation=made.number)
        return Done(made.id, address, gettext("%(number)s is given.", number=made.number))

    return carry_out("authorise_return", run, lambda *wrong: _desk(number, *wrong))


@bp.post("/authorisations/<authorisation>/withdraw")
@allow("return.authorise")
def withdraw(number: str, authorisation: str) -> ResponseReturnValue:
    """Withdraw leave to return."""

    def run(db: Session) -> Done:
        form = Entered()
        made = authorising.withdraw(
            db, number, authorisation, reason=form.text("reason"), by=person(),
            at=how_of(form)["at"],
        )  # fmt: skip
        words = gettext("%(number)s is withdrawn.", number=made.number)
        return Done(made.id, url_for(".desk", number=number), words)

    return carry_out("withdraw_return", run, lambda *wrong: _desk(number, *wrong))


@bp.get("/authorisations/<authorisation>/label")
@allow("case.read")
def label(number: str, authorisation: str) -> ResponseReturnValue:
    """Show the label for a parcel, or send it as PDF."""
    db = read()
    case = recall_named(db, number)
    row = authorising.authorisation_of(db, case, authorisation)
    shown = label_of(db, case, row)
    address = url_for(".desk", number=number, authorisation=row.number)
    code = qr(holdfast().settings.base_url + address)
    if request.args.get("format") == "pdf":
        html = render_template("returns/label_sheet.html", label=shown)
        pdf = render.render_sheet(html, {"asset:code.svg": str(code).encode()})
        return download(pdf, name=f"{row.number}.pdf", media_type="application/pdf")
    return render_template(
        "returns/label.html", case=case, label=shown, code=code, row=row,
        pdf_address=url_for(".label", number=number, authorisation=row.number, format="pdf"),
    )  # fmt: skip


# --- parcels ---------------------------------------------------------------------------------


@bp.post("/look")
@allow("return.receive")
def look(number: str) -> ResponseReturnValue:
    """Show what each scanned line is, before anything is recorded."""
    lines = [one.strip() for one in request.form.get("scanned", "").replace("\x00", "").split("\n")]
    lines = [one for one in lines if one]
    if not lines:
        return _desk(number, [Problem("scanned", MISSING)], ""), 422
    if len(lines) > MOST:
        return _desk(number, [Problem("scanned", TOO_MANY, (("most", MOST),))], ""), 422
    form = Entered()
    usual = form.one_of("usual", CONDITIONS)
    if form.text("came_from"):
        form.party(read(), "came_from")
        if form.problems:
            return _desk(number, form.problems, ""), 422
    try:
        return _parcel(number, [Line(one, usual) for one in lines], form.problems, "")
    except authorising.AuthorisationUnknown as unknown:
        return _desk(number, [unknown.problem("authorisation")], ""), 422


def _parcel(number: str, lines: list[Line], problems: list[Problem], sentence: str) -> str:
    db = read()
    case = recall_named(db, number)
    row = _authorisation(db, case)
    party = db.get(Party, row.party_id) if row is not None else _sender(db)
    seen = receiving.look_over(
        db, case, [one.said for one in lines], party_id=party.id if party else None
    )
    problems = problems or receiving.unclear(lines, seen)
    return render_template(
        "returns/parcel.html",
        case=case,
        row=row,
        party=party,
        lines=list(zip(lines, seen, strict=True)),
        odd=[one for one in seen if one.finding != "expected"],
        conditions=CONDITIONS,
        findings=FINDINGS,
        places=places(db, own=True),
        entered=request.form,
        problems=problems,
        sentence=sentence,
    )


def _authorisation(db: Session, case: Case) -> ReturnAuthorisation | None:
    said = request.form.get("authorisation", "").strip()
    return authorising.authorisation_of(db, case, said) if said else None


def _sender(db: Session) -> Party | None:
    code = request.form.get("came_from", "").replace("\x00", "").partition(" · ")[0].strip()
    return db.scalar(select(Party).where(Party.code == code)) if code else None


@bp.post("")
@allow("return.receive")
def receive(number: str) -> ResponseReturnValue:
    """Record the parcel as it was checked."""
    lines = _lines()
    try:
        recall_named(read(), number)  # nothing is kept for a case that is not there
        photo = stored_file("photo")
    except EngineError as refused:
        return _parcel(number, lines, [refused.problem("photo")], ""), 422

    def run(db: Session) -> Done:
        form = Entered()
        place_id = form.place(db, "place")
        party_id = form.party(db, "came_from") if form.text("came_from") else None
        form.check()
        parcel = Parcel(
            lines, place_id, authorisation=form.text("authorisation") or None,
            party_id=party_id, photo=photo,
        )  # fmt: skip
        made = receiving.receive(db, number, parcel, by=person(), at=how_of(form)["at"])
        address = url_for(".desk", number=number) + f"#parcel-{made.id}"
        return Done(made.id, address, gettext("The parcel is recorded; what was away is held."))

    return carry_out(
        "receive_returned",
        run,
        lambda problems, sentence: _parcel(number, lines, problems, sentence),
    )


def _lines() -> list[Line]:
    """Return the lines of the check page; one that was emptied is taken out."""
    columns = [request.form.getlist(name) for name in ("said", "condition", "remark")]
    return [
        Line(text, condition, remark)
        for said, condition, remark in zip(*columns, strict=False)
        if (text := said.replace("\x00", "").strip())
    ][:MOST]
