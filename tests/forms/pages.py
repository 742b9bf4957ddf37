"""Renders a form as the web does and fills a browser's post from what the page shows."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml import html
from werkzeug.datastructures import MultiDict

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"
PAGE = """
{%- from "forms/form.html" import render_form, summary -%}
<html><body><form>{{ render_form(form, answers, problems, context) }}</form>
{% if accepted %}{{ summary(form, accepted, context, "/change") }}{% endif %}</body></html>
"""


class Undefined(StrictUndefined):
    """Templates name only what is there."""


ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=Undefined)


def page(form, context, answers=None, problems=(), accepted=None):
    template = ENVIRONMENT.from_string(PAGE)
    text = template.render(
        form=form, context=context, answers=answers or {}, problems=problems, accepted=accepted
    )
    return html.document_fromstring(text)


def posted(tree, *button):
    """Return what a browser sends: every control that is on, and the button that was pressed."""
    pairs = [*button]
    for control in tree.xpath("//form//input | //form//textarea | //form//select"):
        name, kind = control.get("name"), control.get("type")
        if not name or (kind in {"checkbox", "radio"} and control.get("checked") is None):
            continue
        if kind == "file":
            continue
        if control.tag == "select":
            chosen = control.xpath("option[@selected]") or control.xpath("option[1]")
            pairs += [(name, o.get("value", o.text)) for o in chosen]
        elif control.tag == "textarea":
            pairs.append((name, (control.text or "").removeprefix("\n").replace("\n", "\r\n")))
        else:
            pairs.append((name, control.get("value", "")))
    return MultiDict(pairs)
