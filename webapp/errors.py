"""What went wrong, as a page: the one place that knows which error is which HTTP status."""

import secrets
from typing import Any, cast

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from engine import errors
from engine.bpmn.errors import StepFailed
from engine.bpmn.incidents import record_incident
from engine.errors import Problem
from engine.evidence.failures import SigningLocked
from engine.locks import is_busy
from engine.people.scopes import ScopeMissing
from engine.serials.errors import OnHold
from engine.serials.tracing import StillAsking
from webapp.api import problems
from webapp.api.reading import problem_of
from webapp.config import holdfast
from webapp.reading import reading
from webapp.sentences import in_words
from webapp.transactions import is_clash, is_repeat

STATUS: tuple[tuple[type[errors.EngineError], int], ...] = (
    (errors.Invalid, 422),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.Refused, 422),
)


def status_of(error: errors.EngineError) -> int:
    """Return the HTTP status of an error of the engine."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def page(status: int, sentence: str, **more: Any) -> tuple[str | Response, int]:
    """Render the page of one status with the sentence that says what to do."""
    reading.session.remove()  # whatever was half-read is over
    if problems.wanted():
        more.pop("again", None)
        wrong = [problems.placed(p, in_words(p)) for p in more.pop("problems", [])]
        return problems.problem(status, sentence, problems=wrong, **more), status
    # people without an account come here: no way into Holdfast, and no cookie
    is_of_link = request.path.startswith("/n/")
    template = "notice_page/apart.html" if is_of_link else "errors/page.html"
    return render_template(template, status=status, sentence=sentence, **more), status


def map_errors(app: Flask) -> None:
    """Give every error its page."""
    app.register_error_handler(errors.EngineError, cast("Any", on_engine_error))
    app.register_error_handler(IntegrityError, cast("Any", on_integrity_error))
    app.register_error_handler(OperationalError, cast("Any", on_operational_error))
    app.register_error_handler(DataError, on_value_not_kept)
    app.register_error_handler(OverflowError, on_value_not_kept)
    app.register_error_handler(CSRFError, on_stale_form)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_unexpected)


def on_engine_error(error: errors.EngineError) -> ResponseReturnValue:
    """Show the error's own sentence under its status."""
    if isinstance(error, StepFailed):
        return on_failed_step(error)
    status = status_of(error)
    if status == 500:
        return on_unexpected(error)
    wrong = error.problems if isinstance(error, errors.Invalid) else []
    more: dict[str, object] = {}
    if isinstance(error, SigningLocked):
        more = {"title": gettext("Signing is locked")}
    elif isinstance(error, ScopeMissing):
        more = {"scope": error.facts["scope"]}
    elif isinstance(error, StillAsking) and problems.wanted():
        more = {"questions": problems.asked_back(error.questions)}
    elif isinstance(error, OnHold) and problems.wanted():
        more = problems.held(error)
    return page(status, in_words(error), problems=wrong, **more)


def on_failed_step(failure: StepFailed) -> ResponseReturnValue:
    """Note the incident of a step that was rolled back, for the people who can retry it."""
    number = record_incident(holdfast().database, failure)
    current_app.logger.error("incident %s at %s", number, where(), exc_info=failure)
    return page(500, in_words(failure), incident=str(number))


def on_integrity_error(error: IntegrityError) -> ResponseReturnValue:
    """Run a command again once when it met itself or another that records the same.

    The second time it finds the result of the first, or says in its own words what is there.
    """
    if not (is_repeat(error) or is_clash(error)) or g.get("is_second_run"):
        return on_unexpected(error)

    g.is_second_run = True
    try:
        return current_app.dispatch_request()
    except Exception as again:  # noqa: BLE001  an error inside an error handler needs its own page
        return current_app.handle_user_exception(again)


def on_operational_error(error: OperationalError) -> ResponseReturnValue:
    """Say that the case is busy when a lock was not to be had; anything else is an incident."""
    if is_busy(error):
        return on_engine_error(holdfast().database.busy(error))
    return on_unexpected(error)


def on_value_not_kept(error: DataError | OverflowError) -> ResponseReturnValue:
    """Say that a value cannot be kept: each driver refuses it in its own way."""
    current_app.logger.warning("a value that cannot be kept at %s", where(), exc_info=error)
    sentence = gettext(
        "A value here cannot be kept: a number that is too large, or a character that stands for"
        " nothing. Check what you sent."
    )
    return page(422, sentence)


def on_stale_form(error: CSRFError) -> ResponseReturnValue:
    """Say that the form is from an earlier sign-in."""
    return page(
        400,
        gettext("This page is from an earlier sign-in. Open it again and send it once more."),
    )


def on_http_error(error: HTTPException) -> ResponseReturnValue:
    """Show Flask's own errors in our words."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    more = {"again": _form_behind()} if error.code == 413 else {}
    answer = page(error.code, http_sentence(error), problems=schema_problems(error), **more)
    return (*answer, {k: v for k, v in error.get_headers() if k in {"Allow", "Retry-After"}})


def _form_behind() -> str | None:
    """Return the address of the form that was sent, where it is opened at the same address."""
    try:
        current_app.url_map.bind("").match(request.path, method="GET")
    except HTTPException:
        return None
    return request.path


def http_sentence(error: HTTPException) -> str:
    """Return what a person can do about an HTTP error."""
    doc = type(error).__doc__ or ""
    if type(error).__module__.startswith("webapp."):
        return gettext(doc)
    sentences = {
        400: gettext("The page did not send what was needed. Open it again."),
        403: gettext("Your roles do not allow this. Ask an administrator which role it needs."),
        404: gettext("There is nothing at this address. Check the number and try again."),
        405: gettext("This address cannot be opened like this. Go back and use the button."),
        410: gettext("This link is no longer valid."),
        415: gettext("Send JSON, and say so in Content-Type."),
        422: gettext("What was sent does not fit the description of this interface."),
        413: gettext("This is too large. Send files of up to 25 MB."),
        429: gettext("Too many attempts. Wait a minute and try again."),
    }
    return sentences.get(error.code or 500, gettext("This request cannot be answered."))


def schema_problems(error: HTTPException) -> list[Problem]:
    """Return what a schema of the interface found wrong, one problem per field."""
    messages = (getattr(error, "data", None) or {}).get("messages", {})
    at_parameters = [
        problem_of(f"?{name}", str(found[0] if isinstance(found, list) else found))
        for name, found in {**messages.get("query", {}), **messages.get("headers", {})}.items()
    ]
    return [*problems.leaves("", messages.get("json", {})), *at_parameters]


def where() -> str:
    """Return the address for a log; one that bears a token is named without it."""
    rule = request.url_rule
    return rule.rule if rule is not None and "<token>" in rule.rule else request.path


def on_unexpected(error: Exception) -> ResponseReturnValue:
    """Log what no one foresaw under an incident id, and show only the id."""
    incident = f"I-{secrets.token_hex(4).upper()}"
    current_app.logger.error("incident %s at %s", incident, where(), exc_info=error)
    # a POST that failed was rolled back as one transaction: this much is known to be true
    return page(
        500,
        gettext("Something went wrong on our side. Nothing of this step was saved or signed."),
        incident=incident,
    )
