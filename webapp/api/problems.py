"""Errors of the interface as problem+json (RFC 9457)."""

from flask import Response, jsonify, request

TYPE = "application/problem+json"


def wanted() -> bool:
    """Tell whether this request is of the interface, so that an error is JSON and not a page."""
    return request.path.startswith("/api/")


def problem(status: int, title: str, **more: object) -> Response:
    """Return one problem."""
    response = jsonify({"type": "about:blank", "status": status, "title": title, **more})
    response.status_code = status
    response.mimetype = TYPE
    return response
