"""The REST interface under /api/v1: OpenAPI 3.1, answers and problems as JSON."""

from importlib import import_module
from pkgutil import iter_modules

from flask import Flask
from flask_smorest import Api


def serve_api(app: Flask) -> None:
    """Serve every part of the interface, found by looking: a module here with a `bp`."""
    from webapp.api.describing import describe  # noqa: PLC0415  it imports what imports us
    from webapp.api.log import keep_log  # noqa: PLC0415

    app.config.update(OPENAPI_URL_PREFIX="/api/v1", OPENAPI_JSON_PATH="openapi.json")
    api = Api(app)
    for found in iter_modules(__path__):
        part = getattr(import_module(f"{__name__}.{found.name}"), "bp", None)
        if part is not None:
            api.register_blueprint(part)
    describe(app, api)
    keep_log(app)
