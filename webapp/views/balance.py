"""The unit balance of a case: bar and tables, the rows behind each number, and what is closed."""

from typing import cast, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import balance, countries
from engine.cases.notices.outreach import attempts_of
from engine.cases.overview import recall_named
from engine.cases.reconciling import reconciliation
from engine.cases.returns import closing
from engine.cases.returns.closing import LOST, UNRESOLVED, Closing
from engine.cases.shares import count
from engine.clock import now
from engine.errors import EngineError, Invalid, NotFound, Problem, Refused
from engine.evidence.failures import SigningLocked
from engine.serials.models import Party
from webapp import signing
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.balance import PAGE, Narrowed, accounts, quantities, units
from webapp.reading import read
from webapp.sentences import in_words
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.views.tasks import addresses

bp = Blueprint("balance", __name__, url_prefix="/recalls/<number>/balance")


class ConsigneeUnknown(NotFound):
    """There is no such consignee in this recall."""


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show where everything is, and by consignee, country or lot who accounts for how much."""
    db = read()
    case = recall_named(db, number)
    of = request.args.get("by", "")
    of = of if of in get_args(balance.By) else "consignee"
    by_country = of == "country"  # they are few: a table of their own has them all
    total = 0 if by_country else count(db, case, cast("balance.By", of))
    pages = max(1, -(-total // PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    shares = (
        []
        if by_country
        else balance.by(db, case, cast("balance.By", of), limit=PAGE, offset=(page - 1) * PAGE)
    )
    return render_template(
        "balance/index.html",
        case=case,
        lines=accounts(db, case),
        figures=reconciliation(db, case),
        of=of,
        shares=shares,
        labels={name: account.label for name, account in balance.ACCOUNTS.items()},
        countries=countries.of_recall(db, case) if by_country else [],
        groups=countries.GROUPS,
        page=page,
        pages=pages,
        address=addresses(number=number, by=of),
    )


@bp.get("/rows")
@allow("case.read")
def rows(number: str) -> ResponseReturnValue:
    """Show the units and quantities behind one number."""
    db = read()
    case = recall_named(db, number)
    given = request.args
    asked = Narrowed(
        account=name if (name := given.get("account", "")) in balance.ACCOUNTS else "",
        group=name if (name := given.get("group", "")) in countries.ASKED else "",
        party=whole(given.get("party")),
        country=given.get("country", "").replace("\x00", "")[:2],
        lot=whole(given.get("lot")),
    )
    after = whole(given.get("after")) or 0
    found = units(db, case, asked, after=after)
    party = db.get(Party, asked.party) if asked.party else None
    return render_template(
        "balance/rows.html",
        case=case,
        asked=asked,
        party=party,
        quantities=quantities(db, case, asked) if not after else [],
        units=found[:PAGE],
        after=found[PAGE - 1].id if len(found) > PAGE else None,
        labels={name: account.label for name, account in balance.ACCOUNTS.items()},
        groups=countries.ASKED,
        address=addresses(
            number=number, account=asked.account or None, group=asked.group or None,
            country=asked.country or None,
            **{name: str(one) for name, one in (("party", asked.party), ("lot", asked.lot))
               if one is not None},
        ),
    )  # fmt: skip


# --- closing what nobody can account for -----------------------------------------------------


@bp.get("/close/<int:party_id>")
@allow("balance.close")
def close(number: str, party_id: int) -> ResponseReturnValue:
    """Ask how what is open with a consignee ends, and why."""
    return _reason_page(number, party_id, [])


def _reason_page(number: str, party_id: int, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "balance/close.html",
        case=case,
        party=_party(party_id),
        shares=[one for one in accounts(db, case) if one.is_open],
        attempts=attempts_of(db, case.id, party_id),
        least=closing.LEAST_ATTEMPTS,
        entered=request.form,
        problems=problems,
    )


def _party(party_id: int) -> Party:
    found = read().get(Party, party_id)
    if found is None:
        raise ConsigneeUnknown
    return found


def _asked(number: str, party_id: int) -> Closing:
    _party(party_id)
    act = LOST if request.form.get("act") == LOST else UNRESOLVED
    return Closing(number, party_id, act, request.form.get("reason", "").replace("\x00", ""))


@bp.post("/close/<int:party_id>")
@allow("balance.close")
def close_review(number: str, party_id: int) -> ResponseReturnValue:
    """Draw up the record that closes it."""
    asked = _asked(number, party_id)
    try:
        with begin() as db:
            opened = closing.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except SigningLocked:
        raise
    except Invalid as wrong:
        return _reason_page(number, party_id, wrong.problems), 422
    except Refused as refused:
        return _reason_page(number, party_id, [Problem("", in_words(refused))]), 422
    return redirect(
        url_for(".close_sign", number=number, party_id=party_id, act=asked.act,
                nonce=opened.nonce), 303,
    )  # fmt: skip


@bp.get("/close/<int:party_id>/sign/<nonce>")
@allow("balance.close")
def close_sign(number: str, party_id: int, nonce: str) -> ResponseReturnValue:
    """Show what closes it, to be signed."""
    try:
        return _sign_page(number, party_id, nonce, request.args.get("act", ""), [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, party_id, error, "")


def _sign_page(number: str, party_id: int, nonce: str, act: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "balance/close_sign.html",
        case=recall_named(db, number),
        party=_party(party_id),
        act=act,
        sign=signing.sign_page(db, nonce),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(
    number: str, party_id: int, error: EngineError, reason: str
) -> ResponseReturnValue:
    again = url_for(".close_review", number=number, party_id=party_id)
    back = url_for(".close", number=number, party_id=party_id)
    values = {"reason": reason, "act": request.values.get("act", "")}
    return signing.out_of_date(error, again=again, back=back, values=values)


@bp.post("/close/<int:party_id>/sign/<nonce>")
@allow("balance.close")
def close_now(number: str, party_id: int, nonce: str) -> ResponseReturnValue:
    """Close it under the signature."""
    asked = _asked(number, party_id)
    key = request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: closing.close_open(
                db, asked, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(number, party_id, nonce, asked.act, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, party_id, error, asked.reason)
    flash(gettext("It is signed; the balance says so."))
    return redirect(url_for(".index", number=number), 303)
