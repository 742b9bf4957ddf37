"""The REST interface under /api/v1: OpenAPI 3.1, answers and problems as JSON."""

from flask import Flask
from flask_smorest import Api

from webapp.api.gate import bp as gate
from webapp.permissions import PUBLIC, allow


def serve_api(app: Flask) -> None:
    """Serve every part of the interface and its description, `/api/v1/openapi.json`."""
    app.config.update(OPENAPI_URL_PREFIX="/api/v1", OPENAPI_JSON_PATH="openapi.json")
    api = Api(app)
    api.register_blueprint(gate)
    described = "api-docs.openapi_json"
    app.view_functions[described] = allow(PUBLIC)(app.view_functions[described])
