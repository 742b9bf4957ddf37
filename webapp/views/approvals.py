"""Approvals: my tasks that end in a signature."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from webapp.permissions import allow
from webapp.views.tasks import task_list

bp = Blueprint("approvals", __name__, url_prefix="/approvals")


@bp.get("")
@allow("approvals.read")
def index() -> ResponseReturnValue:
    """List the tasks that wait for my signature."""
    return task_list(gettext("Approvals"), "signature", chips=False)
