"""The rules of the law, by jurisdiction, and what would be due if something were known."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from engine.cases.recalls import gates
from engine.clock import now
from engine.errors import Problem
from engine.facts import CLOCKS
from engine.regulators import authorities
from engine.regulators.calendars import COUNTRIES
from webapp.permissions import allow
from webapp.queries import rules
from webapp.times import as_typed, typed_moment
from webapp.words import N_

bp = Blueprint("rules", __name__, url_prefix="/rules")

NO_TIME = N_("Enter a date and a time.")


@bp.get("")
@allow("rule.read")
def index() -> ResponseReturnValue:
    """List the rules of every jurisdiction, or those that say what was searched."""
    text = request.args.get("q", "")[:200]
    return render_template(
        "rules/index.html",
        text=text,
        groups=rules.groups(text),
        duties=rules.DUTIES,
        about=rules.ABOUT,
        whose=rules.WHOSE,
        gates=gates.RULES,
    )


@bp.get("/authorities")
@allow("rule.read")
def directory() -> ResponseReturnValue:
    """List the authorities: who is written to, in which languages and how."""
    return render_template(
        "rules/authorities.html",
        authorities=authorities.listed().values(),
        channels=authorities.CHANNELS,
    )


@bp.get("/what-if")
@allow("rule.read")
def what_if() -> ResponseReturnValue:
    """Show what would be due in a country, with how that is reckoned."""
    asked = request.args
    country, fact = asked.get("country", "US"), asked.get("fact", "awareness")
    if country not in COUNTRIES or fact not in CLOCKS:
        abort(404)
    given = asked.get("moment", as_typed(now()))
    moment = typed_moment(given)
    problems = [] if moment else [Problem("moment", NO_TIME)]
    return render_template(
        "rules/what_if.html",
        country=country,
        fact=fact,
        given=given,
        problems=problems,
        countries=rules.countries(),
        facts=rules.starting_facts(),
        shown=rules.what_if(country, fact, moment) if moment else [],
        whose=rules.WHOSE,
    ), 422 if problems else 200
