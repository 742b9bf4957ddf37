"""The whole interface under many made-up requests, on PostgreSQL."""

import pytest
from flask import Flask

from tests.webapp.conftest import app, holdfast
from tests.webapp.interface import Caller
from tests.webapp.test_interface_fuzz import ask_everything, everyone

__all__ = ["app", "everyone", "holdfast"]


@pytest.mark.stress
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whatever_is_sent_again_and_again_the_answer_is_one_that_is_described(
    app: Flask, everyone: list[Caller]
) -> None:
    ask_everything(app, everyone, examples=60)
