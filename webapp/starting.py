"""Opening a case from its start form: what is typed is kept, checked once more, then sent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.asking import form_at
from engine.cases.models import Draft
from engine.clock import now
from engine.commands import Command
from engine.errors import Invalid, NotFound, Problem
from forms.context import Context
from forms.errors import FormNotFound
from forms.form import Form
from webapp import ceremony
from webapp.reading import read
from webapp.session import person
from webapp.times import saved_words
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files

ELEMENT = "report"  # the start event of every process that people open


class NotReleasedYet(NotFound):
    """Nothing can be reported before the process is released. Ask quality to sign its release."""


@dataclass(frozen=True)
class StartForm:
    """The pages of one start form; `first`, `check` and `opened` are the endpoints between them."""

    process: str
    template: str  # of the form
    check_template: str
    first: str
    check: str
    opened: str  # the page of the case

    @property
    def place(self) -> str:
        """Return where its draft is kept."""
        return f"start:{self.process}"

    @property
    def form(self) -> Form:
        """Return the form that the version in force asks; raises `NotReleasedYet`."""
        try:
            return form_at(read(), self.process, ELEMENT, instance_id=None)
        except FormNotFound as missing:
            raise NotReleasedYet from missing

    def kept(self) -> Draft | None:
        """Return what this person has typed so far."""
        return commands.find_draft(read(), self.place, by=person())

    def page(self, raw: dict[str, Any], problems: list[Problem]) -> str:
        """Show the form with what was typed."""
        return render_template(
            self.template,
            form=self.form,
            context=ceremony.context_of(read(), None, None),
            raw=raw,
            problems=problems,
            draft=self.kept(),
        )

    def send(self) -> ResponseReturnValue:
        """Keep what was typed; go on to check it, or show every problem."""
        form = self.form
        posted, refused = posted_with_files(self.place)
        rearranged = form.rearranged(posted)
        raw = rearranged if rearranged is not None else form.raw(posted)
        self._keep(raw)
        if refused:
            return self.page(raw, refused), 422
        if rearranged is not None:
            return redirect(url_for(self.first) + "#form", 303)
        if request.form.get("then") == "leave":
            flash(gettext("Your draft is saved."))
            return redirect(url_for("tasks.index"), 303)
        try:
            self._accepted(raw)
        except Invalid as wrong:
            return self.page(raw, wrong.problems), 422
        return redirect(url_for(self.check), 303)

    def draft(self) -> ResponseReturnValue:
        """Keep what was typed, unchecked, and say when."""
        return jsonify(words=saved_words(self._keep(self.form.raw(request.form)).saved_at))

    def _keep(self, raw: dict[str, Any]) -> Draft:
        with begin() as db:
            return commands.save_draft(db, self.place, raw, by=person(), at=now())

    def _accepted(self, raw: dict[str, Any]) -> dict[str, Any]:
        found = commands.checked(
            read(), self.process, ELEMENT, raw, case=None, by=person(), at=now(), instance_id=None
        )
        return found.answers

    def check_page(
        self, seen: Callable[[Form, Context, dict[str, Any]], dict[str, Any]]
    ) -> ResponseReturnValue:
        """Show the accepted answers with what is `seen` of them, before anything is opened."""
        kept = self.kept()
        if kept is None:
            return redirect(url_for(self.first))
        try:
            answers = self._accepted(kept.answers)
        except Invalid as wrong:
            return self.page(kept.answers, wrong.problems), 422
        form, context = self.form, ceremony.context_of(read(), None, None)
        return render_template(
            self.check_template,
            form=form,
            context=context,
            answers=answers,
            checked=ceremony.fingerprint(kept.answers),
            **seen(form, context, answers),
        )

    def save(self, told: Callable[[Session, str], Iterable[str]]) -> ResponseReturnValue:
        """Open the case from what was checked and say what is `told` of its number.

        Sent twice it is one case.
        """
        key = request_key()
        kept = self.kept()
        if kept is None:
            return self._already_saved(key)
        try:
            with begin() as db:
                opened = commands.report(
                    db, kept.answers, by=person(), at=now(), key=key, process=self.process,
                    shown_sha256=request.form.get("checked", ""),
                )  # fmt: skip
                words = list(told(db, opened.number))
        except commands.AnswersChanged as changed:
            return ceremony.check_again(changed, url_for(self.check))
        except Invalid as wrong:
            return self.page(kept.answers, wrong.problems), 422
        for sentence in words:
            flash(sentence)
        return redirect(url_for(self.opened, number=opened.number), 303)

    def _already_saved(self, key: str) -> ResponseReturnValue:
        done = read().get(Command, key)
        if done is None or done.name != "report" or done.by_id != person().id:
            return redirect(url_for(self.first), 303)
        return redirect(url_for(self.opened, number=done.result["number"]), 303)
