"""The web application of a test process: made once, and put over the company of each test.

Making it costs two hundred milliseconds of compiling addresses. All it knows of the composed
application stands in its settings and extensions, which are set anew for each test.
"""

from flask import Flask

from webapp.compose import Holdfast
from webapp.config import configure
from webapp.create_app import create_app
from webapp.reading import reading

_made: list[Flask] = []


def app_over(holdfast: Holdfast) -> Flask:
    """Return the application over `holdfast`, as `create_app` makes it."""
    if not _made:
        _made.append(create_app(holdfast))
    (app,) = _made
    configure(app, holdfast)
    app.jinja_env.globals["mark"] = holdfast.settings.mark
    with app.app_context():
        reading.engines[None] = holdfast.database.reader
    return app
